"""Who met: evidence, verdicts, links, exported credit, deliveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, and_, func, or_, select, update

from integrations.attendance_records import (
    CheckInInvitation,
    CreditLine,
    Delivery,
    KeptCorrection,
    KeptPulse,
    KeptReport,
    KeptStatement,
    KeptVerdict,
    Link,
    SurveyScore,
    VerdictShown,
)
from integrations.store import tables
from integrations.store.rows import KeyedRows, among, chunks
from scheduling.changes.check_ins import GuestState

R = TypeVar("R")


class _SubjectRows(KeyedRows[R]):
    """Records that are asked for by what they are about, many subjects at a time."""

    def _by(
        self, column: str, keys: Iterable[str], *order: Column[Any], of: Callable[[R], str]
    ) -> dict[str, list[R]]:
        """The records whose ``column`` is one of ``keys``, by it; keys without any included."""
        found: dict[str, list[R]] = {}
        for chunk in chunks(keys):
            found |= {key: [] for key in chunk}
            query = self._query().where(self._table.columns[column].in_(chunk))
            for record in self._fetch(query.order_by(*order)):
                found[of(record)].append(record)
        return found


class ReportRows(_SubjectRows[KeptReport]):
    """Reports of Teams as they were read."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.reports, KeptReport)

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptReport]]:
        """Reports by pair id, oldest first (those without a start last); empty lists included."""
        columns = tables.reports.c
        order: Any = columns.start.asc().nulls_last()
        return self._by("pair_id", pair_ids, order, columns.id, of=lambda kept: kept.pair_id)

    def whole(self, before: datetime, *, after: str = "", limit: int = 500) -> list[KeptReport]:
        """Those not reduced yet that ended or were read before this instant, beyond ``after``."""
        columns = tables.reports.c
        past = or_(columns.fetched_at < before, columns.end < before)
        query = self._query().where(tables.REPORT_IS_WHOLE, past, columns.id > after)
        return self._fetch(query.order_by(columns.id).limit(limit))


class StatementRows(_SubjectRows[KeptStatement]):
    """What people said about sessions."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.statements, KeptStatement)

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[KeptStatement]]:
        """By session id, oldest first; empty lists included."""
        columns = tables.statements.c
        return self._by(
            "session_id", session_ids, columns.at, columns.id, of=lambda kept: kept.session_id
        )


class CorrectionRows(_SubjectRows[KeptCorrection]):
    """Coordinators' corrections."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.corrections, KeptCorrection)

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[KeptCorrection]]:
        """By session id, oldest first; empty lists included."""
        columns = tables.corrections.c
        return self._by(
            "session_id", session_ids, columns.at, columns.id, of=lambda kept: kept.session_id
        )


class VerdictRows(_SubjectRows[KeptVerdict]):
    """Versions of verdicts, keyed by session and version."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.verdicts, KeptVerdict)

    def in_force(self, pair_ids: Iterable[str]) -> dict[str, KeptVerdict]:
        """The newest version of each judged session of these pairs, by session id."""
        versions = self.of_pairs(pair_ids)
        # The later version of a session replaces the earlier one.
        return {each.session_id: each for of_pair in versions.values() for each in of_pair}

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptVerdict]]:
        """Every version of these pairs' verdicts, oldest first; pairs without any included."""
        version = tables.verdicts.c.version
        return self._by("pair_id", pair_ids, version, of=lambda verdict: verdict.pair_id)

    def shown_of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[VerdictShown]]:
        """``of_pairs`` with what is shown of each alone: several times as quick."""
        query = self._built("shown_of_pairs", self._shown_of_pairs)
        found: dict[str, list[VerdictShown]] = {}
        for chunk in chunks(pair_ids):
            found |= {pair_id: [] for pair_id in chunk}
            for verdict in self._tuples(query, chunk, VerdictShown):
                found[verdict.pair_id].append(verdict)
        return found

    def _shown_of_pairs(self) -> Select[Any]:
        columns = tables.verdicts.c
        wanted = (columns[name] for name in VerdictShown._fields)
        return select(*wanted).where(among(columns.pair_id)).order_by(columns.version)

    def of_session(self, session_id: str) -> list[KeptVerdict]:
        """Every version, oldest first."""
        columns = tables.verdicts.c
        query = self._query().where(columns.session_id == session_id)
        return self._fetch(query.order_by(columns.version))

    def undelivered(self, limit: int = 500) -> list[KeptVerdict]:
        """Versions that stand in no row of the deliveries, oldest first."""
        verdict, delivery = tables.verdicts.c, tables.deliveries.c
        same = and_(verdict.session_id == delivery.session_id, verdict.version == delivery.version)
        query = self._query().outerjoin_from(tables.verdicts, tables.deliveries, same)
        query = query.where(delivery.session_id.is_(None))
        return self._fetch(
            query.order_by(verdict.at, verdict.session_id, verdict.version).limit(limit)
        )


