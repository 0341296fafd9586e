"""Answers have the members that Microsoft's documentation prints for the same calls.

``examples/documented.json`` holds, per call, the request and the names (with the
type of the value) of what its documented answer contains.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.simulator.tenancy import ADA, GRAPH, PROGRAM, Tenancy, plan

EXAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "examples" / "documented.json").read_text(encoding="utf-8")
)
PROGRAM_ID = "00000009-0000-4000-8000-000000000000"


def lacking(shape: Any, answer: Any, path: str = "") -> list[str]:
    """Where an answer does not have the documented shape.

    A shape is a type's name, an object of shapes, or a list with the shape of each entry;
    ``?`` after a type's name allows null.
    """
    if isinstance(shape, str):
        allowed = {
            "text": str,
            "number": int,
            "flag": bool,
            "list": list,
            "object": dict,
            "null": type(None),
        }
        if shape.endswith("?") and answer is None:
            return []
        fits = isinstance(answer, allowed[shape.rstrip("?")])
        return [] if fits else [f"{path}: {shape} expected, got {answer!r}"]
    if isinstance(shape, list):
        if not isinstance(answer, list) or not answer:
            return [f"{path}: entries expected, got {answer!r}"]
        return [fault for one in answer for fault in lacking(shape[0], one, f"{path}[]")]
    if not isinstance(answer, dict):
        return [f"{path}: object expected, got {answer!r}"]
    faults = [f"{path}.{name}: missing" for name in shape if name not in answer]
    for name, part in shape.items():
        if name in answer:
            faults += lacking(part, answer[name], f"{path}.{name}")
    return faults


def test_the_comparison_finds_what_is_missing_and_what_is_of_another_type() -> None:
    shape = {"a": "text", "b": [{"c": "number"}], "d": "flag?"}
    assert lacking(shape, {"a": "x", "b": [{"c": 1}], "d": None}) == []
    assert lacking(shape, {"a": 1, "b": [{}]}) == [
        ".d: missing",
        ".a: text expected, got 1",
        ".b[].c: missing",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "create an online meeting",
        "create a weekly series",
        "create with a transaction id",
    ],
)
async def test_a_created_event_has_the_documented_members(tenancy: Tenancy, name: str) -> None:
    example = EXAMPLES[name]
    made = await tenancy.ask("POST", f"/users/{PROGRAM}/events", example["request"], 201)
    assert lacking(example["answer"], made) == []


async def test_free_busy_has_the_documented_members(tenancy: Tenancy) -> None:
    example = EXAMPLES["free/busy"]
    tenancy.tenant.book_appointment(ADA, plan("2027-03-15T12:00", "2027-03-15T14:00"))
    answer = await tenancy.ask("POST", f"/users/{PROGRAM}/calendar/getSchedule", example["request"])
    assert lacking(example["answer"], answer) == []


async def test_reading_a_series_has_the_documented_members(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    third = (await tenancy.instances(made["id"]))[2]
    event = f"/users/{PROGRAM}/events/{made['id']}"
    change = {
        "start": {"dateTime": "2027-03-31T10:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2027-03-31T11:00:00", "timeZone": "W. Europe Standard Time"},
    }
    await tenancy.ask("PATCH", f"/users/{PROGRAM}/events/{third['id']}", change)
    second = (await tenancy.instances(made["id"]))[1]
    cancel = f"/users/{PROGRAM}/events/{second['id']}/cancel"
    await tenancy.ask("POST", cancel, {"Comment": "all hands"}, 202)
    for name in ("instances", "master with its exceptions", "selected members"):
        answer = await tenancy.ask("GET", event + EXAMPLES[name]["path"])
        assert lacking(EXAMPLES[name]["answer"], answer) == [], name


@pytest.mark.parametrize("name", ["calendar", "mailbox settings", "supported zones"])
async def test_what_a_mailbox_says_of_itself_has_the_documented_members(
    tenancy: Tenancy, name: str
) -> None:
    answer = await tenancy.ask("GET", f"/users/{PROGRAM}{EXAMPLES[name]['path']}")
    assert lacking(EXAMPLES[name]["answer"], answer) == []


async def test_an_online_meeting_has_the_documented_members(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    filter_value = quote(f"JoinWebUrl eq '{made['onlineMeeting']['joinUrl']}'", safe="")
    answer = await tenancy.client.get(
        f"{GRAPH}/users/{PROGRAM_ID}/onlineMeetings?$filter={filter_value}"
    )
    assert lacking(EXAMPLES["online meeting by its link"]["answer"], answer.json()) == []


async def test_a_batch_and_an_error_have_the_documented_members(tenancy: Tenancy) -> None:
    body = {"requests": [{"id": "1", "method": "GET", "url": "/users/nobody"}]}
    answer = await tenancy.ask("POST", "/$batch", body)
    assert lacking(EXAMPLES["batch"]["answer"], answer) == []
