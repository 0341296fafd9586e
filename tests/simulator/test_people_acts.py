"""People do what seed, person and day make them do, on whatever stands in their calendars."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from simulator.behaviour_of_people import Kind, PersonAct, PersonKind, Rates, acts_on
from simulator.clock import AdjustableClock
from simulator.firm import make_firm
from simulator.people import Firm
from simulator.people_acts import Done
from simulator.tenant import Tenant
from tests.simulator.tenancy import ADA, BEN, PROGRAM, Tenancy, at, busy, series
from tests.simulator.webhook import Webhook, open_with

FIRM = make_firm(6, 3, date(2027, 1, 11), troubles=False)
TWENTY = make_firm(20, 3, date(2027, 1, 11), troubles=False)
BOXES = {box.mail for box in TWENTY.program_mailboxes}
ANSWERS = ("answers_invitations",)
DAYS = [date(2027, 1, 11) + timedelta(days=number) for number in range(120)]
# Eight days before the first date of the series that tests book.
BEFORE = datetime(2027, 2, 22, 9, tzinfo=UTC)


@pytest_asyncio.fixture
async def tenancy() -> AsyncIterator[Tenancy]:
    """One whose token outlives the weeks that pass in it."""
    opened = open_with(Webhook())
    async with opened.client:
        yield opened
    assert opened.tenant.complaints == []
    opened.tenant.close()


def all_acts(firm: Firm = FIRM, seed: int = 1, **rates: float) -> list[PersonAct]:
    return [act for day in DAYS for act in acts_on(day, firm, seed, Rates(**rates))]


def test_acts_depend_on_seed_person_and_day_alone() -> None:
    some = acts_on(DAYS[40], FIRM, 1)
    assert all_acts() == all_acts()
    assert acts_on(DAYS[40], FIRM, 1) == some
    assert all_acts(seed=2) != all_acts()
    fewer = Firm(
        FIRM.name, FIRM.domain, FIRM.offices, FIRM.people, FIRM.program_mailboxes, FIRM.pairs[:3]
    )
    staying = {act.person for act in all_acts(fewer)}
    assert all_acts(fewer) == [act for act in all_acts() if act.person in staying]


def test_a_rate_changes_only_the_acts_it_is_about() -> None:
    usual, eager = all_acts(), all_acts(declines_date=50.0)
    assert [act for act in eager if act.kind != "declines_date"] == [
        act for act in usual if act.kind != "declines_date"
    ]
    declined = Counter(act.kind for act in eager)["declines_date"]
    assert declined > 10 * Counter(act.kind for act in usual)["declines_date"] > 0
    quiet = Rates.none()
    assert [act for day in DAYS for act in acts_on(day, FIRM, 1, quiet)] == []


def test_a_rate_beyond_a_hundred_is_refused() -> None:
    with pytest.raises(ValueError, match="falls_ill"):
        Rates(falls_ill=101)


def test_people_act_in_their_working_hours() -> None:
    by_mail = {person.mail: person for person in FIRM.people}
    for act in all_acts():
        person = by_mail.get(act.person)
        if person is not None:
            local = act.at.astimezone(ZoneInfo(person.office.zone))
            assert person.hours[0] <= local.time() <= person.hours[1]
            assert local.strftime("%A").lower() in person.workdays


def test_some_answer_soon_some_late_some_never_and_some_without_a_reply() -> None:
    acts = all_acts(TWENTY)
    answering = Counter(act.person for act in acts if act.kind == "answers_invitations")
    people = {act.person for act in acts if act.person not in BOXES}
    soon = {who for who, times in answering.items() if times > 40}
    never = people - set(answering)
    mute = {act.person for act in acts if act.silently}
    assert len(soon) > len(people) * 0.2
    assert len(never) > len(people) * 0.15
    assert len(people - soon - never) > len(people) * 0.15
    assert 0 < len(mute) < len(people) * 0.3
    assert all(act.silently for act in acts if act.person in mute and act.kind in ANSWERS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_believable_rates_give_a_pair_about_one_declined_date_in_four_months(seed: int) -> None:
    acts = Counter(act.kind for act in all_acts(TWENTY, seed))
    assert 10 <= acts["declines_date"] <= 35
    assert 10 <= acts["gets_hearing"] <= 35
    assert acts["declines_series"] <= 4
    assert acts["leaves_firm"] <= 4


# Carrying out


async def booked(tenancy: Tenancy, **changes: object) -> str:
    """A series of Ada and Ben, a week before its first date."""
    made = await tenancy.book(ADA, BEN, **changes)
    tenancy.clock.set(BEFORE)
    return str(made["id"])


def does(tenancy: Tenancy, kind: Kind, who: str = ADA, draw: float = 0.0) -> Done | None:
    return tenancy.tenant.carry_out(PersonAct(tenancy.clock(), who, kind, draw))


def told(tenancy: Tenancy, *, who: str = ADA) -> list[str]:
    """What the organizer was told of each date."""
    window = (BEFORE, BEFORE + timedelta(days=200))
    return [seen.responses[who] for seen in tenancy.tenant.occurrences_of(PROGRAM, *window)]


def standing_with(tenancy: Tenancy, who: str) -> int:
    """How many dates of the program still stand in somebody's calendar."""
    window = (BEFORE, BEFORE + timedelta(days=200))
    seen = tenancy.tenant.occurrences_of(who, *window)
    return sum(one.organizer == PROGRAM for one in seen)


