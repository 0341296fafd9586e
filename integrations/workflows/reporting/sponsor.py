"""What a sponsor sees: figures of the whole and of groups, none of them of fewer than five pairs.

No name, no pair, no single date. Groups are withheld so that what is missing cannot be worked out
from totals or from each other (``scheduling.attendance.groups``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from integrations.records import Session, SessionDate, SessionState
from integrations.workflows.reporting.history import History
from integrations.workflows.reporting.tables import Cell, Table, table
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.groups import Group, Shown, all_shown
from scheduling.attendance.progress import Forecast, sessions_led
from scheduling.changes.answered import Acceptance, acceptance_of

WITHHELD = "fewer than five"
_SUMS = (
    ("judged", "Sessions over"),
    ("held", "Held"),
    ("self_reported", "of them self-reported"),
    ("minutes", "Minutes together"),
    ("led_by_mentor", "Led by mentors"),
    ("led_by_mentee", "Led by mentees"),
    ("invited", "Dates invited to"),
    ("accepted", "of them accepted by both"),
    ("declined", "of them declined at least once"),
    ("open", "of them not answered by both"),
    ("unknown", "of them with answers not known"),
    ("on_course", "Pairs on course or there"),
    ("groups_known", "Pairs whose two practice groups are known"),
    ("across_groups", "of them across two practice groups"),
)
_RATES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "held_rate": ("Held, of a hundred", "held", "judged"),
        "accepted_rate": ("Accepted by both, of a hundred known", "accepted", "known"),
        "declined_rate": ("Declined, of a hundred known", "declined", "known"),
        "mentors_led_rate": ("Led by mentors, of a hundred", "led_by_mentor", "led"),
        "across_groups_rate": (
            "Across practice groups, of a hundred known",
            "across_groups",
            "groups_known",
        ),
        "on_course_rate": ("Pairs on course, of a hundred", "on_course", "pairs"),
    }
)
_COLUMNS = (
    ("breakdown", "By"),
    ("group", "Group"),
    ("pairs", "Pairs"),
    *_SUMS,
    *((name, title) for name, (title, _, _) in _RATES.items()),
)
_PROGRAM = ("program", "Program")
_PULSE_COLUMNS = (
    ("breakdown", "By"),
    ("group", "Group"),
    ("pairs", "Pairs that answered"),
    ("answers", "Answers"),
    ("mean", "Mean, from 1 to 5"),
)
_OPEN = frozenset({VerdictKind.PENDING})
_INVITED_TO = frozenset({SessionState.SCHEDULED, SessionState.CANCELLED})
"""A date that was cancelled since was asked about as well."""
_WELL = frozenset({Forecast.REACHED, Forecast.ON_COURSE})


@dataclass(slots=True)
class _Tally:
    members: set[str] = field(default_factory=set)
    figures: Counter[str] = field(default_factory=Counter)

    def group(self, name: str) -> Group:
        return Group(name, frozenset(self.members), dict(self.figures))


_BREAKDOWNS: Mapping[str, Callable[[History], str | None]] = MappingProxyType(
    {
        "office": lambda history: history.pair.office,
        "practice group": lambda history: history.pair.practice_group,
    }
)


def sponsor_tables(histories: Iterable[History]) -> tuple[Table, ...]:
    """The sponsor's figures, program by program: the whole, by office, by practice group.

    Where people were asked how meetings were there is a second table. Its groups are of the pairs
    that answered: a mean of fewer than five pairs is withheld like any other figure.
    """
    by_program: dict[str, _Program] = {}
    answering: dict[str, _Program] = {}
    for history in histories:
        key, name = history.program.id, history.program.name
        by_program.setdefault(key, _Program(name, figures_of)).take(history)
        if history.scores:
            answering.setdefault(key, _Program(name, pulse_of)).take(history)
    figures = [row for key in sorted(by_program) for row in by_program[key].rows(_figure_cells)]
    pulse = [row for key in sorted(answering) for row in answering[key].rows(_pulse_cells)]
    tables = [table("sponsor", "Sponsor's figures", (_PROGRAM, *_COLUMNS), figures)]
    if pulse:
        tables.append(table("pulse", "How meetings were", (_PROGRAM, *_PULSE_COLUMNS), pulse))
    return tuple(tables)


class _Program:
    """The tallies of one program."""

    def __init__(self, name: str, figures_of: Callable[[History], Mapping[str, int]]) -> None:
        self._name, self._figures_of = name, figures_of
        self._whole = _Tally()
        self._groups: dict[str, dict[str, _Tally]] = {name: {} for name in _BREAKDOWNS}

    def take(self, history: History) -> None:
        """Add one pair to the whole and to its groups."""
        figures = self._figures_of(history)
        tallies = [self._whole]
        for breakdown, group_of in _BREAKDOWNS.items():
            group = group_of(history) or "none named"
            tallies.append(self._groups[breakdown].setdefault(group, _Tally()))
        for tally in tallies:
            tally.members.add(history.pair.id)
            tally.figures.update(figures)

    def rows(self, cells: Callable[[Shown], tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
        """One row for the whole and each group, in the order of their names."""
        tables = [
            [groups[name].group(name) for name in sorted(groups)]
            for groups in self._groups.values()
        ]
        shown = all_shown(self._whole.group("all"), tables)
        rows = [(self._name, "whole", shown[0].whole.name, *cells(shown[0].whole))]
        for breakdown, found in zip(_BREAKDOWNS, shown, strict=True):
            rows += [(self._name, breakdown, group.name, *cells(group)) for group in found.groups]
        return rows


def _figure_cells(group: Shown) -> tuple[Cell, ...]:
    if group.figures is None or group.members is None:
        return (WITHHELD, *(None for _ in (*_SUMS, *_RATES)))
    figures = Counter(group.figures)
    figures["pairs"] = group.members
    figures["known"] = figures["invited"] - figures["unknown"]
    figures["led"] = figures["led_by_mentor"] + figures["led_by_mentee"]
    rates = (percent(figures[part], figures[of]) for _, part, of in _RATES.values())
    return (group.members, *(figures[name] for name, _ in _SUMS), *rates)


def _pulse_cells(group: Shown) -> tuple[Cell, ...]:
    if group.figures is None or group.members is None:
        return (WITHHELD, None, None)
    answers = group.figures.get("answers", 0)
    mean = Decimal(group.figures.get("scores", 0)) / answers if answers else None
    return (group.members, answers, None if mean is None else round(mean, 1))


def pulse_of(history: History) -> dict[str, int]:
    """What one pair adds to the means of its groups."""
    return {"answers": len(history.scores), "scores": sum(history.scores)}


def figures_of(history: History) -> dict[str, int]:
    """What one pair adds to the figures of its groups."""
    outcomes = history.outcomes
    led = {led.person: led.sessions for led in sessions_led(outcomes)}
    held = [o for o in outcomes if o.verdict is VerdictKind.HELD]
    return {
        "judged": sum(o.verdict is not None and o.verdict not in _OPEN for o in outcomes),
        "held": len(held),
        "self_reported": history.progress.self_reported,
        "minutes": sum(o.minutes for o in held),
        "led_by_mentor": led.get(history.pair.mentor_id, 0),
        "led_by_mentee": led.get(history.pair.mentee_id, 0),
        **answers_of(history.dates),
        "on_course": int(history.progress.forecast in _WELL),
        **across_groups(history),
    }


def across_groups(history: History) -> dict[str, int]:
    """Whether both practice groups of a pair are known, and whether they are two."""
    both = [person.practice_group for person in (history.mentor, history.mentee)]
    if None in both:
        return {"groups_known": 0, "across_groups": 0}
    one, other = ((group or "").casefold() for group in both)
    return {"groups_known": 1, "across_groups": int(one != other)}


def answers_of(dates: Iterable[SessionDate | Session]) -> dict[str, int]:
    """How many dates the two were invited to, and how many of them count as what."""
    invited = (date for date in dates if date.state in _INVITED_TO)
    counted = Counter(acceptance_of(date.replies) for date in invited)
    del counted[None]
    return {"invited": counted.total(), **{each.value: counted[each] for each in Acceptance}}


def percent(part: int, whole: int) -> int | None:
    """Rounded to whole numbers; None where there is nothing to be a share of."""
    return (100 * part + whole // 2) // whole if whole else None
