"""How pairs and programs stand: rows made from the other tables, for lists of many pairs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    true,
)

from integrations.page_records import Risk, Standing
from integrations.records import PairState, SessionState
from integrations.standing_records import PairRow, PairSearch, ProgramWeek, StandingCount
from integrations.store import tables
from integrations.store.rows import KeyedRows

_BY_RISK = {Risk.BLOCKED: 0, Risk.AT_RISK: 1, Risk.ON_TRACK: 2, Risk.OVER: 3}
BOTH = 2
_BY_PEOPLE = frozenset({"name", "mentee"})
_TO_COME = (SessionState.PLANNED, SessionState.SCHEDULED)
_STANDINGS, _PAIRS, _WEEKS = tables.standings, tables.pairs, tables.program_weeks
_MENTORS = tables.participants.alias("mentors")
_MENTEES = tables.participants.alias("mentees")
_ROW = (
    *(_STANDINGS.c[name] for name in Standing.__dataclass_fields__),
    _MENTORS.c.name,
    _MENTEES.c.name,
    _PAIRS.c.mentor_id,
    _PAIRS.c.mentee_id,
    _PAIRS.c.office,
    _PAIRS.c.practice_group,
    _PAIRS.c.roster_id,
    _PAIRS.c.series,
)
_SORTS: dict[str, ColumnElement[Any]] = {
    "id": _STANDINGS.c.pair_id,
    "name": func.lower(_MENTORS.c.name),
    "mentee": func.lower(_MENTEES.c.name),
    "office": func.lower(_PAIRS.c.office),
    "risk": case(_BY_RISK, value=_STANDINGS.c.risk),
    "state": _STANDINGS.c.state,
    "held": _STANDINGS.c.held,
    "gap": _STANDINGS.c.longest_gap_days,
    "next": _STANDINGS.c.next_start,
    "met": _STANDINGS.c.last_met,
    "needs": _STANDINGS.c.needs,
}


class StandingRows(KeyedRows[Standing]):
    """How pairs stand, keyed by pair id."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _STANDINGS, Standing)

    def page(
        self, wanted: PairSearch, *, offset: int = 0, limit: int = 50
    ) -> tuple[list[PairRow], int]:
        """A stretch of the pairs that ``wanted`` describes, and how many they are in all."""
        ids = self.ids(wanted)
        return self._rows(ids[offset : offset + limit]), len(ids)

    def after(
        self, wanted: PairSearch, last: str | None, *, limit: int = 50
    ) -> tuple[list[PairRow], bool]:
        """Pairs that ``wanted`` describes and that come after ``last``, and whether more do.

        Pairs that are added meanwhile move nothing. ``last`` need not be one of those wanted any
        more; after a pair that the program does not have comes nothing.
        """
        ids = self.ids(wanted, also=last)
        if last is not None:
            ids = ids[ids.index(last) + 1 :] if last in ids else []
        return self._rows(ids[:limit]), len(ids) > limit

    def _rows(self, here: Sequence[str]) -> list[PairRow]:
        # Names are looked up for this stretch alone, not for everything that has to be sorted.
        query = _with_people(select(*_ROW)).where(_STANDINGS.c.pair_id.in_(here))
        known = len(self._fields)
        rows = {
            row.pair_id: PairRow(
                Standing(**dict(zip(self._fields, row[:known], strict=True))), *row[known:]
            )
            for row in self._connection.execute(query).all()
        }
        return [rows[pair_id] for pair_id in here]

    def ids(self, wanted: PairSearch, *, also: str | None = None) -> list[str]:
        """The pairs that ``wanted`` describes, in the order wanted; ``also`` among them."""
        name = wanted.sort.removeprefix("-")
        order = _SORTS[name].desc() if wanted.sort.startswith("-") else _SORTS[name].asc()
        query = _joined(select(_STANDINGS.c.pair_id), wanted, name)
        mine, *conditions = _conditions(wanted, self._connection.dialect.name)
        if also is not None:
            conditions = [or_(and_(true(), *conditions), _STANDINGS.c.pair_id == also)]
        query = query.where(mine, *conditions)
        query = query.order_by(order.nulls_last(), _STANDINGS.c.pair_id)
        return list(self._connection.execute(query).scalars())

    def counts(self, program_id: str) -> list[StandingCount]:
        """How many of a program's pairs stand how, and what they have held together."""
        columns = _STANDINGS.c
        kinds = (columns.state, columns.risk, columns.forecast)
        is_begun = case((columns.held > 0, 1), else_=0)
        is_half = case((and_(columns.held > 0, 2 * columns.held >= columns.required), 1), else_=0)
        is_whole = case((columns.held >= columns.required, 1), else_=0)
        sums = (columns.held, columns.required, columns.still_possible, columns.needs)
        query = (
            select(
                *kinds,
                func.count(),
                *(func.coalesce(func.sum(one), 0) for one in (*sums, is_begun, is_half, is_whole)),
            )
            .where(columns.program_id == program_id)
            .group_by(*kinds)
            .order_by(*kinds)
        )
        return [StandingCount(*row) for row in self._connection.execute(query).all()]

    def groups(self, program_id: str) -> tuple[list[str], list[str]]:
        """The offices and the practice groups that a program's pairs are of, by name."""
        found = []
        for column in (_PAIRS.c.office, _PAIRS.c.practice_group):
            query = select(column).distinct().where(_PAIRS.c.program_id == program_id)
            rows = self._connection.execute(query.where(column.is_not(None)).order_by(column))
            found.append([row[0] for row in rows])
        return found[0], found[1]

    def dates(self, program_id: str) -> list[tuple[datetime, str | None, int]]:
        """How many of a program's dates have which start and which verdict.

        Dates that were cancelled or left out are not among them, unless one has a verdict.
        """
        sessions = tables.sessions.c
        stands = or_(sessions.verdict.is_not(None), sessions.state.in_(_TO_COME))
        query = (
            select(sessions.start, sessions.verdict, func.count())
            .join(_PAIRS, _PAIRS.c.id == sessions.pair_id)
            .where(_PAIRS.c.program_id == program_id, stands)
            .group_by(sessions.start, sessions.verdict)
        )
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query).all()]

    def weeks(self, program_id: str) -> list[ProgramWeek]:
        """A program's weeks as last counted, oldest first."""
        query = select(*(_WEEKS.c[name] for name in ProgramWeek._fields))
        query = query.where(_WEEKS.c.program_id == program_id).order_by(_WEEKS.c.monday)
        return [ProgramWeek._make(row) for row in self._connection.execute(query).all()]

    def replace_weeks(self, program_id: str, weeks: Sequence[ProgramWeek]) -> None:
        """Put these in the place of all of a program's weeks."""
        self._connection.execute(delete(_WEEKS).where(_WEEKS.c.program_id == program_id))
        if weeks:
            self._connection.execute(insert(_WEEKS), [week._asdict() for week in weeks])


