"""Alerts ask for one line of the log; no level of the settings silences it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from integrations.logs import log_event, log_to
from integrations.telemetry import MEASURED
from integrations.workflows.operating import measures


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    names = ("integrations", measures.__name__)
    handlers, levels = list(root.handlers), {n: logging.getLogger(n).level for n in names}
    root_level = root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(root_level)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_what_alerts_ask_for_is_written_at_any_level(stream: io.StringIO, level: str) -> None:
    log_to(stream, logging.getLevelNamesMapping()[level])
    log_event(measures.logger, MEASURED, value=1)
    log_event(logging.getLogger("integrations.other"), "idle")
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ([MEASURED, "idle"] if level in ("DEBUG", "INFO") else [MEASURED])
