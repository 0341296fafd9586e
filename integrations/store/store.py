"""The program store: transactions over SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import DBAPIError

from integrations.attendance_records import CorrectionNote
from integrations.errors import StoreMissingError, StoreNewerError, StoreOutdatedError
from integrations.ports import Life, Offload
from integrations.records import NeedNote, Note, Program
from integrations.store import tables
from integrations.store.acting import (
    BlockerRows,
    IntentRows,
    JournalRows,
    MailboxRows,
    NeedRows,
    OutboxRows,
    SubscriptionRows,
    SwitchRows,
)
from integrations.store.attended import (
    CheckInRows,
    CorrectionRows,
    CreditRows,
    DeliveryRows,
    LinkRows,
    PulseRows,
    ReportRows,
    StatementRows,
    SurveyRows,
    VerdictRows,
)
from integrations.store.engine import WROTE, Address, open_engine
from integrations.store.enrolled import (
    BookingRows,
    PairRows,
    ParticipantRows,
    RuleRows,
    SessionRows,
)
from integrations.store.failures import is_worth_repeating, told_as_ours
from integrations.store.orders import OrderRows
from integrations.store.pages import (
    AimRows,
    ConfirmationRows,
    GoalRows,
    KeptAnswerRows,
    PreferenceRows,
    StaffRows,
    TriedPairRows,
    TriedRuleRows,
    WaveRows,
    WebSessionRows,
    WishRows,
)
from integrations.store.permits import PermitRows
from integrations.store.retention import RetentionRows
from integrations.store.revision import CODE_REVISION
from integrations.store.rows import KeyedRows
from integrations.store.standings import StandingRows
from integrations.store.work import WorkRows

T = TypeVar("T")

# Each time one of those who clash gets through, so this many may clash without anybody failing.
_REPEATS = 50


class SqlTransaction:
    """All tables over one connection; good until the transaction ends.

    Most transactions touch a few tables, so each is made when it is asked for.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def is_written(self) -> bool:
        """Whether anything was written in it."""
        return bool(self._connection.info.get(WROTE))

    @cached_property
    def programs(self) -> KeyedRows[Program]:
        """See :class:`integrations.ports.Transaction`."""
        return KeyedRows(self._connection, tables.programs, Program)

    @cached_property
    def rules(self) -> RuleRows:
        """See :class:`integrations.ports.Transaction`."""
        return RuleRows(self._connection)

    @cached_property
    def participants(self) -> ParticipantRows:
        """See :class:`integrations.ports.Transaction`."""
        return ParticipantRows(self._connection)

    @cached_property
    def pairs(self) -> PairRows:
        """See :class:`integrations.ports.Transaction`."""
        return PairRows(self._connection)

    @cached_property
    def notes(self) -> KeyedRows[Note]:
        """See :class:`integrations.ports.Transaction`."""
        return KeyedRows(self._connection, tables.notes, Note)

    @cached_property
    def bookings(self) -> BookingRows:
        """See :class:`integrations.ports.Transaction`."""
        return BookingRows(self._connection)

    @cached_property
    def sessions(self) -> SessionRows:
        """See :class:`integrations.ports.Transaction`."""
        return SessionRows(self._connection)

    @cached_property
    def intents(self) -> IntentRows:
        """See :class:`integrations.ports.Transaction`."""
        return IntentRows(self._connection)

    @cached_property
    def work(self) -> WorkRows:
        """See :class:`integrations.ports.Transaction`."""
        return WorkRows(self._connection)

    @cached_property
    def mailboxes(self) -> MailboxRows:
        """See :class:`integrations.ports.Transaction`."""
        return MailboxRows(self._connection)

    @cached_property
    def permits(self) -> PermitRows:
        """See :class:`integrations.ports.Transaction`."""
        return PermitRows(self._connection)

    @cached_property
    def blockers(self) -> BlockerRows:
        """See :class:`integrations.ports.Transaction`."""
        return BlockerRows(self._connection)

    @cached_property
    def needs(self) -> NeedRows:
        """See :class:`integrations.ports.Transaction`."""
        return NeedRows(self._connection)

    @cached_property
    def need_notes(self) -> KeyedRows[NeedNote]:
        """See :class:`integrations.ports.Transaction`."""
        return KeyedRows(self._connection, tables.need_notes, NeedNote)

    @cached_property
    def orders(self) -> OrderRows:
        """See :class:`integrations.ports.Transaction`."""
        return OrderRows(self._connection)

    @cached_property
    def subscriptions(self) -> SubscriptionRows:
        """See :class:`integrations.ports.Transaction`."""
        return SubscriptionRows(self._connection)

    @cached_property
    def outbox(self) -> OutboxRows:
        """See :class:`integrations.ports.Transaction`."""
        return OutboxRows(self._connection)

    @cached_property
    def journal(self) -> JournalRows:
        """See :class:`integrations.ports.Transaction`."""
        return JournalRows(self._connection)

    @cached_property
    def switches(self) -> SwitchRows:
        """See :class:`integrations.ports.Transaction`."""
        return SwitchRows(self._connection)

    @cached_property
    def reports(self) -> ReportRows:
        """See :class:`integrations.ports.Transaction`."""
        return ReportRows(self._connection)

    @cached_property
    def statements(self) -> StatementRows:
        """See :class:`integrations.ports.Transaction`."""
        return StatementRows(self._connection)

    @cached_property
    def corrections(self) -> CorrectionRows:
        """See :class:`integrations.ports.Transaction`."""
        return CorrectionRows(self._connection)

    @cached_property
    def correction_notes(self) -> KeyedRows[CorrectionNote]:
        """See :class:`integrations.ports.Transaction`."""
        return KeyedRows(self._connection, tables.correction_notes, CorrectionNote)

    @cached_property
    def verdicts(self) -> VerdictRows:
        """See :class:`integrations.ports.Transaction`."""
        return VerdictRows(self._connection)

    @cached_property
    def links(self) -> LinkRows:
        """See :class:`integrations.ports.Transaction`."""
        return LinkRows(self._connection)

    @cached_property
    def check_ins(self) -> CheckInRows:
        """See :class:`integrations.ports.Transaction`."""
        return CheckInRows(self._connection)

    @cached_property
    def pulses(self) -> PulseRows:
        """See :class:`integrations.ports.Transaction`."""
        return PulseRows(self._connection)

    @cached_property
    def survey_scores(self) -> SurveyRows:
        """See :class:`integrations.ports.Transaction`."""
        return SurveyRows(self._connection)

    @cached_property
    def credit_lines(self) -> CreditRows:
        """See :class:`integrations.ports.Transaction`."""
        return CreditRows(self._connection)

    @cached_property
    def deliveries(self) -> DeliveryRows:
        """See :class:`integrations.ports.Transaction`."""
        return DeliveryRows(self._connection)

    @cached_property
    def web_sessions(self) -> WebSessionRows:
        """See :class:`integrations.ports.Transaction`."""
        return WebSessionRows(self._connection)

    @cached_property
    def kept_answers(self) -> KeptAnswerRows:
        """See :class:`integrations.ports.Transaction`."""
        return KeptAnswerRows(self._connection)

    @cached_property
    def staff(self) -> StaffRows:
        """See :class:`integrations.ports.Transaction`."""
        return StaffRows(self._connection)

    @cached_property
    def waves(self) -> WaveRows:
        """See :class:`integrations.ports.Transaction`."""
        return WaveRows(self._connection)

    @cached_property
    def tried_rules(self) -> TriedRuleRows:
        """See :class:`integrations.ports.Transaction`."""
        return TriedRuleRows(self._connection)

    @cached_property
    def tried_pairs(self) -> TriedPairRows:
        """See :class:`integrations.ports.Transaction`."""
        return TriedPairRows(self._connection)

    @cached_property
    def goals(self) -> GoalRows:
        """See :class:`integrations.ports.Transaction`."""
        return GoalRows(self._connection)

    @cached_property
    def wishes(self) -> WishRows:
        """See :class:`integrations.ports.Transaction`."""
        return WishRows(self._connection)

    @cached_property
    def aims(self) -> AimRows:
        """See :class:`integrations.ports.Transaction`."""
        return AimRows(self._connection)

    @cached_property
    def confirmations(self) -> ConfirmationRows:
        """See :class:`integrations.ports.Transaction`."""
        return ConfirmationRows(self._connection)

    @cached_property
    def preferences(self) -> PreferenceRows:
        """See :class:`integrations.ports.Transaction`."""
        return PreferenceRows(self._connection)

    @cached_property
    def standings(self) -> StandingRows:
        """See :class:`integrations.ports.Transaction`."""
        return StandingRows(self._connection)

    @cached_property
    def retention(self) -> RetentionRows:
        """See :class:`integrations.ports.Transaction`."""
        return RetentionRows(self._connection)


