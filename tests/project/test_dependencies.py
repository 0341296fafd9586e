"""Locked dependencies: in step with their exports, and with wheels for every Python we support."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.project.sources import ROOT

PYTHONS = ("311", "312", "313")
EXPORTS = {
    "requirements.txt": ["--no-dev", "--extra", "telemetry"],
    "requirements-dev.txt": ["--all-extras", "--all-groups"],
}


def uv(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run uv on this project without a network; ``folder`` takes its cache."""
    return subprocess.run(  # noqa: S603 - the locked tool and our own arguments
        [sys.executable, "-m", "uv", "--offline", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def packages() -> list[dict[str, Any]]:
    """Every locked package but our own."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return [package for package in locked if "registry" in package["source"]]


def test_the_lock_file_fits_the_project_file(tmp_path: Path) -> None:
    checked = uv("lock", "--check", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_installed_from_is_the_lock_file_exported(name: str, tmp_path: Path) -> None:
    options = ["--quiet", "--frozen", "--no-annotate", "--no-emit-project", *EXPORTS[name]]
    exported = uv("export", *options, folder=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert _requirements((ROOT / name).read_text()) == _requirements(exported.stdout), "make lock"


def _requirements(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", EXPORTS)
def test_every_requirement_is_pinned_with_its_hash(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 40
    for line in lines:
        assert re.match(r"[A-Za-z0-9._\[\]-]+==\S+", line), line
        assert "--hash=sha256:" in line


def test_what_azure_deploys_holds_nothing_of_simulation_or_tests() -> None:
    names = set(re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert "azure-functions" in names
    assert not names & {"pytest", "uvicorn", "trustme", "ortools", "uv", "hatchling"}


def test_every_package_has_a_wheel_for_every_python(packages: list[dict[str, Any]]) -> None:
    """Nothing is compiled at deployment, nor on the machine of a newcomer with x86-64 Linux.

    Where one version does not fit all Pythons the lock holds several, each with its marker.
    """
    versions: dict[str, list[list[str]]] = {}
    for package in packages:
        files = [wheel["url"].rsplit("/", 1)[1] for wheel in package.get("wheels", ())]
        versions.setdefault(package["name"], []).append(files)
    missing = [
        f"{name} for {python}"
        for name, candidates in versions.items()
        for python in PYTHONS
        if not any(_fits(file, python) for files in candidates for file in files)
    ]
    assert missing == []


def _fits(wheel: str, python: str) -> bool:
    """Whether a wheel can be installed under this CPython on Linux, x86-64."""
    tags, abis, platforms = (part.split(".") for part in wheel.removesuffix(".whl").split("-")[-3:])
    on_linux = any(
        platform == "any" or re.fullmatch(r"(many)?linux.*_x86_64", platform)
        for platform in platforms
    )
    exact = f"cp{python}" in tags
    stable = "abi3" in abis and any(
        tag.startswith("cp3") and int(tag[3:]) <= int(python[1:]) for tag in tags
    )
    pure = any(tag.startswith("py") for tag in tags) and abis == ["none"]
    return on_linux and (exact or stable or pure)


def test_npm_lock_files_name_no_other_registry() -> None:
    locks = [p for p in ROOT.glob("tests/**/package-lock.json") if "node_modules" not in p.parts]
    assert len(locks) >= 3
    for lock in locks:
        addresses = re.findall(r'"resolved": "(\w+://[^/"]+)', lock.read_text())
        assert set(addresses) <= {"https://registry.npmjs.org"}, lock
        assert lock.read_text().count('"integrity": "sha512-') > 0
