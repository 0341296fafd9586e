"""The program store: one promise a table, a transaction over them, and the store itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from integrations.attendance_records import (
    CheckInInvitation,
    CorrectionNote,
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
from integrations.page_records import (
    Aim,
    Confirmation,
    Goal,
    KeptAnswer,
    Preference,
    RuleTotals,
    StaffMember,
    Standing,
    TriedPair,
    TriedRule,
    Wave,
    WebSession,
    Wish,
)
from integrations.records import (
    Blocker,
    BlockerScope,
    Booking,
    Intent,
    IntentState,
    JournalEntry,
    Mailbox,
    Need,
    NeedNote,
    Note,
    Order,
    OutboxMail,
    Pair,
    PairState,
    Participant,
    Permit,
    PersonShown,
    Program,
    Rule,
    Session,
    SessionDate,
    Subscription,
    Work,
)
from integrations.standing_records import (
    PairRow,
    PairSearch,
    ProgramWeek,
    StandingCount,
    Touched,
)

T = TypeVar("T")
R = TypeVar("R")


class Records(Protocol[R]):
    """One table of the store."""

    def get(self, key: str) -> R | None:
        """The record with this id, None if there is none."""
        ...

    def require(self, key: str) -> R:
        """The record with this id; ``LookupError`` if there is none."""
        ...

    def add(self, record: R) -> None:
        """Store a new record; ``ValueError`` if its key is taken."""
        ...

    def add_all(self, records: Sequence[R]) -> None:
        """``add`` for many at once; where a key is taken, the whole transaction is refused."""
        ...

    def put(self, record: R) -> None:
        """Store the record, in place of the one with the same key if there is one."""
        ...

    def put_many(self, records: Sequence[R]) -> None:
        """``put`` for many at once."""
        ...

    def remove(self, key: str) -> bool:
        """Delete the record with this key; False if there is none."""
        ...

    def all(self) -> list[R]:
        """Every record, in the order of its key."""
        ...


class Programs(Records[Program], Protocol):
    """Programs, keyed by id."""


class Rules(Records[Rule], Protocol):
    """Versions of cadence rules, keyed by id."""

    def current(self, program_id: str) -> Rule:
        """The newest version; ``LookupError`` if the program has none."""
        ...


class Participants(Records[Participant], Protocol):
    """People, keyed by id."""

    def many(self, ids: Iterable[str]) -> dict[str, Participant]:
        """Those of ``ids`` that exist, by id."""
        ...

    def shown(self, ids: Iterable[str]) -> dict[str, PersonShown]:
        """``many`` with what is shown of each alone: several times as quick."""
        ...

    def by_account(self, directory_id: str) -> Participant | None:
        """Who this account of the directory is; None if nobody of ours."""
        ...

    def by_mail(self, mails: Iterable[str]) -> dict[str, Participant]:
        """Those whose address is among ``mails``, keyed by lower-case address."""
        ...

    def hold(self, ids: Iterable[str]) -> None:
        """Let no two transactions that hold one of these people commit side by side.

        The later one waits and is then run again from its beginning.
        """
        ...


class Pairs(Records[Pair], Protocol):
    """Pairs, keyed by id."""

    def in_state(self, *states: PairState, program_id: str | None = None) -> list[Pair]:
        """Pairs in one of ``states``, in the order of their ids."""
        ...

    def many(self, ids: Iterable[str]) -> dict[str, Pair]:
        """Those of ``ids`` that exist, by id."""
        ...

    def of_people(self, person_ids: Iterable[str]) -> list[Pair]:
        """Pairs, of whatever program and state, in which any of these people is."""
        ...

    def assisted_by(self, mail: str) -> list[Pair]:
        """Pairs that name this address among their assistants, in the order of their ids."""
        ...

    def count_by_state(self, program_id: str | None = None) -> dict[PairState, int]:
        """How many pairs are in each state; states with none are left out."""
        ...

    def count_by_mailbox(self) -> dict[str, int]:
        """How many pairs each mailbox organizes, keyed by mailbox id."""
        ...

    def organizers(
        self, *states: PairState, program_ids: Collection[str] | None = None
    ) -> frozenset[str]:
        """Mailboxes that organize a pair in one of ``states``; of these programs, if named."""
        ...


class Notes(Records[Note], Protocol):
    """Free text about pairs, keyed by pair id."""


class Bookings(Records[Booking], Protocol):
    """Series Tandem created; the key is ``"{pair_id}/{generation}"``."""

    def of_pair(self, pair_id: str) -> list[Booking]:
        """All generations of a pair, oldest first."""
        ...

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[Booking]]:
        """``of_pair`` for many pairs at once, by pair id; pairs without any included."""
        ...

    def by_events(self, event_ids: Iterable[str]) -> list[Booking]:
        """Those whose series has one of these event ids."""
        ...


class Sessions(Records[Session], Protocol):
    """Sessions, keyed by id."""

    def of_pair(self, pair_id: str) -> list[Session]:
        """Sessions of a pair in the order of their generations and windows."""
        ...

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[Session]]:
        """``of_pair`` for many pairs at once, by pair id; pairs without sessions included."""
        ...

    def dates_of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[SessionDate]]:
        """``of_pairs`` with the dates alone: several times as quick."""
        ...

    def by_events(self, event_ids: Iterable[str]) -> list[Session]:
        """Sessions whose occurrence or single event has one of these ids."""
        ...

    def starting(self, first: datetime, last: datetime) -> list[Session]:
        """Scheduled sessions that start from ``first`` on and before ``last``, by start."""
        ...

    def note_replies(self, sessions: Iterable[Session]) -> None:
        """Keep the ``replies`` of these, and no other field.

        Passed over are those that stand at another time by now, or in no calendar.
        """
        ...

    def replace_planned(self, pair_id: str, sessions: Sequence[Session]) -> None:
        """Put ``sessions`` in place of those of the pair that are still only planned.

        ``ValueError`` if one is another pair's or has the id of one that is more than planned.
        """
        ...


class Intents(Records[Intent], Protocol):
    """Write-ahead intents, keyed by id."""

    def by_key(self, key: str) -> Intent | None:
        """The newest intent of this act that was not dropped."""
        ...

    def open(self, pair_id: str | None = None) -> list[Intent]:
        """Intents neither done nor dropped, oldest first."""
        ...

    def settle(self, intent_id: str, state: IntentState, outcome: str, at: datetime) -> None:
        """Close an intent as ``done`` or ``dropped``; ``LookupError`` if it is not open."""
        ...

    def of_pair(self, pair_id: str) -> list[Intent]:
        """Every intent of a pair, oldest first."""
        ...

    def recent(self, pair_ids: Iterable[str], since: datetime) -> dict[str, list[Intent]]:
        """By pair id, oldest first: those not settled before ``since``; empty lists included."""
        ...


class DueWork(Records[Work], Protocol):
    """Due work: the truth that queue messages only point to. Keyed by id."""

    def schedule(self, kind: str, subject: str, due_at: datetime) -> Work:
        """Make sure there is open work of this kind for ``subject``.

        An open row keeps the earlier of the two due times, so a repeated wake-up changes nothing;
        one that is claimed is opened again once its holder is through, because the holder may
        not have seen what the wake-up was about. A row that is done is opened again. A poisoned
        one stays as it is until it is revived.
        """
        ...

    def take_up(self, kind: str, subject: str, due_at: datetime) -> Work:
        """``schedule``, and open the row with its attempts at nought if it was put aside."""
        ...

    def schedule_all(self, kind: str, subjects: Iterable[str], due_at: datetime) -> None:
        """``schedule`` for many subjects at once."""
        ...

    def due(self, now: datetime, *, kinds: Sequence[str] = (), limit: int = 100) -> list[Work]:
        """Open work that is due and not claimed by anybody at ``now``, oldest due first."""
        ...

    def next_due_at(self, *, kinds: Sequence[str] = ()) -> datetime | None:
        """When the next open row can be claimed (its due time, or the end of its claim)."""
        ...

    def claim(self, work_id: str, holder: str, now: datetime, length: timedelta) -> Work | None:
        """Take the row if it is open, due and free (or its claim ran out); None otherwise.

        Counts an attempt. Two claimants never both succeed.
        """
        ...

    def claimed_until(self, kinds: Sequence[str], subject: str, now: datetime) -> datetime | None:
        """Until when open work of these kinds for ``subject`` is claimed; None if none is.

        Of two who each claim a row of one subject and then ask about the other's, at most one is
        told None: the rows stay locked for the rest of the transaction.
        """
        ...

    def extend(self, work_id: str, holder: str, until: datetime) -> bool:
        """Hold the claim until ``until``; False if it went to somebody else or is over.

        A claim that ran out and was taken by nobody is still its holder's.
        """
        ...

    def finish(self, work_id: str, holder: str) -> bool:
        """Mark done, or open again if a wake-up came meanwhile.

        False if the claim was lost (nothing is changed then).
        """
        ...

    def postpone(
        self,
        work_id: str,
        holder: str,
        due_at: datetime,
        *,
        error: str | None = None,
        forgive: int = 0,
    ) -> bool:
        """Give the row back until ``due_at``; ``forgive`` attempts are not counted.

        A wake-up that came meanwhile and is earlier wins. False if the claim was lost.
        """
        ...

    def poison(self, work_id: str, error: str) -> None:
        """Put the row aside, visible, until somebody revives it."""
        ...

    def revive(self, work_id: str, due_at: datetime) -> None:
        """Open a poisoned row again with its attempts at nought."""
        ...

    def hurry(self, error: str, due_at: datetime) -> int:
        """Have the open rows that were given back with this ``error`` due by ``due_at``.

        Returns how many became due earlier by it.
        """
        ...

    def count(self) -> dict[tuple[str, str], int]:
        """How many rows there are by (kind, state)."""
        ...


class Mailboxes(Records[Mailbox], Protocol):
    """Program mailboxes, keyed by object id.

    Putting one leaves ``not_before`` and ``mail_paced_until`` alone: they change by ``defer`` and
    ``pace_mails`` only, so that a record read a while ago undoes neither.
    """

    def defer(self, mailbox_id: str, not_before: datetime) -> None:
        """Let nobody call this mailbox before ``not_before``; a later one in force stays.

        Any mailbox may ask for a wait, a participant's too.
        """
        ...

    def pace_mails(
        self, mailbox_id: str, mails: int, now: datetime, per_mail: timedelta, burst: timedelta
    ) -> datetime:
        """Reserve a place for ``mails`` in the mailbox's pace and return when they may be sent.

        A mail costs ``per_mail`` of the mailbox's time; unused time of the last ``burst`` still
        counts (a leaky bucket; ``integrations.pacing.MailPace`` has the numbers for a limit per
        minute). The place is for that instant: who comes much later takes a new one.
        """
        ...


class Permits(Protocol):
    """At most ``slots`` calls at once to one mailbox, over every process of the fleet."""

    def acquire(
        self, mailbox_id: str, holder: str, now: datetime, length: timedelta, slots: range
    ) -> Permit | datetime:
        """A permit in one of ``slots``, or when to ask again.

        ``not_before`` of the mailbox is respected. An expired permit is free; so is one that the
        same holder already has (repeating the call prolongs it). Otherwise the instant is when
        the first permit in force ends; most are given back sooner.
        """
        ...

    def release(self, permit: Permit) -> None:
        """Give the permit back, unless somebody else has it by now."""
        ...

    def held(self, mailbox_id: str, now: datetime) -> list[Permit]:
        """Permits in force."""
        ...


class Blockers(Protocol):
    """What holds somebody or something up; at most one open per scope, subject and code."""

    def set(self, blocker: Blocker) -> bool:
        """Open it or renew its data; True if it was not open before (``since`` stays)."""
        ...

    def clear(self, scope: BlockerScope, subject_id: str, at: datetime, *codes: str) -> list[str]:
        """Close the open blockers of the subject with these codes (all codes if none is given).

        Returns the codes that were closed.
        """
        ...

    def open(
        self, scope: BlockerScope | None = None, subject_ids: Iterable[str] | None = None
    ) -> list[Blocker]:
        """Open blockers, oldest first."""
        ...


class Needs(Records[Need], Protocol):
    """*Needs you* rows, keyed by id; at most one open per pair and key."""

    def open(self, pair_ids: Iterable[str] | None = None) -> list[Need]:
        """Rows not closed yet, oldest first; of these pairs alone if any are named."""
        ...

    def of_programs(self, program_ids: Iterable[str]) -> list[Need]:
        """Rows of pairs of these programs that nobody has dealt with yet, oldest first."""
        ...

    def count_waiting(self, program_ids: Iterable[str], now: datetime) -> int:
        """How many of those are not put off beyond ``now``."""
        ...

    def raise_once(self, need: Need) -> bool:
        """Open the row unless the pair has an open one with its key; True if it was opened."""
        ...

    def close(self, pair_id: str, key: str, outcome: str, at: datetime) -> Need | None:
        """Close the pair's open row with this key and return it; None if there is none."""
        ...


