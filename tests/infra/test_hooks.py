"""What azd runs besides Bicep, with stand-ins for the tools that it calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from integrations.settings import Settings
from tests.project.sources import ROOT

HOOKS = ROOT / "infra/hooks"
TOKEN = "a-token-that-must-not-show"
# A vault of one folder: a file a secret. It refuses as often as the file "refusals" says, and
# writes down how it was called.
AZ = """#!/bin/sh
echo "az $*" >>"$BENCH/calls"
case "$*" in
*"secret list"*)
  if [ -s "$BENCH/refusals" ]; then
    sed -i 1d "$BENCH/refusals"; echo "Forbidden" >&2; exit 1
  fi
  if [ -e "$BENCH/signing-keys" ]; then echo signing-keys; fi ;;
*"secret set"*)
  while [ "$1" != --file ]; do shift; done
  cp "$2" "$BENCH/signing-keys"; echo "$2" >"$BENCH/file" ;;
*"get-access-token --resource-type oss-rdbms"*) printf '%s' "$TOKEN" ;;
*) exit 2 ;;
esac
"""
NOTING = """#!/bin/sh
echo "$(basename "$0") $*" >>"$BENCH/calls"
"""
TANDEM = """#!/bin/sh
echo "tandem $*" >>"$BENCH/calls"
env >"$BENCH/environment"
if [ "$*" = "$FAILS" ]; then exit 1; fi
"""


@dataclass
class Bench:
    """A checkout with the hooks, tools that note how they are called, and what azd hands on."""

    folder: Path
    environ: dict[str, str]

    def run(self, hook: str, **more: str) -> int:
        """Run a hook; its exit code."""
        ran = subprocess.run(  # noqa: S603 - our own script
            ["/bin/sh", self.folder / "infra/hooks" / hook],
            env={**self.environ, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert TOKEN not in ran.stdout + ran.stderr
        return ran.returncode

    def calls(self, program: str) -> list[str]:
        """How a tool was called, in order."""
        lines = self._read("calls").splitlines()
        return [line for line in lines if line.startswith(program)]

    def _read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text() if file.exists() else ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Somewhere to run hooks."""
    folder = tmp_path / "a checkout"
    shutil.copytree(HOOKS, folder / "infra/hooks")
    tools = {
        "tools/az": AZ,
        "tools/make": NOTING,
        "tools/sleep": NOTING,
        ".venv/bin/tandem": TANDEM,
    }
    for name, script in tools.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)
    environ = {
        "PATH": f"{folder / 'tools'}:{os.environ['PATH']}",
        "BENCH": str(folder),
        "TOKEN": TOKEN,
        "FAILS": "",
        "VAULT_NAME": "kv-firm",
        "OPERATOR_NAME": "Tandem operators",
        "IDENTITY_NAME": "id-tandem-x",
        "STORE_HOST": "psql-x.postgres.database.azure.com",
        "STORE_DATABASE": "tandem",
        "TANDEM_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
    }
    return Bench(folder, environ)


def test_the_first_provisioning_makes_a_key_that_tandem_takes(bench: Bench) -> None:
    assert bench.run("signing-keys.sh") == 0
    key = (bench.folder / "signing-keys").read_text()
    environ = {"TANDEM_PUBLIC_URL": "https://x.example", "TANDEM_SIGNING_KEYS": key}
    assert Settings.from_environ(environ).link_keys == (key,)
    assert len(key) == 64
    assert key not in "".join(bench.calls("az"))
    # The file it came from is gone.
    assert not Path((bench.folder / "file").read_text().strip()).exists()


def test_provisioning_again_leaves_the_key_as_it_is(bench: Bench) -> None:
    bench.run("signing-keys.sh")
    key = (bench.folder / "signing-keys").read_text()
    assert bench.run("signing-keys.sh") == 0
    assert (bench.folder / "signing-keys").read_text() == key
    assert sum("secret set" in call for call in bench.calls("az")) == 1


def test_a_role_that_does_not_work_yet_is_waited_for(bench: Bench) -> None:
    (bench.folder / "refusals").write_text("no\n" * 3)
    assert bench.run("signing-keys.sh") == 0
    assert bench.calls("sleep") == ["sleep 30"] * 3
    assert (bench.folder / "signing-keys").exists()


def test_a_vault_that_stays_closed_ends_it_and_makes_no_key(bench: Bench) -> None:
    """Taking a refusal for an empty vault would replace the key under links that were sent."""
    (bench.folder / "refusals").write_text("no\n" * 50)
    (bench.folder / "signing-keys").write_text("the key of before")
    assert bench.run("signing-keys.sh") == 1
    assert (bench.folder / "signing-keys").read_text() == "the key of before"
    assert not any("secret set" in call for call in bench.calls("az"))


def test_the_store_is_upgraded_before_the_app_is_admitted_to_it(bench: Bench) -> None:
    assert bench.run("upgrade-store.sh") == 0
    assert bench.calls("make") == ["make setup"]
    assert bench.calls("tandem") == ["tandem db upgrade", "tandem db admit id-tandem-x"]


def test_the_operator_signs_in_with_a_token_and_over_a_checked_connection(bench: Bench) -> None:
    bench.run("upgrade-store.sh")
    lines = (bench.folder / "environment").read_text().splitlines()
    environ = dict(line.partition("=")[::2] for line in lines)
    assert environ["PGUSER"] == "Tandem operators"
    assert environ["PGPASSWORD"] == TOKEN
    ours = {name: value for name, value in environ.items() if name.startswith("TANDEM_")}
    address = Settings.from_environ(ours).store_url.get_secret_value()
    assert address == "postgresql://psql-x.postgres.database.azure.com/tandem?sslmode=verify-full"


@pytest.mark.parametrize("fails", ["db upgrade", "db admit id-tandem-x"])
def test_no_code_is_deployed_over_a_store_that_was_not_upgraded(bench: Bench, fails: str) -> None:
    """azd ends where a hook does."""
    assert bench.run("upgrade-store.sh", FAILS=fails) != 0
    assert bench.calls("tandem")[-1] == f"tandem {fails}"
