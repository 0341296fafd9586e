"""Runs our functions through Microsoft's own worker, on Python 3.13, against a simulated tenant.

``python -m tests.functions.microsofts_worker`` prints, as JSON, what the worker indexed and how
each invocation ended. The messages that the host would send are stood in for by plain objects: the
worker library takes its protocol's classes from whoever calls it. Source of their numbers:
azure-functions-language-worker-protobuf, FunctionRpc.proto.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import tempfile
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from integrations.hosting import SharedHost
from integrations.ports import WakeUp
from integrations.queue.messages import to_message
from integrations.store.upgrade import upgrade
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from simulator.virtual_time import run_virtually
from tests.support.functions import WORK, MemoryQueues
from tests.support.world import START, Empty, World, enrolled, firm_of

ROOT = Path(__file__).parents[2]
OF_MAKE = ROOT / "build/worker/bin/python"
"""What `make worker` sets up: Python 3.13 with what is deployed and Microsoft's worker."""
PAIRS = 2
Ask = Callable[[Any], Coroutine[Any, Any, Any]]


def python_of_worker() -> Path | None:
    """A Python that has the worker: this one if it can, else the one set up for it."""
    if find_spec("azure_functions_runtime") is not None:
        return Path(sys.executable)
    return OF_MAKE if OF_MAKE.exists() else None


class Protocol:
    """Makes a message of any kind from its members."""

    class StatusResult(SimpleNamespace):
        """How something ended."""

        Success, Failure = "success", "failure"

    class BindingInfo(SimpleNamespace):
        """What a function takes in or gives out."""

        undefined, out, inout = 0, 1, 2

    class RpcHttpCookie(SimpleNamespace):
        """A cookie that is set."""

        SameSite = SimpleNamespace(Lax=1, Strict=2, ExplicitNone=3)

    def __getattr__(self, name: str) -> type[SimpleNamespace]:
        return SimpleNamespace


class Typed:
    """A value on the wire, of one of the protocol's types."""

    def __init__(self, kind: str, value: object) -> None:
        self._kind = kind
        setattr(self, kind, value)

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - the protocol's name
        """Which type it is."""
        return self._kind


class Binding:
    """The input of a trigger."""

    def __init__(self, name: str, data: Typed) -> None:
        self.name, self.data = name, data

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - the protocol's name
        """That it comes as data."""
        return "data"


class Host:
    """Says to the worker what the Functions host says."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._ids: dict[str, str] = {}

    async def start(self) -> list[str]:
        """Have the app indexed; the names of its functions."""
        init = SimpleNamespace(capabilities={}, function_app_directory=str(ROOT))
        answer = await self._ask(self._worker.worker_init_request, worker_init_request=init)
        _require(answer)
        indexed = await self._ask(self._worker.functions_metadata_request)
        self._ids = {one.name: one.function_id for one in indexed.function_metadata_results}
        for function_id in self._ids.values():
            load = SimpleNamespace(function_id=function_id)
            _require(
                await self._ask(self._worker.function_load_request, function_load_request=load)
            )
        return sorted(self._ids)

    async def invoke(self, name: str, *inputs: Binding, **metadata: Typed) -> Any:
        """Run a function; the worker's answer."""
        nothing = SimpleNamespace(
            trace_parent="",
            trace_state="",
            attributes={},
            retry_count=0,
            max_retry_count=0,
            exception=None,
        )
        call = SimpleNamespace(
            invocation_id=f"{name}-1",
            function_id=self._ids[name],
            input_data=inputs,
            trigger_metadata=metadata,
            trace_context=nothing,
            retry_context=nothing,
        )
        return await self._ask(self._worker.invocation_request, invocation_request=call)

    async def _ask(self, ask: Ask, **request: object) -> Any:
        properties = {"host": "127.0.0.1", "protos": Protocol()}
        return await ask(SimpleNamespace(request=SimpleNamespace(**request), properties=properties))


def _require(answer: Any) -> None:
    if answer.result.status != Protocol.StatusResult.Success:
        raise RuntimeError(answer.result.exception)


def timer() -> Binding:
    """What a timer that is on time gives its function."""
    return Binding("timer", Typed("json", json.dumps({"IsPastDue": False})))


def request(method: str, path: str, body: bytes = b"") -> Binding:
    """What the host makes of a request from outside."""
    http = SimpleNamespace(
        method=method,
        url=f"https://tandem.firm.example{path}",
        headers={"host": "tandem.firm.example"},
        body=Typed("bytes", body),
        params={},
        query={},
    )
    return Binding("req", Typed("http", http))


async def _all(host: Host, names: list[str], queues: MemoryQueues, world: World) -> dict[str, Any]:
    """Every function once, several first ones at the same moment."""
    timers = [name for name in names if name not in OTHERS]
    ended = dict(
        zip(
            timers,
            await asyncio.gather(*(host.invoke(name, timer()) for name in timers)),
            strict=True,
        )
    )
    ended["warmup"] = await host.invoke("warmup", Binding("instance", Typed("json", "{}")))
    ended["take_hints"] = await host.invoke(
        "take_hints", request("POST", "/webhooks/graph?validationToken=a+token")
    )
    ended["show_pages"] = await host.invoke("show_pages", request("GET", "/nowhere"))
    while waiting := queues.queues[WORK]:
        message = waiting.popleft()
        body = message.body if isinstance(message.body, str) else message.body.decode()
        ended["do_work"] = await host.invoke(
            "do_work",
            Binding("message", Typed("string", body)),
            Id=Typed("string", message.id),
        )
        _require(ended["do_work"])
    unknown = to_message(WakeUp("book_pair", "0" * 32))
    ended["put_aside"] = await host.invoke(
        "put_aside", Binding("message", Typed("string", unknown)), Id=Typed("string", "m")
    )
    return {
        name: {
            "status": answer.result.status,
            "why": str(getattr(answer.result, "exception", "")),
            "http": http_of(answer),
        }
        for name, answer in ended.items()
    }


OTHERS = {"warmup", "take_hints", "show_pages", "do_work", "put_aside"}


def http_of(answer: Any) -> list[str] | None:
    """Status and the beginning of the body; None of a function that answers nobody."""
    value = getattr(answer, "return_value", None)
    if value is None:
        return None
    return [str(value.http.status_code), value.http.body.bytes.decode("utf-8")[:60]]


async def _play() -> dict[str, Any]:
    worker = importlib.import_module("azure_functions_runtime")
    folder = Path(tempfile.mkdtemp())
    upgrade(f"sqlite:///{folder / 'empty.sqlite'}")
    (folder / "worlds").mkdir()
    world = Empty(folder / "empty.sqlite", folder / "worlds").world(firm_of(PAIRS))
    queues, opened = MemoryQueues(), []
    app = await world.begin()
    await enrolled(world, app)
    await launching.launch(app)
    await app.close()

    async def open_app() -> App:
        # Long enough for every first trigger to be there before it is open.
        await asyncio.sleep(1)
        opened.append(await world.begin())
        opened[-1].queue = queues
        return opened[-1]

    host = Host(worker)
    names = await host.start()
    import function_app

    function_app.tandem = SharedHost(open_app)
    ended = await _all(host, names, queues, world)
    return {
        "python": list(sys.version_info[:2]),
        "functions": names,
        "opened": len(opened),
        "ended": ended,
        "booked": len([m for m in world.tenant.mail_log if m.kind == "invitation"]) // 2,
        "complaints": [str(one) for one in world.tenant.complaints],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run_virtually(START, _play())))
