"""``docs/reference/telemetry.md``, written from :mod:`integrations.telemetry`."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.telemetry import ATTRIBUTES, GAUGES, MEASURED, METRICS, SPANS, Metric

_HEAD = """# Telemetry

What Tandem measures and traces, under which names. There are no names of people, no addresses, no
titles and no links in any of it: beside a value stand ids, codes and numbers, and what does not
look like one is replaced by the word `withheld`.

This page is written from `integrations/telemetry.py`: `python -m tests.docs.pages`.

## How the installation is

Measured from the store about once a minute by the function `look_for_work`, which runs on one
instance at a time, or by `tandem serve`. Each is a gauge, and they stand together, under the same
names, in the log event `{measured}`: one line of JSON, whether or not the extra below is installed.
Alerts ask for that line, so they work without it. A value that cannot be known is left out.

```text
AppTraces
| extend line = parse_json(Message)
| where line.event == "{measured}"
| extend lag = todouble(line["tandem.work.lag"])
```

The host may sample log lines away when there are many. An alert should look at the worst value of
some minutes, and an hour without any such line deserves an alert of its own.

{gauges}
## What it does

{others}
## Traces

{spans}
## What stands beside a value

{attributes}
## Sending it to Application Insights

Metrics and traces leave with the extra `telemetry` (`pip install "tandem[telemetry]"`) and the
setting `TANDEM_TELEMETRY_CONNECTION`, the connection string of Application Insights
([settings](settings.md)). [A deployment](../how-to/deploy.md) has both, and the managed identity
signs in there. Only what Tandem itself measures and traces is sent: what libraries would trace of
their own holds whole URLs, and is dropped before it leaves; the exporter reports nothing of its own
use. Logs go their usual way, through the host.
"""


def telemetry_page() -> str:
    """The whole page."""
    return _HEAD.format(
        measured=MEASURED,
        gauges=_metrics(GAUGES),
        others=_metrics(metric for metric in METRICS if metric not in GAUGES),
        spans=_table(
            ("span", "meaning", "beside it"),
            ((f"`{span.name}`", span.words, _names(span.attributes)) for span in SPANS),
        ),
        attributes=_table(
            ("attribute", "meaning"),
            ((f"`{name}`", attribute.words) for name, attribute in ATTRIBUTES.items()),
        ),
    )


def _metrics(metrics: Iterable[Metric]) -> str:
    return _table(
        ("name", "kind", "unit", "meaning", "beside it"),
        (
            (f"`{one.name}`", one.kind, f"`{one.unit}`", one.words, _names(one.attributes))
            for one in metrics
        ),
    )


def _names(attributes: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in attributes) or "–"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ("---",) * len(head)
    lines = (head, rule, *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace(
        f"| {' | '.join(rule)} |", "|" + "|".join(rule) + "|"
    )
