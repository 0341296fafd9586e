"""Scripts around the deployment, with stand-ins for the tools that they call."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from integrations.settings import Settings
from tests.project.sources import ROOT

HOOKS = ROOT / "infra/hooks"
OPERATE = ROOT / "infra/operate.sh"
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
*"appsettings list"*) cat "$BENCH/app-settings" ;;
*"secret show"*) cat "$BENCH/signing-keys" ;;
*"credential reset"*)
  while [ "$1" != --cert ]; do shift; done
  cp "${2#@}" "$BENCH/registered" ;;
*"credential list"*) if [ -e "$BENCH/registered" ]; then echo the-key-id; fi ;;
*"credential delete"*) rm "$BENCH/registered" ;;
"rest --method post"*) if [ -e "$BENCH/deaf" ]; then exit 1; fi ;;
*) exit 2 ;;
esac
"""
AZD = """#!/bin/sh
if [ "$*" = "env get-values" ]; then cat "$BENCH/azd-values"; else exit 2; fi
"""
NOTING = """#!/bin/sh
echo "$(basename "$0") $*" >>"$BENCH/calls"
"""
TANDEM = """#!/bin/sh
echo "tandem $*" >>"$BENCH/calls"
env >"$BENCH/environment"
cp "${TANDEM_CERTIFICATE_FILE:-/dev/null}" "$BENCH/pem"
if [ -e "$BENCH/registered" ]; then echo "tandem while registered" >>"$BENCH/notes"; fi
if [ "$*" = "$FAILS" ]; then exit 1; fi
"""


