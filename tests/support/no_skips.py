"""A pytest plugin: says in one closing line what was skipped, or lets nothing be skipped.

With ``FORBID_SKIPS`` set to anything, a skipped test or file is a failed one: a check that was
to run and could not run has found nothing out.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

FORBIDDEN = "FORBID_SKIPS"


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def is_skip(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether the report is of something skipped; a failure that was expected is not."""
    return report.skipped and not hasattr(report, "wasxfail")


def refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make the report of a skip one of a failure, where skips are forbidden."""
    if os.environ.get(FORBIDDEN) and is_skip(report):
        report.longrepr = f"skips are forbidden here ({FORBIDDEN}): {reason_of(report)}"
        report.outcome = "failed"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at every test's report."""
    report = yield
    refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at every file's report: it may skip as a whole."""
    report = yield
    refuse(report)
    return report


def closing_line(reasons: Counter[str]) -> str:
    """What was skipped and why, on one line."""
    if not reasons:
        return "nothing skipped"
    parts = (f"{number} for: {reason}" for reason, number in sorted(reasons.items()))
    return f"skipped {reasons.total()}: {'; '.join(parts)}"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the closing line after everything else, in the process that reports."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        skipped = [report for report in reporter.stats.get("skipped", ()) if is_skip(report)]
        reporter.write_line(closing_line(Counter(reason_of(report) for report in skipped)))
