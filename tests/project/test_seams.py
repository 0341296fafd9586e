"""Environment and clock are read in one place each."""

from __future__ import annotations

import ast

import pytest

from tests.project.sources import names_used, users_of

ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.putenv", "os.getenvb")
CLOCK = (
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
)
STOPWATCH = ("time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns")


def test_the_environment_is_read_where_the_application_is_built() -> None:
    assert users_of(*ENVIRONMENT) == {"integrations/bootstrap.py"}


def test_the_machines_clock_is_read_in_one_place_of_each_program() -> None:
    assert users_of(*CLOCK) == {"integrations/runtime.py", "simulator/clock.py"}


def test_elapsed_real_time_matters_only_to_the_starting_of_a_process() -> None:
    assert users_of(*STOPWATCH) <= {"integrations/demo/tenant.py", "simulator/serve.py"}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import os\nos.environ['X']", "os.environ"),
        ("from os import environ\nenviron['X']", "os.environ"),
        ("import os as system\nsystem.getenv('X')", "os.getenv"),
        ("from datetime import datetime, UTC\ndatetime.now(UTC)", "datetime.datetime.now"),
        ("from datetime import datetime as dt\ndt.now()", "datetime.datetime.now"),
        ("import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
        ("import time\ntime.time()", "time.time"),
        ("from time import time\ntime()", "time.time"),
    ],
)
def test_no_way_of_importing_hides_a_reader(source: str, name: str) -> None:
    assert name in names_used(ast.parse(source))
