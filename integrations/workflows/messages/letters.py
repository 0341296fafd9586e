"""The words of a row of the outbox, made when it is sent; or why there is nothing left to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from babel.numbers import format_decimal

from integrations.language import gettext, locale, speaking
from integrations.ports import Transaction
from integrations.records import (
    OVER,
    OutboxMail,
    Pair,
    PairState,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.workflows.attendance.links import PersonalLinks, prolong
from integrations.workflows.booking.invitation import page_of
from integrations.workflows.changes.case import rule_of
from integrations.workflows.enrolment.people import OWN_SOURCES
from integrations.workflows.messages.languages import language_for
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import (
    clock,
    contact_of,
    every,
    length_of,
    long_date,
    names_of,
    place_of,
    regular,
    weekdays_name,
    when,
)
from integrations.workflows.reporting.hours import tenths_of_hours
from integrations.workflows.rulebook.roles import mentor_on
from integrations.workflows.rulebook.rules import Participation, ProgramRule
from scheduling.cadence import SeriesSlot

_NOT_BOOKED = frozenset({PairState.ENROLLED, PairState.PLANNED})
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A mail to one person of a pair, and all that its words may be about.

    ``question`` is the personal link the mail is about, None where it has ended. ``minutes_held``
    are those of all meetings of the pair that were held, as a closing word tells them.
    """

    mail: OutboxMail
    pair: Pair
    program: Program
    rule: ProgramRule
    you: Participant
    other: Participant
    sessions: Mapping[str, Session]
    now: datetime
    default_zone: str
    default_language: str
    page_url: str
    question: str | None = None
    minutes_held: int = 0

    @property
    def zone(self) -> str:
        """IANA zone of the reader's wall clock."""
        return self.zone_of(self.you)

    def zone_of(self, person: Participant) -> str:
        """IANA zone of a person's wall clock; the program's while theirs is unknown."""
        return person.zone or self.program.zone or self.default_zone

    def when(self, at: datetime) -> str:
        """An instant for the reader, with the partner's clock beside it where that differs."""
        return when(at, self.zone, self.zone_of(self.other))

    def instant(self, name: str) -> datetime:
        """An instant among the row's facts."""
        return datetime.fromisoformat(self.mail.data[name])

    @property
    def offered(self) -> list[datetime]:
        """The starts among the row's facts that are still to come."""
        starts = [datetime.fromisoformat(start) for start, _ in self.mail.data["to"]]
        return [start for start in starts if start > self.now]

    @property
    def session(self) -> Session | None:
        """The session it is about, if that stands where it stood when the mail was meant."""
        session = self.sessions.get(self.mail.data["session"])
        stands = session is not None and session.state is SessionState.SCHEDULED
        return session if stands and session and session.start == self.instant("start") else None

    def next_date(self, after: datetime) -> str | None:
        """The first standing date after an instant."""
        later = [
            session.start
            for session in self.sessions.values()
            if session.state is SessionState.SCHEDULED and session.start > after
        ]
        return self.when(min(later)) if later else None


def spoken(
    tx: Transaction,
    mail: OutboxMail,
    now: datetime,
    *,
    default_zone: str,
    default_language: str,
    page_url: str,
    links: PersonalLinks | None = None,
) -> Spoken:
    """What a row about a pair speaks of, as the store has it now.

    A personal link in it counts its days from ``now``.
    """
    pair = tx.pairs.require(mail.pair_id or "")
    people = tx.participants.many([pair.mentor_id, pair.mentee_id])
    other = pair.mentee_id if mail.person_id == pair.mentor_id else pair.mentor_id
    return Spoken(
        mail=mail,
        pair=pair,
        program=tx.programs.require(pair.program_id),
        rule=rule_of(tx, pair),
        you=people[mail.person_id],
        other=people[other],
        sessions={session.id: session for session in tx.sessions.of_pair(pair.id)},
        now=now,
        default_zone=default_zone,
        default_language=default_language,
        page_url=page_url,
        question=_question(tx, mail, now, links),
        minutes_held=_minutes_held(tx, mail),
    )


def _minutes_held(tx: Transaction, mail: OutboxMail) -> int:
    if mail.purpose != "closing" or mail.pair_id is None:
        return 0
    in_force = tx.verdicts.in_force([mail.pair_id]).values()
    return sum(verdict.minutes for verdict in in_force if verdict.verdict == "held")


def _question(
    tx: Transaction, mail: OutboxMail, now: datetime, links: PersonalLinks | None
) -> str | None:
    link = tx.links.get(mail.data["link"]) if "link" in mail.data else None
    if links is None or link is None or link.used_at is not None:
        return None
    return links.url(prolong(tx, link, now).id, link.purpose)


