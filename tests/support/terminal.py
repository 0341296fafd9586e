"""``tandem`` as somebody at a terminal types it, and the firm it is typed in."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from integrations import cli
from integrations.bootstrap import Surroundings, build_app
from integrations.cli import opening
from integrations.runtime import inline
from simulator.asgi import application
from simulator.roster import roster_csv
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient, TenantTransport
from tests.support.world import SECRET, START, firm_of, least_rights

Spoken = tuple[int, str, str]


class Terminal:
    """Runs ``tandem`` in this process, exactly as its entry point does."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *arguments: str) -> Spoken:
        """Exit code, standard output, standard error."""
        self._monkeypatch.setattr("sys.argv", ["tandem", *arguments])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = self._capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), out, err

    def set(self, **values: str) -> None:
        """Set ``TANDEM_*`` variables, named in lower case."""
        for name, value in values.items():
            self._monkeypatch.setenv(f"TANDEM_{name.upper()}", value)


def assert_told(spoken: Spoken, code: int, *words: str) -> None:
    """The command left with this code, said what is wrong, and one line of what helps."""
    assert spoken[0] == code, spoken
    lines = spoken[2].strip().splitlines()
    assert lines[0].startswith("error ")
    assert lines[-1].startswith("remedy "), "no remedy"
    assert "Traceback" not in spoken[2]
    assert SECRET not in spoken[1] + spoken[2]
    for word in words:
        assert word in spoken[2]


class HurriedClock:
    """A clock that jumps over every wait, and that somebody may set.

    Others run meanwhile, as in any wait: whoever looks again and again for what they are about
    to do would otherwise look for ever.
    """

    def __init__(self) -> None:
        self._now = START

    def set(self, at: datetime) -> None:
        self._now = at

    def now(self) -> datetime:
        return self._now

    async def sleep(self, length: timedelta) -> None:
        self._now += length
        await asyncio.sleep(0)


class NobodyThere(httpx.AsyncBaseTransport):
    """A network that ends at the wall."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)


@dataclass(frozen=True)
class Office:
    """A terminal in a firm: its commands reach the firm's tenant without a socket."""

    terminal: Terminal
    tenant: Tenant
    roster: Path
    clock: HurriedClock

    @classmethod
    def open(
        cls, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, folder: Path, *, pairs: int
    ) -> Self:
        """An office of a firm of that size, its roster beside its empty store in ``folder``."""
        clock, firm = HurriedClock(), firm_of(pairs)
        tenant = Tenant.open(":memory:", clock.now, sign_in_clock=clock.now)
        tenant.take_in(firm)
        tenant.register_app(least_rights(firm))
        around = Surroundings(
            clock=clock,
            # In a thread, work would last while the clock jumps on: leases would run out under it.
            offload=inline,
            transport=TenantTransport(application(tenant)),
            token_http_client=TenantHttpClient(application(tenant)),
        )
        monkeypatch.setattr(opening, "build_app", lambda settings: build_app(settings, around))
        terminal.set(
            tenant_id=tenant.id,
            program_mailboxes=firm.program_mailboxes[0].mail,
            authority="https://login.firm.example",
            graph_url="https://graph.microsoft.com/v1.0",
            mails_per_minute="0",
        )
        roster = folder / "firm.csv"
        roster.write_text(roster_csv(firm))
        return cls(terminal, tenant, roster, clock)

    def unplug(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on the tenant cannot be reached; sign-in still can."""
        around = Surroundings(
            clock=HurriedClock(),
            transport=NobodyThere(),
            token_http_client=TenantHttpClient(application(self.tenant)),
        )
        monkeypatch.setattr(opening, "build_app", lambda settings: build_app(settings, around))

    def data(self, *arguments: str) -> Any:
        """What a command that has to succeed prints with ``--json``."""
        code, out, err = self.terminal(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def read(self, *arguments: str) -> str:
        """What a command that has to succeed prints for people, on one line."""
        code, out, err = self.terminal(*arguments)
        assert code == 0, err
        return re.sub(r"[\s│]+", " ", out)
