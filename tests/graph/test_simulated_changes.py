"""Views, answers, ends, accounts, subscriptions and mails against the simulated tenant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest

from integrations.errors import DuplicateError, NotFoundError, OutcomeUnknownError, RefusedError
from integrations.ports import AttendeeAnswer, EventDraft
from scheduling.cadence import Recurrence
from scheduling.timespan import TimeSpan
from simulator.faults import Fault
from tests.graph.tenancy import NO_TEAMS, ORGANIZER, Firm, draft, in_firm, person
from tests.graph.world import START, span

ADA, MAX = person(1), person(2)
TERM = span(START, 180)
SERIES = Recurrence(
    first_date=date(2026, 10, 6), start=time(14), zone="Europe/London", interval_weeks=2, count=9
)
SECOND = datetime(2026, 10, 20, 13, tzinfo=UTC)
URL = "https://tandem.example/webhooks/graph"
SINGLE = EventDraft(
    subject="Reverse mentoring",
    body_html="<p>Hello</p>",
    zone="Europe/London",
    span=TimeSpan(SECOND + timedelta(days=1), SECOND + timedelta(days=1, hours=1)),
    attendees=((ADA.mail, ""), (MAX.mail, "")),
    location=None,
    transaction_id="single/s-2/1",
    tag="pair-1/1/s-2",
)


class Hooked(httpx.AsyncBaseTransport):
    """An endpoint that shakes hands, or not, and keeps what it is told."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.told: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        token = request.url.params.get("validationToken")
        if token is not None:
            return httpx.Response(self.status, text=token)
        self.told.append(await request.aread())
        return httpx.Response(202)


