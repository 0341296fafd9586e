"""What somebody at a terminal meets: exit codes, errors with a remedy, data for programs."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import event

from integrations.cli import opening
from integrations.runtime import Immortal, inline
from integrations.settings import Settings
from integrations.store.store import SqlStore
from integrations.workflows.enrolment.roster import read_roster, template
from integrations.workflows.rulebook.rules import ProgramRule
from simulator.virtual_time import run_virtually
from tests.acceptance.oracle import planned_world
from tests.support.terminal import Office, Terminal, assert_told
from tests.support.world import (
    START,
    Empty,
    World,
    book_all,
)

NOBODY = 65534


# --- the store ----------------------------------------------------------------------------


def test_a_store_that_is_missing_asks_for_db_upgrade_which_makes_it(terminal: Terminal) -> None:
    assert_told(terminal("status"), 4, "no program store", "tandem db upgrade")
    assert terminal("db", "upgrade")[0] == 0
    assert terminal("status")[0] == 0
    assert terminal("db", "upgrade")[0] == 0, "twice is as good as once"


def _impatient(settings: Settings) -> SqlStore:
    """A store that waits for nobody's lock."""
    url = settings.store_url.get_secret_value()
    return SqlStore(url, offload=inline, life=Immortal(), lock_timeout=timedelta(milliseconds=10))


def test_a_store_that_is_locked_says_so(
    store: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "build_store", _impatient)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert_told(terminal("status"), 4, "lock", "Close other programs")
    assert terminal("status")[0] == 0