def silenced_by(about: Spoken) -> str | None:
    """Why the mail is not to be sent any more, as a code; None while it is."""
    if about.you.gone or not about.you.enabled:
        return "reader_left"
    return _SILENCED[about.mail.purpose](about)


def words_of(about: Spoken) -> Letter:
    """Subject and body for the one person it is sent to."""
    with speaking(language_for(about.you, about.default_language)):
        return _words_of(about)


def _words_of(about: Spoken) -> Letter:
    you, other = about.you, about.other
    mentor, mentee = (you, other) if you.id == about.pair.mentor_id else (other, you)
    common = {
        "names": names_of(mentor, mentee),
        "mentor": mentor.name,
        "mentee": mentee.name,
        "you": you.name,
        "other": other.name,
        "program": about.program.name,
        "contact": contact_of(about.program),
        "page": page_of(about.page_url, about.pair.id),
    }
    own = _FIELDS[about.mail.purpose](about)
    return letter(about.mail.purpose, about.program, {**common, **own})


# --- why there is nothing left to say ----------------------------------------------------


def _over(about: Spoken) -> str | None:
    return "pair_over" if about.pair.state in OVER else None


def _date_is_gone(about: Spoken) -> str | None:
    session = about.session
    if session is None:
        return "date_changed"
    return "date_passed" if session.start <= about.now else _over(about)


def _hour_has_passed(about: Spoken) -> str | None:
    # Until its very end: who waits in an empty room is glad of it still.
    ends = about.instant("start") + about.rule.cadence.duration
    return "date_passed" if ends <= about.now else None


def _appointment_is_gone(about: Spoken) -> str | None:
    session = about.session
    seen = [] if session is None else [c["person"] for c in session.conflicts if "since" in c]
    if session is not None and about.you.id not in seen:
        return "appointment_gone"
    return _date_is_gone(about)


def _nothing_left_to_pick(about: Spoken) -> str | None:
    return _date_is_gone(about) or (None if about.offered else "hours_passed")


def _offer_is_gone(about: Spoken) -> str | None:
    offer = about.pair.offer
    if offer is None or offer.get("picked") is not None:
        return "offer_settled"
    return _over(about)


def _pause_changed(about: Spoken) -> str | None:
    return None if about.pair.pause == about.mail.data else "pause_changed"


def _paused_again(about: Spoken) -> str | None:
    return "pause_changed" if about.pair.pause is not None else _over(about)


def _booked_already(about: Spoken) -> str | None:
    return None if about.pair.state in _NOT_BOOKED else "booked_already"


def _hours_are_known(about: Spoken) -> str | None:
    known = about.you.hours_source in OWN_SOURCES
    return "hours_known" if known else _over(about)


def _told_already(about: Spoken) -> str | None:
    session = about.sessions.get(about.mail.data["session"])
    if about.question is None or session is None:
        return "link_ended"
    return "told_already" if session.verdict in ("held", "short") else None


def _asked_late(about: Spoken) -> str | None:
    return "link_ended" if about.question is None else None


def _swapped_back(about: Spoken) -> str | None:
    facts = about.mail.data
    mentor = mentor_on(about.pair, date.fromisoformat(facts["from"]))
    return "swapped_back" if mentor != facts["mentor"] else _over(about)


def _never(about: Spoken) -> str | None:
    return None


_SILENCED: Mapping[str, Callable[[Spoken], str | None]] = {
    "announcement": _booked_already,
    "hours_question": _hours_are_known,
    "offered_hours": _offer_is_gone,
    "offered_dates": _nothing_left_to_pick,
    "hour_is_off": _hour_has_passed,
    "proposal": _nothing_left_to_pick,
    "your_appointment": _appointment_is_gone,
    "paused": _pause_changed,
    "resumed": _paused_again,
    "roles_swapped": _swapped_back,
    "withdrawn": _never,
    "did_you_meet": _told_already,
    "pulse": _asked_late,
    "thanks": _over,
    "closing": _never,
}


# --- what it says ------------------------------------------------------------------------


def _nothing_more(about: Spoken) -> dict[str, Any]:
    return {}


def _announcement(about: Spoken) -> dict[str, Any]:
    cadence = about.rule.cadence
    books_on = about.mail.data.get("books_on")
    return {
        "sponsor": about.program.contact.get("sponsor"),
        "length": length_of(cadence.duration_minutes),
        "every": every(cadence.interval_weeks),
        "weeks": cadence.interval_weeks * cadence.occurrences,
        "books_on": long_date(date.fromisoformat(books_on)) if books_on else None,
        "voluntary": about.rule.participation is Participation.VOLUNTARY,
    }


