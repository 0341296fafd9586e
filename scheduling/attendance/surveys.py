"""Scores of a survey before and after: what may be compared, and shown.

A survey has a scale of its own; a score is a whole number of hundredths of it. Means of two moments
are of the same people where enough answered at both. Otherwise each is of whoever answered then,
and the two do not tell what changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduling.attendance.groups import LEAST, Breakdown, Group, all_shown


class Moment(StrEnum):
    """When people were asked."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one person answered to one question, in hundredths; None where not at that moment.

    ``groups`` are the person's, by what they are of; each person of a question has the same kinds.
    """

    person: str
    before: int | None
    after: int | None
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Sums over the same people at the moments named in ``figures``; one breakdown for each kind.

    Both moments: the difference is what changed. One: of whoever answered then.
    """

    moments: tuple[Moment, ...]
    kinds: tuple[str, ...]
    breakdowns: tuple[Breakdown, ...]


def compared(answers: Sequence[Answered], least: int = LEAST) -> tuple[Compared, ...]:
    """What may be shown of one question's answers: both moments together, or each by itself.

    Where ``least`` people or more answered at both, those alone are counted. Means of all who
    answered at one moment beside those would tell what the few others said.
    """
    both = [a for a in answers if a.before is not None and a.after is not None]
    if len(both) >= least:
        return (_compared(both, (Moment.BEFORE, Moment.AFTER), least),)
    apart = {
        Moment.BEFORE: [a for a in answers if a.before is not None],
        Moment.AFTER: [a for a in answers if a.after is not None],
    }
    return tuple(_compared(some, (moment,), least) for moment, some in apart.items() if some)


def _compared(answers: Sequence[Answered], moments: tuple[Moment, ...], least: int) -> Compared:
    kinds = tuple(answers[0].groups)
    breakdowns = all_shown(
        _group("all", answers, moments),
        [
            [
                _group(name, [a for a in answers if a.groups[kind] == name], moments)
                for name in sorted({a.groups[kind] for a in answers})
            ]
            for kind in kinds
        ],
        least,
    )
    return Compared(moments, kinds, breakdowns)


def _group(name: str, answers: Sequence[Answered], moments: Iterable[Moment]) -> Group:
    sums = {moment.value: sum(_of(a, moment) for a in answers) for moment in moments}
    return Group(name, frozenset(a.person for a in answers), sums)


def _of(answer: Answered, moment: Moment) -> int:
    return (answer.before if moment is Moment.BEFORE else answer.after) or 0
