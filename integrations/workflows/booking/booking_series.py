"""The series of a pair as one write, with its invitation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from integrations.ports import EventSnapshot, SeriesDraft, Transaction
from integrations.records import Booking, Intent, PairState
from integrations.workflows.acting import Act, Happened, NotHappened, ReadBack
from integrations.workflows.app import App, Options
from integrations.workflows.booking.booking_case import Case, invitation_mails, series_key
from integrations.workflows.booking.invitation import Invited, invitation_of, location_of
from integrations.workflows.planning.freshness import still_holds
from scheduling.rule import WEEKDAYS


def create_series(app: App, case: Case) -> Act[Booking]:
    """Create the series: one event, one invitation each."""
    tag = series_key(case.pair)
    transaction_id = str(uuid5(NAMESPACE_URL, f"tandem:{tag}"))
    draft = series_draft(case, app.options, transaction_id, tag)

    async def send(intent: Intent) -> Booking:
        event = await app.graph.calendar.create_series(case.mailbox_id, draft)
        return _booking(case, event, app.clock.now())

    async def look(intent: Intent) -> ReadBack[Booking]:
        found = await app.graph.calendar.find_tagged(case.mailbox_id, tag)
        return Happened(_booking(case, found[0], app.clock.now())) if found else NotHappened()

    def keep(tx: Transaction, intent: Intent, booking: Booking) -> None:
        tx.bookings.put(booking)
        tx.pairs.put(replace(tx.pairs.require(case.pair.id), state=PairState.BOOKING))

    return Act(
        key=tag,
        kind="series_created",
        program_id=case.program.id,
        pair_id=case.pair.id,
        mailbox_id=case.mailbox_id,
        transaction_id=transaction_id,
        after={**case.series},
        mails=invitation_mails(case, "invitation"),
        send=send,
        look=look,
        keep=keep,
        decided_from=case.pair.calendars_read_at,
        still_holds=partial(still_holds, case.pair, app.clock.now()),
    )


def _booking(case: Case, event: EventSnapshot, now: datetime) -> Booking:
    return Booking(
        pair_id=case.pair.id,
        generation=case.pair.generation,
        mailbox_id=case.mailbox_id,
        event_id=event.id,
        ical_uid=event.ical_uid,
        etag=event.etag,
        zone=case.zone,
        join_url=event.join_url,
        booked_at=now,
    )


def series_draft(case: Case, options: Options, transaction_id: str, tag: str) -> SeriesDraft:
    """The series as it is to stand in the calendars, invitation included."""
    first = case.sessions[0]
    start = first.series_start.astimezone(ZoneInfo(case.zone)).replace(tzinfo=None)
    invited = Invited(
        program=case.program,
        rule=case.rule,
        pair=case.pair,
        mentor=case.mentor,
        mentee=case.mentee,
        sessions=case.sessions,
        zone=case.zone,
        interval_weeks=case.series["interval_weeks"],
        page_url=options.page_url,
        language=options.language,
    )
    words = invitation_of(invited)
    return SeriesDraft(
        subject=words.subject,
        body_html=words.body,
        zone=case.zone,
        start=start,
        duration=first.end - first.start,
        weekday=WEEKDAYS[start.weekday()],
        interval_weeks=case.series["interval_weeks"],
        occurrences=len(case.sessions),
        attendees=tuple((person.mail, person.name) for person in (case.mentor, case.mentee)),
        location=location_of(case.rule, case.pair),
        transaction_id=transaction_id,
        tag=tag,
    )