@pytest.fixture
def anybodys_folder() -> Iterator[Path]:
    """A folder outside those that only their owner may enter."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_store_that_may_not_be_written_says_so(
    store: Path, terminal: Terminal, anybodys_folder: Path
) -> None:
    file = Path(shutil.copy(store, anybodys_folder / "tandem.sqlite"))
    file.chmod(0o444)
    terminal.set(store_url=f"sqlite:///{file}")
    # What it imports is read first: nobody may not look where a Python of root's is at home.
    terminal("status")
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        spoken = terminal("status")
    finally:
        if root:
            os.seteuid(0)
    assert_told(spoken, 4, "cannot be written", "write permission")


def test_a_store_of_newer_code_is_left_alone(store: Path, terminal: Terminal) -> None:
    with closing(sqlite3.connect(store)) as db:
        db.execute("UPDATE store_info SET revision = 99, minimum_code_revision = 99")
        db.commit()
    before = store.read_bytes()
    assert_told(terminal("status"), 4, "needs code revision 99", "Deploy the newer version")
    assert_told(terminal("db", "upgrade"), 4, "99")
    assert store.read_bytes() == before


def test_a_store_of_older_tables_asks_for_the_upgrade(store: Path, terminal: Terminal) -> None:
    with closing(sqlite3.connect(store)) as db:
        db.execute("UPDATE store_info SET revision = 0")
        db.commit()
    assert_told(terminal("status"), 4, "tandem db upgrade")


def _full(settings: Settings) -> SqlStore:
    """A store on a disk that has no room for another page."""
    store = _impatient(settings)

    @event.listens_for(store.engine, "connect")
    def limit_pages(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    return store


def test_a_full_store_says_so_and_loses_nothing(
    terminal: Terminal, empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = run_virtually(START, planned_world(empty, 6))
    terminal.set(store_url=world.store_url)
    [program] = run_virtually(START, world.read(lambda tx: tx.programs.all()))
    with monkeypatch.context() as disk:
        disk.setattr(opening, "build_store", _full)
        spoken = terminal("program", "set", program.name, "--contact-name", "x" * 9000)
    assert_told(spoken, 4, "no room", "Free disk space")
    assert run_virtually(START, world.read(lambda tx: tx.programs.all())) == [program]


def test_a_file_that_is_no_store_is_not_taken_for_one(store: Path, terminal: Terminal) -> None:
    store.write_text("a letter, not a database" * 100)
    assert_told(terminal("status"), 4, "no program store")


# --- the tenant ---------------------------------------------------------------------------


def _roster(folder: Path) -> Path:
    file = folder / "roster.csv"
    file.write_text(template())
    return file


def test_import_plan_book_status_and_doctor_print_data_that_agrees_with_the_tenant(
    office: Office,
) -> None:
    data = office.data
    assert data("import", str(office.roster))["added"] == 6
    assert data("import", str(office.roster))["unchanged"] == 6
    planned = data("plan")
    assert (planned["placed"], len(planned["pairs"])) == (6, 6)
    intended = data("book", "--dry-run")
    assert {line["state"] for line in data("book")} == {"booked"}
    status = data("status")
    kinds = Counter(mail.kind for mail in office.tenant.mail_log)
    assert status["mails"] == dict(sorted(kinds.items()))
    assert sum(kinds.values()) == intended["mails"]
    assert all(check["is_well"] for check in data("doctor"))
    assert office.tenant.complaints == []


def test_a_doctor_who_finds_something_leaves_with_six(office: Office) -> None:
    office.tenant.change_person(
        next(e.mail for e in office.tenant.directory if e.title == "Program mailbox"),
        mailbox="noTeams",
    )
    code, out, _ = office.terminal("doctor", "--json")
    assert code == 6
    unwell = [check for check in json.loads(out) if not check["is_well"]]
    assert unwell
    assert all(check["remedy"] for check in unwell)


def test_a_tenant_that_cannot_be_reached_leaves_everything_as_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.unplug(monkeypatch)
    spoken = office.terminal("import", str(office.roster))
    assert_told(spoken, 5, "cannot be reached", "Check the network path")
    code, out, _ = office.terminal("status", "--json")
    assert (code, json.loads(out)["pairs"]) == (0, [])


def test_a_token_that_is_refused_says_what_to_check(office: Office) -> None:
    office.terminal.set(client_secret="another secret")
    spoken = office.terminal("import", str(office.roster))
    assert_told(spoken, 5, "Entra ID refused", "credential of the app registration")
    assert "another secret" not in spoken[1] + spoken[2]
    assert office.tenant.calls == [c for c in office.tenant.calls if "oauth2" in c.path]


def test_an_expired_certificate_names_its_last_day(
    store: Path, terminal: Terminal, tmp_path: Path
) -> None:
    terminal.set(credential="certificate", certificate_file=str(_expired(tmp_path)))
    assert_told(
        terminal("import", str(_roster(tmp_path))),
        5,
        "the certificate expired on 2026-01-31",
        "Upload a new certificate",
    )


def _expired(folder: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tandem")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2025, 1, 31, tzinfo=UTC))
        .not_valid_after(datetime(2026, 1, 31, tzinfo=UTC) + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "expired.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


# --- what was handed in -------------------------------------------------------------------


def test_every_wrong_setting_is_told_on_a_line_of_its_own(store: Path, terminal: Terminal) -> None:
    terminal.set(workers="many", zone="Atlantis", mails_per_minute="31")
    spoken = terminal("status")
    assert_told(spoken, 3, "TANDEM_WORKERS: expected a whole number, got 'many'", "settings.md")
    assert "TANDEM_ZONE" in spoken[2]
    assert "TANDEM_MAILS_PER_MINUTE" in spoken[2]


def test_what_the_tenant_needs_is_asked_for_before_anything_is_tried(
    store: Path, terminal: Terminal
) -> None:
    terminal.set(tenant_id="", program_mailboxes="")
    spoken = terminal("plan")
    assert_told(spoken, 3, "TANDEM_TENANT_ID", "TANDEM_PROGRAM_MAILBOXES")


def test_a_wrong_roster_names_each_cell(store: Path, terminal: Terminal) -> None:
    file = store.parent / "wrong.csv"
    file.write_text("mentor_mail,mentee_mail,program,start_date\nada,ben,,soon\n")
    spoken = terminal("import", str(file))
    assert_told(spoken, 3, "tandem import --template")
    for column in ("mentor_mail", "mentee_mail", "program", "start_date"):
        assert f"row 2, column {column}" in spoken[2]


def test_a_roster_that_is_not_there_is_told_as_such(store: Path, terminal: Terminal) -> None:
    assert_told(terminal("import", "/nowhere/roster.csv"), 3, "/nowhere/roster.csv")


@pytest.mark.parametrize(
    "arguments",
    [
        ("program", "rule", "Atlantis"),
        ("program", "set", "Atlantis"),
        ("plan", "--program", "Atlantis"),
        ("book", "--program", "Atlantis"),
        ("book", "--dry-run", "--program", "Atlantis"),
        ("status", "--program", "Atlantis"),
    ],
)
def test_a_program_nobody_knows_is_told_as_such(
    store: Path, terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    """As an option it used to be taken for a program without pairs, and all seemed well."""
    assert_told(
        terminal(*arguments), 3, "expected the name of a program, got 'Atlantis'", "of the roster"
    )


@pytest.mark.parametrize(
    "content", ["not json", "[]", '{"cadence": {"interval_weeks": 0}}', '{"colour": "red"}']
)
def test_a_wrong_rule_is_refused(store: Path, terminal: Terminal, content: str) -> None:
    file = store.parent / "rule.json"
    file.write_text(content)
    spoken = terminal("program", "rule", "Spring", "--from", str(file))
    assert spoken[0] == 3
    assert "Traceback" not in spoken[2]


def test_wrong_usage_is_exit_code_two(terminal: Terminal) -> None:
    assert terminal("import")[0] == 2
    assert terminal("nonsense")[0] == 2


# --- what programs read -------------------------------------------------------------------


def test_templates_can_be_handed_in_again(terminal: Terminal) -> None:
    code, out, _ = terminal("import", "--template")
    assert code == 0
    assert len(read_roster(out.encode())) == 1
    code, out, _ = terminal("program", "rule", "--template")
    assert code == 0
    assert ProgramRule.from_body(json.loads(out)) == ProgramRule()


def test_json_of_status_and_dry_run_parses_and_agrees_with_the_store(
    terminal: Terminal, empty: Empty
) -> None:
    async def booked() -> World:
        world = await planned_world(empty, 6)
        app = await world.begin()
        await book_all(app)
        await app.close()
        return world

    planned = run_virtually(START, planned_world(empty, 6))
    terminal.set(store_url=planned.store_url)
    _, out, _ = terminal("book", "--dry-run", "--json")
    assert json.loads(out)["mails"] == 2 * len(json.loads(out)["writes"]) > 0

    world = run_virtually(START, booked())
    terminal.set(store_url=world.store_url)
    code, out, _ = terminal("status", "--json")
    status = json.loads(out)
    assert code == 0
    assert {pair["state"] for pair in status["pairs"]} == {"booked"}
    assert status["mails"] == dict(sorted(world.mails_by_kind().items()))
    code, out, _ = terminal("status")
    assert code == 0
    assert "Mails caused so far" in out