class SqlStore:
    """``integrations.ports.Store`` over the database at ``url``.

    Making one does not connect. Nothing is created: a store is made by ``upgrade``. Every
    transaction first asks which code the store admits, so an instance that was left behind by an
    upgrade writes nothing more. Life is asked at the points ``store`` (before a transaction),
    ``before commit`` and ``after commit``; a transaction that wrote nothing has no commit.
    """

    def __init__(
        self,
        url: str,
        *,
        offload: Offload,
        life: Life,
        lock_timeout: timedelta = timedelta(seconds=10),
        pool_size: int = 5,
        password: Callable[[], str] | None = None,
    ) -> None:
        self._address = Address.of(url)
        self._offload = offload
        self._life = life
        self.engine = open_engine(
            self._address, lock_timeout=lock_timeout, pool_size=pool_size, password=password
        )
        self._lock_timeout = lock_timeout

    @cached_property
    def _looking(self) -> Engine:
        """A file has one connection for writers, which no long look may keep from them."""
        if self._address.file is None:
            return self.engine
        timeout = self._lock_timeout
        return open_engine(self._address, lock_timeout=timeout, pool_size=1, looks=True)

    def __repr__(self) -> str:
        return f"SqlStore({self._address})"

    async def run(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run ``work`` in one transaction, commit it and return its result."""
        self._life.check("store")
        return await self._offload(lambda: self._run(work))

    async def look(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run ``work``, which only reads, beside whoever writes, and return its result."""
        self._life.check("store")
        return await self._offload(lambda: self._looked(work))

    def _looked(self, work: Callable[[SqlTransaction], T]) -> T:
        def only_read(tx: SqlTransaction) -> T:
            found = work(tx)
            if tx.is_written:
                raise RuntimeError("a look has written to the store")
            return found

        return self._run(only_read, self._looking)

    async def check(self) -> None:
        """Raise what keeps the store from being used, reading and writing."""
        self._life.check("store")
        await self._offload(self._check)

    async def close(self) -> None:
        """Let go of connections."""
        await self._offload(self.engine.dispose)
        if "_looking" in vars(self):
            await self._offload(self._looking.dispose)

    def _run(self, work: Callable[[SqlTransaction], T], engine: Engine | None = None) -> T:
        with told_as_ours(self._address):
            for repeats in range(_REPEATS):
                try:
                    return self._run_once(work, engine)
                except DBAPIError as error:
                    if not is_worth_repeating(error, repeats):
                        raise
            return self._run_once(work, engine)

    def _run_once(self, work: Callable[[SqlTransaction], T], engine: Engine | None) -> T:
        with (engine or self.engine).connect() as connection:
            with connection.begin() as transaction:
                _admit(connection)
                result = work(SqlTransaction(connection))
                if not connection.info.get(WROTE):
                    transaction.rollback()
                    return result
                self._life.check("before commit")
            self._life.check("after commit")
            return result

    def _check(self) -> None:
        with (
            told_as_ours(self._address),
            self.engine.connect() as connection,
            connection.begin() as transaction,
        ):
            if not inspect(connection).has_table(tables.store_info.name):
                raise StoreMissingError(f"{self._address} holds no program store")
            _admit(connection)
            # Whether it can be written shows only by writing.
            SqlTransaction(connection).switches.set("store check", "on")
            transaction.rollback()


_REVISIONS = str(select(tables.store_info.c.revision, tables.store_info.c.minimum_code_revision))


def _admit(connection: Connection) -> None:
    """Raise unless this code and the store fit together."""
    connection.info[WROTE] = False
    # Asked in every transaction, so of the driver itself: SQLAlchemy takes ten times as long.
    driver: Any = connection.connection.driver_connection
    revision, minimum_code_revision = driver.execute(_REVISIONS).fetchone()
    if minimum_code_revision > CODE_REVISION:
        raise StoreNewerError(minimum_code_revision, CODE_REVISION)
    if revision < CODE_REVISION:
        raise StoreOutdatedError(f"the store has revision {revision}, not {CODE_REVISION}")
