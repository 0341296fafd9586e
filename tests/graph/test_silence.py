"""What may be logged of a call, and that nothing else is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integrations.graph.quiet import TALKATIVE, quiet_libraries
from integrations.logs import JsonLines
from tests.graph.test_calendar import DRAFT, EVENTS, FIRST
from tests.graph.world import CANARY, MAILBOX, START, World, entry, event, in_world, span

SECRETS = ("ada@firm", "Byron", CANARY, "graph.example", "$select", "teams.example", "token-1")


class Collector(logging.Handler):
    """Keeps every record as it would be written, and as it was meant."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.lines += [JsonLines().format(record), record.getMessage(), str(record.__dict__)]


@pytest.fixture
def everything_logged() -> Iterator[Collector]:
    """All there is to hear, every logger turned up, after the libraries were told to be quiet."""
    collector, root = Collector(), logging.getLogger()
    before = root.level
    quiet_libraries()
    root.addHandler(collector)
    root.setLevel(logging.NOTSET)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield collector
    finally:
        root.removeHandler(collector)
        root.setLevel(before)


async def some_work(world: World) -> None:
    """A booking, a failed read and a look at somebody's time."""
    world.router.post(EVENTS).respond(
        201, json=event(FIRST), headers={"request-id": "request-of-graph"}
    )
    world.router.get(f"{EVENTS}/event-1").mock(
        side_effect=[httpx.ReadError("cut"), httpx.Response(200, json=event(FIRST))]
    )
    world.router.post(f"/users/{MAILBOX}/calendar/getSchedule").respond(
        200, json={"value": [entry("ada@firm.example", (FIRST, FIRST, "busy"))]}
    )
    await world.graph.calendar.create_series(MAILBOX, DRAFT)
    await world.graph.calendar.read(MAILBOX, "event-1")
    await world.graph.free_busy.read(MAILBOX, ["ada@firm.example"], [span(START, 7)])


def test_no_address_title_link_query_or_token_is_logged(
    tmp_path: Path, everything_logged: Collector
) -> None:
    in_world(tmp_path, some_work)
    assert everything_logged.records
    for secret in SECRETS:
        assert [line for line in everything_logged.lines if secret in line] == []


def test_each_call_leaves_one_record_of_ids_and_numbers(
    tmp_path: Path, everything_logged: Collector
) -> None:
    in_world(tmp_path, some_work)
    fields = [
        record.__dict__["tandem_fields"]
        for record in everything_logged.records
        if record.name.startswith("integrations.graph")
    ]
    assert [(f["operation"], f["status"]) for f in fields] == [
        ("create_event", 201),
        ("read_event", "ReadError"),
        ("read_event", 200),
        ("get_schedule", 200),
    ]
    assert fields[0]["request_id"] == "request-of-graph"
    assert {tuple(f["mailbox_ids"]) for f in fields} == {(MAILBOX,)}
    assert len({f["client_request_id"] for f in fields}) == 4
    assert {f["duration_ms"] for f in fields} == {0}


def test_traces_of_the_libraries_carry_no_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("kiota")
    for module in ("httpx_request_adapter", "middleware.middleware"):
        monkeypatch.setattr(f"kiota_http.{module}.tracer", tracer)
    in_world(tmp_path, some_work)
    spans = exporter.get_finished_spans()
    assert spans
    shown = " ".join(span.to_json() for span in spans)
    for secret in (*SECRETS[:3], "$select=", "teams.example", "https://", MAILBOX):
        assert secret not in shown


def test_errors_say_nothing_of_what_an_answer_contained(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(201, json={"id": 7, "subject": CANARY, "start": CANARY})
        with pytest.raises(Exception, match="create_event") as caught:
            await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert CANARY not in repr(caught.getrepr(chain=True, showlocals=False))
        assert world.clock.now() - START < timedelta(seconds=1)

    in_world(tmp_path, scenario)
