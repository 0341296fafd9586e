"""Importing a roster: checked row by row and shown, then kept by one yes."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from integrations.errors import Fault, RosterError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Sent, Shown, Visit, program_of
from integrations.workflows.enrolment.enrol import (
    Also,
    CheckedRow,
    Enrolment,
    check_roster,
    enrol,
)
from integrations.workflows.enrolment.roster import (
    COLUMNS,
    MOST_BYTES,
    MOST_ROWS,
    REQUIRED,
    template,
)
from integrations.workflows.enrolment.workbook import roster_of

PATH = "/programs/{program}/import"
_MOST_SHOWN = 200
_PIECE = 180_000
"""A hidden field holds so much of the roster: a form bounds each of its fields."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a roster holds, as it is shown before anything is kept."""

    rows: Sequence[CheckedRow]
    pieces: Sequence[str]

    @property
    def counts(self) -> Counter[str]:
        """How many rows add a pair, and how many are of known ones."""
        return Counter(row.change for row in self.rows)

    @property
    def people(self) -> int:
        """How many people are in it."""
        return len({m for r in self.rows for m in (r.row.mentor_mail, r.row.mentee_mail)})


def _nothing_else(tx: Transaction, done: Enrolment) -> None:
    """An import by page is kept with the name of who did it, and that is all."""


async def show_import(visit: Visit) -> Shown:
    """The form to choose a file in."""
    return _form((), "")


def _form(faults: Sequence[Fault], name: str) -> Shown:
    data = {
        "found": faults,
        "name": name,
        "columns": COLUMNS,
        "required": REQUIRED,
        "most_megabytes": MOST_BYTES // 1024 // 1024,
        "most_rows": MOST_ROWS,
        "most": _MOST_SHOWN,
    }
    return Shown(data, status=400 if faults else 200)


async def do_check(visit: Visit) -> Shown:
    """Check a file and show what importing it would do; nothing is kept."""
    upload = visit.form.file("roster")
    if upload is None:
        return _form([Fault("roster", N_("a file"))], "")
    try:
        roster = roster_of(upload.data)
        rows = await check_roster(visit.app, roster, program_of(visit).name)
    except RosterError as error:
        return _form(error.faults, upload.name)
    checked = Checked(rows, _pieces(roster))
    return Shown(
        {"checked": checked, "name": upload.name, "most": _MOST_SHOWN},
        template="console/import_check.html",
        title=gettext("What importing would do"),
    )


async def do_import(visit: Visit) -> Shown | Go:
    """Import what was shown; it is checked anew, because it was in somebody's hands."""
    program = program_of(visit)
    try:
        done = await import_roster(visit, _joined(visit.form.all("piece")))
    except RosterError as error:
        return _form(error.faults, "")
    said = gettext(
        "%(added)s pairs enrolled, %(updated)s updated, %(unchanged)s unchanged. "
        "%(blocked)s people need somebody first. Plans follow within minutes.",
        added=done.added,
        updated=done.updated,
        unchanged=done.unchanged,
        blocked=done.blocked,
    )
    return Go(f"/programs/{program.id}/launch", said)


async def import_roster(visit: Visit, roster: bytes, also: Also = _nothing_else) -> Enrolment:
    """Import a roster of the program that the path names, and journal who did.

    Parameters:
        also: keeps more in the transaction that does both.

    Raises:
        RosterError: something in it is wrong, or of another program; nothing is kept.
    """
    program = program_of(visit)
    await check_roster(visit.app, roster, program.name)

    def note(tx: Transaction, done: Enrolment) -> None:
        data = {"by": visit.viewer.directory_id, "added": done.added, "updated": done.updated}
        tx.journal.write(
            JournalEntry(at=visit.now, code="roster_imported", program_id=program.id, data=data)
        )
        also(tx, done)

    done = await enrol(visit.app, roster, note)
    visit.app.woken.set()
    return done


def _pieces(roster: bytes) -> list[str]:
    text = base64.b64encode(roster).decode()
    return [text[first : first + _PIECE] for first in range(0, len(text), _PIECE)]


def _joined(pieces: Sequence[str]) -> bytes:
    try:
        return base64.b64decode("".join(pieces), validate=True)
    except ValueError:
        raise RosterError([Fault("roster", N_("the roster that was looked at"))]) from None


async def show_template(visit: Visit) -> Sent:
    """A roster with every column and one example row."""
    return Sent(template().encode("utf-8-sig"), "text/csv; charset=utf-8", "roster.csv")


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_import,
        template="console/import.html",
        title=N_("Import"),
        section="import",
        acts=(
            Act(path=f"{PATH}/check", do=do_check, uploads=True),
            Act(path=f"{PATH}/keep", do=do_import, uploads=True),
        ),
    ),
    Page(
        path=f"{PATH}/template",
        who=Who.COORDINATOR,
        show=show_template,
        template="console/import.html",
        title=N_("Template of a roster"),
        section="import",
    ),
)
