"""A pytest plugin: nobody invented may be found in any log line of the whole suite.

It hears every record of every logger as the product leaves them (``quiet_libraries()``), and
looks at it as the product would write it. Loggers of the tests and of the simulated tenant are
nobody's logs.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator
from datetime import date

import pytest

from integrations.graph.quiet import quiet_libraries
from integrations.logs import JsonLines
from simulator.firm import make_firm
from simulator.firm_names import FIRST_NAMES, LAST_NAMES
from simulator.firm_staff import DOMAIN

# Whoever logs these is a test's own machinery, not the product or a library it runs on.
_MACHINERY = ("simulator", "tests", "hypothesis", "faker", "asyncio", "uvicorn", "azurite")

_NAMES = (
    rf"\b(?:{'|'.join(map(re.escape, FIRST_NAMES))})(?: [A-Z]\.)* "
    rf"(?:{'|'.join(map(re.escape, LAST_NAMES))})\b"
)
_ADDRESSES = r"[\w.'+-]+@[\w-]+\.\w+"
_JOIN_LINKS = r"teams\.microsoft\.com/l/meetup-join"


@functools.cache
def _forbidden() -> re.Pattern[str]:
    """Names, addresses, join links, and the titles of what stands in invented calendars.

    Titles of one word are left out: they are words of other sentences as well.
    """
    titles = {
        appointment.subject
        for person in make_firm(24, 1, date(2027, 1, 11), troubles=False).people
        for appointment in person.appointments
        if " " in appointment.subject
    }
    words = [_NAMES, _ADDRESSES, re.escape(DOMAIN), _JOIN_LINKS, *map(re.escape, sorted(titles))]
    return re.compile("|".join(words))


class _Ear(logging.Handler):
    """Keeps lines that tell of somebody, where they came from included."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard = 0
        self.leaks: list[str] = []
        self._lines = JsonLines()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_MACHINERY):
            return
        self.heard += 1
        line = self._lines.format(record)
        if _forbidden().search(line):
            self.leaks.append(line)


_ear = _Ear()


def is_told(line: str) -> bool:
    """Whether a line would be a leak."""
    return _forbidden().search(line) is not None


def records_heard() -> int:
    """How many records were looked at so far."""
    return _ear.heard


@pytest.fixture(scope="session", autouse=True)
def _ears_open() -> Iterator[None]:
    root = logging.getLogger()
    quiet_libraries()
    level = root.level
    root.addHandler(_ear)
    root.setLevel(logging.DEBUG)
    logging.getLogger("integrations").setLevel(logging.DEBUG)
    yield
    root.removeHandler(_ear)
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _nobody_in_the_logs() -> Iterator[None]:
    """Fail the test during which a line told of somebody.

    Whatever the test does to handlers and levels (the product's ``log_to()`` replaces them) is
    undone before the next one.
    """
    root, ours = logging.getLogger(), logging.getLogger("integrations")
    handlers = list(root.handlers)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    before = len(_ear.leaks)
    yield
    root.handlers[:] = handlers
    leaks = _ear.leaks[before:]
    assert leaks == [], "a log line tells of somebody"
