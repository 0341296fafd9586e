"""People come to their dates as seed, person and day make them, and say so when asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.behaviour_in_meetings import BELIEVABLE, Conduct, Manners, conduct_of
from simulator.mail import Mail
from simulator.people_in_meetings import Gathering
from tests.simulator.tenancy import ADA, BEN, CAT, PROGRAM, Tenancy, open_tenancy, plan

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
"""The day before the first date of the booked series."""
TEN = datetime(2027, 3, 2, 9, tzinfo=UTC)
DAYS = [date(2027, 1, 11) + timedelta(days=number) for number in range(300)]
PUNCTUAL = replace(Manners.none(), attends=100.0, answers_question=100.0)
"""Everybody comes, stays and tells the truth."""
LINK = "https://tandem.firm.example/met/"


def all_conduct(manners: Manners = BELIEVABLE, seed: int = 1) -> list[Conduct]:
    people = [f"person-{number}" for number in range(20)]
    return [conduct_of(who, day, seed, manners) for who in people for day in DAYS]


def share(conduct: list[Conduct], test: Any) -> float:
    return 100 * sum(1 for one in conduct if test(one)) / len(conduct)


def test_conduct_depends_on_seed_person_and_day_alone() -> None:
    assert all_conduct() == all_conduct()
    assert all_conduct(seed=2) != all_conduct()
    days = [conduct_of("person-3", day, 1) for day in reversed(DAYS)]
    assert days[::-1] == [conduct_of("person-3", day, 1) for day in DAYS]


def test_believable_people_do_everything_about_as_often_as_their_manners_say() -> None:
    lived = all_conduct()
    assert share(lived, lambda one: one.comes) == pytest.approx(BELIEVABLE.attends, abs=1)
    late = share(lived, lambda one: one.joins >= 6 * MINUTE)
    assert late == pytest.approx(BELIEVABLE.late, abs=1.5)
    early = share(lived, lambda one: one.leaves <= -10 * MINUTE)
    assert early == pytest.approx(BELIEVABLE.leaves_early, abs=1)
    assert share(lived, lambda one: one.candour is None) == pytest.approx(25, abs=2)
    ways = Counter(one.way for one in lived)
    assert ways["account"] > 10 * ways["phone"] > 10 * ways["anonymous"] > 0
    for test in (
        lambda one: one.away,
        lambda one: one.second_device,
        lambda one: one.calls_on,
        lambda one: one.tries_link,
        lambda one: one.candour == "contrary",
        lambda one: one.leaves >= 5 * MINUTE,
    ):
        assert 0 < share(lived, test) < 20


@pytest.mark.parametrize("name", [one.name for one in fields(Manners)])
def test_a_share_changes_only_what_it_is_about(name: str) -> None:
    """Nobody who was on time is late because more people call by phone."""
    about = {
        "attends": {"comes"},
        "late": {"joins"},
        "leaves_early": {"leaves"},
        "overruns": {"leaves"},
        "goes_and_comes_back": {"away"},
        "by_phone": {"way"},
        "anonymously": {"way"},
        "on_two_devices": {"second_device"},
        "in_person": {"calls_on"},
        "tries_link": {"tries_link"},
        "answers_question": {"candour"},
        "contradicts": {"candour"},
        "unhappy": {"score"},
    }[name]
    usual, other = all_conduct(), all_conduct(replace(BELIEVABLE, **{name: 50.0}))
    changed = {
        member.name
        for before, after in zip(usual, other, strict=True)
        for member in fields(Conduct)
        if getattr(before, member.name) != getattr(after, member.name)
    }
    assert changed == about


def test_a_share_beyond_a_hundred_is_refused() -> None:
    with pytest.raises(ValueError, match="by_phone"):
        Manners(by_phone=101)


# In a tenant


async def living(
    manners: Manners, *attendees: str, state: Path | str = ":memory:", **changes: Any
) -> tuple[Tenancy, str]:
    """A series of two (Ada and Ben unless others are named), the day before its first date."""
    tenancy = open_tenancy(state, now=NOON)
    tenancy.tenant.gatherings.begin(manners)
    made = await tenancy.book(*(attendees or (ADA, BEN)), **changes)
    return tenancy, str(made["id"])


def first(tenancy: Tenancy, now: datetime = TEN + 2 * HOUR) -> Gathering:
    """What became of the first date."""
    tenancy.clock.set(now)
    [gathering] = tenancy.tenant.gatherings.past()
    return gathering


def stays(tenancy: Tenancy) -> list[tuple[str, str, str]]:
    """Who was in the only meeting, in which way, with which device."""
    [meeting] = [doc for _, doc in tenancy.tenant.storage.documents("meeting")]
    found = tenancy.tenant.attendance.of(meeting["id"])
    return [(stay.person, stay.way, stay.device) for stay in found]


def calls(tenancy: Tenancy) -> int:
    """How many reports Teams has made of the only meeting."""
    [meeting] = [doc for _, doc in tenancy.tenant.storage.documents("meeting")]
    return len(tenancy.tenant.attendance.reports(meeting["id"], tenancy.clock() + HOUR))


async def test_two_who_come_are_together_and_teams_reports_it() -> None:
    tenancy, _ = await living(PUNCTUAL)
    gathering = first(tenancy)
    assert (gathering.start, gathering.end) == (TEN, TEN + HOUR)
    assert gathering.day == date(2027, 3, 2)
    assert set(gathering.came) == {ADA, BEN}
    assert 54 <= gathering.minutes <= 60
    assert not gathering.in_person
    assert sorted(stays(tenancy)) == [(ADA, "account", "computer"), (BEN, "account", "computer")]
    assert calls(tenancy) == 1


async def test_nobody_comes_before_people_begin_to() -> None:
    tenancy = open_tenancy(now=NOON)
    await tenancy.book(ADA, BEN)
    tenancy.clock.set(TEN + HOUR)
    assert tenancy.tenant.gatherings.past() == []
    tenancy.tenant.gatherings.begin(PUNCTUAL)
    assert tenancy.tenant.gatherings.past() == []


async def test_who_forgets_leaves_the_other_alone() -> None:
    manners = replace(PUNCTUAL, attends=50.0)
    tenancy, _ = await living(manners)
    tenancy.clock.set(TEN + 24 * 7 * 20 * HOUR)
    lived = tenancy.tenant.gatherings.past()
    assert len(lived) == 9
    counts = Counter(len(one.came) for one in lived)
    assert set(counts) == {0, 1, 2}
    assert all((one.minutes > 0) == (len(one.came) == 2) for one in lived)


async def test_who_declined_deleted_left_or_has_a_hearing_does_not_come() -> None:
    tenancy, event = await living(PUNCTUAL, ADA, BEN, CAT)
    second = date(2027, 3, 16)
    tenancy.tenant.answer(ADA, event, "declined", day=date(2027, 3, 2))
    tenancy.tenant.delete_from_calendar(BEN, event, day=date(2027, 3, 2))
    assert set(first(tenancy).came) == {CAT}
    tenancy.tenant.book_appointment(BEN, plan("2027-03-16T10:30", "2027-03-16T12:00"))
    tenancy.tenant.change_person(CAT, enabled=False)
    tenancy.clock.set(TEN + 14 * 24 * HOUR + 2 * HOUR)
    past = tenancy.tenant.gatherings.past()
    assert [one.day for one in past] == [date(2027, 3, 2), second]
    assert set(past[1].came) == {ADA}


async def test_a_date_that_was_cancelled_or_moved_is_not_come_to_where_it_was() -> None:
    tenancy, event = await living(PUNCTUAL)
    tenancy.tenant.cancel_event(event, day=date(2027, 3, 2))
    later = {
        name: {"dateTime": f"2027-03-17T{hour}:00:00", "timeZone": "UTC"}
        for name, hour in (("start", 14), ("end", 15))
    }
    tenancy.tenant.change_event(event, later, day=date(2027, 3, 16))
    tenancy.clock.set(TEN + 20 * 24 * HOUR)
    [gathering] = tenancy.tenant.gatherings.past()
    assert gathering.day == date(2027, 3, 16)
    assert gathering.start == datetime(2027, 3, 17, 14, tzinfo=UTC)


async def test_what_is_cancelled_after_it_began_was_come_to() -> None:
    tenancy, event = await living(PUNCTUAL)
    tenancy.clock.set(TEN + 5 * MINUTE)
    tenancy.tenant.cancel_event(event)
    assert set(first(tenancy).came) == {ADA, BEN}


@pytest.mark.parametrize(
    ("changes", "in_person"),
    [
        ({"location": {"displayName": "Berlin, meeting room 4"}}, True),
        ({"location": {"displayName": "Microsoft Teams Meeting"}}, False),
    ],
)
async def test_a_room_is_met_in_and_teams_knows_nothing_of_it(
    changes: dict[str, Any], in_person: bool
) -> None:
    tenancy, _ = await living(PUNCTUAL, **changes)
    gathering = first(tenancy)
    assert gathering.in_person == in_person
    assert gathering.minutes > 50
    assert (stays(tenancy) == []) == in_person


async def test_only_people_of_one_office_call_on_each_other() -> None:
    manners = replace(PUNCTUAL, in_person=100.0)
    near, _ = await living(manners, ADA, BEN)
    far, _ = await living(manners, ADA, CAT)
    assert first(near).in_person
    assert not first(far).in_person


async def test_people_come_by_phone_without_account_and_on_two_devices() -> None:
    phone, _ = await living(replace(PUNCTUAL, by_phone=100.0))
    assert first(phone).minutes == 0
    assert stays(phone) == []
    visitor, _ = await living(replace(PUNCTUAL, anonymously=100.0))
    first(visitor)
    assert stays(visitor) == []
    devices, _ = await living(replace(PUNCTUAL, on_two_devices=100.0))
    gathering = first(devices)
    assert len(stays(devices)) == 4
    assert 54 <= gathering.minutes <= 60


async def test_going_for_a_while_shortens_the_time_together() -> None:
    stayed, _ = await living(PUNCTUAL)
    went, _ = await living(replace(PUNCTUAL, goes_and_comes_back=100.0))
    assert first(went).minutes < first(stayed).minutes
    assert len(stays(went)) == 4


async def test_the_link_is_tried_the_day_before_the_next_date() -> None:
    tenancy, _ = await living(replace(PUNCTUAL, tries_link=100.0))
    first(tenancy)
    [meeting] = [doc for _, doc in tenancy.tenant.storage.documents("meeting")]
    tried = tenancy.tenant.attendance.of(meeting["id"])[2:]
    assert len(tried) == 2
    next_date = TEN + 14 * 24 * HOUR
    assert all(20 * HOUR <= next_date - stay.joined <= 28 * HOUR for stay in tried)


async def test_it_does_not_matter_how_often_the_tenant_is_asked() -> None:
    seldom, _ = await living(BELIEVABLE)
    often, _ = await living(BELIEVABLE)
    end = TEN + 60 * 24 * HOUR
    while often.clock() < end:
        often.clock.advance(5 * HOUR)
        often.tenant.gatherings.catch_up()
    seldom.clock.set(often.clock())
    assert often.tenant.gatherings.past() == seldom.tenant.gatherings.past()
    assert stays(often) == stays(seldom)


async def test_a_tenant_opened_again_goes_on_without_repeating(tmp_path: Path) -> None:
    state = tmp_path / "tenant.sqlite"
    tenancy, _ = await living(PUNCTUAL, state=state)
    before, present = first(tenancy), stays(tenancy)
    tenancy.tenant.close()
    again = open_tenancy(state, now=tenancy.clock())
    assert again.tenant.gatherings.past() == [before]
    assert stays(again) == present
    again.clock.set(TEN + 15 * 24 * HOUR)
    assert [one.day for one in again.tenant.gatherings.past()] == [
        date(2027, 3, 2),
        date(2027, 3, 16),
    ]


# Answering the question


def asked(tenancy: Tenancy, who: str, text: str = "") -> list[Mail]:
    """A mail with a link that somebody gets now."""
    body = f'<p>{text}</p><a href="{LINK}8c1f.k2Jd?a=1&amp;b=2">Yes or no</a>'
    tenancy.tenant.calendars.mails.add(
        [Mail(tenancy.clock(), PROGRAM, who, "message", "", None, "Did you meet?", body=body)]
    )
    return tenancy.tenant.mail_log


@pytest.mark.parametrize(
    ("attends", "contradicts", "says"),
    [(100.0, 0.0, "met"), (0.0, 0.0, "not_met"), (100.0, 100.0, "not_met")],
)
async def test_somebody_asked_says_what_was_or_the_contrary(
    attends: float, contradicts: float, says: str
) -> None:
    tenancy, _ = await living(replace(PUNCTUAL, attends=attends, contradicts=contradicts))
    gathering = first(tenancy)
    [reply] = tenancy.tenant.gatherings.replies(LINK, asked(tenancy, ADA))
    assert reply.link == f"{LINK}8c1f.k2Jd?a=1&b=2"
    assert (reply.person, reply.says, reply.about) == (ADA, says, gathering)
    assert tenancy.clock() < reply.at <= tenancy.clock() + 30 * HOUR


@pytest.mark.parametrize(("unhappy", "scores"), [(0.0, {3, 4, 5}), (100.0, {1, 2})])
async def test_somebody_asked_how_it_was_says_a_number(unhappy: float, scores: set[int]) -> None:
    assert {one.score for one in all_conduct(replace(BELIEVABLE, unhappy=unhappy))} == scores
    tenancy, _ = await living(replace(PUNCTUAL, unhappy=unhappy))
    first(tenancy)
    [reply] = tenancy.tenant.gatherings.replies(LINK, asked(tenancy, ADA), asks="how")
    assert int(reply.says or 0) in scores


async def test_some_never_say_anything() -> None:
    tenancy, _ = await living(replace(PUNCTUAL, answers_question=0.0))
    first(tenancy)
    [reply] = tenancy.tenant.gatherings.replies(LINK, asked(tenancy, ADA))
    assert reply.says is None


async def test_a_mail_without_such_a_link_or_without_a_date_asks_nothing() -> None:
    tenancy, _ = await living(PUNCTUAL)
    early = asked(tenancy, ADA)
    assert tenancy.tenant.gatherings.replies(LINK, early) == []
    first(tenancy)
    mails = asked(tenancy, CAT)
    assert tenancy.tenant.gatherings.replies(LINK, mails) == []
    assert tenancy.tenant.gatherings.replies("https://elsewhere.example/", mails) == []


async def test_the_date_meant_is_the_one_with_whom_the_mail_names() -> None:
    tenancy, _ = await living(PUNCTUAL)
    later = {
        name: {"dateTime": f"2027-03-02T{hour}:00:00", "timeZone": "UTC"}
        for name, hour in (("start", 12), ("end", 13))
    }
    await tenancy.book(ADA, CAT, **later)
    tenancy.clock.set(TEN + 8 * HOUR)
    assert len(tenancy.tenant.gatherings.past()) == 2
    mails = [*asked(tenancy, ADA, "You and Ben"), *asked(tenancy, ADA)[-1:]]
    with_ben, unnamed = tenancy.tenant.gatherings.replies(LINK, mails)
    assert BEN in with_ben.about.invited
    assert CAT in unnamed.about.invited