def test_what_is_read_of_a_series_is_what_was_sent(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        read = await firm.graph.calendar.read(ORGANIZER.id, booked.id)
        assert read.recurrence == booked.recurrence == SERIES
        dates = await firm.graph.calendar.instances(ORGANIZER.id, booked.id, TERM)
        assert [e.span.start for e in dates] == SERIES.utc_starts()
        assert {e.master_id for e in dates} == {booked.id}

    in_firm(tmp_path, (ADA,), scenario)


def test_a_view_shows_answers_proposals_moves_and_tags(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        calendar = firm.graph.calendar
        booked = await calendar.create_series(ORGANIZER.id, draft(1, ADA.mail, MAX.mail))
        single = await calendar.create_event(ORGANIZER.id, SINGLE)
        dates = await calendar.instances(ORGANIZER.id, booked.id, TERM)
        to = TimeSpan(SECOND + timedelta(hours=1), SECOND + timedelta(hours=2))
        await calendar.move(ORGANIZER.id, dates[1].id, to, "Europe/London", None)
        await calendar.cancel(ORGANIZER.id, dates[2].id, "Left out.")
        await firm.clock.sleep(timedelta(minutes=5))
        proposed = (SECOND + timedelta(days=2), SECOND + timedelta(days=2, hours=1))
        firm.tenant.answer(ADA.mail, single.id, "declined", proposed=proposed)
        seen = await calendar.view(ORGANIZER.id, TERM)
        starts = SERIES.utc_starts()
        assert [e.span.start for e in seen] == [
            starts[0],
            to.start,
            SINGLE.span.start,
            *starts[3:],
        ]
        assert [e.master_id for e in seen] == [booked.id] * 2 + [None] + [booked.id] * 6
        assert [e.kind for e in seen[:3]] == ["occurrence", "exception", "singleInstance"]
        assert seen[1].original_start == SECOND
        assert seen[2].tag == SINGLE.tag
        assert seen[2].answers == {
            ADA.mail: AttendeeAnswer(
                response="declined",
                at=START + timedelta(minutes=5),
                proposed=TimeSpan(*proposed),
            ),
            MAX.mail: AttendeeAnswer(),
        }
        assert firm.graph.calls_by_kind()["view_calendar"] == 1

    in_firm(tmp_path, (ADA, MAX), scenario)


def test_a_crowded_view_takes_a_call_per_250_events(tmp_path: Path) -> None:
    weekly = [
        replace(
            draft(n, ADA.mail), interval_weeks=1, occurrences=26, duration=timedelta(minutes=30)
        )
        for n in range(10)
    ]

    async def scenario(firm: Firm) -> None:
        for series in weekly:
            await firm.graph.calendar.create_series(ORGANIZER.id, series)
        seen = await firm.graph.calendar.view(ORGANIZER.id, span(START, 365))
        assert len({e.id for e in seen}) == 260
        assert firm.graph.calls_by_kind()["view_calendar"] == 2

    in_firm(tmp_path, (ADA,), scenario)


def test_a_series_ends_earlier_and_keeps_its_link(tmp_path: Path) -> None:
    shorter = SERIES.truncated_after(date(2026, 11, 17))
    assert shorter is not None

    async def scenario(firm: Firm) -> None:
        calendar = firm.graph.calendar
        booked = await calendar.create_series(ORGANIZER.id, draft(1, ADA.mail))
        ended = await calendar.truncate(ORGANIZER.id, booked.id, shorter, booked.etag)
        assert ended.recurrence == shorter
        assert ended.join_url == booked.join_url
        dates = await calendar.instances(ORGANIZER.id, booked.id, TERM)
        assert [e.span.start for e in dates] == shorter.utc_starts()
        (shown,) = firm.tenant.events_of(ADA.mail)
        assert shown.join_url == booked.join_url

    in_firm(tmp_path, (ADA,), scenario)


def test_a_lost_answer_to_a_single_meeting_is_found_by_tag_and_not_made_twice(
    tmp_path: Path,
) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.faults.plan(Fault("cut_after", method="POST", path="/users/{user}/events"))
        with pytest.raises(OutcomeUnknownError):
            await firm.graph.calendar.create_event(ORGANIZER.id, SINGLE)
        with pytest.raises(DuplicateError):
            await firm.graph.calendar.create_event(ORGANIZER.id, SINGLE)
        (found,) = await firm.graph.calendar.find_tagged(ORGANIZER.id, SINGLE.tag)
        assert (found.tag, found.span, found.recurrence) == (SINGLE.tag, SINGLE.span, None)
        assert len(firm.tenant.mail_log) == 2

    in_firm(tmp_path, (ADA, MAX), scenario)


def test_accounts_are_found_by_id_and_deleted_ones_are_missing(tmp_path: Path) -> None:
    many = tuple(person(n) for n in range(10, 40))
    leaver, guest = person(3, enabled=False), person(4, guest=True)

    async def scenario(firm: Firm) -> None:
        ids = [p.id for p in (ADA, leaver, guest, *many)]
        standing = await firm.graph.directory.standing([*ids, "gone", ids[0].upper()])
        assert set(standing) == {*ids, "gone", ids[0].upper()}
        assert standing["gone"] is None
        ada, left, visitor = standing[ADA.id], standing[leaver.id], standing[guest.id]
        assert ada is not None
        assert left is not None
        assert visitor is not None
        assert (ada.mail, ada.office, ada.enabled, ada.guest) == (ADA.mail, "London", True, False)
        assert not left.enabled
        assert visitor.guest
        assert all(standing[p.id] is not None for p in many)
        # 35 ids, at most 15 to a filter, all in one envelope.
        assert firm.graph.calls_by_kind() == {"find_user": 3}
        assert await firm.graph.directory.standing([]) == {}

    in_firm(tmp_path, (ADA, leaver, guest, *many), scenario)


def test_a_subscription_lives_through_its_whole_life(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.outbound = Hooked()
        service = firm.graph.subscriptions
        until = START + timedelta(days=6)
        made = await service.create(ORGANIZER.id, URL, "state", until)
        assert (made.mailbox_id, made.url, made.expires_at) == (ORGANIZER.id, URL, until)
        assert await service.all() == [made]
        with pytest.raises(DuplicateError):
            await service.create(ORGANIZER.id, URL, "state", until)
        later = await service.renew(made.id, until + timedelta(hours=12))
        assert later.expires_at == until + timedelta(hours=12)
        await service.delete(made.id)
        await service.delete(made.id)
        assert await service.all() == []
        with pytest.raises(NotFoundError):
            await service.renew(made.id, until)

    in_firm(tmp_path, (), scenario)


@pytest.mark.parametrize("status", [500, 202])
def test_an_endpoint_that_does_not_shake_hands_gets_no_subscription(
    tmp_path: Path, status: int
) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.outbound = Hooked(status)
        with pytest.raises(RefusedError) as caught:
            await firm.graph.subscriptions.create(
                ORGANIZER.id, URL, "state", START + timedelta(days=6)
            )
        assert caught.value.status == 400
        assert await firm.graph.subscriptions.all() == []

    in_firm(tmp_path, (), scenario)


def test_a_subscription_asked_for_longer_than_a_week_is_refused(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.outbound = Hooked()
        with pytest.raises(RefusedError):
            await firm.graph.subscriptions.create(
                ORGANIZER.id, URL, "state", START + timedelta(days=8)
            )

    in_firm(tmp_path, (), scenario)


def test_a_lost_answer_to_a_subscription_leaves_one_that_is_listed(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.outbound = Hooked()
        firm.tenant.faults.plan(Fault("cut_after", method="POST", path="/subscriptions"))
        until = START + timedelta(days=6)
        with pytest.raises(OutcomeUnknownError):
            await firm.graph.subscriptions.create(ORGANIZER.id, URL, "state", until)
        (found,) = await firm.graph.subscriptions.all()
        assert found.mailbox_id == ORGANIZER.id

    in_firm(tmp_path, (), scenario)


def test_the_right_to_write_does_not_stand_in_for_the_one_to_subscribe(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.outbound = Hooked()
        with pytest.raises(RefusedError) as caught:
            await firm.graph.subscriptions.create(
                ORGANIZER.id, URL, "state", START + timedelta(days=6)
            )
        assert caught.value.status == 403

    writes: dict[str, frozenset[str] | None] = {
        "Calendars.ReadWrite": frozenset({ORGANIZER.mail, NO_TEAMS.mail})
    }
    in_firm(tmp_path, (), scenario, roles=writes)


def test_a_mail_arrives_once_from_the_program_mailbox(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        await firm.graph.mail.send(ORGANIZER.id, (ADA.mail, "Ada"), "Hello", "<p>Hi</p>")
        (mail,) = firm.tenant.mail_log
        assert (mail.sender, mail.recipient, mail.kind) == (ORGANIZER.mail, ADA.mail, "message")
        assert (mail.subject, mail.body) == ("Hello", "<p>Hi</p>")

    in_firm(tmp_path, (ADA,), scenario)


def test_a_mail_whose_answer_is_lost_has_gone_once(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        firm.tenant.faults.plan(Fault("cut_after", method="POST", path="/users/{user}/sendMail"))
        with pytest.raises(OutcomeUnknownError):
            await firm.graph.mail.send(ORGANIZER.id, (ADA.mail, "Ada"), "Hello", "<p>Hi</p>")
        assert len(firm.tenant.mail_log) == 1

    in_firm(tmp_path, (ADA,), scenario)


def test_mail_without_the_right_to_send_is_refused(tmp_path: Path) -> None:
    async def scenario(firm: Firm) -> None:
        with pytest.raises(RefusedError) as caught:
            await firm.graph.mail.send(ORGANIZER.id, (ADA.mail, "Ada"), "Hello", "<p>Hi</p>")
        assert caught.value.status == 403
        assert firm.tenant.mail_log == []

    in_firm(tmp_path, (ADA,), scenario, roles={"Calendars.Read": None})
