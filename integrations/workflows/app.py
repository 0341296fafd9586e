"""What every workflow is handed: the ports, and the few options that shape its acts."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.language import ENGLISH
from integrations.pacing import MailPace
from integrations.ports import Clock, Graph, Handshake, Offload, Outbound, Queue, Store
from integrations.workflows.attendance.links import PersonalLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long the store keeps what it needs no longer.

    ``passing`` is for work that is done, claims and sign-ins that are over; ``settled`` for what
    led to where a pair at rest came; ``journal`` for its entries; ``pairs`` for pairs at rest with
    all that is theirs, None for good. A night's round deletes ``rows`` of a table in one batch,
    and gives its work back after ``batches``, so that an update or a stop need not wait for long.
    """

    passing: timedelta = timedelta(days=30)
    settled: timedelta = timedelta(days=365)
    journal: timedelta = timedelta(days=1095)
    pairs: timedelta | None = timedelta(days=2555)
    rows: int = 500
    batches: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Choices of the installation, from its settings.

    ``mail_pace`` is what a mail costs its mailbox (None = no pace). ``reading_keeps`` is how long
    a look into calendars may be believed when something is written. ``claim_length`` has to
    exceed the longest single call. ``own_mailbox_reads`` has free/busy read by each
    person's own path instead of a program mailbox's, a call for each. ``teams_app`` is the
    app's id in the firm's catalogue if news go to activity feeds. ``webhook_url`` is where
    Graph tells of changes if ``webhooks`` are on; without one nobody is asked to. ``poll`` is how
    long the loop sleeps at most before it looks for work that another process made due.
    ``credential_ends_at`` is when the certificate ends, None where there is none.
    ``public_url`` is the address of the pages. ``outside_mailbox`` is one that doctor shows to be
    out of reach. ``keeping`` says how long what is over is kept. A changed rule is tried on up to
    ``tried_at_once`` pairs while somebody waits. ``nightly_doctor`` has doctor's checks made
    every night. ``language`` is spoken to whoever names none that Tandem speaks.
    """

    program_mailboxes: tuple[str, ...] = ()
    zone: str = "UTC"
    language: str = ENGLISH
    read_only: bool = False
    mail_pace: MailPace | None = None
    workers: int = 8
    page_url: str = "https://tandem.invalid/pairs"
    own_mailbox_reads: bool = False
    teams_app: str | None = None
    webhooks: bool = True
    webhook_url: str | None = None
    public_url: str | None = None
    outside_mailbox: str | None = None
    reading_keeps: timedelta = timedelta(minutes=15)
    claim_length: timedelta = timedelta(minutes=3)
    poll: timedelta = timedelta(seconds=30)
    credential_ends_at: datetime | None = None
    keeping: Keeping = Keeping()
    tried_at_once: int = 60
    nightly_doctor: bool = False


@dataclass(slots=True, kw_only=True)
class App:
    """The ports of one incarnation. ``holder`` names it in claims and permits.

    ``mailbox_ids`` are the program mailboxes known by now: the only ones Graph calls may write to.
    ``two_of`` are both people of pairs that were worked on, by pair id, which never change.
    ``outbound`` is the system that is told of verdicts, None where there is none. ``links`` makes
    personal links, None where the settings have no key for them. ``handshake`` asks Tandem's own
    webhook as Graph would. ``secrets`` is
    chance that nobody can guess. ``woken`` is set when this process made something due, so that
    its loop looks at once.
    """

    store: Store
    graph: Graph
    clock: Clock
    offload: Offload
    queue: Queue
    chance: random.Random
    options: Options
    holder: str
    outbound: Outbound | None = None
    links: PersonalLinks | None = None
    handshake: Handshake | None = None
    secrets: random.Random = field(default_factory=random.SystemRandom)
    mailbox_ids: set[str] = field(default_factory=set)
    two_of: dict[str, tuple[str, str]] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def open(self) -> App:
        """Check the store and learn which mailboxes are ours.

        Raises:
            StoreError: the store cannot be used.
        """
        await self.store.check()
        known = await self.store.run(lambda tx: tx.mailboxes.all())
        self.mailbox_ids.update(mailbox.id for mailbox in known)
        return self

    async def close(self) -> None:
        """Let go of what the ports hold open."""
        await self.queue.close()
        await self.graph.close()
        if self.outbound is not None:
            await self.outbound.close()
        await self.store.close()
