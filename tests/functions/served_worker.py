"""Microsoft's worker as a process of its own, which is told what to run as its host tells it.

``python -m tests.functions.served_worker`` takes a line of JSON for each invocation, says one when
that has ended, and lets several run at once. The application is the one that the environment
describes. The worker has no handler for signals of its own, and gets none here: SIGTERM ends the
process where it stands. That is harder than Azure, whose host first waits for what runs.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any

from tests.functions.microsofts_worker import Host, http_of, request, timer


async def _run(host: Host, line: str) -> None:
    order: dict[str, Any] = json.loads(line)
    given = request("POST", order["path"], order["body"].encode()) if "path" in order else timer()
    answer = await host.invoke(order["name"], given)
    _say({"name": order["name"], "status": answer.result.status, "http": http_of(answer)})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def _serve() -> None:
    host = Host(importlib.import_module("azure_functions_runtime"))
    _say({"functions": await host.start()})
    running = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        running.add(asyncio.create_task(_run(host, line)))


if __name__ == "__main__":
    asyncio.run(_serve())
