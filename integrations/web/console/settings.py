"""A program's settings: announcing it, whom people turn to, evidence, and its staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import StaffRole
from integrations.ports import Transaction
from integrations.records import JournalEntry, Program, ProgramState
from integrations.web.access import Who
from integrations.web.console.saying import by_field, number_of
from integrations.web.forms import day_or_none
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.web.rendering import day_in_full
from integrations.workflows.attendance.modes import modes_of, set_mode
from integrations.workflows.booking import announce as announcing
from integrations.workflows.booking import beginning
from integrations.workflows.enrolment.programs import describe_program
from integrations.workflows.enrolment.staff import add_staff, remove_staff, staff_of
from integrations.workflows.messages.catalogue import MESSAGES, title_of
from integrations.workflows.messages.texts import own_texts
from scheduling.attendance.evidence import EvidenceMode

PATH = "/programs/{program}/settings"
_LONGEST = 200
_CONTACT = ("contact_name", "contact_phone", "contact_mail", "sponsor")
_LINKS = ("resources",)


async def show_settings(visit: Visit) -> Shown:
    """Everything that is set, and what announcing would come to."""
    return await _shown(visit, {})


async def _shown(
    visit: Visit, faults: Mapping[str, str], typed: Mapping[str, str] | None = None
) -> Shown:
    program = program_of(visit)

    def look(tx: Transaction) -> dict[str, Any]:
        record = tx.programs.require(program.id)
        pairs = [pair for pair in tx.pairs.all() if pair.program_id == program.id]
        told, refused = None, None
        wrong: Mapping[str, str] = {}
        try:
            told, wrong = _announcement(tx, visit)
        except NotPossibleError as error:
            refused = error
        return {
            "record": record,
            "said": typed or _said(record.contact, record.links),
            "announcement": told,
            "begins": beginning.begins_by(tx, program.id) is not None,
            "told_day": _announced_day(tx, record),
            "refused": refused,
            "faults": {**wrong, **faults},
            "evidence": modes_of(record),
            "offices": sorted({pair.office for pair in pairs if pair.office}),
            "staff": staff_of(tx, program.id),
            "own": own_texts(record),
        }

    data = await visit.app.store.run(look)
    data["words"] = data.pop("said")
    data |= {
        "messages": MESSAGES,
        "title_of": title_of,
        "zones": sorted(available_timezones()),
    }
    return Shown(data, status=400 if data["faults"] else 200)


def _announced_day(tx: Transaction, program: Program) -> date | None:
    is_announced = program.state is ProgramState.ANNOUNCED
    return announcing.told_day(tx, program) if is_announced else None


def _said(contact: Mapping[str, Any], links: Mapping[str, Any]) -> dict[str, str]:
    of_contact = {name: contact.get(name.removeprefix("contact_"), "") for name in _CONTACT}
    return {**of_contact, **{name: links.get(name, "") for name in _LINKS}}


def _announcement(
    tx: Transaction, visit: Visit
) -> tuple[announcing.Announcement, Mapping[str, str]]:
    """What announcing for the day asked for comes to; of one that cannot be, for the soonest."""
    program_id = program_of(visit).id
    try:
        day = day_or_none(visit.query.get("books_on", ""), "books_on")
        return announcing.announcement(tx, program_id, visit.now, day), {}
    except FaultsError as error:
        wrong = by_field(error, {"books-on": "books_on"})
        return announcing.announcement(tx, program_id, visit.now), wrong


def _back(visit: Visit, said: str, part: str = "") -> Go:
    return Go(f"/programs/{program_of(visit).id}/settings{part}", said)


# --- announcing -----------------------------------------------------------------------------


async def do_announce(visit: Visit) -> Shown | Go:
    """Announce the program if the number typed is the number of mails."""
    program, form = program_of(visit), visit.form
    try:
        books_on = day_or_none(form.get("books_on"), "books_on")
        mails = number_of(form.get("mails"), "mails")
    except FaultsError as error:
        return await _shown(visit, by_field(error))
    if books_on is None:
        return await _shown(visit, {"books_on": gettext("Expected a date.")})

    def record(tx: Transaction) -> announcing.Announcement:
        expected = announcing.announcement(tx, program.id, visit.now, books_on).mails
        if expected != mails:
            raise FaultsError(
                [
                    Fault(
                        "mails",
                        gettext("exactly %(number)s, the number it causes now", number=expected),
                    )
                ]
            )
        entry = _entry(visit, "announcement_ordered", mails=mails)
        tx.journal.write(entry)
        made = announcing.announce(tx, program.id, visit.now, books_on)
        begins = form.get("begins") == "yes"
        beginning.set_begins(tx, program.id, visit.now, visit.viewer.directory_id, begins=begins)
        return made

    try:
        made = await visit.app.store.run(record)
    except FaultsError as error:
        return await _shown(visit, by_field(error, {"books-on": "books_on"}))
    visit.app.woken.set()
    day = day_in_full(made.books_on)
    return _back(
        visit,
        gettext(
            "Announced: %(mails)s mails leave in mail hours; booking from %(day)s.",
            mails=made.mails,
            day=day,
        ),
    )


async def do_begin(visit: Visit) -> Go:
    """Have the announced program begin by itself on its day, or wait for somebody."""
    program, begins = program_of(visit), visit.form.get("begins") == "yes"
    if program.state is not ProgramState.ANNOUNCED:
        return _back(visit, gettext("Only a program that is announced can begin by itself."))
    by = visit.viewer.directory_id
    await visit.app.store.run(
        lambda tx: beginning.set_begins(tx, program.id, visit.now, by, begins=begins)
    )
    visit.app.woken.set()
    return _back(
        visit,
        gettext("It begins by itself.") if begins else gettext("It waits until you launch it."),
    )


async def do_close(visit: Visit) -> Go:
    """Close the program, or take a closed one up again."""
    program, by = program_of(visit), visit.viewer.directory_id
    act = beginning.open_again if visit.form.get("closed") == "no" else beginning.close
    await visit.app.store.run(lambda tx: act(tx, program.id, visit.now, by))
    said = gettext("Taken up again.") if visit.form.get("closed") == "no" else gettext("Closed.")
    return _back(visit, said)


# --- what messages say -----------------------------------------------------------------------


async def do_describe(visit: Visit) -> Shown | Go:
    """Set whom pairs turn to, links, zone and who leads."""
    form, program = visit.form, program_of(visit)
    typed = {name: form.get(name) for name in (*_CONTACT, *_LINKS)}
    faults = {
        name: gettext("At most %(number)s characters.", number=_LONGEST)
        for name in typed
        if len(typed[name]) > 200
    }
    if typed["resources"] and urlsplit(typed["resources"]).scheme != "https":
        faults["resources"] = gettext("Expected an address that begins with https://.")
    if typed["contact_mail"] and "@" not in typed["contact_mail"]:
        faults["contact_mail"] = gettext("Expected a mail address.")
    if form.get("zone") not in available_timezones():
        faults["zone"] = gettext("Expected a zone such as Europe/London.")
    if faults:
        return await _shown(visit, faults, typed)

    def record(tx: Transaction) -> None:
        contact = {name.removeprefix("contact_"): typed[name] for name in _CONTACT}
        describe_program(
            tx,
            program.name,
            zone=form.get("zone"),
            mixed=form.get("mixed") == "yes",
            contact=contact,
            links={name: typed[name] for name in _LINKS},
        )
        tx.journal.write(_entry(visit, "program_described"))

    await visit.app.store.run(record)
    return _back(visit, gettext("Kept. Messages say it from now on."))


# --- evidence --------------------------------------------------------------------------------


async def do_evidence(visit: Visit) -> Go:
    """Set how it is found out who met; Teams only once people were told."""
    form, program = visit.form, program_of(visit)
    try:
        mode = EvidenceMode(form.get("mode"))
    except ValueError:
        raise FaultsError(
            [Fault("mode", gettext("one of %(modes)s", modes=", ".join(EvidenceMode)))]
        ) from None

    def record(tx: Transaction) -> None:
        set_mode(
            tx,
            program.id,
            mode,
            visit.now,
            office=form.get("office") or None,
            people_told=form.get("people_told") == "yes",
            by=visit.viewer.directory_id,
        )

    await visit.app.store.run(record)
    return _back(
        visit, gettext("Set, from now on; dates that are over keep what was in force then.")
    )


_APPOINTED = {
    StaffRole.COORDINATOR: N_("%(name)s is coordinator of this program."),
    StaffRole.SPONSOR: N_("%(name)s is sponsor of this program."),
}

# --- staff -----------------------------------------------------------------------------------


async def do_add_staff(visit: Visit) -> Shown | Go:
    """Add somebody by the address under which the directory knows them."""
    form = visit.form
    role = StaffRole.SPONSOR if form.get("role") == StaffRole.SPONSOR else StaffRole.COORDINATOR
    try:
        member = await add_staff(
            visit.app,
            program_of(visit).id,
            form.get("mail").lower(),
            role,
            by=visit.viewer.directory_id,
        )
    except FaultsError as error:
        return await _shown(visit, by_field(error, {"mail": "staff_mail"}))
    return _back(visit, gettext(_APPOINTED[member.role], name=member.name))


async def do_remove_staff(visit: Visit) -> Go:
    """Take from somebody what they are to the program."""
    form, program = visit.form, program_of(visit)
    role = StaffRole(form.get("role")) if form.get("role") in set(StaffRole) else None
    gone = await remove_staff(
        visit.app, program.id, form.get("mail"), role, by=visit.viewer.directory_id
    )
    if any(member.directory_id == visit.viewer.directory_id for member in gone):
        return Go("/", gettext("You are removed from that program."))
    return _back(visit, gettext("%(name)s is removed.", name=gone[0].name))


def _entry(visit: Visit, code: str, **facts: int) -> JournalEntry:
    data = {"by": visit.viewer.directory_id, **facts}
    return JournalEntry(at=visit.now, code=code, program_id=program_of(visit).id, data=data)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_settings,
        template="console/settings.html",
        title=N_("Settings"),
        section="settings",
        acts=(
            Act(path=f"{PATH}/announce", do=do_announce),
            Act(path=f"{PATH}/begin", do=do_begin),
            Act(path=f"{PATH}/close", do=do_close),
            Act(path=f"{PATH}/words", do=do_describe),
            Act(path=f"{PATH}/evidence", do=do_evidence),
            Act(path=f"{PATH}/staff", do=do_add_staff),
            Act(path=f"{PATH}/staff/remove", do=do_remove_staff),
        ),
    ),
)
