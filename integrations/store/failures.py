"""The one seam at which a database's failures become Tandem's.

Messages are written here and never taken from a driver: theirs may quote values, addresses and
passwords.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import exc

from integrations.errors import (
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreMissingError,
    StoreOutdatedError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from integrations.store.engine import Address

# Primary result codes of SQLite: the low byte of the extended ones.
_SQLITE = {
    sqlite3.SQLITE_BUSY: StoreLockedError,
    sqlite3.SQLITE_LOCKED: StoreLockedError,
    sqlite3.SQLITE_READONLY: StoreReadOnlyError,
    sqlite3.SQLITE_PERM: StoreReadOnlyError,
    sqlite3.SQLITE_FULL: StoreFullError,
    sqlite3.SQLITE_NOTADB: StoreMissingError,
}

# SQLSTATEs, or their first two characters where the whole class means the same.
_POSTGRESQL = {
    "3D000": StoreMissingError,
    "42P01": StoreOutdatedError,
    "42703": StoreOutdatedError,
    "42501": StoreReadOnlyError,
    "25006": StoreReadOnlyError,
    "53100": StoreFullError,
    "55P03": StoreLockedError,
    "40001": StoreLockedError,
    "40P01": StoreLockedError,
    "53300": StoreUnreachableError,
    "28": StoreUnreachableError,
    "08": StoreUnreachableError,
    "57": StoreUnreachableError,
}

# One that stays is a contradiction, and to be told.
_REPEATS_OF_A_CLASH = 3

_MISSING_DATABASE = re.compile(r'database "[^"]*" does not exist')

_WORDS = {
    StoreMissingError: "there is no program store at {}",
    StoreLockedError: "somebody else holds the lock of {}",
    StoreReadOnlyError: "{} cannot be written",
    StoreFullError: "there is no room left for {}",
    StoreOutdatedError: "the tables of {} are older than this code",
    StoreUnreachableError: "no connection to {}",
    StoreError: "{} failed",
}


@contextmanager
def told_as_ours(address: Address) -> Iterator[None]:
    """Turn failures of the database inside into ``StoreError``, or ``ValueError`` if what was to
    be stored contradicts what is there."""
    try:
        yield
    except exc.IntegrityError as error:
        # Its detail quotes the values that clashed; not even the cause may carry them on.
        raise ValueError(f"the store refuses it: {_constraint(error)}") from None
    except exc.TimeoutError as error:
        raise StoreLockedError(_WORDS[StoreLockedError].format(address)) from error
    except exc.DBAPIError as error:
        raise _ours(error.orig, address) from error
    except (sqlite3.Error, psycopg.Error) as error:
        raise _ours(error, address) from error
    except exc.StatementError as error:
        # A value a column type refused while binding: our own message, of a fault in the caller.
        if isinstance(error.orig, ValueError):
            raise error.orig from None
        raise


def is_worth_repeating(error: exc.DBAPIError, repeats: int) -> bool:
    """Whether PostgreSQL asks for the transaction again, which was repeated ``repeats`` times.

    Serialization failures and deadlocks are. So is, a few times, a clash of keys: of two that make
    the same row at once one may be told of the index that is not named in its ``ON CONFLICT``
    (PostgreSQL's manual, Serialization Failure Handling). Begun again it finds the other's row.
    """
    if not isinstance(error.orig, psycopg.Error):
        return False
    state = error.orig.sqlstate
    return state in ("40001", "40P01") or (state == "23505" and repeats < _REPEATS_OF_A_CLASH)


def _ours(error: BaseException | None, address: Address) -> StoreError:
    kind = _kind(error, address.file)
    return kind(f"{_WORDS[kind].format(address)} ({_code(error)})")


def _kind(error: BaseException | None, file: Path | None) -> type[StoreError]:
    if isinstance(error, sqlite3.Error):
        return _sqlite_kind(error, file)
    if isinstance(error, psycopg.Error):
        # A refused connection carries no code: only its words tell a missing database.
        refused = "3D000" if _MISSING_DATABASE.search(str(error)) else "08"
        state = error.sqlstate or refused
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2]) or StoreError
    return StoreError


def _sqlite_kind(error: sqlite3.Error, file: Path | None) -> type[StoreError]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN and file is not None and file.exists():
        # SQLite says "cannot open" as well if it may not make its log beside the file.
        return StoreMissingError if _is_writable(file) else StoreReadOnlyError
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreMissingError
    if code == sqlite3.SQLITE_ERROR and "no such" in str(error):
        return StoreOutdatedError
    return _SQLITE.get(code, StoreError)


def _is_writable(file: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return all(os.access(path, os.W_OK, effective_ids=effective) for path in (file, file.parent))


def _constraint(error: exc.IntegrityError) -> str:
    """The name of the rule that was broken, without any value."""
    if isinstance(error.orig, psycopg.Error):
        return error.orig.diag.constraint_name or "a constraint"
    return str(error.orig)


def _code(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        return str(getattr(error, "sqlite_errorname", "SQLITE_ERROR"))
    if isinstance(error, psycopg.Error):
        return error.sqlstate or type(error).__name__
    return type(error).__name__
