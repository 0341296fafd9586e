"""The outbox of a booked pair, worked off from one instant to another: for tests of mails."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape

from integrations.errors import IntegrationError
from integrations.ports import Transaction
from integrations.records import JournalEntry, OutboxMail
from integrations.runtime import Death
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.changes.case import load_case
from integrations.workflows.messages import Notice, enqueue
from integrations.workflows.telling import outbox
from scheduling.changes.acts import Act
from simulator.mail import Mail
from simulator.virtual_time import virtual_now
from tests.workflows.changes.stage import Stage

CONTACT = {
    "name": "Mira Holm",
    "phone": "+1 212 555 0100",
    "mail": "mira.holm@firm.example",
    "sponsor": "Elena Marsh",
}
TO_CONTACT = frozenset(
    {"needs_you", "weekly_report", "monthly_report", "wish_approved", "wish_declined"}
)
"""Mails that are about a program, or a wish, and not about a pair."""
URL = "https://tandem.firm.example"
PAGES = f"{URL}/pairs"
_SETTINGS = {
    "page_url": PAGES,
    "public_url": URL,
    "signing_keys": "a key of the tests that is long enough to sign links",
}


@dataclass(frozen=True)
class Post:
    """What goes out of the program mailboxes of a stage."""

    stage: Stage
    began: datetime

    @classmethod
    async def of(cls, stage: Stage, **facts: object) -> Post:
        """With a contact for the program; ``facts`` replace what is known of the program."""

        def record(tx: Transaction) -> None:
            for program in tx.programs.all():
                tx.programs.put(replace(program, **{"contact": CONTACT, **facts}))  # type: ignore[arg-type]

        await stage.world.read(record)
        return cls(stage, virtual_now())

    async def put(self, *messages: Act | Notice) -> int:
        """Put messages about the pair into the outbox now; return how many rows are new."""
        pair_id = await self.stage.pair_id()
        now = virtual_now()

        def record(tx: Transaction) -> int:
            case = load_case(tx, pair_id, now, default_zone="UTC")
            return sum(enqueue(tx, case, message, now) for message in messages)

        return await self.stage.world.read(record)

    async def send(
        self, length: timedelta = timedelta(0), *, dies_at: int | None = None, **over: str
    ) -> bool:
        """Let mailboxes send for a while; True if the incarnation died of it."""
        until = virtual_now() + length
        try:
            app = await self.stage.world.begin(dies_at=dies_at, **{**_SETTINGS, **over})
            await send_until(app, until)
        except Death:
            return True
        await app.close()
        return False

    def sent(self) -> list[Mail]:
        """Mails that were written by Tandem itself since the stage was set."""
        log = self.stage.world.tenant.mail_log
        return [mail for mail in log if mail.kind == "message" and mail.at >= self.began]

    def sent_to(self) -> list[str]:
        """Who got them, in this order."""
        return [mail.recipient.lower() for mail in self.sent()]

    async def rows(self) -> list[OutboxMail]:
        """The outbox of the pair."""
        pair_id = await self.stage.pair_id()
        return await self.stage.world.read(lambda tx: tx.outbox.of_pair(pair_id))

    async def journal(self, code: str) -> list[JournalEntry]:
        """Lines with a code since the stage was set."""
        entries = await self.stage.world.read(lambda tx: tx.journal.read(code=code))
        return [entry for entry in entries if entry.at >= self.began]


async def send_until(app: App, until: datetime) -> None:
    """Have every mailbox send what is due until then."""
    boxes = await app.store.run(lambda tx: [box.id for box in tx.mailboxes.all()])
    while True:
        due = [await _send_once(app, box) for box in boxes]
        if min(due) > until:
            break
        await app.clock.sleep(max(min(due) - app.clock.now(), timedelta(seconds=1)))
    await app.clock.sleep(max(until - app.clock.now(), timedelta(0)))


async def _send_once(app: App, mailbox_id: str) -> datetime:
    """Have one mailbox send; when it wants to be asked again."""
    now, holder = app.clock.now(), f"{app.holder}/{app.chance.random()}"

    def take(tx: Transaction) -> Claim | None:
        work = tx.work.schedule(outbox.KIND, mailbox_id, now)
        taken = tx.work.claim(work.id, holder, now, app.options.claim_length)
        return None if taken is None else Claim(work.id, holder)

    claim = await app.store.run(take)
    if claim is None:
        return now + timedelta(seconds=30)
    try:
        await outbox.send_mails(app, claim, mailbox_id)
    except NotYet as wait:
        due_at = wait.due_at
    except IntegrationError as error:
        due_at = now + getattr(error, "retry_after", timedelta(minutes=1))
    await app.store.run(lambda tx: tx.work.finish(claim.work_id, holder))
    return due_at


def plain(html: str) -> str:
    """The words of a mail without markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def purposes(rows: Iterable[OutboxMail]) -> dict[tuple[str, str], str]:
    """What became of each row, by message and reader."""
    return {(row.purpose, row.person_id): row.state for row in rows}
