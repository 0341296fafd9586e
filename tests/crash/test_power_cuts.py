"""Power cuts: a booking run of ten pairs, cut off before and after each commit and Graph call.

One run is photographed at each of these points: store and tenant as they are on disk at that
moment, everything in memory lost. From every photograph a new incarnation begins and has to end
with the same calendars and not one mail more.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from integrations.bootstrap import Surroundings, build_app
from integrations.records import PairState, SessionState, WorkState
from integrations.runtime import LoopClock, inline
from integrations.workflows.showing.report import mails_by_kind
from integrations.workflows.work import BOOKING
from simulator.people import Firm
from simulator.tenant import Tenant
from simulator.virtual_time import run_virtually, virtual_now
from tests.support.world import START, Empty, World, book_all, enrolled, firm_of

PAIRS = 10
PARTS = 4


@dataclass(frozen=True)
class Photograph:
    """What a power cut at ``point`` would leave behind."""

    point: str
    at: datetime
    store: bytes
    tenant: bytes


@dataclass
class Photographer:
    """A life that photographs its surroundings at every point but the looks into the store.

    Points between which nothing changed but who holds a permit leave the same picture; it is
    kept once (a permit lost with its holder runs out, and in every picture some are held).
    """

    world: World
    pictures: dict[tuple[str, int], Photograph] = field(default_factory=dict)
    points: Counter[str] = field(default_factory=Counter)
    tenant: tuple[int, bytes] = (-1, b"")

    def check(self, point: str) -> None:
        kind = " ".join(point.split()[:2])
        if kind == "store":
            return
        self.points[kind] += 1
        calls = len(self.world.tenant.calls)
        with closing(sqlite3.connect(self.world.store_file)) as store:
            key = (_contents(store), calls)
            if key in self.pictures:
                return
            if self.tenant[0] != calls:
                self.tenant = (calls, self.world.tenant.storage.snapshot())
            self.pictures[key] = Photograph(point, virtual_now(), store.serialize(), self.tenant[1])


def _contents(store: sqlite3.Connection) -> str:
    """A hash of all that is committed, but for permits."""
    digest = hashlib.sha256()
    for line in store.iterdump():
        if not line.startswith('INSERT INTO "permits"'):
            digest.update(line.encode())
    return digest.hexdigest()


async def _photographed_run(empty: Empty) -> Photographer:
    world = empty.world(firm_of(PAIRS))
    app = await world.begin()
    await enrolled(world, app)
    await app.close()
    photographer = Photographer(world)
    around = Surroundings(
        clock=LoopClock(virtual_now()), life=photographer, offload=inline, seed=1,
        transport=world.transport, token_http_client=world.token_http_client,
    )  # fmt: skip
    app = await build_app(world.settings(), around).open()
    await book_all(app)
    await app.close()
    return photographer


def _restored(picture: Photograph, firm: Firm, folder: Path) -> World:
    folder.mkdir()
    store, state = folder / "store.sqlite", folder / "tenant.sqlite"
    store.write_bytes(picture.store)
    state.write_bytes(picture.tenant)
    tenant = Tenant.open(state, virtual_now, sign_in_clock=virtual_now)
    return World(tenant, firm, store, seed=2)


async def _recover(picture: Photograph, firm: Firm, folder: Path) -> None:
    world = _restored(picture, firm, folder)
    app = await world.begin()
    await book_all(app)
    await app.close()
    await _assert_booked_once(world)
    world.tenant.close()


async def _assert_booked_once(world: World) -> None:
    pairs, sessions, open_intents, work, announced = await world.read(
        lambda tx: (
            tx.pairs.all(),
            tx.sessions.of_pairs([pair.id for pair in tx.pairs.all()]),
            tx.intents.open(),
            tx.work.count(),
            mails_by_kind(tx),
        )
    )
    assert {pair.state for pair in pairs} == {PairState.BOOKED}
    assert open_intents == []
    assert {state for kind, state in work if kind in BOOKING} == {WorkState.DONE}
    invitations = Counter(
        (mail.event_id, mail.recipient)
        for mail in world.tenant.mail_log
        if mail.kind == "invitation"
    )
    assert len(invitations) == 2 * len(pairs), "somebody was not invited, or twice"
    assert set(invitations.values()) == {1}
    assert world.mails_by_kind() == announced
    [box] = world.firm.program_mailboxes
    events = world.tenant.events_of(box.mail)
    assert len(events) == len(pairs), "a trial event was left behind, or a series doubled"
    standing = sorted(
        session.start
        for of_pair in sessions.values()
        for session in of_pair
        if session.state is SessionState.SCHEDULED
    )
    shown = world.tenant.occurrences_of(box.mail, standing[0], standing[-1].replace(hour=23))
    assert sorted(occurrence.start for occurrence in shown) == standing
    assert world.tenant.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_power_cut_at_any_point_of_booking_doubles_and_loses_nothing(
    empty: Empty, tmp_path: Path, part: int
) -> None:
    photographer = run_virtually(START, _photographed_run(empty))
    assert set(photographer.points) >= {
        "before commit",
        "after commit",
        "before call",
        "after call",
    }
    pictures = list(photographer.pictures.values())
    assert len(pictures) > 100
    for number, picture in enumerate(pictures[part::PARTS]):
        try:
            run_virtually(picture.at, _recover(picture, firm_of(PAIRS), tmp_path / f"cut-{number}"))
        except BaseException as error:
            error.add_note(f"cut at picture {number * PARTS + part}: {picture.point}")
            raise
