"""The demonstration's firm, some weeks on, with its pages open.

The firm lives on as time passes, a second in a second; while nothing serves it, none passes.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from integrations.bootstrap import Surroundings, build_app, warm_up
from integrations.cli import console
from integrations.demo.cast import Cast, appoint
from integrations.demo.run import Wish, broken_off, demo_settings, run_demo
from integrations.demo.tenant import Control, Ready, running_tenant
from integrations.runtime import SystemClock
from integrations.serving import listen, serve
from integrations.store.upgrade import upgrade as upgrade_store

_HOST = "127.0.0.1"
_STEP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesWish:
    """Which firm, where the folder holds none yet or it is to be a fresh one, and which port."""

    story: Wish
    port: int


class LivingClock:
    """The tenant's time, which goes on with the machine's while the firm is served."""

    def __init__(self, control: Control, now: datetime) -> None:
        self._control, self._machine = control, SystemClock()
        self._told = now
        self._ahead = now - self._machine.now()

    def now(self) -> datetime:
        """The time in the firm, in UTC."""
        return self._machine.now() + self._ahead

    async def sleep(self, length: timedelta) -> None:
        """Let ``length`` pass."""
        await self._machine.sleep(length)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Meanwhile the tenant hears every few seconds how late it is, and its people act."""
        task = asyncio.create_task(self._tell_for_ever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _tell_for_ever(self) -> None:
        while True:
            await self.sleep(_STEP)
            passed = self.now() - self._told
            self._told = await asyncio.to_thread(self._control.advance, passed)


def serve_demo(wish: PagesWish, folder: Path, **over: str) -> None:
    """Serve the firm in ``folder`` until a signal comes.

    Where there is none yet, it is made up first and lives for some weeks; one whose story was
    broken off lives on. ``over`` are settings as :func:`demo_settings` takes them.

    Raises:
        IntegrationError: a step failed.
    """
    listener = listen(_HOST, wish.port)
    with listener:
        unfinished = broken_off(folder)
        if wish.story.fresh or not (unfinished or (folder / "tandem.sqlite").exists()):
            run_demo(wish.story, folder)
        elif unfinished:
            run_demo(unfinished, folder)
        with running_tenant(folder) as ready:
            control = Control(ready)
            try:
                asyncio.run(_serve(ready, control, folder, listener, over))
            finally:
                control.close()


async def _serve(
    ready: Ready,
    control: Control,
    folder: Path,
    listener: socket.socket,
    over: Mapping[str, str],
) -> None:
    url = f"http://localhost:{listener.getsockname()[1]}"
    settings = demo_settings(ready, folder, public_url=url, page_url=f"{url}/pairs", **over)
    upgrade_store(settings.store_url.get_secret_value())
    warm_up()
    clock = LivingClock(control, ready.now)
    tandem = await build_app(settings, Surroundings(clock=clock)).open()
    try:
        cast = await appoint(tandem, ready)

        def say() -> None:
            _show(url, clock.now().astimezone(ZoneInfo(settings.zone)), cast)

        async with clock.going_on():
            await serve(tandem, listener, say)
    finally:
        await tandem.close()


def _show(url: str, now: datetime, cast: Cast) -> None:
    out = console.out
    out.print(f"[bold]{url}[/]")
    out.print(f"In the firm it is {now:%A %d %B %Y, %H:%M} ({now.tzname()}). Sign in as, say,")
    for part, name in cast.listed():
        out.print(f"  {name}, {part}", markup=False)
    out.print(
        "Ctrl-C ends it; what happened stays, and time stands still until it is served again."
    )
