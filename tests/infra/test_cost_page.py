"""The figures of load on the page of cost and scale follow from the code's constants."""

from __future__ import annotations

import math
import re

import pytest

from integrations.graph import free_busy
from integrations.settings import MAILS_PER_WRITE, Settings
from integrations.workflows.rulebook.rules import ProgramRule
from tests.docs.markdown import tables
from tests.infra.bicep import parsed, resources
from tests.project.sources import ROOT

PAGE = ROOT / "docs/explanation/cost.md"
TEXT = PAGE.read_text("utf-8")
PEOPLE_A_PAIR, MOVED_A_PAIR = 1.65, 2.3
PAIRS_A_MAILBOX = 500
SESSIONS_A_PAIR = 9
LOOKS, SWEEPS = 15, 16
"""On the hour from 06:00 to 20:00; the sweep once more in the night."""


def _cells(heading: str) -> list[list[str]]:
    return [[cell.strip(" |*") for cell in row] for row in tables(PAGE, heading)]


def _number(text: str) -> float:
    return float(text.replace(" ", "").removesuffix("h"))


def _calls() -> dict[str, float]:
    """Calls a pair and working day, by the first word of their row."""
    a_call = free_busy.PEOPLE_PER_CALL
    return {
        "hourly": 2 * 3 / 10 * LOOKS / a_call,
        "nightly": PEOPLE_A_PAIR / a_call,
        "weekly": 3 * PEOPLE_A_PAIR / a_call / 5,
        "attendance": 1 / 10 * 2 * 2,
        "changes": 1 / 10 * 2 * 2,
    }


def _mails_a_pair() -> float:
    return MAILS_PER_WRITE * (1 + MOVED_A_PAIR)


def test_what_a_pair_causes_adds_up() -> None:
    rows = _cells("What a pair causes")
    shown = {row[0].replace(",", "").split()[-1]: _number(row[1]) for row in rows}
    assert shown == {**{n: round(v, 2) for n, v in _calls().items()}, "together": 1.38}
    assert round(sum(round(v, 2) for v in _calls().values()), 2) == 1.38
    assert f"{3 + MOVED_A_PAIR:.1f} calls, and {_mails_a_pair():.1f}" in TEXT.replace("\n", " ")


def test_mails_bind_as_the_page_says() -> None:
    pace = Settings.model_fields["mails_per_minute"].default
    hours = ProgramRule().to_body()["limits"]
    begins, ends = (_minutes(str(hours[name])) for name in ("mail_opens", "mail_closes"))
    a_minute = pace / _mails_a_pair()
    assert f"**{a_minute:.1f} pairs a minute**" in TEXT
    assert f"{a_minute * (ends - begins):,.0f}".replace(",", " ") in TEXT


def _minutes(clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":")[:2])
    return 60 * hour + minute


@pytest.mark.parametrize("row", _cells("From 100 to 1 000 000 pairs"), ids=lambda row: row[0])
def test_a_row_of_scale_follows_from_the_number_of_pairs(row: list[str]) -> None:
    pairs, boxes, calls, hourly, hours, sessions = map(_number, row)
    assert boxes == max(1, math.ceil(pairs / PAIRS_A_MAILBOX))
    assert calls == round(pairs * 1.38 + boxes * SWEEPS)
    assert hourly == round(calls / boxes / 24)
    pace = Settings.model_fields["mails_per_minute"].default
    assert hours == round(pairs * _mails_a_pair() / pace / 60 / boxes, 1)
    assert sessions == pairs * SESSIONS_A_PAIR


def test_prices_stand_for_what_is_deployed() -> None:
    shape = parsed("main")["parameters"]
    assert shape["instanceMemory"]["default"] == 2048
    assert f"`{shape['storeSku']['default']}`, {shape['storeDisk']['default']} GB" in TEXT
    rules = len(parsed("alerts")["variables"]["rules"]["value"]) + 1
    assert rules == 10
    assert "ten alert rules" in TEXT
    assert {
        r.properties["evaluationFrequency"]
        for r in resources("Microsoft.Insights/scheduledQueryRules")
    } == {"PT15M"}
    endpoints = parsed("network")["variables"]["endpoints"]["value"]
    assert len(endpoints) == 5
    gb_seconds = 2 * 730 * 3600
    assert re.search(rf"\(2 GB\) \| {gb_seconds * 0.000004:.0f} \|", TEXT)
