"""The folder a served tenant lives in: made once, found again after any kind of end.

tenant.json       what the folder holds, and the secrets; written last, so it says "complete"
tenant.sqlite     the tenant itself
clock.json        what time it is
certificates/     of the authority, the server and the app
roster.csv        the firm's roster
lock              held while a process serves the folder
"""

from __future__ import annotations

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from simulator.firm import make_firm
from simulator.firm_files import FirmFileError, firm_from_calendars, firm_from_problem
from simulator.firm_staff import ADMINISTRATOR, COORDINATOR, SPONSOR
from simulator.people import Firm
from simulator.registration import AppRegistration, Secret
from simulator.roster import roster_csv
from simulator.serve_certificates import (
    Certificates,
    make_certificates,
    renew_server_certificate,
)
from simulator.serve_clock import ClockMode, KeptClock, replace_file
from simulator.tenant import Tenant

FORMAT = "simulated-tenant/2"

# One firm is as good as another for a first look; the clock stands on the Monday before.
DEFAULT_PAIRS, DEFAULT_SEED, DEFAULT_START = 24, 1, date(2027, 1, 11)
DEFAULT_NOW = datetime(2027, 1, 4, 14, tzinfo=UTC)

# Where people are sent back to; on this machine the port does not matter.
REDIRECT_URIS = ("http://localhost/sign-in/back", "http://localhost/")
ADMINISTRATOR_ROLE = "Administrator"


class ServeError(Exception):
    """The tenant cannot be served; the message is one line with a remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}")


@dataclass(frozen=True, slots=True)
class FirmWish:
    """Which firm somebody wants; None leaves it to what the folder holds, or to the default.

    A new folder takes its firm from ``problem`` (a planning problem), or from ``calendars`` (a
    folder) and ``roster``, where they are given; otherwise one is made up.
    """

    pairs: int | None = None
    seed: int | None = None
    start_date: date | None = None
    problem: Path | None = None
    calendars: Path | None = None
    roster: Path | None = None

    def make(self) -> Firm:
        """The firm of a new folder.

        Raises:
            FirmFileError: a file holds none.
        """
        start = self.start_date or DEFAULT_START
        if self.problem is not None:
            return firm_from_problem(self.problem)
        if self.calendars is not None and self.roster is not None:
            return firm_from_calendars(self.calendars, self.roster, start)
        seed = DEFAULT_SEED if self.seed is None else self.seed
        return make_firm(self.pairs or DEFAULT_PAIRS, seed, start)


@dataclass(frozen=True, slots=True)
class ClockWish:
    """When the tenant's time begins and how it passes; None as in :class:`FirmWish`.

    ``now`` counts in a new folder only: a tenant that has lived keeps its own time.
    """

    now: datetime | None = None
    mode: ClockMode | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a folder holds: which firm, and by which secrets it is entered."""

    pairs: int
    seed: int
    start_date: str
    client_id: str
    program_mailboxes: list[dict[str, str]]
    client_secret: str = field(repr=False)
    control_token: str = field(repr=False)
    format: str = FORMAT


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder this process alone uses until :meth:`close`."""

    path: Path
    holding: Holding
    tenant: Tenant
    certificates: Certificates
    lock: IO[str]

    @property
    def roster(self) -> Path:
        """The firm's roster as CSV."""
        return self.path / "roster.csv"

    def staff(self) -> dict[str, str]:
        """Addresses of who runs the program, answers for it and runs the tenant; none: unknown."""
        parts = {COORDINATOR: "coordinator", SPONSOR: "sponsor", ADMINISTRATOR: "administrator"}
        users = self.tenant.directory
        return {parts[user.title]: user.mail for user in users if user.title in parts}

    def close(self) -> None:
        """Let go of the folder."""
        self.tenant.close()
        self.lock.close()


def open_folder(path: Path, firm: FirmWish, clock: ClockWish) -> OpenFolder:
    """The tenant in ``path``; a new one where there is none, or only the beginnings of one.

    Raises:
        ServeError: the folder cannot be written or is in use, what it holds is broken, or it
            holds another firm than ``firm``.
    """
    lock = _lock(path)
    try:
        with _broken_state_named(path):
            holding = _read_holding(path)
        if holding is None:
            with _full_disk_named(path):
                holding = _make(path, firm, clock)
        _refuse_other_firm(path, holding, firm)
        with _broken_state_named(path):
            return _reopen(path, holding, clock, lock)
    except BaseException:
        lock.close()
        raise


