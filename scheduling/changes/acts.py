"""What can be done about a change, as data; carried out elsewhere.

Each act says what it does to the calendars, whom it mails, and is remembered as
``remembered.remembered`` says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from scheduling.cadence import Recurrence, SeriesSlot
from scheduling.changes.reasons import ChangeCode, ChangeReason
from scheduling.changes.views import (
    CancelCause,
    ConflictSeen,
    Pause,
    ReplyKey,
    SeriesDecline,
    StoodAlready,
)
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan


class Message(StrEnum):
    """Notes to one person that no calendar event carries."""

    HOUR_IS_OFF = "hour_is_off"
    PROPOSAL = "proposal"
    YOUR_APPOINTMENT = "your_appointment"
    CLOSING = "closing"


class ReadyAct(StrEnum):
    """What a coordinator can do about a *Needs you* row with one click."""

    OFFER_HOURS = "offer_hours"
    LEAVE_OUT = "leave_out"
    PAUSE = "pause"
    END = "end"
    BOOK_AGAIN = "book_again"
    TALK = "talk"
    RECORD_MEETING = "record_meeting"
    LOWER_MINIMUM = "lower_minimum"
    PAIR_AGAIN = "pair_again"
    CONFIRM_IDENTITY = "confirm_identity"


@dataclass(frozen=True, slots=True)
class MoveDate:
    """Move the session's own event to ``to``: ``start`` and ``end`` only. Mails both.

    ``reply`` is the answer that asked for it; ``decline`` whether that was a decline;
    ``by_person`` whether somebody of the pair chose the time, which then stays, whatever
    appointments ``stood`` there already.
    """

    session_id: str
    to: TimeSpan
    reply: ReplyKey | None = None
    decline: bool = False
    by_person: bool = False
    stood: tuple[StoodAlready, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplaceDate:
    """Cancel the occurrence and put a single event at ``to`` in its place. Mails both twice.

    For times on or beyond the day of a neighbouring occurrence, where none can be moved.
    """

    session_id: str
    to: TimeSpan
    reply: ReplyKey | None = None
    decline: bool = False
    by_person: bool = False
    stood: tuple[StoodAlready, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelDate:
    """Cancel one date with neutral words. Mails both.

    ``at_once`` lifts mail hours for a cancellation at short notice. ``replaced`` tells
    the comment that a new hour follows, ``resumes_on`` from which date on.
    """

    session_id: str
    cause: CancelCause
    at_once: bool = False
    replaced: bool = False
    resumes_on: date | None = None


@dataclass(frozen=True, slots=True)
class BookDate:
    """Book a single event for cadence window ``window`` at ``span``. Mails both.

    ``session_id`` names the session it stands for: the lost one of that window, or a new one.
    """

    session_id: str
    window: int
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class BookSeries:
    """Plan and book a new generation; at ``series`` if an hour is given. A first invitation."""

    series: SeriesSlot | None = None


@dataclass(frozen=True, slots=True)
class StartGeneration:
    """Book a new generation under ``rule`` from ``start_date``. Mails both: a first invitation.

    ``dates`` are where its sessions stand, by cadence window of the new generation. ``stood``:
    the same hours stand in both calendars already, left behind by whoever organized them.
    """

    rule: CadenceRule
    start_date: date
    series: SeriesSlot
    dates: tuple[tuple[int, TimeSpan], ...]
    stood: bool = False


@dataclass(frozen=True, slots=True)
class ChangeOrganizer:
    """Whose calendar what is booked from now on stands in. Store only."""

    organizer: str


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """The rule of the pair from now on. Store only."""

    rule: CadenceRule


@dataclass(frozen=True, slots=True)
class AdoptSeries:
    """Take over an event that stands; ``dates`` are its spans by cadence window. Mails nobody.

    ``organizer`` is whose calendar it stands in, by an id that means nothing here; None for the
    pair's own.
    """

    event_id: str
    series: SeriesSlot
    dates: tuple[tuple[int, datetime, TimeSpan], ...]
    organizer: str | None = None


@dataclass(frozen=True, slots=True)
class Truncation:
    """How a series ends without losing a date that is kept.

    The master's range is cut to ``range``; None cancels the whole series. A cut is a
    change of pattern, which drops every exception: ``reapply`` are the kept moved dates
    (session, recurrence id, where it stood) to set again, ``cancel_again`` the recurrence
    ids that must not come back, ``singles`` the kept dates that no occurrence can hold
    and that become single events. ``cancelled`` are the sessions that end. ``one_by_one``
    leaves the series itself alone and cancels its dates singly, because a past one that
    passes for cancelled may still stand.
    """

    range: Recurrence | None
    cancelled: tuple[str, ...]
    reapply: tuple[tuple[str, datetime, TimeSpan], ...] = ()
    cancel_again: tuple[datetime, ...] = ()
    singles: tuple[tuple[str, TimeSpan], ...] = ()
    one_by_one: bool = False

    @property
    def cut_mails(self) -> int:
        """How many mails the cut sends to each of the two: itself and what it makes necessary."""
        if self.one_by_one:
            return len(self.cancelled)
        if self.range is None:
            return 1
        return 1 + len(self.reapply) + len(self.cancel_again) + 2 * len(self.singles)


@dataclass(frozen=True, slots=True)
class EndSeries:
    """End future dates as ``truncation`` says. Mails both: cancellations.

    ``closes`` tells whether the pair is over (else a new generation or offers follow).
    Where ``written`` is False the calendar they stand in is out of reach: the store alone
    forgets them, and nobody is mailed.
    """

    truncation: Truncation
    cause: CancelCause = CancelCause.ENDED
    closes: bool = True
    written: bool = True


@dataclass(frozen=True, slots=True)
class FollowMove:
    """The store follows the calendar. Nothing is written to it and nobody is mailed.

    Appointments that ``stood`` where the date is now are no conflict.
    """

    session_id: str
    span: TimeSpan
    stood: tuple[StoodAlready, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowCancel:
    """The store follows a cancellation in the calendar. Nobody is mailed."""

    session_id: str


@dataclass(frozen=True, slots=True)
class NoteConflict:
    """Remember an appointment over a date, or one look more at it. Store only."""

    session_id: str
    conflict: ConflictSeen


@dataclass(frozen=True, slots=True)
class ForgetConflict:
    """The appointment is gone. Store only."""

    session_id: str
    person: str


@dataclass(frozen=True, slots=True)
class NoteReply:
    """Remember that an answer was dealt with. Store only."""

    session_id: str
    reply: ReplyKey


@dataclass(frozen=True, slots=True)
class NoteSeriesDecline:
    """Remember a declined series and how far it has come. Store only."""

    decline: SeriesDecline


@dataclass(frozen=True, slots=True)
class ForgetSeriesDecline:
    """The series is not declined any more. Store only."""

    person: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Mail one person a note about one session. Once per person, message and session."""

    person: str
    message: Message
    session_id: str
    to: TimeSpan | None = None
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class OfferDates:
    """Mail one person other hours for one session."""

    person: str
    session_id: str
    spans: tuple[TimeSpan, ...]


