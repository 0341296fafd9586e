"""Whoever is woken by an alert finds its section, and every section has its alert."""

from __future__ import annotations

import re

from integrations.telemetry import GAUGES, MEASURED, SUBSCRIPTIONS_LIVE
from tests.docs.pages import ROOT

ALERTS = (ROOT / "infra/alerts.bicep").read_text("utf-8")
RUNBOOK = (ROOT / "docs/how-to/runbook.md").read_text("utf-8")
TOPICS = {"Backup and restore", "A new version", "Writing nothing"}


def _alerts() -> list[str]:
    """The names of all rules: those of the list, and the one about silence."""
    of_list = re.findall(r"^    name: '([a-z-]+)'$", ALERTS, re.MULTILINE)
    alone = re.findall(r"^  name: '([a-z-]+)-\$\{suffix\}'$", ALERTS, re.MULTILINE)
    return of_list + [name for name in alone if name != "ag"]


def _sections() -> dict[str, str]:
    headed = re.split(r"^## (.+)$", RUNBOOK, flags=re.MULTILINE)
    return dict(zip(headed[1::2], headed[2::2], strict=True))


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    alerts = _alerts()
    assert len(alerts) >= 9
    assert set(_sections()) == set(alerts) | TOPICS


def test_every_section_says_what_it_means_and_what_to_do() -> None:
    sections = _sections()
    lacking = [name for name in _alerts() if not {"**Means**", "**Do**"} <= _bold(sections[name])]
    assert lacking == []


def _bold(text: str) -> set[str]:
    return set(re.findall(r"\*\*\w+\*\*", text))


def test_alerts_ask_for_what_is_measured() -> None:
    asked = re.findall(r"measurement: '([^']+)'", ALERTS)
    assert asked
    assert set(asked) <= {metric.name for metric in GAUGES}
    assert f'line.event == "{MEASURED}"' in ALERTS


def test_every_gauge_but_the_live_subscriptions_wakes_somebody() -> None:
    """Of those it is their lack that matters, and that is a gauge of its own."""
    asked = set(re.findall(r"measurement: '(\S+)'", ALERTS))
    assert {metric.name for metric in GAUGES} - asked == {SUBSCRIPTIONS_LIVE.name}
