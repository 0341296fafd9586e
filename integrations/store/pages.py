"""What the pages need remembered: sessions of the web, staff, waves, what people typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, delete, func, select

from integrations.page_records import (
    Aim,
    Confirmation,
    Goal,
    KeptAnswer,
    Preference,
    RuleTotals,
    StaffMember,
    TriedPair,
    TriedRule,
    Wave,
    WebSession,
    Wish,
    WishState,
)
from integrations.store import tables
from integrations.store.rows import KeyedRows, chunks


class WebSessionRows(KeyedRows[WebSession]):
    """Who is signed in, keyed by the hash of the cookie's key."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.web_sessions, WebSession)

    def end_of_person(self, directory_id: str) -> int:
        """Sign somebody out everywhere; how many sessions that ended."""
        gone = delete(self._table).where(self._table.c.directory_id == directory_id)
        return self._connection.execute(gone).rowcount

    def remove_expired(self, now: datetime) -> int:
        """Forget sessions that are over; how many they were."""
        gone = delete(self._table).where(self._table.c.expires_at <= now)
        return self._connection.execute(gone).rowcount


class KeptAnswerRows(KeyedRows[KeptAnswer]):
    """What was answered to requests that name a key, keyed by the hash of caller and key."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.kept_answers, KeptAnswer)

    def remove_expired(self, now: datetime) -> int:
        """Forget answers that are kept no longer; how many they were."""
        gone = delete(self._table).where(self._table.c.expires_at <= now)
        return self._connection.execute(gone).rowcount


class StaffRows(KeyedRows[StaffMember]):
    """Coordinators and sponsors; the key is ``"{program_id}/{directory_id}/{role}"``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.staff, StaffMember)

    def of_person(self, directory_id: str) -> list[StaffMember]:
        """What this account is to which programs."""
        query = self._built(
            "of_person",
            lambda: (
                self._query()
                .where(self._table.c.directory_id == bindparam("directory_id"))
                .order_by(*self._keys)
            ),
        )
        return self._fetch(query, {"directory_id": directory_id})

    def of_program(self, program_id: str) -> list[StaffMember]:
        """Everybody of this program."""
        mine = self._table.c.program_id == program_id
        return self._fetch(self._query().where(mine).order_by(*self._keys))


class WaveRows(KeyedRows[Wave]):
    """Waves, keyed by id."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.waves, Wave)

    def of_program(self, program_id: str) -> list[Wave]:
        """A program's waves, newest first."""
        columns = self._table.c
        query = self._query().where(columns.program_id == program_id)
        return self._fetch(query.order_by(columns.created_at.desc(), columns.id))