@contextmanager
def _broken_state_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError, KeyError, TypeError, ValueError) as fault:
        raise ServeError(
            f"the state in {path} is broken ({type(fault).__name__}: {fault})",
            "remove the folder to begin anew, or put its backup there",
        ) from fault


@contextmanager
def _full_disk_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as fault:
        raise ServeError(
            f"the folder {path} cannot be written ({fault})", "give another one with --state"
        ) from fault


def _lock(path: Path) -> IO[str]:
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("a")
    except OSError as fault:
        raise ServeError(
            f"the folder {path} cannot be written ({fault.strerror})",
            "give another one with --state",
        ) from fault
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        lock.close()
        raise ServeError(
            f"another process serves {path}", "end it, or give another folder with --state"
        ) from fault
    return lock


def _read_holding(path: Path) -> Holding | None:
    manifest = path / "tenant.json"
    if not manifest.exists():
        return None
    doc = json.loads(manifest.read_text())
    if not isinstance(doc, dict) or doc.get("format") != FORMAT:
        raise ValueError(f"tenant.json is not of format {FORMAT}")
    return Holding(**doc)


def _refuse_other_firm(path: Path, holding: Holding, wish: FirmWish) -> None:
    wanted = {
        "pairs": wish.pairs,
        "seed": wish.seed,
        "start_date": wish.start_date.isoformat() if wish.start_date else None,
    }
    kept = asdict(holding)
    for name, value in wanted.items():
        if value is not None and value != kept[name]:
            option = "--" + name.replace("_", "-")
            raise ServeError(
                f"{path} holds a firm with {option} {kept[name]}, not {value}",
                f"leave {option} out, or give another folder with --state",
            )


def _make(path: Path, wish: FirmWish, clock: ClockWish) -> Holding:
    """Fill the folder. Dying on the way leaves no tenant.json, so the next start begins again."""
    for leftover in path.glob("tenant.sqlite*"):
        leftover.unlink()
    seed = DEFAULT_SEED if wish.seed is None else wish.seed
    try:
        firm = wish.make()
    except FirmFileError as fault:
        raise ServeError(str(fault), "correct the file, or leave it out") from fault
    start = firm.pairs[0].start_date if firm.pairs else wish.start_date or DEFAULT_START
    certificates = make_certificates(path / "certificates")
    holding = Holding(
        pairs=len(firm.pairs),
        seed=seed,
        start_date=start.isoformat(),
        client_id=str(uuid4()),
        program_mailboxes=[{"mail": box.mail, "id": box.id} for box in firm.program_mailboxes],
        client_secret=secrets.token_urlsafe(24),
        control_token=secrets.token_urlsafe(24),
    )
    kept = KeptClock(path / "clock.json", clock.now or DEFAULT_NOW, clock.mode or "stepped")
    tenant = Tenant.open(path / "tenant.sqlite", kept, seed)
    tenant.take_in(firm)
    tenant.register_app(_registration(firm, holding, certificates))
    tenant.close()
    (path / "roster.csv").write_text(roster_csv(firm), encoding="utf-8", newline="")
    replace_file(path / "tenant.json", json.dumps(asdict(holding), indent=2), mode=0o600)
    return holding


def _registration(firm: Firm, holding: Holding, certificates: Certificates) -> AppRegistration:
    """The least rights with which a firm can run the program: its own mailboxes only."""
    boxes = frozenset(box.mail for box in firm.program_mailboxes)
    return AppRegistration(
        client_id=holding.client_id,
        roles={
            "Calendars.ReadWrite": boxes,
            # A subscription asks for the right to read by its own name.
            "Calendars.Read": boxes,
            "Mail.Send": boxes,
            "MailboxSettings.Read": boxes | {person.mail for person in firm.people},
            "User.Read.All": None,
            "OnlineMeetings.Read.All": None,
            "OnlineMeetingArtifact.Read.All": None,
        },
        secrets=(Secret(holding.client_secret),),
        certificates=(certificates.app_certificate(),),
        teams_organizers=frozenset(box.id for box in firm.program_mailboxes),
        redirect_uris=REDIRECT_URIS,
        app_roles={
            person.id: (ADMINISTRATOR_ROLE,)
            for person in firm.people
            if person.title == ADMINISTRATOR
        },
    )


def _reopen(path: Path, holding: Holding, wish: ClockWish, lock: IO[str]) -> OpenFolder:
    certificates = Certificates(path / "certificates")
    certificates.thumbprint()
    renew_server_certificate(certificates)
    kept = KeptClock.reopen(path / "clock.json", wish.mode)
    tenant = Tenant.open(path / "tenant.sqlite", kept, holding.seed)
    return OpenFolder(path, holding, tenant, certificates, lock)
