"""Every package that is locked is under a licence that a firm's counsel has no question about."""

from __future__ import annotations

import re
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOYED = "requirements.txt"
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
}
WEAK_COPYLEFT = {"LGPL-3.0-only", "LGPL-3.0-or-later"}
"""For packages used as they are installed: docs/explanation/dependencies.md says which."""
LGPL = {"psycopg", "psycopg-binary", "recurring-ical-events", "x-wr-timezone"}
# How packages say it that give no expression of SPDX.
SPOKEN = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "bsd": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "isc license (iscl)": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


def _locked(file: str) -> list[str]:
    """The names of a requirements file that this Python installs."""
    return re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def _declared(package: Message) -> set[str]:
    """The licences a package names: an expression, else its classifiers, else a word or two."""
    expression = package.get("License-Expression")
    if expression:
        return set(re.split(r"\s+(?:AND|OR|WITH)\s+|[()\s]+", expression)) - {""}
    classified = [c for c in package.get_all("Classifier", []) if c.startswith("License :: ")]
    spoken = [c.rpartition(" :: ")[2] for c in classified if c != "License :: OSI Approved"]
    spoken = spoken or [
        package.get("License", "").splitlines()[0] if package.get("License") else ""
    ]
    return {SPOKEN.get(word.casefold(), word) for word in spoken}


@pytest.mark.parametrize("file", [DEPLOYED, "requirements-dev.txt"])
def test_every_locked_package_is_under_an_allowed_licence(file: str) -> None:
    doubtful = []
    for name in _locked(file):
        try:
            found = _declared(metadata(name))  # type: ignore[arg-type]
        except PackageNotFoundError:
            # For another Python or another system than this one.
            continue
        allowed = ALLOWED | (WEAK_COPYLEFT if name in LGPL else set())
        if not found or found - allowed:
            doubtful.append(f"{name}: {', '.join(sorted(found)) or 'says nothing'}")
    assert doubtful == []


def test_every_deployed_package_was_looked_at() -> None:
    """Nearly all: what is locked for other systems alone is not installed here."""
    names = _locked(DEPLOYED)
    missing = []
    for name in names:
        try:
            metadata(name)
        except PackageNotFoundError:
            missing.append(name)
    assert len(names) > 50
    assert len(missing) <= 5, missing
