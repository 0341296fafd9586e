"""A Tandem that is installed beside a served tenant: a store, settings, and the command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.served import ServedTenant

EVENTS = "/users/{user}/events"
COMMAND = [sys.executable, "-c", "from integrations.cli import main; main()"]


@dataclass(frozen=True)
class Installation:
    """A served tenant, a store, and ``tandem`` as somebody types it."""

    tenant: ServedTenant
    folder: Path
    environ: dict[str, str]

    @property
    def store(self) -> Path:
        """The file of the program store."""
        return self.folder / "tandem.sqlite"

    @property
    def roster(self) -> Path:
        """The roster of the served firm."""
        return Path(self.tenant.ready["roster"])

    def start(self, *arguments: str, **over: str) -> subprocess.Popen[str]:
        """Begin a command and do not wait for it."""
        return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [*COMMAND, *arguments],
            env={**self.environ, **over},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tandem(self, *arguments: str, **over: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        with self.start(*arguments, **over) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def data(self, *arguments: str) -> Any:
        """What a command that has to succeed prints with ``--json``."""
        code, out, err = self.tandem(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def asked(self, path: str) -> Any:
        """What the tenant's control API says."""
        with self.tenant.control() as control:
            return control.get(path).raise_for_status().json()

    def written(self) -> int:
        """How many writes the tenant has seen."""
        calls = self.asked("/calls")
        return sum(
            call["method"] in ("POST", "PATCH") and call["path"].startswith(EVENTS)
            for call in calls
        )

    def let_claims_run_out(self) -> None:
        """What ten minutes do: the claims and permits of the dead end by themselves."""
        long_ago = "2026-01-01 00:00:00.000000"
        with closing(sqlite3.connect(self.store)) as store:
            store.execute(
                "UPDATE work SET claimed_until = ? WHERE claimed_until > ?", (long_ago,) * 2
            )
            store.execute("DELETE FROM permits")
            store.commit()

    def assert_booked_once(self, pairs: int) -> None:
        """Everybody was invited to one series, which stands in both calendars."""
        status = self.data("status")
        assert {pair["state"] for pair in status["pairs"]} == {"booked"}
        mails = self.asked("/mails")
        invited = Counter(
            (m["event_id"], m["recipient"]) for m in mails if m["kind"] == "invitation"
        )
        assert len(invited) == 2 * pairs
        assert set(invited.values()) == {1}, "somebody was invited twice"
        assert dict(sorted(Counter(m["kind"] for m in mails).items())) == status["mails"]
        [box] = self.tenant.ready["program_mailboxes"]
        events = self.asked(f"/events?mailbox={box['mail']}")
        assert len(events) == pairs, "one event per pair, and no trial left behind"
        for event in events:
            for address in event["responses"]:
                theirs = self.asked(f"/events?mailbox={address}")
                assert event["join_url"] in {one["join_url"] for one in theirs}
        assert self.asked("/complaints") == []


def environment(tenant: ServedTenant, folder: Path) -> dict[str, str]:
    """The machine's environment without Tandem's own, and settings as IT would set them."""
    ready = tenant.ready
    pem = folder / "registration.pem"
    pem.write_text(
        Path(ready["certificate_file"]).read_text() + Path(ready["key_file"]).read_text()
    )
    return {
        **{name: v for name, v in os.environ.items() if not name.startswith("TANDEM_")},
        "COLUMNS": "200",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TANDEM_STORE_URL": f"sqlite:///{folder / 'tandem.sqlite'}",
        "TANDEM_TENANT_ID": ready["tenant_id"],
        "TANDEM_CLIENT_ID": ready["client_id"],
        "TANDEM_CERTIFICATE_FILE": str(pem),
        "TANDEM_AUTHORITY": ready["authority"],
        "TANDEM_GRAPH_URL": ready["base_url"],
        "TANDEM_CA_FILE": ready["ca_file"],
        "TANDEM_PROGRAM_MAILBOXES": ",".join(b["mail"] for b in ready["program_mailboxes"]),
        "TANDEM_MAILS_PER_MINUTE": "0",
    }
