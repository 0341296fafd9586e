"""Sending what Tandem measures and traces to Application Insights: the extra ``telemetry``.

The exporter is used without Microsoft's distribution around it. That one switches on what httpx,
requests and psycopg trace of their own, with whole URLs and statements, and sends log lines a
second time. Here other libraries get instruments that do nothing.
"""

from __future__ import annotations

from typing import Any

from azure.identity import ManagedIdentityCredential
from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter, NoOpMeter
from opentelemetry.trace import NoOpTracer, Tracer

from integrations.errors import Fault, SettingsError
from integrations.telemetry import SCOPE

try:
    from azure.monitor.opentelemetry.exporter import (
        AzureMonitorMetricExporter,
        AzureMonitorTraceExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError:
    raise SettingsError(
        [Fault("TANDEM_TELEMETRY_CONNECTION", "the extra `telemetry` to be installed with it")]
    ) from None

# The machine's name and the process's arguments are nobody's business: only what we are called.
_US = Resource({"service.name": SCOPE})
NOTHING_ELSE = {
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
}
"""Variables that keep the exporter from telling Microsoft of itself and asking there; it takes a no
from the environment only, before it is made."""


class OurTraces(TracerProvider):
    """Hands a tracer that does something to Tandem alone."""

    def get_tracer(self, instrumenting_module_name: str, *args: Any, **kwargs: Any) -> Tracer:
        """Ours by its name; for anybody else one that passes the parent on."""
        if instrumenting_module_name != SCOPE:
            return NoOpTracer()
        return super().get_tracer(instrumenting_module_name, *args, **kwargs)


class OurMetrics(MeterProvider):
    """Hands a meter that does something to Tandem alone."""

    def get_meter(self, name: str, *args: Any, **kwargs: Any) -> Meter:
        """Ours by its name; for anybody else one without instruments."""
        return super().get_meter(name, *args, **kwargs) if name == SCOPE else NoOpMeter(name)


def install(spans: SpanProcessor, reader: MetricReader) -> None:
    """Have everything traced go to ``spans`` and everything measured to ``reader``.

    Once per process: a second call changes nothing.
    """
    traces = OurTraces(resource=_US)
    traces.add_span_processor(spans)
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(OurMetrics([reader], resource=_US))


def export_to_application_insights(connection: str, identity: str | None) -> None:
    """Send traces and metrics there, in the background, from now on.

    Parameters:
        identity: client id of the managed identity that signs in there; None where the connection
            string is enough.

    Raises:
        SettingsError: this is no connection string.
    """
    # Retries on a disk that is lost with its instance are worth nothing.
    options: dict[str, Any] = {"connection_string": connection, "disable_offline_storage": True}
    if identity is not None:
        options["credential"] = ManagedIdentityCredential(
            client_id=identity, connection_timeout=5, read_timeout=15
        )
    try:
        traces = AzureMonitorTraceExporter(**options)
        measures = AzureMonitorMetricExporter(**options)
    except ValueError:
        raise SettingsError(
            [Fault("TANDEM_TELEMETRY_CONNECTION", "a connection string of Application Insights")]
        ) from None
    install(BatchSpanProcessor(traces), PeriodicExportingMetricReader(measures))
