"""What surveys found, as anybody may see it: means before and after, none of a person or a few.

Coordinators see no more than sponsors: whoever imported a person's score has it in their own file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from integrations.attendance_records import SurveyScore
from integrations.ports import Transaction
from integrations.records import Pair, PersonShown
from integrations.workflows.reporting.tables import Cell, Table, table
from scheduling.attendance.groups import LEAST, Shown
from scheduling.attendance.surveys import Answered, Compared, Moment, compared

WITHHELD = "fewer than five"
_BEFORE, _AFTER = Moment.BEFORE.value, Moment.AFTER.value
_COLUMNS = (
    ("program", "Program"),
    ("question", "Question"),
    ("breakdown", "By"),
    ("group", "Group"),
    ("people_before", "People before"),
    ("before", "Mean before"),
    ("people_after", "People after"),
    ("after", "Mean after"),
    ("change", "Change of the same people"),
)


@dataclass(frozen=True, slots=True)
class _Means:
    """One line: how many people and the sum of their hundredths at each moment that is known.

    A moment is missing where nobody was asked, and None where too few were.
    """

    breakdown: str
    group: str
    at: Mapping[str, tuple[int, int] | None]
    are_same_people: bool

    def cells(self) -> tuple[Cell, ...]:
        found: list[Cell] = [self.breakdown, self.group]
        for moment in (_BEFORE, _AFTER):
            counted = self.at.get(moment, (0, 0))
            if counted is None:
                found += [WITHHELD, None]
            else:
                people, total = counted
                found += [people or None, _mean(total, people) if people else None]
        return (*found, self._change())

    def _change(self) -> Decimal | None:
        before, after = self.at.get(_BEFORE), self.at.get(_AFTER)
        if not self.are_same_people or before is None or after is None:
            return None
        return _mean(after[1] - before[1], before[0])


def surveys_table(tx: Transaction, program_ids: Iterable[str] | None = None) -> Table:
    """Every question of these programs (None: of all): the whole, then groups of people."""
    wanted = None if program_ids is None else set(program_ids)
    rows: list[tuple[Cell, ...]] = []
    for program in sorted(tx.programs.all(), key=lambda each: each.id):
        if wanted is None or program.id in wanted:
            rows += [(program.name, *row) for row in _of_program(tx, program.id)]
    return table("surveys", "What surveys found", _COLUMNS, rows)


def _of_program(tx: Transaction, program_id: str) -> Iterator[tuple[Cell, ...]]:
    scores = tx.survey_scores.of_program(program_id)
    if not scores:
        return
    pairs = [pair for pair in tx.pairs.all() if pair.program_id == program_id]
    people = tx.participants.shown({i for pair in pairs for i in (pair.mentor_id, pair.mentee_id)})
    roles = _roles(pairs)
    for question, found in groupby(scores, key=lambda score: score.question):
        lines = _lines(list(found), people, roles, is_small=len(pairs) < LEAST)
        yield from ((question, *line.cells()) for line in lines)


def _lines(
    scores: Sequence[SurveyScore],
    people: Mapping[str, PersonShown],
    roles: Mapping[str, str],
    *,
    is_small: bool,
) -> list[_Means]:
    """The lines of one question; of a program of fewer than five pairs nothing is told."""
    means = [score for score in scores if score.person_id is None]
    if means or is_small:
        at = {s.moment.value: _of_many(s) for s in means} or dict.fromkeys(_moments(scores))
        if is_small:
            at = dict.fromkeys(at)
        return [_Means("whole", "all", at, are_same_people=False)]
    return _merged(compared(list(_answers(scores, people, roles))))


def _of_many(score: SurveyScore) -> tuple[int, int] | None:
    if score.answers < LEAST:
        return None
    return score.answers, score.answers * score.hundredths


def _moments(scores: Iterable[SurveyScore]) -> set[str]:
    return {score.moment.value for score in scores}


def _answers(
    scores: Iterable[SurveyScore], people: Mapping[str, PersonShown], roles: Mapping[str, str]
) -> Iterator[Answered]:
    by_person: dict[str, dict[Moment, int]] = {}
    for score in scores:
        # Somebody whose pairs were deleted since is of no group that could be told.
        if score.person_id in people:
            by_person.setdefault(score.person_id or "", {})[score.moment] = score.hundredths
    for person_id, said in sorted(by_person.items()):
        person = people[person_id]
        groups = {
            "role": roles[person_id],
            "office": person.office or "none named",
            "practice group": person.practice_group or "none named",
        }
        yield Answered(person_id, said.get(Moment.BEFORE), said.get(Moment.AFTER), groups)


def _roles(pairs: Iterable[Pair]) -> dict[str, str]:
    """What each person is: mentor, mentee, or both."""
    mentors, mentees = {p.mentor_id for p in pairs}, {p.mentee_id for p in pairs}
    both = dict.fromkeys(mentors & mentees, "both")
    return dict.fromkeys(mentors, "mentor") | dict.fromkeys(mentees, "mentee") | both


def _merged(found: Sequence[Compared]) -> list[_Means]:
    """The lines of a question, moments side by side whether or not they are of the same people."""
    at: dict[tuple[str, str], dict[str, tuple[int, int] | None]] = {}
    for each in found:
        moments = [moment.value for moment in each.moments]
        at.setdefault(("whole", "all"), {}).update(_told(each.breakdowns[0].whole, moments))
        for kind, breakdown in zip(each.kinds, each.breakdowns, strict=True):
            for group in breakdown.groups:
                at.setdefault((kind, group.name), {}).update(_told(group, moments))
    same = len(found) == 1 and len(found[0].moments) > 1
    order = {kind: place for place, kind in enumerate(("whole", *found[0].kinds))} if found else {}
    keys = sorted(at, key=lambda key: (order[key[0]], key[1]))
    return [_Means(*key, at[key], are_same_people=same) for key in keys]


def _told(group: Shown, moments: Iterable[str]) -> dict[str, tuple[int, int] | None]:
    if group.figures is None or group.members is None:
        return dict.fromkeys(moments)
    return {moment: (group.members, group.figures[moment]) for moment in moments}


def _mean(hundredths: int, people: int) -> Decimal:
    return round(Decimal(hundredths) / people / 100, 2)