class LinkRows(_SubjectRows[Link]):
    """Personal links."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.links, Link)

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[Link]]:
        """By session id, oldest first; empty lists included."""
        columns = tables.links.c
        return self._by(
            "session_id",
            session_ids,
            columns.issued_at,
            columns.id,
            of=lambda link: link.session_id,
        )

    def use(self, link_id: str, at: datetime) -> bool:
        """Mark it used; False if it was used before or is not there."""
        columns = tables.links.c
        unused = update(tables.links).where(columns.id == link_id, columns.used_at.is_(None))
        return bool(self._connection.execute(unused.values(used_at=at)).rowcount)


class PulseRows(_SubjectRows[KeptPulse]):
    """How people said meetings were."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.pulses, KeptPulse)

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptPulse]]:
        """By pair id, oldest first; empty lists included."""
        columns = tables.pulses.c
        return self._by("pair_id", pair_ids, columns.at, columns.id, of=lambda kept: kept.pair_id)


class CheckInRows(_SubjectRows[CheckInInvitation]):
    """Invitations of programs' contacts to check-ins."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.check_ins, CheckInInvitation)

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[CheckInInvitation]]:
        """By pair id, by start; empty lists included."""
        columns = tables.check_ins.c
        order = columns.start, columns.session_id
        return self._by("pair_id", pair_ids, *order, of=lambda kept: kept.pair_id)

    def ahead(self, now: datetime) -> list[CheckInInvitation]:
        """Those that stand to come, in any program, by start."""
        columns = tables.check_ins.c
        stands = columns.state == GuestState.INVITED, columns.start > now
        return self._fetch(self._query().where(*stands).order_by(columns.start, columns.session_id))


class SurveyRows(KeyedRows[SurveyScore]):
    """Scores of surveys."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.survey_scores, SurveyScore)

    def of_program(self, program_id: str) -> list[SurveyScore]:
        """By question, as written, and id."""
        columns = tables.survey_scores.c
        query = self._query().where(columns.program_id == program_id)
        return self._fetch(query.order_by(columns.question, columns.id))

    def of_person(self, person_id: str) -> list[SurveyScore]:
        """A person's own, in every program, by id."""
        columns = tables.survey_scores.c
        query = self._query().where(columns.person_id == person_id)
        return self._fetch(query.order_by(columns.id))


class CreditRows(_SubjectRows[CreditLine]):
    """Lines of time credit that were exported."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.credit_lines, CreditLine)

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[CreditLine]]:
        """By pair id, in the order of their export; empty lists included."""
        columns = tables.credit_lines.c
        return self._by(
            "pair_id",
            pair_ids,
            columns.exported_at,
            columns.day,
            columns.id,
            of=lambda line: line.pair_id,
        )


class DeliveryRows(KeyedRows[Delivery]):
    """Verdict versions on their way to another system, keyed by session and version."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.deliveries, Delivery)

    def due(self, now: datetime, limit: int = 100) -> list[Delivery]:
        """Those that wait and are due, oldest first."""
        due_at = tables.deliveries.c.due_at
        query = self._query().where(tables.DELIVERY_IS_WAITING, due_at <= now)
        return self._fetch(query.order_by(due_at, *self._keys).limit(limit))

    def next_due_at(self) -> datetime | None:
        """When the next of those that wait is due; None if none waits."""
        query = select(func.min(tables.deliveries.c.due_at)).where(tables.DELIVERY_IS_WAITING)
        due_at: datetime | None = self._connection.execute(query).scalar_one()
        return due_at
