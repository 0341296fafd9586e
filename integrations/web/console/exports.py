"""What can be taken out of a program as a file: CSV, XLSX and JSON, time credit, hours."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.page import Act, NoSuchPageError, Page, Sent, Shown, Visit, program_of
from integrations.workflows.reporting.credit import accounts_of, export_credit
from integrations.workflows.reporting.exports import EXPORTS, file_of, hours_of
from integrations.workflows.reporting.people import find_person
from integrations.workflows.reporting.writers import Format, to_csv, written

_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
}


async def show_exports(visit: Visit) -> Shown:
    """What there is to take out."""
    program = program_of(visit)
    gives_credit = await visit.app.store.run(lambda tx: _gives_credit(tx, program.id))
    return Shown(
        {
            "program": program,
            "exports": EXPORTS,
            "forms": [(form.value, form.value.upper()) for form in Format],
            "gives_credit": gives_credit,
            "person": "",
            "fault": "",
        }
    )


def _gives_credit(tx: Transaction, program_id: str) -> bool:
    try:
        return bool(accounts_of(tx, program_id))
    except (NotPossibleError, LookupError):
        return False


async def send_export(visit: Visit) -> Sent:
    """One file, named like ``pairs.csv``."""
    name, _, ending = visit.path["name"].rpartition(".")
    if ending not in set(Format) or name not in EXPORTS:
        raise NoSuchPageError("no such export")
    form, program = Format(ending), program_of(visit)
    zone = visit.app.options.zone
    # Of ten thousand pairs it reads for seconds, in which others want to write.
    body = await visit.app.store.look(
        lambda tx: file_of(tx, program.id, name, form, visit.now, zone)
    )
    return _sent(visit, name, form, body)


async def send_hours(visit: Visit) -> Shown | Sent:
    """What one person gave. By a form, so that an address stands in no link and no history."""
    person, program, form = visit.form.get("person"), program_of(visit), _form_of(visit)
    zone = visit.app.options.zone

    def made(tx: Transaction) -> bytes:
        theirs = {pair.program_id for pair in tx.pairs.of_people([find_person(tx, person).id])}
        if program.id not in theirs:
            raise NotPossibleError(f"nobody of this program is {person!r}")
        return hours_of(tx, program.id, person, form, visit.now, zone)

    try:
        body = await visit.app.store.run(made)
    except NotPossibleError:
        shown = await show_exports(visit)
        fault = gettext("Nobody of this program has that address. Please give one of the roster.")
        return Shown({**shown.data, "person": person, "fault": fault}, status=400)
    return _sent(visit, "hours", form, body)


async def send_credit(visit: Visit) -> Sent:
    """The whole ledger; what is new in it is kept, so that the next file has the same lines."""
    program = program_of(visit)
    form = _form_of(visit)
    done = await visit.app.store.run(
        lambda tx: export_credit(tx, program.id, visit.now, visit.app.options.zone)
    )
    # For a firm's time recording, which may stumble over a byte order mark.
    plain = form is Format.CSV
    # In a thread like the reading: of ten thousand pairs it takes seconds.
    body = await visit.app.offload(
        lambda: to_csv(done.lines, marked=False) if plain else written([done.lines], form)
    )
    return _sent(visit, "credit", form, body)


def _form_of(visit: Visit) -> Format:
    asked = visit.form.get("form")
    return Format(asked) if asked in set(Format) else Format.CSV


def _sent(visit: Visit, name: str, form: Format, body: bytes) -> Sent:
    today = visit.now.astimezone(ZoneInfo(program_of(visit).zone)).date()
    return Sent(body, _TYPES[form], f"{program_of(visit).id}-{name}-{today}.{form.value}")


PAGES = (
    Page(
        path="/programs/{program}/exports",
        who=Who.COORDINATOR,
        show=show_exports,
        template="console/exports.html",
        title=N_("Exports"),
        section="exports",
        acts=(
            Act(path="/programs/{program}/exports/credit", do=send_credit),
            Act(path="/programs/{program}/exports/hours", do=send_hours),
        ),
    ),
    Page(
        path="/programs/{program}/exports/{name}",
        who=Who.COORDINATOR,
        show=send_export,
        template="console/exports.html",
        title=N_("Exports"),
        section="exports",
    ),
)