@dataclass
class Bench:
    """A checkout with the hooks, tools that note how they are called, and what azd hands on."""

    folder: Path
    environ: dict[str, str]

    def run(self, script: str, *arguments: str, **more: str) -> int:
        """Run a script of ``infra/``; its exit code."""
        ran = subprocess.run(  # noqa: S603 - our own script
            ["/bin/sh", self.folder / "infra" / script, *arguments],
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

    def environment(self) -> dict[str, str]:
        """What ``tandem`` was given by its environment."""
        lines = self._read("environment").splitlines()
        return dict(line.partition("=")[::2] for line in lines)

    def _read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text() if file.exists() else ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Somewhere to run hooks."""
    folder = tmp_path / "a checkout"
    shutil.copytree(HOOKS, folder / "infra/hooks")
    shutil.copy(OPERATE, folder / "infra")
    tools = {
        "tools/az": AZ,
        "tools/azd": AZD,
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
        "AZURE_SUBSCRIPTION_ID": "the-subscription",
        "AZURE_RESOURCE_GROUP": "rg-x",
        "APP_NAME": "func-x",
        "OPERATOR_NAME": "Tandem operators",
        "IDENTITY_NAME": "id-tandem-x",
        "STORE_HOST": "psql-x.postgres.database.azure.com",
        "STORE_DATABASE": "tandem",
        "TANDEM_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
    }
    return Bench(folder, environ)


def test_the_first_provisioning_makes_a_key_that_tandem_takes(bench: Bench) -> None:
    assert bench.run("hooks/signing-keys.sh") == 0
    key = (bench.folder / "signing-keys").read_text()
    environ = {"TANDEM_PUBLIC_URL": "https://x.example", "TANDEM_SIGNING_KEYS": key}
    assert Settings.from_environ(environ).link_keys == (key,)
    assert len(key) == 64
    assert key not in "".join(bench.calls("az"))
    # The file it came from is gone.
    assert not Path((bench.folder / "file").read_text().strip()).exists()


def test_provisioning_again_leaves_the_key_as_it_is(bench: Bench) -> None:
    bench.run("hooks/signing-keys.sh")
    key = (bench.folder / "signing-keys").read_text()
    assert bench.run("hooks/signing-keys.sh") == 0
    assert (bench.folder / "signing-keys").read_text() == key
    assert sum("secret set" in call for call in bench.calls("az")) == 1
    assert sum(call.startswith("az rest") for call in bench.calls("az")) == 1


def test_the_app_reads_the_first_key_at_once_though_it_looked_too_early(bench: Bench) -> None:
    """A reference that led nowhere is kept for a day, whatever is restarted."""
    assert bench.run("hooks/signing-keys.sh") == 0
    calls = bench.calls("az")
    [asked] = [call for call in calls if call.startswith("az rest")]
    site = "the-subscription/resourceGroups/rg-x/providers/Microsoft.Web/sites/func-x/"
    assert f"{site}config/configreferences/appsettings/refresh?" in asked
    assert [call for call in calls if "secret set" in call or call == asked][-1] == asked


def test_a_key_that_was_made_stands_though_the_app_cannot_be_told(bench: Bench) -> None:
    (bench.folder / "deaf").touch()
    assert bench.run("hooks/signing-keys.sh") == 0
    assert (bench.folder / "signing-keys").exists()


def test_a_role_that_does_not_work_yet_is_waited_for(bench: Bench) -> None:
    (bench.folder / "refusals").write_text("no\n" * 3)
    assert bench.run("hooks/signing-keys.sh") == 0
    assert bench.calls("sleep") == ["sleep 30"] * 3
    assert (bench.folder / "signing-keys").exists()


def test_a_vault_that_stays_closed_ends_it_and_makes_no_key(bench: Bench) -> None:
    """Taking a refusal for an empty vault would replace the key under links that were sent."""
    (bench.folder / "refusals").write_text("no\n" * 50)
    (bench.folder / "signing-keys").write_text("the key of before")
    assert bench.run("hooks/signing-keys.sh") == 1
    assert (bench.folder / "signing-keys").read_text() == "the key of before"
    assert not any("secret set" in call for call in bench.calls("az"))


def test_the_store_is_upgraded_before_the_app_is_admitted_to_it(bench: Bench) -> None:
    assert bench.run("hooks/upgrade-store.sh") == 0
    assert bench.calls("make") == ["make setup"]
    assert bench.calls("tandem") == ["tandem db upgrade", "tandem db admit id-tandem-x"]


def test_the_operator_signs_in_with_a_token_and_over_a_checked_connection(bench: Bench) -> None:
    bench.run("hooks/upgrade-store.sh")
    environ = bench.environment()
    assert environ["PGUSER"] == "Tandem operators"
    assert environ["PGPASSWORD"] == TOKEN
    ours = {name: value for name, value in environ.items() if name.startswith("TANDEM_")}
    address = Settings.from_environ(ours).store_url.get_secret_value()
    assert address == "postgresql://psql-x.postgres.database.azure.com/tandem?sslmode=verify-full"


@pytest.mark.parametrize("fails", ["db upgrade", "db admit id-tandem-x"])
def test_no_code_is_deployed_over_a_store_that_was_not_upgraded(bench: Bench, fails: str) -> None:
    """azd ends where a hook does."""
    assert bench.run("hooks/upgrade-store.sh", FAILS=fails) != 0
    assert bench.calls("tandem")[-1] == f"tandem {fails}"


# --- commands of Tandem from an operator's machine --------------------------------------------


@pytest.fixture
def installed(bench: Bench) -> Bench:
    """A bench with what azd, the vault and the function app know of an installation."""
    (bench.folder / "azd-values").write_text(
        'APP_NAME="func-x"\nAZURE_RESOURCE_GROUP="rg-x"\nVAULT_NAME="kv-firm"\n'
        'STORE_HOST="psql-x.example"\nSTORE_DATABASE="tandem"\n'
        'OPERATOR_NAME="Tandem operators"\nTANDEM_READ_ONLY="on"\n'
    )
    deployed = {
        "TANDEM_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
        "TANDEM_TENANT_ID": "22222222-2222-2222-2222-222222222222",
        "TANDEM_CREDENTIAL": "federated",
        "TANDEM_MANAGED_IDENTITY": "33333333-3333-3333-3333-333333333333",
        "TANDEM_PROGRAM_MAILBOXES": "a@firm.example, b@firm.example",
        "TANDEM_PUBLIC_URL": "https://tandem.firm.example",
        "TANDEM_WEBHOOK_URL": "https://tandem.firm.example/webhooks/graph",
        "TANDEM_QUEUE_ACCOUNT_URL": "https://st.queue.core.windows.net/",
        "TANDEM_SIGNING_KEYS": "@Microsoft.KeyVault(SecretUri=https://kv-firm)",
        "TANDEM_STORE_URL": "postgresql://id-x@psql-x.example/tandem?sslmode=verify-full",
        "TANDEM_STORE_SIGN_IN": "managed_identity",
        "TANDEM_SWEEP_SCHEDULE": "0 0 * * * *",
        "TANDEM_READ_ONLY": "off",
    }
    lines = [f"{name}\t{value}\n" for name, value in deployed.items()]
    (bench.folder / "app-settings").write_text("".join(lines))
    (bench.folder / "signing-keys").write_text("k" * 64)
    return bench


def test_a_command_runs_with_the_settings_of_the_app_and_a_credential_of_its_own(
    installed: Bench,
) -> None:
    """Another public address would stand in invitations, and end subscriptions to changes."""
    assert installed.run("operate.sh", "tandem", "doctor", "--json") == 0
    assert installed.calls("tandem") == ["tandem doctor --json"]
    environ = installed.environment()
    ours = {name: value for name, value in environ.items() if name.startswith("TANDEM_")}
    pem = installed.folder / "pem"
    settings = Settings.from_environ({**ours, "TANDEM_CERTIFICATE_FILE": str(pem)})
    assert settings.public_url == "https://tandem.firm.example"
    assert settings.webhook_url == "https://tandem.firm.example/webhooks/graph"
    assert settings.program_mailboxes == ("a@firm.example", "b@firm.example")
    assert settings.link_keys == ("k" * 64,)
    assert settings.credential == "certificate"
    assert not settings.read_only, "as the app is set, not as azd remembers"
    assert settings.queue_account_url is None
    assert settings.store_sign_in == "address"
    assert (environ["PGUSER"], environ["PGPASSWORD"]) == ("Tandem operators", TOKEN)


def test_the_certificate_is_known_while_the_command_runs_and_gone_after(installed: Bench) -> None:
    installed.run("operate.sh", "tandem", "doctor")
    assert (installed.folder / "notes").read_text() == "tandem while registered\n"
    assert not (installed.folder / "registered").exists()
    pem = (installed.folder / "pem").read_text()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life == timedelta(days=1)
    assert "PRIVATE KEY" in pem
    assert not Path(installed.environment()["TANDEM_CERTIFICATE_FILE"]).exists()


def test_a_command_that_fails_leaves_no_certificate_behind_and_says_so(installed: Bench) -> None:
    assert installed.run("operate.sh", "tandem", "doctor", FAILS="doctor") == 1
    assert not (installed.folder / "registered").exists()


def test_the_private_key_goes_to_nobody(installed: Bench) -> None:
    installed.run("operate.sh", "tandem", "doctor")
    asked = [call for call in installed.calls("az") if "credential reset" in call]
    assert len(asked) == 1
    assert "certificate.pem" in asked[0]
    assert "key.pem" not in asked[0]
