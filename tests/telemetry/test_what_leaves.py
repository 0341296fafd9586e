"""Traces and metrics of real work: the names that are documented, and nobody's name in them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import function_app
from integrations import telemetry
from integrations.bootstrap import start_telemetry
from integrations.errors import SettingsError
from integrations.hosting import SharedHost
from integrations.logs import JsonLines
from integrations.settings import Settings
from simulator.faults import Fault
from simulator.virtual_time import run_virtually
from tests.functions.test_triggers import opening, prepared
from tests.support.functions import MemoryQueues, tick
from tests.support.log_privacy import is_told
from tests.support.telemetry import Heard, Point, listening
from tests.support.world import START, Empty, World, firm_of

BY_NAME = {metric.name: metric for metric in telemetry.METRICS}


@dataclass
class Booked:
    """Two pairs booked by the triggers, and what could be heard of it."""

    world: World
    heard: Heard
    points: list[Point]
    lines: list[dict[str, Any]]

    @property
    def said(self) -> str:
        """Everything that left as traces and metrics."""
        spans = [
            [s.name, dict(s.attributes or {}), [str(e.attributes) for e in s.events]]
            for s in self.heard.spans
        ]
        return json.dumps([spans, [[p.name, p.beside] for p in self.points]], default=str)

    def measured(self, metric: telemetry.Metric, *beside: str) -> dict[tuple[object, ...], float]:
        """The values of a metric by what stands beside them."""
        found = [p for p in self.points if p.name == metric.name]
        return {tuple(p.beside[name] for name in beside): p.value for p in found}


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == telemetry.MEASURED:
            self.kept.append(json.loads(JsonLines().format(record)))


@pytest.fixture(scope="module")
def booked(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booked]:
    """Booked once for all; the first series has to wait for Graph."""
    lines = _Lines()

    async def book() -> World:
        world = Empty(store_template, tmp_path_factory.mktemp("worlds")).world(firm_of(2))
        queues = MemoryQueues()
        await prepared(world, launched=True)
        patch.setattr(function_app, "tandem", SharedHost(opening(world, queues)))
        world.tenant.faults.plan(
            Fault("throttle", method="POST", path="/users/{user}/events", retry_after=2)
        )
        await tick("sweep_mailboxes")
        await tick("look_for_work")
        await queues.deliver()
        return world

    measures = logging.getLogger("integrations.workflows.operating.measures")
    measures.addHandler(lines)
    with pytest.MonkeyPatch.context() as patch, listening() as heard:
        world = run_virtually(START, book())
        yield Booked(world, heard, heard.points(), lines.kept)
    measures.removeHandler(lines)


def test_nothing_that_leaves_tells_of_anybody(booked: Booked) -> None:
    """No name, address, title or link, and no id of an event."""
    assert booked.world.mails_by_kind()["invitation"] == 4
    mails = list(booked.world.tenant.mail_log)
    words = {mail.subject for mail in mails} | {mail.event_id for mail in mails} | {"@", "://"}
    assert [word for word in words if word in booked.said] == []
    assert not is_told(booked.said)


def test_what_leaves_is_all_that_the_page_names_and_nothing_else(booked: Booked) -> None:
    declared = {span.name: set(span.attributes) for span in telemetry.SPANS}
    spans = booked.heard.spans
    assert [s.name for s in spans if not set(s.attributes or {}) <= declared[s.name]] == []
    assert {span.name for span in spans} == set(declared)
    points = booked.points
    assert [p for p in points if not set(p.beside) <= set(BY_NAME[p.name].attributes)] == []
    # Of a secret nobody knows the end; everything else of the page was measured.
    assert {p.name for p in points} == set(BY_NAME) - {telemetry.CREDENTIAL_EXPIRES.name}


def test_libraries_trace_nothing_of_their_own(booked: Booked) -> None:
    """Kiota's spans hold whole URLs: with addresses and event ids in them."""
    spans = booked.heard.spans
    scopes = {s.instrumentation_scope.name for s in spans if s.instrumentation_scope}
    assert scopes == {telemetry.SCOPE}
    # A call belongs to the piece of work it was made for, though kiota stood between.
    work = {s.context.span_id for s in spans if s.name == "work" and s.context}
    series = [s for s in spans if (s.attributes or {}).get("operation") == "create_event"]
    assert series
    assert [s for s in series if s.parent is None or s.parent.span_id not in work] == []


