"""What IT types: doctor with its exit codes, moving a mailbox, taking Tandem away."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.terminal import Office
from tests.support.world import CLIENT


def test_doctor_tells_wrong_from_wider_than_needed_by_its_exit_code(office: Office) -> None:
    office.data("import", str(office.roster))
    app = office.tenant.sign_in.apps[CLIENT]
    office.tenant.register_app(replace(app, roles={**app.roles, "Mail.Send": None}))
    code, out, _ = office.terminal("doctor", "--json")
    found = [check for check in json.loads(out) if not check["is_well"]]
    assert (code, [(check["code"], check["finding"]) for check in found]) == (
        7,
        [("roles", "wider_than_needed")],
    )
    office.terminal.set(client_secret="another secret")
    code, out, err = office.terminal("doctor")
    assert code == 6
    assert "AADSTS7000215" in out
    assert "another secret" not in out + err


def test_doctor_names_each_wrong_setting_and_shows_no_secret(office: Office) -> None:
    office.terminal.set(zone="Atlantis", signing_keys="too-short-a-key")
    code, out, err = office.terminal("doctor", "--json")
    assert code == 6
    named = {check["about"] for check in json.loads(out) if check["code"] == "settings"}
    assert {"TANDEM_ZONE", "TANDEM_SIGNING_KEYS"} <= named
    assert "too-short-a-key" not in out + err


def test_doctor_says_that_there_is_no_store_and_what_makes_one(office: Office, store: Path) -> None:
    store.unlink()
    code, out, _ = office.terminal("doctor", "--json")
    red = [check for check in json.loads(out) if check["finding"] in ("wrong", "missing")]
    assert (code, [check["code"] for check in red]) == (6, ["store"])
    assert "tandem db upgrade" in red[0]["remedy"]


def test_taking_tandem_away_is_shown_first_and_wants_the_number_it_named(
    office: Office, tmp_path: Path
) -> None:
    office.data("import", str(office.roster))
    office.data("plan")
    office.data("book")
    mails = len(office.tenant.mail_log)
    shown = office.data("decommission", "--leave-dates")
    assert (shown["confirmed"], shown["mails"]) == (False, 0)
    assert shown["left"]["dates"] > 0
    spoken = office.terminal("decommission", "--end-dates", "--confirm", "1")
    assert spoken[0] == 3
    assert "would be" in spoken[2]
    done = office.read(
        "decommission", "--leave-dates", "--export", str(tmp_path / "out"), "--confirm", "0"
    )
    assert "./register-app.ps1 -Revoke" in done
    assert (tmp_path / "out" / "pairs.jsonl").exists()
    assert len(office.tenant.mail_log) == mails
    code, _, err = office.terminal("writing", "go-on")
    assert code != 0
    assert "begin anew" in err


@pytest.mark.parametrize("target", ["nobody@firm.example", None])
def test_pairs_move_to_program_mailboxes_alone(office: Office, target: str | None) -> None:
    office.data("import", str(office.roster))
    box = next(e.mail for e in office.tenant.directory if e.title == "Program mailbox")
    code, _, err = office.terminal("mailbox", "move", box, target or box)
    assert code == 3
    assert "TANDEM_PROGRAM_MAILBOXES" in err


def test_a_probe_asks_first_and_prints_settings_and_leaves_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [u.mail for u in office.tenant.directory if u.has_mailbox and u.enabled][:2]
    data = office.data("probe", *people, "--yes")
    found = {answer["question"]: answer["found"] for answer in data["answers"]}
    assert found["free_busy_scope"] == "readable"
    assert found["report_delay"] == "not_asked"
    assert data["recommended"] == {"TANDEM_FREE_BUSY_READER": "program_mailbox"}
    assert not [e for mail in people for e in office.tenant.events_of(mail)]
    mails = len(office.tenant.mail_log)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, _, _ = office.terminal("probe", *people)
    assert code != 0, "nobody said yes"
    assert len(office.tenant.mail_log) == mails
