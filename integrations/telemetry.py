"""What Tandem measures and traces: the names, their units, and what may stand beside a value.

``docs/reference/telemetry.md`` lists them, alerts ask for them, and tests hold both to this module.
Beside a value stand ids, codes and numbers; whatever does not look like one is withheld, so that no
name, address, title or link can leave this way. Where no provider was installed (the extra
``telemetry`` does that, :mod:`integrations.telemetry_export`), everything here does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal

from opentelemetry import metrics, trace
from opentelemetry.trace import Status, StatusCode

SCOPE = "tandem"
"""The name of our meter and tracer: what other libraries measure or trace does not leave."""
MEASURED = "installation_measured"
"""The log event that carries the gauges, by their names, once a minute."""
WITHHELD = "withheld"

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Attribute:
    """What may stand beside a value: its meaning, and what it looks like."""

    words: str
    looks: re.Pattern[str] = field(repr=False)

    def of(self, value: object) -> str | int:
        """The value itself; another word for it if it does not look as it should."""
        if isinstance(value, int):
            return value
        text = str(value)
        return text if self.looks.fullmatch(text) else WITHHELD


_CODE = re.compile(r"[a-z][a-z_]{0,60}")
_ID = re.compile(r"[0-9a-f]{8,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CLASS = re.compile(r"[0-9]{3}|[A-Z][A-Za-z]{2,60}")

ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        "operation": Attribute(
            "the name of a Graph operation, from the table of permitted ones", _CODE
        ),
        "status": Attribute("the HTTP status, or the class of the failure if none came", _CLASS),
        "kind": Attribute("a kind of due work", _CODE),
        "outcome": Attribute(
            "what came of a piece of work: `done`, `again` (it waits, or comes back by"
            " itself),"
            " `failed`, `lost` (another process has it), `unknown` (a newer version's)",
            _CODE,
        ),
        "trigger": Attribute("the name of a function", _CODE),
        "work": Attribute("the id of a row of due work", _ID),
        "request": Attribute("Graph's own id of the request, for Microsoft's support", _ID),
        "items": Attribute("how many calls a batch holds", re.compile(r"\d{1,3}")),
        "error": Attribute("the class of what failed; never its message", _CLASS),
    }
)
"""Everything that may stand beside a value, in spans and metrics."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing measured. ``unit`` is UCUM's; ``attributes`` are names of :data:`ATTRIBUTES`."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    unit: str
    words: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """One thing traced."""

    name: str
    words: str
    attributes: tuple[str, ...]


SUBSCRIPTIONS_LIVE = Metric(
    "tandem.subscriptions.live",
    "gauge",
    "{mailbox}",
    "program mailboxes with a subscription that has not expired",
)
SUBSCRIPTIONS_MISSING = Metric(
    "tandem.subscriptions.missing",
    "gauge",
    "{mailbox}",
    "program mailboxes in use without one; 0 where webhooks are off",
)
WORK_POISONED = Metric(
    "tandem.work.poisoned", "gauge", "{row}", "rows of due work that are put aside for a person"
)
WORK_LAG = Metric(
    "tandem.work.lag", "gauge", "s", "how long the oldest due piece of work has been waiting"
)
SWEEP_AGE = Metric(
    "tandem.sweep.age",
    "gauge",
    "s",
    "time since the last sweep of the mailbox that has waited longest; a mailbox that was never"
    " swept waits since its sweep became due, one that was given up not at all",
)
THROTTLED = Metric(
    "tandem.throttled",
    "gauge",
    "s",
    "how long Microsoft Graph still wants to be left alone by the mailbox that waits longest;"
    " 0 if by none",
)
CREDENTIAL_EXPIRES = Metric(
    "tandem.credential.expires",
    "gauge",
    "d",
    "days until the certificate ends; absent with a federated credential, which does not end, and"
    " with a secret, whose end Tandem cannot see",
)
NEEDS_UNATTENDED = Metric(
    "tandem.needs.unattended",
    "gauge",
    "s",
    "age of the oldest *Needs you* row that nobody has taken up or put off",
)
BLOCKERS_STOPPING = Metric(
    "tandem.blockers.stopping",
    "gauge",
    "{blocker}",
    "open blockers of mailboxes and of the whole installation that stop work",
)
CHECKS_NOT_WELL = Metric(
    "tandem.checks.not_well",
    "gauge",
    "{check}",
    "checks of `tandem doctor` that were not well at its last two looks, an hour or a night apart",
)
GRAPH_CALLS = Metric(
    "tandem.graph.calls",
    "counter",
    "{call}",
    "calls to Microsoft Graph; items of a batch count singly",
    ("operation", "status"),
)
GRAPH_DURATION = Metric(
    "tandem.graph.duration",
    "histogram",
    "s",
    "time until the whole answer was there",
    ("operation", "status"),
)
GRAPH_THROTTLED = Metric(
    "tandem.graph.throttled",
    "counter",
    "s",
    "waits that Microsoft Graph asked for, added up",
    ("operation",),
)
WORK_DONE = Metric(
    "tandem.work.done", "counter", "{piece}", "pieces of due work that ended", ("kind", "outcome")
)

