"""Each port of Graph, through the real client, on the simulated tenant."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from integrations.errors import (
    ChangedMeanwhileError,
    DuplicateError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    TokenRefusedError,
)
from integrations.ports import AttendeeAnswer, MailboxSettings, ScheduleItem, Unreadable
from integrations.runtime import Death, EventLog, Incarnation
from scheduling.timespan import TimeSpan
from simulator.faults import Fault
from tests.graph.tenancy import NO_TEAMS, ORGANIZER, Firm, appointment, draft, in_firm, person
from tests.graph.world import START, span

ADA, MAX = person(1), person(2)
SERIES_SPAN = span(START, 200)
SCHEDULE = "/users/{user}/calendar/getSchedule"
EVENTS = "/users/{user}/events"


def test_a_booked_series_keeps_its_hour_over_the_clock_change(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail, MAX.mail))
        dates = await firm.graph.calendar.instances(ORGANIZER.id, booked.id, SERIES_SPAN)
        assert booked.kind == "seriesMaster"
        assert booked.join_url is not None
        assert booked.zone == "Europe/London"
        assert booked.answers == {ADA.mail: AttendeeAnswer(), MAX.mail: AttendeeAnswer()}
        assert [d.span.start.hour for d in dates] == [13, 13] + [14] * 7
        assert dates[0].span.start == datetime(2026, 10, 6, 13, tzinfo=UTC)
        assert {d.span.end - d.span.start for d in dates} == {timedelta(hours=1)}
        (seen,) = firm.tenant.events_of(ADA.mail)
        assert (seen.subject, seen.show_as) == ("Reverse mentoring", "tentative")
        assert len(firm.tenant.mail_log) == 2

    in_firm(tmp_path, (ADA, MAX), scenario)


def test_a_series_is_found_by_its_tag_and_by_nothing_else(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        await firm.graph.calendar.create_series(ORGANIZER.id, draft(2, ADA.mail))
        found = await firm.graph.calendar.find_tagged(ORGANIZER.id, "pair-1/1")
        assert [event.id for event in found] == [booked.id]
        assert await firm.graph.calendar.find_tagged(ORGANIZER.id, "pair-3/1") == []

    in_firm(tmp_path, (ADA,), scenario)


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("named", [True, False])
def test_a_repeated_create_is_a_duplicate_and_mails_nobody(
    tmp_path: Path, status: int, named: bool
) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.behaviour.duplicate_transaction_status = 400 if status == 400 else 409
        firm.tenant.behaviour.duplicate_names_existing_event = named
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        with pytest.raises(DuplicateError) as caught:
            await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        assert caught.value.existing_id == (booked.id if named else None)
        assert len(firm.tenant.mail_log) == 1

    in_firm(tmp_path, (ADA,), scenario)


def test_a_date_moves_with_its_etag_and_keeps_its_link(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        third = (await firm.graph.calendar.instances(ORGANIZER.id, booked.id, SERIES_SPAN))[2]
        to = TimeSpan(third.span.start + timedelta(days=1), third.span.end + timedelta(days=1))
        moved = await firm.graph.calendar.move(
            ORGANIZER.id, third.id, to, "Europe/London", third.etag
        )
        assert (moved.span, moved.kind) == (to, "exception")
        assert moved.original_start == third.span.start
        assert moved.join_url == booked.join_url
        again = await firm.graph.calendar.read(ORGANIZER.id, third.id)
        assert (again.span, again.join_url) == (to, booked.join_url)
        with pytest.raises(ChangedMeanwhileError):
            await firm.graph.calendar.move(
                ORGANIZER.id, third.id, third.span, "Europe/London", third.etag
            )

    in_firm(tmp_path, (ADA,), scenario)


def test_one_date_and_the_series_can_be_cancelled_twice_over(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        calendar = firm.graph.calendar
        booked = await calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        dates = await calendar.instances(ORGANIZER.id, booked.id, SERIES_SPAN)
        await calendar.cancel(ORGANIZER.id, dates[4].id, "A new hour follows.")
        left = await calendar.instances(ORGANIZER.id, booked.id, SERIES_SPAN)
        assert [d.id for d in left] == [d.id for d in dates if d is not dates[4]]
        await calendar.cancel(ORGANIZER.id, booked.id, "The series ends.")
        await calendar.cancel(ORGANIZER.id, booked.id, "The series ends.")
        with pytest.raises(NotFoundError):
            await calendar.read(ORGANIZER.id, booked.id)
        comments = [m.comment for m in firm.tenant.mail_log if m.kind == "cancellation"]
        assert comments == ["A new hour follows.", "The series ends."]

    in_firm(tmp_path, (ADA,), scenario)


def test_the_trial_event_mails_nobody_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        calendar = firm.graph.calendar
        hour = TimeSpan(START + timedelta(days=1), START + timedelta(days=1, hours=1))
        trial = await calendar.create_trial(ORGANIZER.id, hour, "Europe/London", "t-1", "trial")
        assert (trial.span, trial.kind, bool(trial.join_url)) == (hour, "singleInstance", True)
        await calendar.delete(ORGANIZER.id, trial.id)
        await calendar.delete(ORGANIZER.id, trial.id)
        assert firm.tenant.events_of(ORGANIZER.mail) == []
        assert firm.tenant.mail_log == []

    in_firm(tmp_path, (), scenario)


def test_a_mailbox_without_teams_says_so_and_gives_no_link(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        calendar = firm.graph.calendar
        assert await calendar.teams_offered(ORGANIZER.id)
        assert not await calendar.teams_offered(NO_TEAMS.id)
        booked = await calendar.create_series(NO_TEAMS.id, draft(1, ADA.mail))
        assert booked.join_url is None

    in_firm(tmp_path, (ADA,), scenario)


def test_the_meeting_behind_a_join_link_is_found_with_its_lobby(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        assert booked.join_url is not None
        assert "%3a" in booked.join_url.lower()
        meeting = await firm.graph.meetings.find(ORGANIZER.id, booked.join_url)
        assert meeting is not None
        assert meeting.lobby_scope == "organization"
        assert await firm.graph.meetings.find(ORGANIZER.id, booked.join_url + "x") is None

    in_firm(tmp_path, (ADA,), scenario)


def test_a_meeting_outside_the_teams_policy_is_refused(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        with pytest.raises(RefusedError) as caught:
            await firm.graph.meetings.find(NO_TEAMS.id, "https://teams.example/x")
        assert caught.value.status == 403

    in_firm(tmp_path, (), scenario)


def test_people_are_found_in_the_directory_by_either_name(tmp_path: Path) -> None:
    guest = person(3, guest=True)
    leaver = person(4, enabled=False, mail="o'neil@firm.example")
    many = tuple(person(n) for n in range(10, 40))

    async def scenario(firm: Firm) -> None:
        mails = [p.mail for p in (ADA, guest, leaver, *many)]
        found = await firm.graph.directory.find([*mails, "nobody@firm.example", "ADA@x.example"])
        ada, out, gone = found[ADA.mail], found[guest.mail], found[leaver.mail]
        assert ada is not None
        assert (ada.id, ada.mail, ada.enabled, ada.guest) == (ADA.id, ADA.mail, True, False)
        assert out is not None
        assert out.guest
        assert gone is not None
        assert not gone.enabled
        assert found["nobody@firm.example"] is None
        assert all(found[p.mail] is not None for p in many)
        assert firm.graph.calls_by_kind() == {"find_user": len(mails) + 2}

    in_firm(tmp_path, (ADA, guest, leaver, *many), scenario)


def test_settings_are_read_and_one_missing_mailbox_spoils_nobody(tmp_path: Path) -> None:
    missing, on_premises = person(3, mailbox="missing"), person(4, mailbox="onPremises")

    async def scenario(firm: Firm) -> None:
        read = await firm.graph.settings.read([ADA.id, missing.id, on_premises.id, "nobody"])
        settings = read[ADA.id]
        assert isinstance(settings, MailboxSettings)
        assert settings.zone == "Europe/London"
        assert settings.weekdays == ("monday", "tuesday", "wednesday", "thursday", "friday")
        assert settings.start is not None
        assert (settings.start.hour, settings.start.minute) == (9, 0)
        assert isinstance(read[missing.id], Unreadable)
        assert isinstance(read[on_premises.id], Unreadable)
        assert read["nobody"] == Unreadable("unknown_mailbox")

    in_firm(tmp_path, (ADA, missing, on_premises), scenario)


def test_settings_outside_the_granted_scope_are_unreadable(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        read = await firm.graph.settings.read([ADA.id, MAX.id])
        assert isinstance(read[ADA.id], MailboxSettings)
        assert read[MAX.id] == Unreadable("forbidden")

    in_firm(tmp_path, (ADA, MAX), scenario, roles={"MailboxSettings.Read": frozenset({ADA.mail})})


def test_free_busy_has_items_and_digits_and_no_titles(tmp_path: Path) -> None:
    meeting = datetime(2026, 9, 8, 10)  # noqa: DTZ001 - London's wall clock
    busy = person(1, appointments=(appointment(meeting, 1.5, "tentative"),))

    async def scenario(firm: Firm) -> None:
        firm.tenant.behaviour.default_sharing = "details"
        week = span(START, 7)
        read = await firm.graph.free_busy.read(ORGANIZER.id, [busy.mail, "x@firm.example"], [week])
        assert read["x@firm.example"] == Unreadable("unknown_mailbox")
        schedules = read[busy.mail]
        assert isinstance(schedules, tuple)
        (schedule,) = schedules
        assert schedule.span == week
        assert schedule.items == (
            ScheduleItem(
                start=datetime(2026, 9, 8, 9, tzinfo=UTC),
                end=datetime(2026, 9, 8, 10, 30, tzinfo=UTC),
                status="tentative",
            ),
        )
        assert schedule.digit_minutes == 15
        assert len(schedule.digits) == 7 * 24 * 4
        assert schedule.digits.count("1") == 6
        assert "Aldermoor" not in repr(schedule)
        assert schedule.hours is not None
        assert schedule.hours.zone == "Europe/London"

    in_firm(tmp_path, (busy,), scenario)


@pytest.mark.parametrize(("people", "windows"), [(1, 1), (20, 2), (21, 2), (45, 3)])
def test_free_busy_takes_a_call_per_twenty_people_and_window(
    tmp_path: Path, people: int, windows: int
) -> None:
    everybody = tuple(person(n) for n in range(1, people + 1))

    async def scenario(firm: Firm) -> None:
        spans = [span(START + timedelta(days=61 * n), 61) for n in range(windows)]
        read = await firm.graph.free_busy.read(ORGANIZER.id, [p.mail for p in everybody], spans)
        assert all(isinstance(found, tuple) and len(found) == windows for found in read.values())
        assert len(read) == people
        assert firm.graph.calls_by_kind() == {"get_schedule": -(-people // 20) * windows}
        assert firm.calls(SCHEDULE) == -(-people // 20) * windows

    in_firm(tmp_path, everybody, scenario)


def test_a_crowded_calendar_is_read_in_halves_and_the_others_once(tmp_path: Path) -> None:
    nine = datetime(2026, 9, 8, 9)  # noqa: DTZ001 - London's wall clock
    crowded = person(
        1, appointments=tuple(appointment(nine + timedelta(days=d), 1) for d in range(50))
    )

    async def scenario(firm: Firm) -> None:
        firm.tenant.behaviour.schedule_items = 20
        read = await firm.graph.free_busy.read(
            ORGANIZER.id, [crowded.mail, MAX.mail], [span(START, 56)]
        )
        schedules, other = read[crowded.mail], read[MAX.mail]
        assert isinstance(schedules, tuple)
        assert isinstance(other, tuple)
        assert [s.span for s in schedules] == [
            span(START + timedelta(days=14 * n), 14) for n in range(4)
        ]
        assert len({item for s in schedules for item in s.items}) == 50
        assert len(other) == 1
        assert firm.graph.calls_by_kind() == {"get_schedule": 1 + 2 + 4}

    in_firm(tmp_path, (crowded, MAX), scenario)


def test_a_calendar_too_crowded_for_a_week_is_unknown(tmp_path: Path) -> None:
    nine = datetime(2026, 9, 8, 9)  # noqa: DTZ001 - London's wall clock
    crowded = person(
        1, appointments=tuple(appointment(nine + timedelta(hours=h), 0.5) for h in range(24 * 28))
    )

    async def scenario(firm: Firm) -> None:
        firm.tenant.behaviour.schedule_items = 20
        read = await firm.graph.free_busy.read(
            ORGANIZER.id, [crowded.mail, MAX.mail], [span(START, 28)]
        )
        assert read[crowded.mail] == Unreadable("too_many_entries")
        assert isinstance(read[MAX.mail], tuple)

    in_firm(tmp_path, (crowded, MAX), scenario)


def test_never_more_than_the_permitted_number_of_calls_run_at_once(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.behaviour.latency = timedelta(milliseconds=200)
        await asyncio.gather(
            *(
                firm.graph.calendar.create_series(ORGANIZER.id, draft(n, ADA.mail))
                for n in range(30)
            )
        )
        # A fifth call at once would have been refused, and a refusal shows in the log.
        assert [c.status for c in firm.tenant.calls if c.path == EVENTS] == [201] * 30
        took = firm.clock.now() - START
        assert took < timedelta(seconds=30 / 3 * 0.2 * 1.2)
        # Kept for a moment in case another call follows.
        await firm.clock.sleep(timedelta(seconds=1))
        held = await firm.store.run(lambda t: t.permits.held(ORGANIZER.id, firm.clock.now()))
        assert held == []

    in_firm(tmp_path, (ADA,), scenario)


def test_retry_after_holds_every_call_to_the_mailbox_and_none_is_booked_twice(
    tmp_path: Path,
) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.faults.plan(
            Fault("throttle", method="POST", path=EVENTS, nth=3, retry_after=17)
        )
        await asyncio.gather(
            *(
                firm.graph.calendar.create_series(ORGANIZER.id, draft(n, ADA.mail))
                for n in range(10)
            )
        )
        calls = [c for c in firm.tenant.calls if c.path == EVENTS]
        refused = next(c for c in calls if c.status == 429)
        later = [c.at for c in calls if c.at > refused.at]
        assert min(later) == refused.at + timedelta(seconds=17)
        assert len(firm.tenant.events_of(ORGANIZER.mail)) == 10
        assert len(firm.tenant.mail_log) == 10

    in_firm(tmp_path, (ADA,), scenario)


def test_a_lost_answer_to_a_create_is_an_unknown_outcome_found_by_tag(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.faults.plan(Fault("cut_after", method="POST", path=EVENTS))
        with pytest.raises(OutcomeUnknownError):
            await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        (found,) = await firm.graph.calendar.find_tagged(ORGANIZER.id, "pair-1/1")
        assert found.join_url is not None
        assert len(firm.tenant.events_of(ORGANIZER.mail)) == 1

    in_firm(tmp_path, (ADA,), scenario)


def test_an_unreadable_mailbox_is_not_free_and_the_others_are_read(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.faults.plan(Fault("unreadable", mailbox=ADA.mail, times=0))
        read = await firm.graph.free_busy.read(ORGANIZER.id, [ADA.mail, MAX.mail], [span(START, 7)])
        assert isinstance(read[ADA.mail], Unreadable)
        assert isinstance(read[MAX.mail], tuple)

    in_firm(tmp_path, (ADA, MAX), scenario)


def test_a_refused_credential_says_which(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.faults.plan(Fault("token_refused", times=0))
        with pytest.raises(TokenRefusedError) as caught:
            await firm.graph.calendar.teams_offered(ORGANIZER.id)
        assert caught.value.code.startswith("AADSTS")
        assert {call.path for call in firm.tenant.calls} == {"/oauth2/v2.0/token"}

    in_firm(tmp_path, (), scenario)


def test_tokens_are_renewed_over_a_long_day(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        for _ in range(8):
            assert await firm.graph.calendar.teams_offered(ORGANIZER.id)
            await firm.clock.sleep(timedelta(minutes=50))
        assert {c.status for c in firm.tenant.calls} == {200}

    in_firm(tmp_path, (), scenario)


def test_an_answer_never_reaches_an_incarnation_that_died_over_it(tmp_path: Path) -> None:
    log = EventLog()

    async def scenario(firm: Firm) -> None:
        with pytest.raises(Death):
            await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        assert len(firm.tenant.events_of(ORGANIZER.mail)) == 1
        assert log.points[-2:] == ["after call create_event", "death after call create_event"]
        with pytest.raises(Death):
            await firm.graph.calendar.read(ORGANIZER.id, "x")

    # The permit takes three points, what stops writing or ends the installation two, the call two.
    in_firm(tmp_path, (ADA,), scenario, life=Incarnation(log, dies_at=7))


def test_anchor_zones_are_those_whose_windows_name_means_the_same(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        days = [date(2026, 10, 6) + timedelta(weeks=2 * n) for n in range(9)]
        zones = ["Europe/London", "Europe/Vienna", "America/New_York", "Mars/Olympus"]
        assert await firm.graph.anchor_zones(zones, days) == {
            "Europe/London",
            "Europe/Vienna",
            "America/New_York",
        }

    in_firm(tmp_path, (), scenario)
