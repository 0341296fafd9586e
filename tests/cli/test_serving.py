"""`tandem serve` as a process: a firm's own settings, and the invented firm made anew."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from integrations.store.upgrade import upgrade
from tests.simulator.served import ServedTenant
from tests.support.installation import Installation, environment

PUBLIC = "http://localhost:8000"
PATIENCE = 120.0


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Installation]:
    """A tenant in which it is as late as on this machine, by whose clock tokens are checked."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with ServedTenant(
        tmp_path / "tenant", "--pairs", "2", "--clock", "running", "--now", now
    ) as tenant:
        upgrade(f"sqlite:///{tmp_path / 'tandem.sqlite'}")
        over = {"TANDEM_PUBLIC_URL": PUBLIC, "TANDEM_SIGNING_KEYS": "k" * 40}
        yield Installation(tenant, tmp_path, {**environment(tenant, tmp_path), **over})


@contextmanager
def serving(installation: Installation, *arguments: str) -> Iterator[str]:
    """The address of what is served; it ends as by Ctrl-C, and well."""
    process = installation.start("serve", "--port", "0", *arguments)
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    pipe, said, until = process.stdout.fileno(), "", time.monotonic() + PATIENCE
    os.set_blocking(pipe, False)
    while time.monotonic() < until and process.poll() is None:
        if select.select([pipe], [], [], 1)[0]:
            said += os.read(pipe, 65536).decode()
        if found := re.search(r"http://(localhost|127\.0\.0\.1):\d+(?=\.?\s)", said):
            return found[0]
    raise AssertionError(f"nothing is served: {said}")


def test_a_firms_own_settings_are_served_and_its_people_sign_in(firm: Installation) -> None:
    person = firm.tenant.ready["staff"]["coordinator"]
    with serving(firm) as url, httpx.Client(base_url=url) as http:
        asked = http.get("/sign-in?next=/help")
        assert asked.status_code == 303
        asked_of = urlsplit(asked.headers["location"])
        assert firm.tenant.ready["tenant_id"] in asked_of.path
        assert firm.tenant.ready["client_id"] in asked_of.query
        flow = asked.headers["set-cookie"].split(";")[0]
        with firm.tenant.control() as control:
            told = {"person": person, "url": asked.headers["location"]}
            back = control.post("/people/sign-in", json=told).raise_for_status().json()["location"]
        assert back.startswith(f"{PUBLIC}/")
        there = http.get(back.removeprefix(PUBLIC), headers={"cookie": flow})
        assert (there.status_code, there.headers["location"]) == (303, "/help")
        cookies = [each.split(";")[0] for each in there.headers.get_list("set-cookie")]
        signed_in = http.get("/help", headers={"cookie": "; ".join(cookies)})
        assert signed_in.status_code == 200
        assert person in signed_in.text
        assert person not in http.get("/help").text, "whoever is not signed in sees nobody"


def test_a_port_that_is_taken_is_named(firm: Installation) -> None:
    with serving(firm) as url:
        code, _, err = firm.tandem("serve", "--port", str(urlsplit(url).port))
        assert code != 0
        assert "cannot be used" in err
        assert "--port" in err


def test_a_fresh_invented_firm_takes_the_place_of_the_one_that_is_there(tmp_path: Path) -> None:
    nowhere = {name: v for name, v in os.environ.items() if not name.startswith("TANDEM_")}
    nowhere |= {"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"}
    folder = tmp_path / "served"
    demo = Installation(None, folder, nowhere)  # type: ignore[arg-type]
    wish = ("--demo", "--folder", str(folder), "--pairs", "1", "--months", "0")
    told = []
    for more in ((), ("--fresh", "--seed", "2")):
        with serving(demo, *wish, *more) as url:
            assert httpx.get(f"{url}/sign-in").status_code == 303
        told.append((folder / "tenant" / "roster.csv").read_text())
    assert told[0] != told[1]
