"""One Graph write of a booked pair, as data that its intent holds whole.

A step says what is written, where the date stood, what the store holds once it is done and which
writes it leaves owing. So an intent alone is enough to go on after a death: the decision behind
it may not come again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5

from pydantic import TypeAdapter

from integrations.records import Intent, Json
from integrations.workflows.messages.comments import Comment
from scheduling.cadence import Recurrence
from scheduling.changes.acts import Act
from scheduling.changes.reasons import ChangeCode, ChangeReason
from scheduling.timespan import TimeSpan


class StepKind(StrEnum):
    """What is written; also the code of its line in the journal."""

    MOVE = "date_moved"
    RESTORE = "date_restored"
    """A kept date is put back where it stood before its series was cut."""
    CANCEL = "date_cancelled"
    BOOK = "date_booked"
    CUT = "series_cut"
    END = "series_cancelled"


MAILS = MappingProxyType(
    {
        StepKind.MOVE: "update",
        StepKind.RESTORE: "update",
        StepKind.CANCEL: "cancellation",
        StepKind.BOOK: "invitation",
        StepKind.CUT: "update",
        StepKind.END: "cancellation",
    }
)
"""The one mail that each write sends to everybody invited.

A cut drops the exceptions before it mails, so it mails once for the series and not once for each.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write to the organizer's calendar.

    ``key`` names it for good. ``stands`` is where the date is before, ``to`` where it is to be;
    ``range_stands`` and ``range_to`` say the same of a series that is cut. An occurrence whose
    event id is not known yet is named by its series' ``master_id`` and its ``recurrence_id``.
    ``comment`` are the words of a cancellation. ``acts`` are remembered (packed) in the
    transaction that settles the step, and ``owes`` become due in it. An ``owed`` step is done
    whatever is decided meanwhile; any other waits for its decision to come again.
    ``capped`` tells whether the weekly cap counts its mails. ``decided_at`` is when what it was
    decided from was so.
    """

    kind: StepKind
    key: str
    mailbox_id: str
    zone: str
    session_id: str | None = None
    event_id: str | None = None
    etag: str | None = None
    recurrence_id: datetime | None = None
    master_id: str | None = None
    stands: TimeSpan | None = None
    to: TimeSpan | None = None
    range_stands: Recurrence | None = None
    range_to: Recurrence | None = None
    comment: Comment | None = None
    resumes_on: date | None = None
    acts: tuple[Json, ...] = ()
    owes: tuple[Step, ...] = ()
    owed: bool = False
    capped: bool = True
    decided_at: datetime | None = None

    @property
    def is_new_date(self) -> bool:
        """Whether people are invited to a date they do not have yet, which is to come."""
        return self.kind is StepKind.BOOK and bool(self.acts)

    @property
    def transaction_id(self) -> str | None:
        """What keeps a repeated POST from making a second event; None where nothing is made."""
        if self.kind is not StepKind.BOOK:
            return None
        return str(uuid5(NAMESPACE_URL, f"tandem:{self.key}"))

    @property
    def result(self) -> Json:
        """What is so once it is done, as ids, codes and dates."""
        if self.to is not None:
            return {"start": self.to.start.isoformat(), "end": self.to.end.isoformat()}
        if self.range_to is not None:
            return {"last_date": self.range_to.last_date.isoformat()}
        return {} if self.comment is None else {"comment": self.comment.value}

    @property
    def target(self) -> TimeSpan:
        """Where the date is to be; ``LookupError`` for a step that puts none anywhere."""
        if self.to is None:
            raise LookupError(f"{self.key} puts no date anywhere")
        return self.to

    def at(self, event_id: str, etag: str | None) -> Step:
        """The step once the event it is about is known."""
        return replace(self, event_id=event_id, etag=etag)


_STEP = TypeAdapter(Step)
_ACTS: Mapping[str, TypeAdapter[Act]] = {kind.__name__: TypeAdapter(kind) for kind in Act.__args__}


def packed(acts: Iterable[Act], reason: ChangeReason | None = None) -> tuple[Json, ...]:
    """Acts as an intent holds them, with the reason they were decided for."""
    why = None if reason is None else {"code": reason.code.value, "facts": dict(reason.facts)}
    return tuple({"act": _name(act), "as": _dumped(act), "why": why} for act in acts)


def unpacked(data: Json) -> tuple[Act, ChangeReason | None]:
    """One of the acts that ``packed`` made this of, and its reason."""
    act = _ACTS[data["act"]].validate_python(data["as"])
    why = data["why"]
    return act, None if why is None else ChangeReason(ChangeCode(why["code"]), why["facts"])


def _name(act: Act) -> str:
    return type(act).__name__


def _dumped(act: Act) -> Json:
    data: Json = _ACTS[_name(act)].dump_python(act, mode="json")
    return data


def before_of(step: Step) -> Json:
    """What the intent of a step holds of the time before it."""
    return {"step": _STEP.dump_python(step, mode="json")}


def step_of(intent: Intent) -> Step | None:
    """The step an intent stands for; None where it is another workflow's."""
    data = intent.before.get("step")
    return None if data is None else _STEP.validate_python(data)
