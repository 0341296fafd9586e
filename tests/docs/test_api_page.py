"""The how-to's program runs as it is printed, against a booked pair of the simulated tenant."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from integrations.web.api.document import codes_of, document
from integrations.web.api.problems import KINDS
from integrations.web.app import endpoints
from tests.support.world import Empty
from tests.web.test_api_contract import Booked, on_booked

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "call-the-api.md"


def test_the_program_of_the_page_pauses_a_pair_once_however_often_it_runs(empty: Empty) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    page: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), page)  # noqa: S102 - the page's own lines

    async def play(booked: Booked) -> None:
        pair = await booked.stage.read(lambda tx: tx.pairs.require(booked.pair))
        mentor = await booked.stage.read(lambda tx: tx.participants.require(pair.mentor_id))
        until = date(2027, 3, 20)
        api = booked.caller().typed()
        paused = await page["pause_for_leave"](api, booked.program, mentor.mail, until)
        assert paused == [booked.pair]
        await booked.app.clock.sleep(timedelta(minutes=1))
        again = booked.caller().typed()
        assert await page["pause_for_leave"](again, booked.program, mentor.mail, until) == []
        assert await booked.told() == 1

    on_booked(empty, play)


def test_every_problem_is_described_and_every_description_is_used() -> None:
    found = orjson.loads(document(endpoints()))
    assert set(found["components"]["responses"]) == set(KINDS)
    used = {code for endpoint in endpoints() for code in codes_of(endpoint)}
    # Another method is answered before any endpoint is found.
    assert set(KINDS) - used == {"wrong_method"}
    for methods in found["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            assert {"200", "400", "401", "429", "500", "503"} <= set(operation["responses"])
            assert all(answer for answer in operation["responses"].values())
