"""What the first calls need is there before they are made."""

from __future__ import annotations

import subprocess
import sys

_BOOKING = """
import sys, tempfile
from pathlib import Path
from integrations.bootstrap import warm_up
from integrations.store.upgrade import upgrade
from tests.support.world import Empty, START, book_all, enrolled, firm_of
from simulator.virtual_time import run_virtually

folder = Path(tempfile.mkdtemp())
upgrade(f"sqlite:///{folder / 'empty.sqlite'}")
(folder / "worlds").mkdir()

async def play():
    world = Empty(folder / "empty.sqlite", folder / "worlds").world(firm_of(2))
    app = await world.begin()
    warm_up()
    before = set(sys.modules)
    await enrolled(world, app)
    await book_all(app)
    assert any(mail.kind for mail in world.tenant.mail_log), "nothing was booked"
    await app.close()
    return set(sys.modules) - before

late = run_virtually(START, play())
print(*sorted(name for name in late if name.split(".")[0] in {"msgraph", "httpcore", "msal"}))
"""


def test_after_the_warm_up_a_booking_imports_nothing_of_the_way_to_graph() -> None:
    told = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _BOOKING], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == ""
