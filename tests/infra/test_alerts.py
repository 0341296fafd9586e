"""Alerts ask for what the app really logs."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta

import pytest

from integrations import telemetry
from integrations.logs import JsonLines, log_event
from integrations.settings import Settings
from integrations.workflows.operating.measures import EVERY
from tests.infra.bicep import parsed, resources

RULES = {rule["name"]: rule for rule in parsed("alerts")["variables"]["rules"]["value"]}
PREAMBLE = parsed("alerts")["variables"]["measured"]["value"]
BY_NAME = {metric.name: metric for metric in telemetry.GAUGES}
# What the alert's threshold counts, by the unit of what is measured.
UNITS = {"s": (600, 7 * 86_400), "d": (7, 90)}


def test_there_is_an_alert_for_each_thing_that_needs_somebody() -> None:
    assert set(RULES) == {
        "no-live-subscription",
        "work-put-aside",
        "work-late",
        "work-stopped",
        "checks-not-well",
        "sweep-late",
        "throttled-long",
        "credential-near-expiry",
        "needs-you-unattended",
    }
    names = {r.body["name"] for r in resources("Microsoft.Insights/scheduledQueryRules")}
    assert names == {"${rule.name}-${suffix}", "silent-${suffix}"}


@pytest.mark.parametrize("name", RULES)
def test_an_alert_asks_for_a_gauge_that_is_measured(name: str) -> None:
    rule = RULES[name]
    gauge = BY_NAME[rule["measurement"]]
    if rule["threshold"]:
        least, most = UNITS[gauge.unit]
        assert least <= rule["threshold"] <= most
    # Sustained trouble rings, one bad minute does not; what is put aside stays so until a person
    # comes.
    assert rule["aggregation"] == ("Maximum" if name == "work-put-aside" else "Minimum")
    assert rule["operator"] == ("LessThan" if gauge.unit == "d" else "GreaterThan")


def test_every_window_holds_several_measurements() -> None:
    """Measured by the loop of a process, and in Azure whenever the timer looks for work."""
    windows = [
        timedelta(minutes=60 * int(hours or 0) + int(minutes or 0))
        for rule in RULES.values()
        for hours, minutes in re.findall(r"^PT(?:(\d+)H)?(?:(\d+)M)?$", rule["window"])
    ]
    assert len(windows) == len(RULES)
    assert min(windows) >= 5 * EVERY
    assert Settings().work_schedule == "0 * * * * *", "every minute"


def test_a_log_line_is_found_by_the_words_of_the_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The query reads members of the line by name; the line has them at its top."""
    with caplog.at_level(logging.INFO, "integrations.measures"):
        logger = logging.getLogger("integrations.measures")
        log_event(logger, telemetry.MEASURED, logging.INFO, **{telemetry.WORK_LAG.name: 7.5})
    line = json.loads(JsonLines().format(caplog.records[0]))
    [(member, value)] = re.findall(r'line\.(\w+) == "(\w+)"', PREAMBLE)
    assert line[member] == value
    assert line[telemetry.WORK_LAG.name] == 7.5


def test_every_alert_tells_the_same_people_and_ends_by_itself() -> None:
    for rule in resources("Microsoft.Insights/scheduledQueryRules"):
        assert rule.properties["autoMitigate"] is True
        assert rule.properties["enabled"] is True
        assert "tell" in json.dumps(rule.properties["actions"]["actionGroups"])
        assert rule.properties["scopes"] == ["workspaceId"]
        [condition] = rule.properties["criteria"]["allOf"]
        assert "measured" in condition["query"]


def test_silence_itself_is_an_alert() -> None:
    """Without a line there is no value, and no other rule can fire."""
    [silence] = [
        r
        for r in resources("Microsoft.Insights/scheduledQueryRules")
        if r.body["name"].startswith("silent")
    ]
    [condition] = silence.properties["criteria"]["allOf"]
    assert (condition["timeAggregation"], condition["operator"]) == ("Count", "LessThan")
    assert condition["threshold"] == 1
