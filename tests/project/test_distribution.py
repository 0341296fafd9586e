"""What is deployed and what is built from the checkout: all that runs, and nothing else."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.project.sources import ROOT

NEEDED = (
    "function_app.py",
    "host.json",
    "requirements.txt",
    "scheduling/planner.py",
    "integrations/texts/invitation.html",
    "integrations/store/migrations/script.py.mako",
    "integrations/store/migrations/versions/0001_first_tables.py",
)
KEPT_BACK = (
    "simulator/tenant.py",
    "tests/conftest.py",
    "docs/reference/settings.md",
    "benchmarks/firm_size.py",
    "integrations/demo/run.py",
    ".venv/bin/python",
    ".git/HEAD",
    ".tandem/tandem.sqlite",
    "local.settings.json",
    "uv.lock",
    "node_modules/azurite/package.json",
)


def deployed(path: str) -> bool:
    """Whether .funcignore lets a path through; it has the syntax of .gitignore."""
    is_in = True
    for line in (ROOT / ".funcignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        is_wanted = pattern.startswith("!")
        bare = pattern.lstrip("!").rstrip("/")
        parts = path.split("/")
        prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        candidates = prefixes if "/" in bare else parts
        if any(fnmatch.fnmatchcase(candidate, bare) for candidate in candidates):
            is_in = is_wanted
    return is_in


@pytest.mark.parametrize("path", NEEDED)
def test_what_runs_is_deployed(path: str) -> None:
    assert (ROOT / path).is_file()
    assert deployed(path)


@pytest.mark.parametrize("path", KEPT_BACK)
def test_what_does_not_run_is_kept_back(path: str) -> None:
    assert not deployed(path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    finished = subprocess.run(  # noqa: S603 - the locked build tool
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return folder


def test_the_wheel_holds_texts_and_migrations_and_no_tests(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for path in NEEDED[3:]:
        assert path in names
    assert "simulator/tenant.py" in names
    assert "integrations/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "docs"))]


def test_the_source_distribution_can_be_deployed_from(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {"function_app.py", "host.json", "pyproject.toml", "LICENSE"} <= names
    assert "integrations/texts/invitation.html" in names


def test_the_version_is_the_newest_of_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(
        r"^## (\d+\.\d+\.\d+)\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert headings[0] == version
    numbers = [tuple(map(int, heading.split("."))) for heading in headings]
    assert numbers == sorted(numbers, reverse=True)


def test_the_licence_is_mits() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert "WITHOUT WARRANTY OF ANY KIND" in text
