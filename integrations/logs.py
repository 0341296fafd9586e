"""Structured logs: one JSON object a line, events with fields, ids only.

Names, addresses, titles, join links, query strings and texts never go into a field; who needs a
name looks it up in the store by its id.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

MEASUREMENTS = "integrations.workflows.operating.measures"
"""Who writes the line that alerts ask for: without it they would all be silent."""
_EVENT = "tandem_event"
_FIELDS = "tandem_fields"


def log_event(
    logger: logging.Logger, event: str, /, level: int = logging.INFO, **fields: Any
) -> None:
    """Log ``event`` with ``fields`` (ids, codes, numbers, instants)."""
    logger.log(level, event, extra={_EVENT: event, _FIELDS: fields})


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": getattr(record, _EVENT, None) or _template(record),
        }
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            # The class alone: messages of other people's exceptions may quote what they were given.
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, default=str)


def _template(record: logging.LogRecord) -> str:
    """What a library meant to say, without what it put in: that may be a URL or an address."""
    return str(record.msg) if record.args else "message withheld"


def log_to(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send the product's logs to ``stream`` as JSON lines; libraries speak from warnings up."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    set_level(level)


def set_level(level: int) -> None:
    """Let the product's loggers write from this level up, and what alerts rest on in any case."""
    logging.getLogger("integrations").setLevel(level)
    logging.getLogger(MEASUREMENTS).setLevel(min(level, logging.INFO))
