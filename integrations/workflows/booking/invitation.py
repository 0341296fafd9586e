"""The words of an invitation: neutral subject, no goals, no reasons, times with their zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from integrations.language import ENGLISH, gettext, speaking
from integrations.records import Pair, Participant, Program, Session, SessionState
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.messages.languages import common_language
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import (
    clock,
    contact_of,
    every,
    kind_said,
    length_of,
    long_date,
    names_of,
    place_of,
    weekday_name,
)
from integrations.workflows.rulebook.roles import mentor_on
from integrations.workflows.rulebook.rules import ON_TEAMS, Participation, ProgramRule
from scheduling.rule import SessionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Everything the invitation speaks of. ``sessions`` are in the order of their windows."""

    program: Program
    rule: ProgramRule
    pair: Pair
    mentor: Participant
    mentee: Participant
    sessions: Sequence[Session]
    zone: str
    interval_weeks: int
    page_url: str
    language: str = ENGLISH


def invitation_of(invited: Invited) -> Letter:
    """Subject and body in the program's words; the subject says nothing of why the two meet.

    One text for both: in their language, or in ``language`` where they have two.
    """
    with speaking(common_language((invited.mentor, invited.mentee), invited.language)):
        return _words_of(invited)


def _words_of(invited: Invited) -> Letter:
    first, last = invited.sessions[0], invited.sessions[-1]
    start = first.series_start.astimezone(ZoneInfo(invited.zone))
    end_date = last.series_start.astimezone(ZoneInfo(invited.zone)).date()
    other = next(
        (p.zone for p in (invited.mentor, invited.mentee) if _differs(p.zone, invited.zone)), None
    )
    two = (invited.mentor, invited.mentee)
    leads = mentor_on(invited.pair, start.date())
    mentor, mentee = two if leads == invited.mentor.id else two[::-1]
    fields = {
        "names": names_of(invited.mentor, invited.mentee),
        "program": invited.program.name,
        "mentor": mentor.name,
        "mentee": mentee.name,
        "length": length_of(invited.rule.cadence.duration_minutes),
        "every": every(invited.interval_weeks),
        "weekday": weekday_name(start.weekday()),
        "start": clock(start.time()),
        "zone_place": place_of(invited.zone),
        "other_zone_start": clock(_in_zone(first, other)) if other else None,
        "other_zone_place": place_of(other) if other else None,
        "first_date": long_date(start.date()),
        "last_date": long_date(end_date),
        "mixed": invited.program.mixed,
        "moved": sum(session.moved for session in invited.sessions),
        "skipped": sum(session.state is SessionState.SKIPPED for session in invited.sessions),
        "place": location_of(invited.rule, invited.pair),
        "agenda": invited.rule.agenda,
        "kinds": tuple(
            gettext("date %(number)s: %(kind)s", number=number, kind=_kind_said(invited, kind))
            for number, kind in invited.rule.kinds.items()
        ),
        "voluntary": invited.rule.participation is Participation.VOLUNTARY,
        "page": page_of(invited.page_url, invited.pair.id),
        "contact": contact_of(invited.program),
        "resources": invited.program.links.get("resources"),
        "evidence": mode_at(invited.program, invited.pair.office, first.start).value,
    }
    return letter("invitation", invited.program, fields)


def _kind_said(invited: Invited, kind: SessionKind) -> str:
    with_contact = invited.rule.contact_at_check_ins and bool(invited.program.contact.get("mail"))
    return kind_said(kind, invited.program, with_contact=with_contact)


def location_of(rule: ProgramRule, pair: Pair) -> str | None:
    """Where the pair meets other than on Teams; None on Teams."""
    place = rule.place_of(pair.place)
    return None if place == ON_TEAMS else place


def page_of(page_url: str, pair_id: str) -> str:
    """The plain link to a pair's page: nothing in it signs anybody in."""
    return f"{page_url.rstrip('/')}/{pair_id}"


def _differs(zone: str | None, other: str) -> bool:
    return zone is not None and zone != other


def _in_zone(session: Session, zone: str) -> time:
    return session.series_start.astimezone(ZoneInfo(zone)).time()
