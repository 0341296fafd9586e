"""A program with pairs that stand in every way, without a meeting having to be lived through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from integrations.attendance_records import KeptVerdict
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    JournalEntry,
    Need,
    Pair,
    PairState,
    Program,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import enrol
from simulator.virtual_time import run_virtually
from tests.support.world import START, Empty, World, firm_of
from tests.web.support import KEYS, ORIGIN, Visitor, coordinator

VERDICTS = {
    0: ("held", "held", "not_held", None, None, None, None, None),
    1: ("held", "not_held", "not_held", None, None, None, None, None),
    2: ("short", "unknown", None, None, None, None, None, None),
}
"""What became of the dates of the first pairs, one every other week from ``FIRST`` on."""
FIRST = datetime(2026, 11, 24, 10, tzinfo=START.tzinfo)


@dataclass
class Console:
    """A coordinator before the console of a program, and the pairs of it by their number."""

    world: World
    app: App
    visitor: Visitor
    program: Program
    pairs: list[Pair]

    async def page(self, path: str = "", **headers: str) -> str:
        """A page below the program's own, which has to be there."""
        answer = await self.visitor.get(f"/programs/{self.program.id}{path}", **headers)
        assert answer.status_code == 200, (answer.status_code, answer.text[-2000:])
        return answer.text

    def names(self, number: int) -> str:
        """The two of a pair as lists name them."""
        return self._names[self.pairs[number].id]

    _names: dict[str, str]


def at_the_console(
    empty: Empty,
    play: Callable[[Console], Awaitable[None]],
    *,
    firm: int = 6,
    lived: bool = True,
) -> None:
    """Play with a roster of ``firm`` pairs; ``lived`` gives some of them a past."""

    async def run() -> None:
        world = empty.world(firm_of(firm))
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
        await enrol(app, world.roster)
        pairs = await app.store.run(
            lambda tx: sorted(tx.pairs.all(), key=lambda p: str(p.roster_id))
        )
        program = await app.store.run(lambda tx: tx.programs.require(pairs[0].program_id))
        pairs = [pair for pair in pairs if pair.program_id == program.id]
        if lived:
            await app.store.run(lambda tx: live(tx, app, pairs))
        people = await app.store.run(lambda tx: {p.id: p.name for p in tx.participants.all()})
        names = {p.id: f"{people[p.mentor_id]} / {people[p.mentee_id]}" for p in pairs}
        visitor = await coordinator(app, program.id)
        await play(Console(world, app, visitor, program, pairs, names))

    run_virtually(START, run())


def live(tx: Transaction, app: App, pairs: list[Pair]) -> None:
    """Give the first three pairs a past, block the fourth, and have a row about the second."""
    now = app.clock.now()
    for number, verdicts in VERDICTS.items():
        pair = replace(
            pairs[number],
            state=PairState.BOOKED,
            start_date=FIRST.date(),
            windows_from=date(2026, 11, 23),
            rule_id=tx.rules.current(pairs[number].program_id).id,
        )
        pairs[number] = pair
        tx.pairs.put(pair)
        for window, verdict in enumerate(verdicts):
            put_session(tx, pair, window, verdict)
    stopped = Blocker(
        scope=BlockerScope.PERSON, subject_id=pairs[3].mentee_id, code="no_mailbox", since=now
    )
    tx.blockers.set(stopped)
    tx.needs.raise_once(
        Need(id="n1", key="gap", pair_id=pairs[1].id, code="gap", raised_at=now, data={})
    )
    tx.journal.write(
        *(JournalEntry(at=now, code="booked", program_id=p.program_id, pair_id=p.id) for p in pairs)
    )


def put_session(tx: Transaction, pair: Pair, window: int, verdict: str | None) -> None:
    """A date of a pair, judged if there is a verdict."""
    start = FIRST + timedelta(weeks=2 * window)
    session = Session(
        id=f"{pair.id}.{window}",
        pair_id=pair.id,
        window=window,
        state=SessionState.SCHEDULED,
        series_start=start,
        start=start,
        end=start + timedelta(hours=1),
        verdict=verdict,
    )
    tx.sessions.put(session)
    if verdict is not None:
        tx.verdicts.put(
            KeptVerdict(
                session_id=session.id,
                version=1,
                pair_id=pair.id,
                verdict=verdict,
                minutes=50 if verdict == "held" else 0,
                kind="teams",
                digest=verdict,
                at=session.end,
                reasons=(),
            )
        )
