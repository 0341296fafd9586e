"""The plugin that names or forbids what was skipped, over runs of pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.sources import ROOT

TESTS = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="no moon")
def test_by_mark(): pass

@pytest.mark.skipif(True, reason="no moon")
def test_by_condition(): pass

def test_on_the_way(): pytest.skip("no sun")

@pytest.mark.xfail(reason="known")
def test_expected_failure(): raise AssertionError
"""


def run(folder: Path, *options: str, forbid: bool) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin in ``folder``, apart from this project's configuration."""
    environment = {key: value for key, value in os.environ.items() if key != "FORBID_SKIPS"}
    environment |= {"PYTHONPATH": str(ROOT)} | ({"FORBID_SKIPS": "1"} if forbid else {})
    return subprocess.run(  # noqa: S603 - pytest and our own arguments
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.support.no_skips"),
            *("-q", "-c", os.devnull, "--rootdir", str(folder), *options, str(folder)),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def closing(finished: subprocess.CompletedProcess[str]) -> str:
    """The last line written."""
    return finished.stdout.rstrip().splitlines()[-1]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "side by side"])
def test_the_last_line_names_every_skip_and_why(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_none.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    finished = run(tmp_path, *options, forbid=False)
    assert finished.returncode == 0, finished.stdout
    count, _, reasons = closing(finished).partition(": ")
    assert count == "skipped 4"
    assert set(reasons.split("; ")) == {
        "2 for: no moon",
        "1 for: no sun",
        "1 for: could not import 'no_such_module': No module named 'no_such_module'",
    }


def test_a_run_without_skips_says_so(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("def test_runs(): pass\n")
    finished = run(tmp_path, forbid=False)
    assert finished.returncode == 0
    assert closing(finished) == "nothing skipped"


def test_where_skips_are_forbidden_each_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    finished = run(tmp_path, forbid=True)
    assert finished.returncode == 1
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in finished.stdout
    assert finished.stdout.count("skips are forbidden here (FORBID_SKIPS): no moon") >= 2
    assert "skips are forbidden here (FORBID_SKIPS): no sun" in finished.stdout


def test_a_file_that_skips_itself_fails_where_skips_are_forbidden(tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    finished = run(tmp_path, forbid=True)
    assert finished.returncode != 0
    assert "skips are forbidden here" in finished.stdout
