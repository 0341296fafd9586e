"""Over real sockets and TLS: the network the other tests do without."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from integrations.errors import UnreachableError
from integrations.graph.graph import GraphAdapter, open_graph
from integrations.graph.settings import CertificateCredential, GraphSettings
from integrations.runtime import Immortal, SystemClock, in_thread
from integrations.store import SqlStore, upgrade
from tests.simulator.served import ServedTenant

# One attempt: nothing here waits on the machine's clock.
PATIENCE = timedelta(0)


def settings(ready: dict[str, Any], mailboxes: list[str]) -> GraphSettings:
    return GraphSettings(
        tenant_id=ready["tenant_id"],
        client_id=ready["client_id"],
        credential=CertificateCredential(pem=Path(ready["certificate_file"]).read_text()),
        program_mailboxes=lambda: mailboxes,
        base_url=ready["base_url"],
        authority=ready["authority"],
        ca_file=ready["ca_file"],
        patience=PATIENCE,
    )


def opened(given: GraphSettings, store: SqlStore) -> GraphAdapter:
    return open_graph(
        given,
        store=store,
        clock=SystemClock(),
        life=Immortal(),
        offload=in_thread,
        chance=Random(1),
    )


@pytest.mark.slow
def test_the_real_network_works_in_two_event_loops_and_needs_the_right_authority(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    upgrade(url)
    store = SqlStore(url, offload=in_thread, life=Immortal())
    try:
        with ServedTenant(tmp_path / "tenant.db") as served:
            ready = served.ready
            mailboxes: list[str] = []
            graph = opened(settings(ready, mailboxes), store)

            async def enrol() -> None:
                address = ready["program_mailboxes"][0]["mail"]
                found = (await graph.directory.find([address]))[address]
                assert found is not None
                mailboxes.append(found.id)
                await graph.close()

            async def look() -> bool:
                offered = await graph.calendar.teams_offered(mailboxes[0])
                await graph.close()
                return offered

            asyncio.run(enrol())
            assert asyncio.run(look())
            # An authority nobody told us of is not trusted.
            strange = opened(replace(settings(ready, mailboxes), ca_file=None), store)
            with pytest.raises(UnreachableError):
                asyncio.run(strange.calendar.teams_offered(mailboxes[0]))
    finally:
        store.engine.dispose()
