"""What stands between the command line and a served tenant: options, folder, clock."""

from __future__ import annotations

import fcntl
import json
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from simulator.__main__ import main
from simulator.serve_certificates import make_certificates, renew_server_certificate
from simulator.serve_clock import KeptClock, replace_file
from simulator.serve_state import ClockWish, FirmWish, ServeError, open_folder

NOW = datetime(2027, 1, 4, 14, tzinfo=UTC)
SMALL = FirmWish(pairs=2)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder that holds a served firm of two pairs, nobody serving it."""
    open_folder(tmp_path / "tenant", SMALL, ClockWish()).close()
    return tmp_path / "tenant"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("option", "value", "expectation"),
    [
        ("--pairs", "0", "expected a whole number from 1, got '0'"),
        ("--pairs", "many", "expected a whole number from 1, got 'many'"),
        ("--port", "70000", "expected 0 to 65535, got '70000'"),
        ("--start-date", "11.1.2027", "expected a date like 2027-01-11, got '11.1.2027'"),
        ("--now", "2027-01-04T14:00", "with a zone like 2027-01-04T14:00Z"),
        ("--now", "soon", "with a zone like 2027-01-04T14:00Z, got 'soon'"),
        ("--latency-ms", "-1", "expected milliseconds, got '-1'"),
        ("--clock", "broken", "invalid choice: 'broken'"),
    ],
)
def test_a_wrong_option_is_named_with_what_was_expected(
    option: str, value: str, expectation: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--state", str(tmp_path), f"{option}={value}"])
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert option in complaint
    assert expectation in complaint


def test_a_port_in_use_is_one_line_with_a_remedy(
    taken_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--state", str(tmp_path), "--port", str(taken_port)]) == 1
    line = one_line(capsys)
    assert f"port {taken_port} of 127.0.0.1 cannot be used" in line
    assert "name no port" in line


def test_a_folder_that_cannot_be_written_is_one_line_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["--state", str(tmp_path / "file" / "tenant")]) == 1
    line = one_line(capsys)
    assert "cannot be written (Not a directory)" in line
    assert "--state" in line


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tenant.json", b"{"),
        ("tenant.json", b"[]"),
        ("tenant.json", b'{"format": "simulated-tenant/2"}'),
        ("clock.json", b"noon"),
        ("clock.json", None),
        ("tenant.sqlite", b"this is no database, and long enough to be taken for one" * 40),
        ("certificates/ca.pem", b"no certificate"),
        ("certificates/ca-key.pem", None),
        ("certificates/app.pem", b"no certificate"),
    ],
)
def test_broken_state_is_one_line_with_a_remedy(
    name: str, content: bytes | None, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is None:
        (state / name).unlink()
    else:
        (state / name).write_bytes(content)
    assert main(["--state", str(state)]) == 1
    line = one_line(capsys)
    assert f"the state in {state} is broken" in line
    assert "remove the folder to begin anew" in line


@pytest.mark.parametrize(
    ("wish", "option"),
    [
        (FirmWish(pairs=3), "--pairs 2, not 3"),
        (FirmWish(seed=9), "--seed 1, not 9"),
        (FirmWish(start_date=date(2027, 2, 1)), "--start-date 2027-01-11, not 2027-02-01"),
    ],
)
def test_another_firm_than_the_folder_holds_is_refused(
    wish: FirmWish, option: str, state: Path
) -> None:
    with pytest.raises(ServeError, match=option):
        open_folder(state, wish, ClockWish())


def test_a_folder_is_served_by_one_process_at_a_time(state: Path) -> None:
    with (state / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServeError, match="another process serves"):
            open_folder(state, FirmWish(), ClockWish())
    open_folder(state, FirmWish(), ClockWish()).close()


def test_a_folder_filled_only_in_part_is_filled_anew(state: Path) -> None:
    """The process died before it had taken everybody in."""
    (state / "tenant.json").unlink()
    (state / "tenant.sqlite").write_bytes(b"half a database")
    opened = open_folder(state, FirmWish(pairs=3), ClockWish())
    assert opened.holding.pairs == 3
    assert len(opened.roster.read_text().splitlines()) == 1 + 3
    opened.close()


def test_a_folder_keeps_secrets_and_certificates_over_a_restart(state: Path) -> None:
    first = open_folder(state, FirmWish(), ClockWish())
    kept = (
        first.holding,
        first.certificates.thumbprint(),
        first.certificates.authority.read_bytes(),
    )
    first.close()
    again = open_folder(state, SMALL, ClockWish())
    assert kept == (
        again.holding,
        again.certificates.thumbprint(),
        again.certificates.authority.read_bytes(),
    )
    again.close()


def test_secrets_are_readable_by_their_owner_alone(state: Path) -> None:
    for name in ("tenant.json", "certificates/ca-key.pem", "certificates/app-key.pem"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600


def test_holding_does_not_show_its_secrets(state: Path) -> None:
    opened = open_folder(state, FirmWish(), ClockWish())
    assert opened.holding.client_secret not in repr(opened)
    assert opened.holding.control_token not in repr(opened)
    opened.close()


def test_a_stepped_clock_says_after_a_restart_what_it_said_before(tmp_path: Path) -> None:
    clock = KeptClock(tmp_path / "clock.json", NOW, "stepped")
    clock.advance(timedelta(days=3, minutes=7))
    assert KeptClock.reopen(tmp_path / "clock.json")() == NOW + timedelta(days=3, minutes=7)


def test_a_clock_is_read_back_whole_whatever_stood_in_its_file_before(tmp_path: Path) -> None:
    """A shorter time is written over a longer one, without a new file in its place."""
    clock, fraction = KeptClock(tmp_path / "clock.json", NOW, "stepped"), timedelta(microseconds=7)
    before = (tmp_path / "clock.json").stat().st_ino
    for now in (NOW + fraction, NOW, NOW + timedelta(days=400, microseconds=1), NOW):
        clock.set(now)
        assert KeptClock.reopen(tmp_path / "clock.json", "stepped")() == now
    assert (tmp_path / "clock.json").stat().st_ino == before


def test_a_running_clock_never_goes_back_over_a_restart(tmp_path: Path) -> None:
    clock = KeptClock(tmp_path / "clock.json", NOW, "running")
    before = clock()
    after = KeptClock.reopen(tmp_path / "clock.json")()
    assert NOW <= before <= after


def test_a_running_clock_goes_on_while_nobody_serves_it(tmp_path: Path) -> None:
    KeptClock(tmp_path / "clock.json", NOW, "running")
    doc = json.loads((tmp_path / "clock.json").read_text())
    machine = datetime.fromisoformat(doc["machine"]) - timedelta(hours=5)
    (tmp_path / "clock.json").write_text(json.dumps({**doc, "machine": machine.isoformat()}))
    assert KeptClock.reopen(tmp_path / "clock.json")() >= NOW + timedelta(hours=5)


def test_a_clock_can_be_stopped_where_it_is(tmp_path: Path) -> None:
    KeptClock(tmp_path / "clock.json", NOW, "running")
    stopped = KeptClock.reopen(tmp_path / "clock.json", "stepped")
    assert stopped() == stopped() == KeptClock.reopen(tmp_path / "clock.json")()


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    replace_file(tmp_path / "it", "old")
    replace_file(tmp_path / "it", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("it", "new")]


def test_a_renewed_server_certificate_comes_from_the_same_authority(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    authority = made.authority.read_bytes()
    renew_server_certificate(made)
    first = made.server.read_bytes()
    renew_server_certificate(made)
    assert made.server.read_bytes() != first
    assert made.authority.read_bytes() == authority