class NeedNotes(Records[NeedNote], Protocol):
    """Free text about *Needs you* rows, keyed by the row's id."""


class Orders(Records[Order], Protocol):
    """What people told Tandem to do with a pair, keyed by id."""

    def open(self, pair_id: str) -> list[Order]:
        """Those of a pair that are not done yet, in the order in which they were given."""
        ...

    def settle(self, order_id: str, outcome: str, at: datetime) -> bool:
        """Mark done; False if it was already."""
        ...


class Subscriptions(Records[Subscription], Protocol):
    """Subscriptions to the events of program mailboxes, keyed by Graph's id."""

    def many(self, ids: Iterable[str]) -> dict[str, Subscription]:
        """Those of ``ids`` that are known, by id."""
        ...


class Outbox(Protocol):
    """Mails Tandem sends itself, one row per (person, purpose, session)."""

    def add(self, mail: OutboxMail) -> bool:
        """Add unless the row exists; True if it was added."""
        ...

    def due(
        self, now: datetime, limit: int = 100, *, mailbox_id: str | None = None
    ) -> list[OutboxMail]:
        """Waiting mails that are due, oldest first; those from one mailbox if it is named."""
        ...

    def mark_sent(self, mail: OutboxMail, at: datetime) -> bool:
        """The mail is about to go out: in this order a crash loses one, never doubles it.

        False if it is marked already: somebody else sends it.
        """
        ...

    def mark_waiting(self, mail: OutboxMail, due_at: datetime) -> None:
        """The mail certainly did not go out: it waits again, until ``due_at``."""
        ...

    def drop(self, mail: OutboxMail, state: str) -> None:
        """Give the mail up; ``state`` says why."""
        ...

    def next_due_at(self, mailbox_id: str | None = None) -> datetime | None:
        """When the next waiting mail (from one mailbox, if named) is due; None if none waits."""
        ...

    def of_pair(self, pair_id: str) -> list[OutboxMail]:
        """Every mail about a pair, oldest first."""
        ...

    def reroute(self, mailbox_id: str, to: str) -> int:
        """Have waiting mails sent from another mailbox; returns how many."""
        ...

    def waiting(self, pair_ids: Iterable[str]) -> list[OutboxMail]:
        """Mails about these pairs that are still to go out, in no order."""
        ...


