"""A booked pair, its two people and an assistant, each at a page of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape

from integrations.ports import Transaction
from integrations.records import Pair, Participant, Session
from integrations.workflows.app import App
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.web.support import KEYS, ORIGIN, Visitor, participant, signed_in
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage

ASSISTANT = "assistant@firm.example"


@dataclass
class Room:
    """The pair in its world, with a browser for the mentor, the mentee and her assistant."""

    stage: Stage
    app: App
    pair: Pair
    mentor: Participant
    mentee: Participant
    junior: Visitor
    senior: Visitor
    assistant: Visitor

    @property
    def path(self) -> str:
        """The pair's page."""
        return f"/pairs/{self.pair.id}"

    async def date(self, number: int = 0) -> Session:
        """One of the dates to come."""
        return (await self.stage.dates())[number]

    async def past(self) -> Session:
        """The last date that is over."""
        sessions = (await self.stage.case()).sessions
        return max((s for s in sessions if s.end <= virtual_now()), key=lambda s: s.start)

    async def session(self, session_id: str) -> Session:
        """A date as the store has it now."""
        return await self.stage.read(lambda tx: tx.sessions.require(session_id))

    async def journal(self, code: str) -> list[dict[str, object]]:
        """The facts of each line with this code."""
        found = await self.stage.read(lambda tx: tx.journal.read(pair_id=self.pair.id, code=code))
        return [entry.data for entry in found]


def at_the_page(
    empty: Empty,
    play: Callable[[Room], Coroutine[None, None, None]],
    *,
    at: datetime = MIDWAY,
) -> None:
    """Play with a booked pair whose senior has an assistant."""

    async def run(stage: Stage) -> None:
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        case = await stage.case()

        def appoint(tx: Transaction) -> None:
            tx.pairs.put(replace(tx.pairs.require(case.pair.id), assistants=(ASSISTANT,)))

        await app.store.run(appoint)
        room = Room(
            stage,
            app,
            case.pair,
            case.mentor,
            case.mentee,
            await participant(app, case.mentor.id),
            await participant(app, case.mentee.id),
            await signed_in(app, "the-assistant", mail=ASSISTANT.upper(), name="Ada Keeper"),
        )
        await play(room)
        await app.close()

    on_stage(empty, run, at=at)


def words(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def hours_on(html: str) -> list[datetime]:
    """The hours that may be clicked."""
    return [
        datetime.fromisoformat(unescape(value))
        for value in re.findall(r'name="start" value="([^"]+)"', html)
    ]