@pytest.mark.parametrize("kind", get_args(PersonKind))
async def test_with_nothing_booked_people_only_plan_and_leave(tenancy: Tenancy, kind: Kind) -> None:
    alone = kind in ("takes_leave", "falls_ill", "leaves_firm")
    assert (does(tenancy, kind) is not None) == alone


async def test_invitations_and_moved_dates_are_answered_once(tenancy: Tenancy) -> None:
    event_id = await booked(tenancy)
    assert does(tenancy, "answers_invitations") is not None
    assert does(tenancy, "answers_invitations") is None
    moved = {"start": at("2027-03-03T10:00:00"), "end": at("2027-03-03T11:00:00")}
    tenancy.tenant.change_event(event_id, moved, day=date(2027, 3, 2))
    assert told(tenancy) == ["none"] + ["accepted"] * 8
    done = does(tenancy, "answers_invitations", draw=0.95)
    assert done is not None
    assert (done.event_id, done.day) == (event_id, date(2027, 3, 2))
    assert told(tenancy) == ["tentativelyAccepted"] + ["accepted"] * 8


async def test_a_silent_answer_reaches_nobody(tenancy: Tenancy) -> None:
    await booked(tenancy)
    act = PersonAct(tenancy.clock(), ADA, "answers_invitations", 0.0, silently=True)
    assert tenancy.tenant.carry_out(act) is not None
    assert told(tenancy) == ["none"] * 9
    assert (await busy(tenancy, ADA, "2027-03-02T09:00:00", "2027-03-02T10:00:00"))[
        "availabilityView"
    ] == "2"


async def test_one_of_the_next_dates_is_declined(tenancy: Tenancy) -> None:
    await booked(tenancy)
    done = does(tenancy, "declines_date", draw=0.99)
    assert done is not None
    assert done.day == date(2027, 3, 2)
    tenancy.clock.set(datetime(2027, 3, 3, tzinfo=UTC))
    done = does(tenancy, "declines_date")
    assert done is not None
    assert done.day == date(2027, 3, 16)
    assert told(tenancy)[:3] == ["declined", "declined", "none"]


async def test_an_answer_to_a_date_can_stand_on_the_master_alone(tenancy: Tenancy) -> None:
    await booked(tenancy)
    tenancy.tenant.behaviour.answers_to_dates = "master"
    does(tenancy, "declines_date")
    assert told(tenancy) == ["declined"] * 9
    assert tenancy.tenant.events_of(PROGRAM)[0].responses[ADA] == "declined"
    assert standing_with(tenancy, ADA) == 8


async def test_a_series_is_declined_as_a_whole(tenancy: Tenancy) -> None:
    await booked(tenancy)
    done = does(tenancy, "declines_series")
    assert done is not None
    assert done.day is None
    assert told(tenancy) == ["declined"] * 9


async def test_a_new_time_is_proposed_where_the_organizer_allows_it(tenancy: Tenancy) -> None:
    event_id = await booked(tenancy)
    assert does(tenancy, "proposes_new_time") is not None
    path = f"/users/{PROGRAM}/events/{(await tenancy.instances(event_id))[0]['id']}"
    ada = (await tenancy.ask("GET", path))["attendees"][0]
    assert ada["status"]["response"] == "tentativelyAccepted"
    assert ada["proposedNewTime"]["start"]["dateTime"][:16] == "2027-03-02T11:00"
    await tenancy.ask("DELETE", f"/users/{PROGRAM}/events/{event_id}", status=204)
    await tenancy.book(ADA, allowNewTimeProposals=False)
    assert does(tenancy, "proposes_new_time") is None