class TriedRuleRows(KeyedRows[TriedRule]):
    """Rules that are tried, keyed by program; what each comes to goes with it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.tried_rules, TriedRule)

    def forget(self, program_id: str) -> None:
        """Remove the trial of this program, and all that was found."""
        mine = tables.tried_pairs.c.program_id == program_id
        self._connection.execute(delete(tables.tried_pairs).where(mine))
        self.remove(program_id)


class TriedPairRows(KeyedRows[TriedPair]):
    """What a tried rule comes to; the key is ``"{program_id}/{pair_id}"``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.tried_pairs, TriedPair)

    def of_program(
        self, program_id: str, *, offset: int = 0, limit: int | None = None
    ) -> list[TriedPair]:
        """Those of this program, or a stretch: first that change most, then by pair id."""
        columns = self._table.c
        query = self._query().where(columns.program_id == program_id)
        query = query.order_by(columns.changed.desc(), columns.pair_id)
        return self._fetch(query.offset(offset).limit(limit))

    def ids(self, program_id: str) -> set[str]:
        """The pairs of this program of which it is known."""
        columns = self._table.c
        query = select(columns.pair_id).where(columns.program_id == program_id)
        return set(self._connection.execute(query).scalars())

    def totals(self, program_id: str) -> RuleTotals:
        """What the rule comes to for all of this program's pairs together."""
        columns = self._table.c
        known = columns.dates_after.is_not(None)
        counted = {
            "pairs": func.count(),
            "unknown": func.sum(case((known, 0), else_=1)),
            "placed_before": func.sum(case((columns.dates_before > 0, 1), else_=0)),
            "placed_after": func.sum(case((columns.dates_after > 0, 1), else_=0)),
            "dates_before": func.sum(columns.dates_before),
            "dates_after": func.sum(func.coalesce(columns.dates_after, columns.dates_before)),
            "moved_before": func.sum(columns.moved_before),
            "moved_after": func.sum(func.coalesce(columns.moved_after, columns.moved_before)),
            "changed": func.sum(columns.changed),
            "mails": func.sum(columns.mails),
        }
        query = select(*(each.label(name) for name, each in counted.items()))
        row = self._connection.execute(query.where(columns.program_id == program_id)).one()
        # The sum of no rows is NULL.
        return RuleTotals(**{name: int(number or 0) for name, number in row._mapping.items()})

    def seqs(self, program_id: str, pair_ids: Iterable[str]) -> dict[str, int]:
        """The ``journal_seq`` of those pairs of this program that are known, by pair id."""
        columns = self._table.c
        query = select(columns.pair_id, columns.journal_seq).where(columns.program_id == program_id)
        found: dict[str, int] = {}
        for some in chunks(pair_ids):
            rows = self._connection.execute(query.where(columns.pair_id.in_(some)))
            found.update((pair_id, seq) for pair_id, seq in rows)
        return found

    def first_seq(self, program_id: str) -> int | None:
        """The lowest ``journal_seq`` of this program, None where nothing is known."""
        columns = self._table.c
        query = select(func.min(columns.journal_seq)).where(columns.program_id == program_id)
        found: int | None = self._connection.execute(query).scalar_one()
        return found

    def looked_from(self, program_id: str, *, without: Collection[str]) -> datetime | None:
        """When the first of this program's pairs, but for those ``without``, was looked at."""
        columns = self._table.c
        query = select(columns.pair_id, columns.looked_at).where(columns.program_id == program_id)
        # Among one more than are left out stands the first of the others.
        first = query.order_by(columns.looked_at).limit(len(without) + 1)
        rows = self._connection.execute(first)
        return next((at for pair_id, at in rows if pair_id not in without), None)

    def count(self, program_id: str) -> int:
        """Of how many pairs of this program it is known."""
        mine = self._table.c.program_id == program_id
        query = select(func.count()).select_from(self._table).where(mine)
        return self._connection.execute(query).scalar_one()


class GoalRows(KeyedRows[Goal]):
    """Goals; the key is ``"{pair_id}/{person_id}"``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.goals, Goal)

    def of_pair(self, pair_id: str) -> dict[str, Goal]:
        """The goals of a pair by person id."""
        query = self._query().where(self._table.c.pair_id == pair_id)
        return {goal.person_id: goal for goal in self._fetch(query)}


class WishRows(KeyedRows[Wish]):
    """Wishes for a pairing."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.wishes, Wish)

    def waiting(self, program_ids: Iterable[str]) -> list[Wish]:
        """Those of these programs that wait, oldest first."""
        columns = tables.wishes.c
        ours = columns.program_id.in_(sorted(program_ids))
        query = self._query().where(ours, columns.state == WishState.WAITING)
        return self._fetch(query.order_by(columns.asked_at, columns.id))

    def of_person(self, directory_id: str) -> list[Wish]:
        """All of somebody, newest first."""
        columns = tables.wishes.c
        query = self._query().where(columns.directory_id == directory_id)
        return self._fetch(query.order_by(columns.asked_at.desc(), columns.id))


class AimRows(KeyedRows[Aim]):
    """Aims, keyed by session id."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.aims, Aim)

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, Aim]:
        """Those of these sessions that have one, by session id."""
        found: dict[str, Aim] = {}
        for chunk in chunks(session_ids):
            query = self._query().where(self._table.c.session_id.in_(chunk))
            found |= {aim.session_id: aim for aim in self._fetch(query)}
        return found


class ConfirmationRows(KeyedRows[Confirmation]):
    """Confirmations; the key is ``"{pair_id}/{person_id}"``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.confirmations, Confirmation)

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, dict[str, Confirmation]]:
        """By pair id and person id; pairs without any included."""
        found: dict[str, dict[str, Confirmation]] = {}
        for chunk in chunks(pair_ids):
            found |= {pair_id: {} for pair_id in chunk}
            query = self._query().where(self._table.c.pair_id.in_(chunk))
            for each in self._fetch(query):
                found[each.pair_id][each.person_id] = each
        return found


class PreferenceRows(KeyedRows[Preference]):
    """Preferences, keyed by person id."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.preferences, Preference)

    def many(self, person_ids: Iterable[str]) -> dict[str, Preference]:
        """Those of these people who have some, by person id."""
        found: dict[str, Preference] = {}
        for chunk in chunks(person_ids):
            query = self._query().where(self._table.c.person_id.in_(chunk))
            found |= {each.person_id: each for each in self._fetch(query)}
        return found