def _hours_question(about: Spoken) -> dict[str, Any]:
    hours = about.you.hours or _hours_of_rule(about.rule)
    said = "; ".join(_runs(hours))
    return {"own_hours": f"{said} {place_of(about.zone)}"}


def _hours_of_rule(rule: ProgramRule) -> Mapping[str, list[list[str]]]:
    cadence = rule.cadence
    range_ = [f"{at:%H:%M}" for at in (cadence.earliest_local, cadence.latest_local)]
    return {day: [range_] for at, day in enumerate(_DAYS) if at in cadence.weekdays}


def _runs(hours: Mapping[str, Any]) -> Iterator[str]:
    """Working hours by stretches of days that have the same ones."""
    first = 0
    while first < len(_DAYS):
        ranges = hours.get(_DAYS[first]) or []
        last = first
        while last + 1 < len(_DAYS) and (hours.get(_DAYS[last + 1]) or []) == ranges:
            last += 1
        if ranges:
            yield f"{_days(first, last)} {_ranges(ranges)}"
        first = last + 1


def _days(first: int, last: int) -> str:
    if first == last:
        return weekdays_name(first)
    return gettext("%(first)s to %(last)s", first=weekdays_name(first), last=weekdays_name(last))


def _ranges(ranges: Sequence[Sequence[str]]) -> str:
    clocks = ([clock(time.fromisoformat(end)) for end in each] for each in ranges)
    return gettext(" and ").join(
        gettext("%(start)s to %(end)s", start=start, end=end) for start, end in clocks
    )


def _offered_hours(about: Spoken) -> dict[str, Any]:
    slots = [slot_of(hour) for hour in about.mail.data["hours"]]
    other = about.zone_of(about.other)
    return {"hours": tuple(regular(slot, about.zone, other) for slot in slots)}


def slot_of(data: Mapping[str, Any]) -> SeriesSlot:
    """A series hour from the facts of a row."""
    return SeriesSlot(
        zone=data["zone"],
        weekday=data["weekday"],
        start=time.fromisoformat(data["start"]),
        phase=data["phase"],
        first_date=date.fromisoformat(data["first_date"]),
    )


def _offered_dates(about: Spoken) -> dict[str, Any]:
    hours = tuple(about.when(start) for start in about.offered)
    return {"when": about.when(about.instant("start")), "hours": hours}


def _one_date(about: Spoken) -> dict[str, Any]:
    return {"when": about.when(about.instant("start"))}


def _proposal(about: Spoken) -> dict[str, Any]:
    return {**_one_date(about), "to": about.when(about.offered[0])}


def _your_appointment(about: Spoken) -> dict[str, Any]:
    hours = about.rule.limits.freeze // timedelta(hours=1)
    return {**_one_date(about), "freeze_hours": hours}


def _question_about_date(about: Spoken) -> dict[str, Any]:
    return {**_one_date(about), "question": about.question}


def _paused(about: Spoken) -> dict[str, Any]:
    last = date.fromisoformat(about.mail.data["last"])
    after = datetime.combine(last + _DAY, time(0), about.now.tzinfo)
    return {
        "last_day": long_date(last),
        "resumes_on": long_date(last + _DAY),
        "next": about.next_date(max(after, about.now)),
    }


def _roles_swapped(about: Spoken) -> dict[str, Any]:
    two = {about.you.id: about.you, about.other.id: about.other}
    mentor = two.pop(about.mail.data["mentor"])
    (mentee,) = two.values()
    first = date.fromisoformat(about.mail.data["from"])
    return {"from_day": long_date(first), "mentor": mentor.name, "mentee": mentee.name}


def _thanks(about: Spoken) -> dict[str, Any]:
    return {"held": about.mail.data["held"]}


def _closing(about: Spoken) -> dict[str, Any]:
    hours = tenths_of_hours(about.minutes_held)
    return {
        "held": sum(session.held is True for session in about.sessions.values()),
        "hours_together": format_decimal(hours, locale=locale()) if hours else None,
    }


def _resumed(about: Spoken) -> dict[str, Any]:
    return {"next": about.next_date(about.now)}


_FIELDS: Mapping[str, Callable[[Spoken], dict[str, Any]]] = {
    "announcement": _announcement,
    "hours_question": _hours_question,
    "offered_hours": _offered_hours,
    "offered_dates": _offered_dates,
    "hour_is_off": _one_date,
    "proposal": _proposal,
    "your_appointment": _your_appointment,
    "paused": _paused,
    "resumed": _resumed,
    "roles_swapped": _roles_swapped,
    "withdrawn": _nothing_more,
    "did_you_meet": _question_about_date,
    "pulse": _question_about_date,
    "thanks": _thanks,
    "closing": _closing,
}
