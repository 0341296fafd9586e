"""The words of an invitation to one date apart from the series."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from integrations.language import speaking
from integrations.workflows.booking.invitation import location_of, page_of
from integrations.workflows.changes.case import Case
from integrations.workflows.messages.languages import common_language
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import contact_of, length_of, names_of, when
from integrations.workflows.rulebook.roles import mentor_on
from scheduling.timespan import TimeSpan


def single_invitation(
    case: Case, span: TimeSpan, zone: str, page_url: str, language: str
) -> Letter:
    """Subject and body in the program's words; ``zone`` (IANA) is that of the event.

    In the language of both, or in ``language`` where they have two.
    """
    with speaking(common_language(case.people, language)):
        return _words_of(case, span, zone, page_url)


def _words_of(case: Case, span: TimeSpan, zone: str, page_url: str) -> Letter:
    zones = [case.zone_of(person) for person in case.people]
    leads = mentor_on(case.pair, span.start.astimezone(ZoneInfo(zone)).date())
    mentor, mentee = case.people if leads == case.mentor.id else case.people[::-1]
    fields = {
        "names": names_of(case.mentor, case.mentee),
        "mentor": mentor.name,
        "mentee": mentee.name,
        "program": case.program.name,
        "length": length_of(span.length // timedelta(minutes=1)),
        "when": when(span.start, zone, next((z for z in zones if z != zone), None)),
        "place": location_of(case.rule, case.pair),
        "agenda": case.rule.agenda,
        "page": page_of(page_url, case.pair.id),
        "contact": contact_of(case.program),
    }
    return letter("single_invitation", case.program, fields)