def test_calls_are_counted_by_operation_and_status_and_waits_added_up(booked: Booked) -> None:
    calls = booked.measured(telemetry.GRAPH_CALLS, "operation", "status")
    assert calls["create_event", 429] == 1
    assert calls["create_event", 201] >= 2
    assert booked.measured(telemetry.GRAPH_THROTTLED, "operation") == {("create_event",): 2.0}
    done = booked.measured(telemetry.WORK_DONE, "kind", "outcome")
    assert sum(n for (kind, _), n in done.items() if kind == "book_pair") >= 2


def test_the_log_line_for_alerts_has_every_gauge_by_its_name(booked: Booked) -> None:
    known = {metric.name for metric in telemetry.GAUGES} - {telemetry.CREDENTIAL_EXPIRES.name}
    (line,) = booked.lines
    assert line["event"] == telemetry.MEASURED
    assert {name for name in line if name.startswith("tandem.")} == known


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "https://graph.microsoft.com/v1.0/users"),
        ("kind", "ana.rivera@firm.example"),
        ("operation", "Ana Rivera"),
        ("work", "Rivera / Stone"),
        ("error", "ValueError: no such mailbox"),
        ("request", "join.example/19%3ameeting"),
    ],
)
def test_what_does_not_look_like_an_id_or_a_code_is_withheld(name: str, value: str) -> None:
    assert telemetry.ATTRIBUTES[name].of(value) == telemetry.WITHHELD


def test_what_nobody_declared_cannot_stand_beside_a_value() -> None:
    with pytest.raises(ValueError, match="subject"):
        telemetry.add(telemetry.WORK_DONE, 1, kind="plan", subject="anything")


def test_a_failure_inside_a_span_leaves_its_class_and_no_message() -> None:
    with listening() as heard, pytest.raises(LookupError), telemetry.traced(telemetry.WORK):
        raise LookupError("ana.rivera@firm.example is not there")
    (span,) = heard.spans
    assert dict(span.attributes or {}) == {"error": "LookupError"}
    assert (span.events, span.status.description) == ((), None)


def _settings(connection: str, **more: str) -> Settings:
    return Settings.from_environ({"TANDEM_TELEMETRY_CONNECTION": connection, **more})


def test_a_connection_string_that_is_none_is_refused_and_not_quoted() -> None:
    with pytest.raises(SettingsError) as refused:
        start_telemetry(_settings("InstrumentationKey=nonsense"))
    assert "TANDEM_TELEMETRY_CONNECTION" in str(refused.value)
    assert "nonsense" not in str(refused.value)


@pytest.mark.parametrize("identity", [None, "33333333-3333-3333-3333-333333333333"])
def test_the_identity_signs_in_and_the_exporter_tells_nothing_of_itself(
    identity: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Application Insights in Azure takes nothing from whoever does not sign in; and the exporter
    would report its own use to Microsoft, which nobody was told of."""
    from azure.identity import ManagedIdentityCredential
    from azure.monitor.opentelemetry.exporter.statsbeat._state import is_statsbeat_enabled

    from integrations import telemetry_export

    for name in telemetry_export.NOTHING_ELSE:
        monkeypatch.setenv(name, "false")
    kept: list[Any] = []
    monkeypatch.setattr(telemetry_export, "install", lambda *given: kept.extend(given))
    connection = (
        "InstrumentationKey=00000000-0000-0000-0000-000000000000;"
        "IngestionEndpoint=https://127.0.0.1:9/"
    )
    start_telemetry(_settings(connection, TANDEM_MANAGED_IDENTITY=identity or ""))
    assert not is_statsbeat_enabled()  # type: ignore[no-untyped-call]
    processor, reader = kept
    for exporter in (processor.span_exporter, reader._exporter):
        signs_in = isinstance(exporter._credential, ManagedIdentityCredential)
        assert signs_in == (identity is not None)
    processor.shutdown()
    reader._shutdown_event.set()


def test_without_the_extra_the_setting_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "azure.monitor.opentelemetry.exporter", None)
    monkeypatch.delitem(sys.modules, "integrations.telemetry_export", raising=False)
    with pytest.raises(SettingsError, match=r"TANDEM_TELEMETRY_CONNECTION.*extra `telemetry`"):
        start_telemetry(_settings("InstrumentationKey=00000000-0000-0000-0000-000000000000"))
