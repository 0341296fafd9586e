"""How the installation is: mailboxes, subscriptions, work, what holds something up, last check.

Nothing here names a person or tells what became of a meeting, so that administrators may see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from integrations.blockers import BLOCKERS
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, Mailbox, Work, WorkState
from integrations.workflows.app import App
from integrations.workflows.doctor.installation import LATE
from integrations.workflows.looking.watch import last_look_at
from integrations.workflows.operating import checkup
from integrations.workflows.registry import HANDLERS
from integrations.workflows.standing_work import STANDING
from integrations.workflows.work import Worker

_EVER = timedelta(days=36500)
_MOST = 1_000
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "book_pair": N_("booking series"),
        "check_installation": N_("checking rights and parts every night"),
        "check_mailbox": N_("daily trial of a mailbox"),
        "check_people": N_("asking who has left"),
        "compare_pair": N_("comparing with calendars"),
        "follow_sessions": N_("following dates that are over"),
        "harvest": N_("reading attendance"),
        "judge_session": N_("judging dates"),
        "keep_subscriptions": N_("keeping notifications alive"),
        "plan": N_("planning pairs"),
        "reconcile_pair": N_("keeping pairs up to date"),
        "reduce_evidence": N_("deleting what is kept no longer"),
        "refresh_standings": N_("working out how pairs stand"),
        "send_test_invitation": N_("sending test invitations"),
        "invite_to_check_ins": N_("inviting contacts to check-ins"),
        "send_mails": N_("sending Tandem's own mails"),
        "send_verdicts": N_("telling the firm's own system"),
        "sweep": N_("looking through program mailboxes"),
        "watch": N_("looking for new appointments"),
    }
)
"""What each kind of work does, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxLine:
    """A program mailbox. ``waits_until`` is set while Microsoft Graph has asked for patience."""

    mailbox: Mailbox
    pairs: int
    calls: int
    waits_until: datetime | None
    subscribed_until: datetime | None
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """One kind of work: how many rows are open, due, late and put aside, and when it goes on."""

    kind: str
    words: str
    open: int
    due: int
    late: int
    put_aside: int
    next_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockerLine:
    """What holds something up, how often, since when at the earliest, and what helps."""

    code: str
    words: str
    remedy: str
    stops: bool
    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The installation as the store knows it at ``at``."""

    at: datetime
    mailboxes: Sequence[MailboxLine]
    work: Sequence[WorkLine]
    blockers: Sequence[BlockerLine]
    calendars_read_at: datetime | None
    mails_next_at: datetime | None

    @property
    def is_well(self) -> bool:
        """Whether nothing stops and nothing is late or put aside."""
        return not any(line.stops for line in self.blockers) and not any(
            line.late or line.put_aside for line in self.work
        )


def health_of(tx: Transaction, now: datetime) -> Health:
    """How the installation is. Reads the store alone."""
    blockers = tx.blockers.open()
    return Health(
        at=now,
        mailboxes=_mailboxes(tx, blockers, now),
        work=_work(tx, now),
        blockers=_blockers(blockers),
        calendars_read_at=last_look_at(tx),
        mails_next_at=tx.outbox.next_due_at(),
    )


def _mailboxes(tx: Transaction, blockers: Sequence[Blocker], now: datetime) -> list[MailboxLine]:
    pairs = tx.pairs.count_by_mailbox()
    until: dict[str, datetime] = {}
    for subscription in tx.subscriptions.all():
        known = until.get(subscription.mailbox_id, subscription.expires_at)
        until[subscription.mailbox_id] = max(known, subscription.expires_at)
    held_up: dict[str, list[Blocker]] = {}
    for blocker in blockers:
        if blocker.scope is BlockerScope.MAILBOX:
            held_up.setdefault(blocker.subject_id, []).append(blocker)
    return [
        MailboxLine(
            mailbox=box,
            pairs=pairs.get(box.id, 0),
            calls=len(tx.permits.held(box.id, now)),
            waits_until=box.not_before if box.not_before and box.not_before > now else None,
            subscribed_until=until.get(box.id),
            blockers=tuple(held_up.get(box.id, ())),
        )
        for box in sorted(tx.mailboxes.all(), key=lambda box: box.address)
    ]


def _work(tx: Transaction, now: datetime) -> list[WorkLine]:
    counts = tx.work.count()
    waiting = tx.work.due(now, limit=_MOST)
    due = Counter(work.kind for work in waiting)
    late = Counter(work.kind for work in waiting if now - work.due_at > LATE)
    standing: dict[str, list[Work]] = {}
    for work in tx.work.due(now + _EVER, kinds=tuple(STANDING), limit=_MOST):
        standing.setdefault(work.kind, []).append(work)
    kinds = sorted({kind for kind, _ in counts} | set(STANDING))
    return [
        WorkLine(
            kind=kind,
            words=KINDS.get(kind, kind.replace("_", " ")),
            open=counts.get((kind, WorkState.OPEN), 0),
            due=due[kind],
            late=late[kind],
            put_aside=counts.get((kind, WorkState.POISON), 0),
            next_at=min((work.due_at for work in standing.get(kind, ())), default=None),
            error=next(
                (work.last_error for work in standing.get(kind, ()) if work.last_error), None
            ),
        )
        for kind in kinds
    ]


def _blockers(blockers: Sequence[Blocker]) -> list[BlockerLine]:
    """By code; those that stop something first, then the most frequent."""
    by_code: dict[str, list[Blocker]] = {}
    for blocker in blockers:
        by_code.setdefault(blocker.code, []).append(blocker)
    lines = [
        BlockerLine(
            code=code,
            words=BLOCKERS[code].words,
            remedy=BLOCKERS[code].remedy,
            stops=BLOCKERS[code].stops,
            count=len(found),
            since=min(blocker.since for blocker in found),
        )
        for code, found in by_code.items()
    ]
    return sorted(lines, key=lambda line: (not line.stops, -line.count, line.code))


async def check_permissions(app: App) -> checkup.Checked:
    """Look at token, mailboxes, operations and join link anew, and keep what was found."""
    return await checkup.check_permissions(app, Worker(app, HANDLERS))