async def test_a_date_is_deleted_without_a_word(tenancy: Tenancy) -> None:
    await booked(tenancy)
    before = len(tenancy.tenant.mail_log)
    assert does(tenancy, "deletes_date") is not None
    assert told(tenancy) == ["none"] * 9
    assert len(tenancy.tenant.mail_log) == before
    assert standing_with(tenancy, ADA) == 8


async def test_a_hearing_covers_a_date_and_may_be_called_off(tenancy: Tenancy) -> None:
    await booked(tenancy)

    async def item() -> list[tuple[str, str]]:
        entry = await busy(tenancy, BEN, "2027-03-01T00:00:00", "2027-03-05T00:00:00")
        return [
            (one["start"]["dateTime"][11:16], one["end"]["dateTime"][11:16])
            for one in entry["scheduleItems"]
            if one["status"] == "busy"
        ]

    assert does(tenancy, "loses_hearing", BEN) is None
    assert does(tenancy, "gets_hearing", BEN, draw=0.05) is not None
    assert await item() == [("08:30", "11:00")]
    assert does(tenancy, "loses_hearing", BEN) is not None
    assert await item() == []
    assert does(tenancy, "gets_hearing", BEN, draw=0.01) is not None
    assert await item() == [("09:00", "10:00")]


async def test_leave_and_illness_are_whole_days_out_of_office(tenancy: Tenancy) -> None:
    tenancy.clock.set(BEFORE)
    does(tenancy, "falls_ill")
    does(tenancy, "takes_leave", draw=0.0)
    entry = await busy(tenancy, ADA, "2027-02-21T23:00:00", "2027-03-20T00:00:00")
    away = [one["start"]["dateTime"][:10] for one in entry["scheduleItems"][-2:]]
    assert {one["status"] for one in entry["scheduleItems"][-2:]} == {"oof"}
    assert away == ["2027-02-21", "2027-03-07"]


async def test_somebody_who_left_does_nothing_more(tenancy: Tenancy) -> None:
    await booked(tenancy)
    assert does(tenancy, "leaves_firm") is not None
    user = await tenancy.ask("GET", f"/users/{ADA}", params={"$select": "accountEnabled"})
    assert user["accountEnabled"] is False
    assert does(tenancy, "declines_date") is None
    assert told(tenancy) == ["none"] * 9


async def test_a_coordinator_moves_and_cancels_dates_and_ends_series(tenancy: Tenancy) -> None:
    event_id = await booked(tenancy)
    moved = does(tenancy, "moves_date", PROGRAM)
    assert moved is not None
    [seen] = tenancy.tenant.events_of(PROGRAM)
    assert seen.moved == (moved.day,)
    cancelled = does(tenancy, "cancels_date", PROGRAM)
    assert cancelled is not None
    assert tenancy.tenant.events_of(PROGRAM)[0].cancelled == (cancelled.day,)
    ended = does(tenancy, "cancels_series", PROGRAM)
    assert ended is not None
    assert (ended.event_id, ended.day) == (event_id, None)
    assert tenancy.tenant.events_of(PROGRAM) == []


async def test_a_move_onto_a_neighbours_day_comes_to_nothing(tenancy: Tenancy) -> None:
    daily = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2027-03-02", "numberOfOccurrences": 9},
    }
    await booked(tenancy, recurrence=daily)
    before = tenancy.tenant.events_of(PROGRAM)
    to_the_next_day = 2 / 997
    assert does(tenancy, "moves_date", PROGRAM, draw=to_the_next_day) is None
    assert tenancy.tenant.events_of(PROGRAM) == before


def lived(seed: int) -> tuple[list[Done], Tenant]:
    """Four months of six pairs whose series were booked by hand."""
    clock = AdjustableClock(datetime(2027, 1, 4, 8, tzinfo=UTC))
    tenant = Tenant.open(":memory:", clock, seed)
    tenant.take_in(FIRM)
    mails = {person.id: person.mail for person in FIRM.people}
    organizer = tenant.directory.user(FIRM.program_mailboxes[0].mail)
    for pair in FIRM.pairs:
        tenant.writes.create(organizer, series(mails[pair.mentor], mails[pair.mentee]))
    done = []
    for day in DAYS:
        for act in tenant.acts_on(day):
            clock.set(max(act.at, clock()))
            came = tenant.carry_out(act)
            done += [came] if came is not None else []
    return done, tenant


def test_four_months_repeat_themselves_and_touch_nothing_that_is_past() -> None:
    done, tenant = lived(1)
    again, other = lived(1)
    assert done == again
    assert tenant.mail_log == other.mail_log
    assert len(done) > 20
    for one in done:
        if one.day is not None and one.act.kind != "answers_invitations":
            assert one.day >= one.act.at.date()