class Journal(Protocol):
    """Append-only."""

    def write(self, *entries: JournalEntry) -> None:
        """Append, in order."""
        ...

    def read(
        self,
        *,
        pair_id: str | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """Entries with a sequence number above ``after``, oldest first.

        Entries of transactions that ran side by side may appear with lower numbers later.
        """
        ...

    def naming(self, ids: Sequence[str]) -> list[JournalEntry]:
        """Entries about a person of these ids, or with one of them in their details, in order."""
        ...

    def last_seq(self) -> int:
        """The sequence number of the newest entry, 0 if there is none."""
        ...

    def touched(self, *, after: int, limit: int) -> list[Touched]:
        """Whom entries above ``after`` are about, oldest first; see ``read`` about their order."""
        ...

    def newest(
        self,
        program_id: str,
        *,
        pair_id: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[JournalEntry]:
        """Entries about a program or its pairs, or one of its pairs alone, newest first.

        ``before`` is a sequence number: only older entries are wanted.
        """
        ...

    def of_person_since(
        self, person_ids: Iterable[str], code: str, since: datetime
    ) -> list[JournalEntry]:
        """Entries about these people with this code and not before ``since``, oldest first."""
        ...


class Switches(Protocol):
    """Named switches of the whole installation."""

    def get(self, name: str) -> str | None:
        """What the switch stands at; None if it was never set."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Turn the switch; None forgets it."""
        ...


class Reports(Records[KeptReport], Protocol):
    """Reports of Teams as they were read, keyed by Graph's id."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptReport]]:
        """Reports by pair id, oldest first (those without a start last); empty lists included."""
        ...

    def whole(self, before: datetime, *, after: str = "", limit: int = 500) -> list[KeptReport]:
        """Those not reduced yet that ended or were read before this instant.

        In the order of their ids, those up to ``after`` left out.
        """
        ...


class Statements(Records[KeptStatement], Protocol):
    """What people said about sessions, keyed by id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[KeptStatement]]:
        """By session id, oldest first; empty lists included."""
        ...


class Corrections(Records[KeptCorrection], Protocol):
    """Coordinators' corrections, keyed by id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[KeptCorrection]]:
        """By session id, oldest first; empty lists included."""
        ...


class CorrectionNotes(Records[CorrectionNote], Protocol):
    """Free text about corrections, keyed by the correction's id."""


class Verdicts(Records[KeptVerdict], Protocol):
    """Versions of verdicts; the key is ``"{session_id}/{version}"``."""

    def in_force(self, pair_ids: Iterable[str]) -> dict[str, KeptVerdict]:
        """The newest version of each judged session of these pairs, by session id."""
        ...

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptVerdict]]:
        """Every version of these pairs' verdicts, oldest first; pairs without any included."""
        ...

    def shown_of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[VerdictShown]]:
        """``of_pairs`` with what is shown of each alone: several times as quick."""
        ...

    def of_session(self, session_id: str) -> list[KeptVerdict]:
        """Every version, oldest first."""
        ...

    def undelivered(self, limit: int = 500) -> list[KeptVerdict]:
        """Versions that stand in no row of the deliveries, oldest first."""
        ...


