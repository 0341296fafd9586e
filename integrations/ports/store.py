"""The program store: one promise a table, a transaction over them, and the store itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from integrations.page_records import Standing
from integrations.ports.acting import (
    Blockers,
    Intents,
    Journal,
    Mailboxes,
    NeedNotes,
    Needs,
    Orders,
    Outbox,
    Permits,
    Subscriptions,
    Switches,
)
from integrations.ports.attended import (
    CheckIns,
    CorrectionNotes,
    Corrections,
    CreditLines,
    Deliveries,
    Links,
    Pulses,
    Reports,
    Statements,
    SurveyScores,
    Verdicts,
)
from integrations.ports.enrolled import (
    Bookings,
    Notes,
    Pairs,
    Participants,
    Programs,
    Rules,
    Sessions,
)
from integrations.ports.pages import (
    Aims,
    Confirmations,
    Goals,
    KeptAnswers,
    Preferences,
    Staff,
    TriedPairs,
    TriedRules,
    Waves,
    WebSessions,
    Wishes,
)
from integrations.ports.rows import Records
from integrations.ports.work import DueWork
from integrations.standing_records import PairRow, PairSearch, ProgramWeek, StandingCount

T = TypeVar("T")


class Standings(Records[Standing], Protocol):
    """How pairs stand, keyed by pair id: made from the other tables, for lists of many."""

    def page(
        self, wanted: PairSearch, *, offset: int = 0, limit: int = 50
    ) -> tuple[list[PairRow], int]:
        """A stretch of the pairs that ``wanted`` describes, and how many they are in all."""
        ...

    def after(
        self, wanted: PairSearch, last: str | None, *, limit: int = 50
    ) -> tuple[list[PairRow], bool]:
        """Pairs that ``wanted`` describes and that come after ``last``, and whether more do.

        Pairs that are added meanwhile move nothing. ``last`` need not be one of those wanted any
        more; after a pair that the program does not have comes nothing.
        """
        ...

    def ids(self, wanted: PairSearch) -> list[str]:
        """The pairs that ``wanted`` describes, in the order wanted."""
        ...

    def counts(self, program_id: str) -> list[StandingCount]:
        """How many of a program's pairs stand how, and what they have held together."""
        ...

    def groups(self, program_id: str) -> tuple[list[str], list[str]]:
        """The offices and the practice groups that a program's pairs are of, by name."""
        ...

    def dates(self, program_id: str) -> list[tuple[datetime, str | None, int]]:
        """How many of a program's dates have which start and which verdict.

        Dates that were cancelled or left out are not among them, unless one has a verdict. Reads
        every session of the program: for the hourly look, not for a page.
        """
        ...

    def weeks(self, program_id: str) -> list[ProgramWeek]:
        """A program's weeks as last counted, oldest first."""
        ...

    def replace_weeks(self, program_id: str, weeks: Sequence[ProgramWeek]) -> None:
        """Put these in the place of all of a program's weeks."""
        ...


class Retention(Protocol):
    """What the store lets go of, a bounded number of rows at a time.

    Each act returns how many rows of which table went, and may be repeated at any time. Nothing
    goes that keeps something from being done again as long as its pair goes on.
    """

    def remove_passing(self, before: datetime, limit: int) -> dict[str, int]:
        """Work that is done, claims, waits and sign-ins that are over since ``before``."""
        ...

    def remove_closed(self, before: datetime, limit: int) -> dict[str, int]:
        """Blockers cleared, and mails to contacts settled, before then."""
        ...

    def remove_journal(self, before: datetime, limit: int) -> dict[str, int]:
        """Entries older than ``before``, but those of pairs and programs that go on."""
        ...

    def remove_of_closed(self, before: datetime, limit: int) -> dict[str, int]:
        """Waves of programs that are closed, begun before then."""
        ...

    def resting(self, before: datetime, *, after: str, limit: int) -> list[str]:
        """Ids beyond ``after`` of pairs that are over, with nothing left to do, and of which the
        journal has nothing since ``before``; held until the transaction ends.
        """
        ...

    def remove_settled(self, pair_ids: Sequence[str]) -> dict[str, int]:
        """Intents, mails, links, orders and *Needs you* rows of pairs at rest."""
        ...

    def remove_pairs(self, pair_ids: Sequence[str]) -> dict[str, int]:
        """These pairs with all that is theirs, and whoever is in no pair without them."""
        ...


class Transaction(Protocol):
    """All tables within one transaction: everything is seen and written together or not at all."""

    @property
    def programs(self) -> Programs: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def participants(self) -> Participants: ...
    @property
    def pairs(self) -> Pairs: ...
    @property
    def notes(self) -> Notes: ...
    @property
    def bookings(self) -> Bookings: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def intents(self) -> Intents: ...
    @property
    def work(self) -> DueWork: ...
    @property
    def mailboxes(self) -> Mailboxes: ...
    @property
    def permits(self) -> Permits: ...
    @property
    def blockers(self) -> Blockers: ...
    @property
    def needs(self) -> Needs: ...
    @property
    def need_notes(self) -> NeedNotes: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def switches(self) -> Switches: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def statements(self) -> Statements: ...
    @property
    def corrections(self) -> Corrections: ...
    @property
    def correction_notes(self) -> CorrectionNotes: ...
    @property
    def verdicts(self) -> Verdicts: ...
    @property
    def links(self) -> Links: ...
    @property
    def check_ins(self) -> CheckIns: ...
    @property
    def pulses(self) -> Pulses: ...
    @property
    def survey_scores(self) -> SurveyScores: ...
    @property
    def credit_lines(self) -> CreditLines: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def web_sessions(self) -> WebSessions: ...
    @property
    def kept_answers(self) -> KeptAnswers: ...
    @property
    def staff(self) -> Staff: ...
    @property
    def waves(self) -> Waves: ...
    @property
    def tried_rules(self) -> TriedRules: ...
    @property
    def tried_pairs(self) -> TriedPairs: ...
    @property
    def goals(self) -> Goals: ...
    @property
    def wishes(self) -> Wishes: ...
    @property
    def aims(self) -> Aims: ...
    @property
    def confirmations(self) -> Confirmations: ...
    @property
    def preferences(self) -> Preferences: ...
    @property
    def standings(self) -> Standings: ...
    @property
    def retention(self) -> Retention: ...


class Store(Protocol):
    """The program store."""

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in one transaction, commit it and return its result.

        ``work`` may be run again if the database asks for it, so it must do nothing but use the
        transaction. An exception out of it rolls everything back and is passed on.

        Raises:
            StoreError: one of its kinds; nothing was changed.
        """
        ...

    async def look(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work``, which only reads, and return its result; nobody who writes waits for it.

        For what reads for seconds. Of one moment all of it, as it was when it began.

        Raises:
            StoreError: as ``run``. RuntimeError: it wrote; nothing was kept.
        """
        ...

    async def check(self) -> None:
        """Raise what keeps the store from being used (missing, outdated, newer, locked ...)."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