def _with_people(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(_STANDINGS)
        .join(_PAIRS, _PAIRS.c.id == _STANDINGS.c.pair_id)
        .join(_MENTORS, _MENTORS.c.id == _PAIRS.c.mentor_id)
        .join(_MENTEES, _MENTEES.c.id == _PAIRS.c.mentee_id)
    )


def _joined(query: Select[Any], wanted: PairSearch, sorted_by: str) -> Select[Any]:
    """The standings wanted, joined with nothing that neither a condition nor the order needs."""
    query = query.select_from(_STANDINGS)
    if sorted_by in _BY_PEOPLE or sorted_by == "office" or _asks_for_group(wanted):
        query = query.join(_PAIRS, _PAIRS.c.id == _STANDINGS.c.pair_id)
    if sorted_by == "name":
        query = query.join(_MENTORS, _MENTORS.c.id == _PAIRS.c.mentor_id)
    if sorted_by == "mentee":
        query = query.join(_MENTEES, _MENTEES.c.id == _PAIRS.c.mentee_id)
    return query


def _asks_for_group(wanted: PairSearch) -> bool:
    return wanted.office is not None or wanted.practice_group is not None


def _conditions(wanted: PairSearch, dialect: str) -> list[ColumnElement[bool]]:
    columns = _STANDINGS.c
    found = [columns.program_id == wanted.program_id]
    if wanted.risk is not None:
        found.append(columns.risk == wanted.risk)
    if wanted.state is not None:
        found.append(columns.state == wanted.state)
    if wanted.forecast is not None:
        found.append(columns.forecast == wanted.forecast)
    if wanted.needs:
        found.append(columns.needs > 0)
    if wanted.running:
        found.append(columns.state.in_((PairState.BOOKED, PairState.PAUSED)))
    if wanted.unconfirmed:
        found += [columns.state == PairState.BOOKED, columns.pair_id.not_in(_confirmed())]
    if wanted.office is not None:
        found.append(_PAIRS.c.office == wanted.office)
    if wanted.practice_group is not None:
        found.append(_PAIRS.c.practice_group == wanted.practice_group)
    for place, word in enumerate(wanted.words):
        found.append(columns.pair_id.in_(_mentioning(word, place, dialect)))
    return found


def _confirmed() -> Select[Any]:
    """The pairs of which both have confirmed."""
    pair_id = tables.confirmations.c.pair_id
    return select(pair_id).group_by(pair_id).having(func.count() >= BOTH)


def _mentioning(word: str, place: int, dialect: str) -> Select[Any]:
    """The pairs in which a word stands: found by people first, of whom there is one table."""
    people, pairs = tables.participants.c, tables.pairs.alias(f"mentioning_{place}").c
    # SQLite, and PostgreSQL in some locales, fold the case of ASCII letters alone; other words are
    # looked for in each spelling. SQLite's plain LIKE folds it already, without a call per row.
    spellings = [word] if word.isascii() else sorted({word, word.lower(), word.title()})

    def holds(*columns: ColumnElement[Any]) -> ColumnElement[bool]:
        found = [
            c.contains(each, autoescape=True)
            if dialect == "sqlite"
            else c.icontains(each, autoescape=True)
            for c in columns
            for each in spellings
        ]
        return or_(*found)

    named = select(people.id).where(holds(people.name, people.mail_folded)).cte(f"named_{place}")
    either = select(named.c.id)
    return select(pairs.id).where(
        or_(
            holds(pairs.office, pairs.practice_group, pairs.roster_id),
            pairs.mentor_id.in_(either),
            pairs.mentee_id.in_(either),
        )
    )
