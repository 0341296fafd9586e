"""The words of an invitation to one date apart from the series."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined

from integrations.workflows.changes.case import Case
from integrations.workflows.messages.words import contact_of, when
from scheduling.timespan import TimeSpan

_TEXT = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    "<p>{{ mentor }} and {{ mentee }} have an hour together on {{ when }}.</p>\n"
    "<p>This date stands apart from your series; the other dates stay as they are.</p>\n"
    "<p>{% if place %}Meet at {{ place }}, or on Teams (link and dial-in below)."
    "{% else %}Meet on Teams (link and dial-in below) or in person.{% endif %}</p>\n"
    "<p>Another time? Use Propose New Time, or pick another hour: "
    '<a href="{{ page }}">{{ page }}</a>. No reason is needed.</p>\n'
    "<p>Questions: {{ contact }}.</p>"
)


def single_body(case: Case, span: TimeSpan, zone: str, page_url: str) -> str:
    """The invitation as HTML."""
    zones = [case.zone_of(person) for person in case.people]
    return _TEXT.render(
        mentor=case.mentor.name,
        mentee=case.mentee.name,
        when=when(span.start, zone, next((z for z in zones if z != zone), None)),
        place=case.pair.place if case.pair.place != "Teams" else None,
        page=f"{page_url.rstrip('/')}/{case.pair.id}",
        contact=contact_of(case.program),
    )