GAUGES = (
    SUBSCRIPTIONS_LIVE,
    SUBSCRIPTIONS_MISSING,
    WORK_POISONED,
    WORK_LAG,
    SWEEP_AGE,
    THROTTLED,
    CREDENTIAL_EXPIRES,
    NEEDS_UNATTENDED,
    BLOCKERS_STOPPING,
    CHECKS_NOT_WELL,
)
"""How the installation is: measured from the store once a minute, logged and recorded alike."""
METRICS = (*GAUGES, GRAPH_CALLS, GRAPH_DURATION, GRAPH_THROTTLED, WORK_DONE)

GRAPH_CALL = Span(
    "graph",
    "one call to Microsoft Graph",
    ("operation", "status", "items", "request", "error"),
)
WORK = Span("work", "one piece of due work", ("kind", "work", "outcome", "error"))
TRIGGER = Span("trigger", "one function that the host ran", ("trigger", "error"))
SPANS = (GRAPH_CALL, WORK, TRIGGER)


def gauge(metric: Metric, value: float) -> None:
    """Record what ``metric`` is now."""
    _gauge(metric).set(value)


def add(metric: Metric, amount: float, /, **attributes: object) -> None:
    """Add to a counter."""
    _counter(metric).add(amount, _within(metric.attributes, attributes))


def record(metric: Metric, value: float, /, **attributes: object) -> None:
    """Record one value of a histogram."""
    _histogram(metric).record(value, _within(metric.attributes, attributes))


class Traced:
    """A span that is under way; takes what is known only later."""

    def __init__(self, kind: Span, span: trace.Span) -> None:
        self._kind, self._span = kind, span

    def note(self, **attributes: object) -> None:
        """Put these beside the span."""
        self._span.set_attributes(_within(self._kind.attributes, attributes))


@contextmanager
def traced(kind: Span, /, **attributes: object) -> Iterator[Traced]:
    """A span around what is done inside; a failure leaves its class and no message."""
    tracer = trace.get_tracer(SCOPE)
    with tracer.start_as_current_span(
        kind.name,
        attributes=_within(kind.attributes, attributes),
        # Their texts may quote addresses.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        under_way = Traced(kind, span)
        try:
            yield under_way
        except Exception as error:
            under_way.note(error=type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise


def _within(known: tuple[str, ...], attributes: Mapping[str, object]) -> dict[str, str | int]:
    """What may leave: known by name, and looking as it should. Others are a mistake of ours."""
    if strange := set(attributes) - set(known):
        raise ValueError(f"not among the attributes: {', '.join(sorted(strange))}")
    return {
        name: ATTRIBUTES[name].of(value) for name, value in attributes.items() if value is not None
    }


# The instruments of the installed provider, or stand-ins that pass on to one installed later.
@cache
def _gauge(metric: Metric) -> metrics._Gauge:
    return metrics.get_meter(SCOPE).create_gauge(metric.name, metric.unit, metric.words)


@cache
def _counter(metric: Metric) -> metrics.Counter:
    return metrics.get_meter(SCOPE).create_counter(metric.name, metric.unit, metric.words)


@cache
def _histogram(metric: Metric) -> metrics.Histogram:
    return metrics.get_meter(SCOPE).create_histogram(metric.name, metric.unit, metric.words)
