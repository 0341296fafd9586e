"""What Tandem measures and traces, kept in memory while a test listens."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.sdk.metrics import Counter, Histogram
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from integrations.telemetry_export import install


@dataclass(frozen=True)
class Point:
    """One value that was measured."""

    name: str
    beside: dict[str, object]
    value: float


@dataclass
class Heard(SpanProcessor):
    """Every span that ended and every value measured while somebody listened."""

    reader: InMemoryMetricReader
    spans: list[ReadableSpan] = field(default_factory=list)
    listening: bool = False

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it, if somebody listens."""
        if self.listening:
            self.spans.append(span)

    def points(self) -> list[Point]:
        """What was measured since the last time this was asked."""
        data = self.reader.get_metrics_data()
        return [
            Point(metric.name, dict(point.attributes or {}), _value(point))
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]


def _value(point: object) -> float:
    return float(getattr(point, "value", getattr(point, "sum", 0.0)))


@functools.cache
def _heard() -> Heard:
    """Installed once per process: providers cannot be taken away again."""
    delta = AggregationTemporality.DELTA
    reader = InMemoryMetricReader(preferred_temporality={Counter: delta, Histogram: delta})
    heard = Heard(reader)
    install(heard, reader)
    return heard


@contextmanager
def listening() -> Iterator[Heard]:
    """Keep what is measured and traced inside."""
    heard = _heard()
    heard.spans.clear()
    heard.points()
    heard.listening = True
    try:
        yield heard
    finally:
        heard.listening = False