class Links(Records[Link], Protocol):
    """Personal links, keyed by id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[Link]]:
        """By session id, oldest first; empty lists included."""
        ...

    def use(self, link_id: str, at: datetime) -> bool:
        """Mark it used; False if it was used before or is not there."""
        ...


class Pulses(Records[KeptPulse], Protocol):
    """How people said meetings were, keyed by the link they said it by."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptPulse]]:
        """By pair id, oldest first; empty lists included."""
        ...


class CheckIns(Records[CheckInInvitation], Protocol):
    """Invitations of programs' contacts to check-ins, keyed by the pair's session."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[CheckInInvitation]]:
        """By pair id, by start; empty lists included."""
        ...

    def ahead(self, now: datetime) -> list[CheckInInvitation]:
        """Those that stand to come, in any program, by start."""
        ...


class SurveyScores(Records[SurveyScore], Protocol):
    """Scores of surveys, keyed by id."""

    def of_program(self, program_id: str) -> list[SurveyScore]:
        """By question, as written, and id."""
        ...

    def of_person(self, person_id: str) -> list[SurveyScore]:
        """A person's own, in every program, by id."""
        ...


class CreditLines(Records[CreditLine], Protocol):
    """Lines of time credit that were exported, keyed by id."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[CreditLine]]:
        """By pair id, in the order of their export; empty lists included."""
        ...


class Deliveries(Records[Delivery], Protocol):
    """Verdict versions on their way to another system; the key is ``"{session_id}/{version}"``."""

    def due(self, now: datetime, limit: int = 100) -> list[Delivery]:
        """Those that wait and are due, oldest first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next of those that wait is due; None if none waits."""
        ...


class WebSessions(Records[WebSession], Protocol):
    """Who is signed in, keyed by the hash of the cookie's key."""

    def end_of_person(self, directory_id: str) -> int:
        """Sign an account out everywhere; how many sessions that ended."""
        ...

    def remove_expired(self, now: datetime) -> int:
        """Forget sessions that are over; how many they were."""
        ...


