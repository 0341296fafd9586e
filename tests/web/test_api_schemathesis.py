"""Schemathesis over the whole API: no answer is a fault, and each is what the document says.

Requests are made from the served document before anything is played, and are the same each time.
They are sent by somebody who may do everything, with ids that exist in most paths.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from integrations.web.access import ADMINISTRATOR
from integrations.web.api.document import document
from integrations.web.app import endpoints
from tests.support.world import Empty
from tests.web.access_table import Visits
from tests.web.api_callers import Caller, serving, token_of
from tests.web.support import ORIGIN, staff
from tests.web.test_access_matrix import Scene, on_scene

EACH = 6
"""Requests of either kind, good and bad, to each address."""
Case: TypeAlias = schemathesis.Case[Any]
AT_ONCE = 50
A_WHILE = timedelta(minutes=1)
CONFORMS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


def cases(mode: GenerationMode) -> list[Case]:
    """Requests to every address that fit the document, or that do not."""
    schema = schemathesis.openapi.from_dict(json.loads(document(endpoints())))
    found: list[Case] = []
    for result in schema.get_all_operations():
        operation: Any = result

        @seed(7)
        @settings(
            max_examples=EACH,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.ok().as_strategy(generation_mode=mode))
        def collect(case: Case) -> None:
            found.append(case)

        collect()
    return found


async def sent(case: Case, caller: Caller, number: int) -> httpx.Response:
    """The answer to a request with a good token and, if it names a key, a key of its own."""
    told = case.as_transport_kwargs(base_url=ORIGIN)
    headers = {k: v for k, v in told["headers"].items() if k.lower() != "authorization"}
    if "Idempotency-Key" in headers and headers["Idempotency-Key"].isalnum():
        headers["Idempotency-Key"] += f"-{number}"
    body = told.get("data")
    if "json" in told:
        body = json.dumps(told["json"]).encode()
        headers.setdefault("Content-Type", "application/json")
    if not isinstance(body, (bytes, str)) and body is not None:
        body = str(body)
    raw = [(k.encode(), str(v).encode("utf-8", "replace")) for k, v in headers.items()]
    sendable = [(k, v) for k, v in raw if b"\r" not in v and b"\n" not in v]
    return await caller.client.request(
        case.method, told["url"], params=told.get("params"), headers=sendable, content=body
    )


def with_real_ids(case: Case, named: dict[str, str], chance: random.Random) -> None:
    """Put ids that exist into four paths of five."""
    for name, value in dict(case.path_parameters or {}).items():
        is_real = name in named and chance.random() < 0.8
        case.path_parameters[name] = named[name] if is_real else quote(str(value), safe="")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_is_answered_by_a_fault_and_every_answer_fits_the_document(
    empty: Empty, mode: GenerationMode
) -> None:
    made = cases(mode)
    assert {case.method + case.path for case in made} == {e.method + e.address for e in endpoints()}

    async def play(scene: Scene) -> None:
        account, _ = scene.accounts[Visits.PARTICIPANT]
        await staff(scene.app, scene.named["program"], account)
        transport, chance = serving(scene.app), random.Random(7)
        wrong: list[str] = []
        met: Counter[int] = Counter()
        for number, case in enumerate(made):
            if number % AT_ONCE == 0:
                await scene.app.clock.sleep(A_WHILE)
                token = token_of(scene.world, account, roles=(ADMINISTRATOR,))
                caller = Caller(scene.app, token, transport)
            with_real_ids(case, scene.named, chance)
            answer = await sent(case, caller, number)
            met[answer.status_code] += 1
            answer.elapsed = timedelta(0)
            try:
                case.validate_response(answer, checks=CONFORMS)
            except AssertionError as error:
                wrong.append(f"{case.method} {case.path}: {_short(error)}")
        assert wrong == []
        # Enough of it went past token, roles, ids and shapes.
        assert met[200] > (60 if mode is GenerationMode.POSITIVE else 20), met
        assert met[401] == met[403] == met[429] == 0, met

    on_scene(empty, play)


def _short(error: Any) -> str:
    return " ".join(str(error).split())[:400]