@dataclass(frozen=True, slots=True)
class OfferHours:
    """Mail regular hours to people; the first pick books the series."""

    people: tuple[str, ...]
    hours: tuple[SeriesSlot, ...]


@dataclass(frozen=True, slots=True)
class RaiseNeed:
    """A *Needs you* row for the coordinator with ready acts. Raised once per key."""

    code: ChangeCode
    session_id: str | None = None
    ready: tuple[ReadyAct, ...] = ()
    about: str = ""
    spans: tuple[TimeSpan, ...] = ()

    @property
    def key(self) -> str:
        """What makes two rows the same."""
        return ":".join((self.code, self.session_id or "", self.about))


@dataclass(frozen=True, slots=True)
class CloseNeed:
    """The cause of a *Needs you* row is gone; it closes itself."""

    key: str


@dataclass(frozen=True, slots=True)
class StartPause:
    """The pair pauses. Store only; the dates inside are cancelled one by one."""

    pause: Pause


@dataclass(frozen=True, slots=True)
class Resume:
    """The pause is over. Store only."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The pair has had its dates. Store only."""


@dataclass(frozen=True, slots=True)
class SettleOrder:
    """An order is done, or cannot be; ``outcome`` says which. Store only."""

    order_id: str
    outcome: ChangeCode


Act = (
    MoveDate
    | ReplaceDate
    | CancelDate
    | BookDate
    | BookSeries
    | StartGeneration
    | ChangeOrganizer
    | ChangeRule
    | AdoptSeries
    | EndSeries
    | FollowMove
    | FollowCancel
    | NoteConflict
    | ForgetConflict
    | NoteReply
    | NoteSeriesDecline
    | ForgetSeriesDecline
    | Tell
    | OfferDates
    | OfferHours
    | RaiseNeed
    | CloseNeed
    | StartPause
    | Resume
    | Complete
    | SettleOrder
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the journal: why, about which session, and what is done.

    Without acts it is a deliberate non-act. ``again_at`` is when another look is due.
    """

    reason: ChangeReason
    acts: tuple[Act, ...] = ()
    session_id: str | None = None
    again_at: datetime | None = None

    @property
    def key(self) -> str:
        """What makes two decisions the same, facts included."""
        facts = ",".join(f"{name}={value}" for name, value in sorted(self.reason.facts.items()))
        return f"{self.reason.code}:{self.session_id or ''}:{facts}"


def decision(
    code: ChangeCode,
    *acts: Act,
    session: str | None = None,
    again_at: datetime | None = None,
    **facts: str | int,
) -> Decision:
    """A decision from its parts; keywords left over are the facts of its reason."""
    return Decision(ChangeReason(code, facts), acts, session, again_at)


def needs(decisions: tuple[Decision, ...]) -> Iterator[RaiseNeed]:
    """The *Needs you* rows that decisions raise."""
    for one in decisions:
        for act in one.acts:
            if isinstance(act, RaiseNeed):
                yield act