class KeptAnswers(Records[KeptAnswer], Protocol):
    """What was answered to requests that name a key, keyed by the hash of caller and key."""

    def remove_expired(self, now: datetime) -> int:
        """Forget answers that are kept no longer; how many they were."""
        ...


class Staff(Records[StaffMember], Protocol):
    """Coordinators and sponsors; the key is ``"{program_id}/{directory_id}/{role}"``."""

    def of_person(self, directory_id: str) -> list[StaffMember]:
        """What this account is to which programs."""
        ...

    def of_program(self, program_id: str) -> list[StaffMember]:
        """Everybody of this program."""
        ...


class Waves(Records[Wave], Protocol):
    """Waves, keyed by id."""

    def of_program(self, program_id: str) -> list[Wave]:
        """A program's waves, newest first."""
        ...


class TriedRules(Records[TriedRule], Protocol):
    """Rules that are tried, keyed by program."""

    def forget(self, program_id: str) -> None:
        """Remove the trial of this program, and all that was found."""
        ...


class TriedPairs(Records[TriedPair], Protocol):
    """What a tried rule comes to; the key is ``"{program_id}/{pair_id}"``."""

    def of_program(
        self, program_id: str, *, offset: int = 0, limit: int | None = None
    ) -> list[TriedPair]:
        """Those of this program, or a stretch: first that change most, then by pair id."""
        ...

    def ids(self, program_id: str) -> set[str]:
        """The pairs of this program of which it is known."""
        ...

    def totals(self, program_id: str) -> RuleTotals:
        """What the rule comes to for all of this program's pairs together."""
        ...

    def seqs(self, program_id: str, pair_ids: Iterable[str]) -> dict[str, int]:
        """The ``journal_seq`` of those pairs of this program that are known, by pair id."""
        ...

    def first_seq(self, program_id: str) -> int | None:
        """The lowest ``journal_seq`` of this program, None where nothing is known."""
        ...

    def looked_from(self, program_id: str, *, without: Collection[str]) -> datetime | None:
        """When the first of this program's pairs, but for those ``without``, was looked at."""
        ...

    def count(self, program_id: str) -> int:
        """Of how many pairs of this program it is known."""
        ...


class Goals(Records[Goal], Protocol):
    """What each of a pair wants of it; the key is ``"{pair_id}/{person_id}"``."""

    def of_pair(self, pair_id: str) -> dict[str, Goal]:
        """The goals of a pair by person id."""
        ...


class Wishes(Records[Wish], Protocol):
    """Wishes for a pairing, keyed by id."""

    def waiting(self, program_ids: Iterable[str]) -> list[Wish]:
        """Those of these programs that wait, oldest first."""
        ...

    def of_person(self, directory_id: str) -> list[Wish]:
        """All of somebody, by the directory's id, newest first."""
        ...


class Aims(Records[Aim], Protocol):
    """What sessions are to be about, keyed by session id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, Aim]:
        """Those of these sessions that have one, by session id."""
        ...


class Confirmations(Records[Confirmation], Protocol):
    """Who confirmed the start page; the key is ``"{pair_id}/{person_id}"``."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, dict[str, Confirmation]]:
        """By pair id and person id; pairs without any included."""
        ...


class Preferences(Records[Preference], Protocol):
    """When and where people can be met, keyed by person id."""

    def many(self, person_ids: Iterable[str]) -> dict[str, Preference]:
        """Those of these people who have some, by person id."""
        ...


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
