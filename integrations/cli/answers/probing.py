"""What ``tandem probe`` asks and shows."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime

import typer
from rich.markup import escape
from rich.table import Table

from integrations.cli import console, opening
from integrations.ports import Clock
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import sync_mailboxes
from integrations.workflows.probe import Answer, NobodyAsked, Volunteers, probe, recommended

_LEAVE = (
    "Both people get about ten mails: invitations, updates, cancellations. The events lie three"
    " weeks ahead, early in the day, and are taken out again. Go on?"
)


class AtTheTerminal:
    """Volunteers who sit beside whoever typed the command."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def updates_counted(self, address: str) -> int | None:
        """What the first of them counted."""
        said = await _asked(f"How many mails told {address} that the meeting moved? (empty: skip)")
        return int(said) if said.isdigit() else None

    async def declines(self, address: str, at: datetime) -> bool:
        """Whether somebody says that it was done."""
        said = await _asked(
            f"Let {address} decline the date of {at:%d %b %Y %H:%M} UTC in Outlook, that one alone,"
            " and wait a minute. Done? (y, empty: skip)"
        )
        return said.lower().startswith("y")

    async def meet(self, join_url: str) -> datetime | None:
        """The moment at which somebody says that it is over."""
        said = await _asked(
            "Let both join the Teams meeting of the series for two minutes and leave. Press y at"
            " the moment when the last one has left. (y, empty: skip)"
        )
        return self._clock.now() if said.lower().startswith("y") else None


async def _asked(question: str) -> str:
    # In a thread: calls that are under way go on.
    said = await asyncio.to_thread(typer.prompt, question, default="", show_default=False)
    return str(said).strip()


def probe_tenant(first: str, second: str, *, yes: bool, as_json: bool) -> None:
    """Try the tenant out, and show answers and settings."""
    if not yes:
        typer.confirm(_LEAVE, abort=True, err=True)

    async def run(tandem: App) -> list[Answer]:
        await sync_mailboxes(tandem)
        volunteers: Volunteers = NobodyAsked() if yes else AtTheTerminal(tandem.clock)
        return await probe(tandem, [first, second], volunteers)

    answers = opening.with_app(run)
    settings = recommended(answers)
    if as_json:
        data = [asdict(answer) for answer in answers]
        console.show_json({"answers": data, "recommended": settings})
        return
    table = Table(title="What this tenant does", title_justify="left", show_lines=True)
    for name in ("question", "answer", "advice"):
        table.add_column(name)
    for answer in answers:
        table.add_row(answer.question, escape(answer.words), escape(answer.advice or "–"))
    console.out.print(table)
    for name, value in settings.items():
        console.out.print(f"{name}={value}", markup=False)
