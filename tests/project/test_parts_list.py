"""The list of parts (SBOM) that a firm's security team asks for names all that is deployed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKEFILE = ROOT / "Makefile"


def _command() -> list[str]:
    """The command of ``make sbom``, so that what is tried is what is handed out."""
    text = MAKEFILE.read_text("utf-8").replace("\\\n", " ")
    (line,) = re.findall(r"/uv\" (export .*cyclonedx\S*)", text)
    return str(line).split()


def test_the_parts_list_names_every_package_that_is_deployed_with_its_hash() -> None:
    made = subprocess.run(  # noqa: S603 - the locked tool and our own words
        [Path(sys.executable).parent / "uv", "--offline", *_command()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    parts = json.loads(made.stdout)
    assert parts["bomFormat"] == "CycloneDX"
    versions = {part["name"]: part["version"] for part in parts["components"]}
    pinned = (ROOT / "requirements.txt").read_text("utf-8")
    deployed = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", pinned, re.MULTILINE))
    assert len(deployed) > 50
    assert {name for name in deployed if name not in versions} == set()
    unhashed = [
        part["name"]
        for part in parts["components"]
        if not any(source.get("hashes") for source in part.get("externalReferences", ()))
    ]
    assert unhashed == []
