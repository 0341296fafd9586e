"""A process that sends the verdicts that are due to a receiver on this machine, and ends.

python -m tests.outbound.sending_process STORE_URL RECEIVER_URL CA_FILE
"""

from __future__ import annotations

import asyncio
import sys

from integrations.bootstrap import Surroundings, build_app, build_worker
from integrations.ports import Clock
from integrations.runtime import SystemClock
from integrations.settings import Settings
from integrations.workflows.standing_work import FIRM
from integrations.workflows.telling import outbound
from tests.outbound.receiver import SECRET, resolved


async def send(store_url: str, receiver_url: str, ca_file: str, clock: Clock) -> None:
    """Send what is due, as any process of Tandem does."""
    settings = Settings.from_environ(
        {
            "TANDEM_STORE_URL": store_url,
            "TANDEM_TENANT_ID": "b7a3f6c2-5d1e-4f80-9a2b-3c4d5e6f7a8b",
            "TANDEM_CLIENT_ID": "0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f",
            "TANDEM_CREDENTIAL": "secret",
            "TANDEM_CLIENT_SECRET": "never sent anywhere",
            "TANDEM_PROGRAM_MAILBOXES": "program@firm.example",
            "TANDEM_OUTBOUND_URL": receiver_url,
            "TANDEM_OUTBOUND_HOSTS": receiver_url.split("/")[2],
            "TANDEM_OUTBOUND_SECRETS": SECRET,
            "TANDEM_OUTBOUND_PRIVATE": "yes",
            "TANDEM_CA_FILE": ca_file,
        }
    )
    app = build_app(settings, Surroundings(clock=clock, resolve=resolved("127.0.0.1")))
    now = clock.now()
    work = await app.store.run(lambda tx: tx.work.schedule(outbound.KIND, FIRM, now))
    await build_worker(app).do(work.id)
    await app.close()


if __name__ == "__main__":
    store_url, receiver_url, ca_file = sys.argv[1:4]
    asyncio.run(send(store_url, receiver_url, ca_file, SystemClock()))
