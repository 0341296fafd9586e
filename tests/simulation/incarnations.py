"""Lives of Tandem in simulation: they die by chance, and another begins from the store alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import httpx

from integrations.bootstrap import Surroundings, build_app, build_worker
from integrations.errors import IntegrationError
from integrations.runtime import Death, EventLog, LoopClock, inline
from integrations.settings import Settings
from integrations.workflows.app import App
from integrations.workflows.work import Worker
from simulator.transport import TenantTransport
from simulator.virtual_time import virtual_now


class Fate:
    """The life of one incarnation: at each point it passes it may die; the dead pass none.

    ``deadly`` says how likely it is to die at a point now; ``died`` hears of it.
    """

    def __init__(
        self,
        name: str,
        log: EventLog,
        chance: Random,
        deadly: Callable[[], float],
        died: Callable[[], None] = lambda: None,
    ) -> None:
        self.name, self.log, self.dead = name, log, False
        self._chance, self._deadly, self._died = chance, deadly, died

    def check(self, point: str) -> None:
        """Pass ``point`` alive, or raise :class:`Death`."""
        if self.dead:
            raise Death(point)
        self.log.write(f"{self.name} {point}")
        if self._chance.random() < self._deadly():
            self.dead = True
            self._died()
            self.log.write(f"{self.name} dies {point}")
            raise Death(point)


class Doorway(TenantTransport):
    """The way from the tenant to Tandem's endpoint; where nobody lives, nobody answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What the endpoint answers."""
        try:
            return await super().handle_async_request(request)
        except (Death, IntegrationError):
            raise httpx.ConnectError("nobody answers", request=request) from None


class Consumer:
    """One host of Tandem: whatever incarnation it has now, and the births of the next ones."""

    def __init__(
        self,
        number: int,
        settings: Callable[[], Settings],
        around: Callable[[Fate, int], Surroundings],
        fate: Callable[[str], Fate],
    ) -> None:
        self.number = number
        self._settings, self._around, self._make_fate = settings, around, fate
        self._fate: Fate | None = None
        self._app: App | None = None
        self._worker: Worker | None = None
        self._mortuary: list[App] = []
        self.born = self.deaths = 0
        self.died = False

    async def app(self) -> App:
        """The living incarnation; a new one if the last died.

        Raises:
            Death: it died while it was born.
        """
        if self._fate is not None and self._fate.dead:
            self._bury()
        if self._app is None:
            self.born += 1
            self.died = False
            self._fate = self._make_fate(f"{self.number}.{self.born}")
            app = build_app(self._settings(), self._around(self._fate, self.born))
            self._mortuary.append(app)
            await app.open()
            self._app, self._worker = app, build_worker(app)
        return self._app

    async def live(self, doing: Callable[[App, Worker], Awaitable[object]]) -> bool:
        """Let the incarnation do something; False if it died of it or could not do it."""
        try:
            app = await self.app()
            worker = self._worker
            if worker is None:
                return False
            await doing(app, worker)
        except Death:
            self._bury()
            return False
        except IntegrationError:
            return False
        return True

    async def do(self, work_id: str) -> bool:
        """Do one piece of due work."""
        return await self.live(lambda _, worker: worker.do(work_id))

    def _bury(self) -> None:
        if self._fate is not None and self._fate.dead:
            self.deaths += 1
        self.died = True
        self._fate = self._app = self._worker = None

    async def close(self) -> None:
        """Let go of what the incarnations, dead ones too, hold open."""
        if self._fate is not None:
            self._fate.dead = False
        for app in self._mortuary:
            try:
                await app.close()
            except Death:
                continue


def surroundings(
    fate: Fate, seed: int, transport: object, token_http_client: object, *, holder: str
) -> Surroundings:
    """What an incarnation stands in: the loop's clock, one thread, the tenant in process."""
    clock = LoopClock(virtual_now())
    # It counts from the first look, and an incarnation may sleep for hours before it has one.
    clock.now()
    return Surroundings(
        clock=clock,
        life=fate,
        offload=inline,
        seed=seed,
        holder=holder,
        transport=transport,  # type: ignore[arg-type]
        token_http_client=token_http_client,
    )


async def side_by_side(doing: list[Awaitable[bool]]) -> None:
    """Do several things at once; each of them looks after its own death."""
    await asyncio.gather(*doing)
