"""What the commands about programs do: rules, announcing, and what their messages say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from integrations.cli import console, opening
from integrations.errors import Fault
from integrations.page_records import StaffMember, StaffRole
from integrations.ports import Transaction
from integrations.records import Program
from integrations.workflows.app import App
from integrations.workflows.booking.announce import Announcement, announce_as_seen, announcement
from integrations.workflows.enrolment.enrol import set_rule
from integrations.workflows.enrolment.programs import describe_program, find_program
from integrations.workflows.enrolment.staff import add_staff, remove_staff, staff_of
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.texts import (
    TextError,
    own_texts,
    require_message,
    set_text,
    usual_text,
)
from integrations.workflows.ordering.asking_hours import HoursAsked, ask_hours_as_seen, asking_hours
from integrations.workflows.ordering.at_once import apply_changed_rule
from integrations.workflows.rulebook.rule_previews import PairPreview, preview_rule
from integrations.workflows.rulebook.rules import ProgramRule

TERMINAL = "terminal"
"""Who gave an order at the command line: nobody signs in there."""


def show_rule(name: str) -> None:
    """Print the rule in force for a program."""

    def current(tx: Transaction) -> Any:
        return tx.rules.current(find_program(tx, name).id).body

    console.show_json(opening.with_store(current))


def set_rule_from(name: str, file: Path) -> None:
    """Put a program under the rule of a JSON file."""
    rule = ProgramRule.from_body(opening.json_file(file))

    async def keep(tandem: App) -> int:
        return await tandem.store.run(
            lambda tx: set_rule(tandem, tx, find_program(tx, name).id, rule).version
        )

    version = opening.with_app(keep)
    console.out.print(f"Version {version} of the rule is in force for pairs not yet planned.")


def show_rule_preview(name: str, file: Path, *, as_json: bool) -> None:
    """Show what a changed rule would do to every booked pair; change nothing."""
    rule = ProgramRule.from_body(opening.json_file(file))

    async def preview(app: App) -> list[PairPreview]:
        key = (await app.store.run(lambda tx: find_program(tx, name))).id
        return await preview_rule(app, key, rule)

    previews = opening.with_app(preview)
    if as_json:
        console.show_json([_preview_data(one) for one in previews])
    else:
        console.show_previews(previews)


def _preview_data(one: PairPreview) -> dict[str, Any]:
    change = one.change
    return {
        "pair": one.pair.id,
        "roster_id": one.pair.roster_id,
        "readable": change is not None,
        "code": None if change is None else change.decision.reason.code,
        "why": None if change is None else change.decision.reason.words,
        "mails": one.mails,
        "kept": [] if change is None else change.kept,
        "changes": [] if change is None else [asdict(each) for each in change.changes],
    }


def apply_rule_from(name: str, file: Path, *, mails: int, as_json: bool) -> None:
    """Apply a changed rule to every booked pair, if it causes no more mails than told.

    Raises:
        FaultsError: it would cause more; nothing was changed.
    """
    rule = ProgramRule.from_body(opening.json_file(file))
    console.show_outcome(
        opening.with_app(lambda app: apply_changed_rule(app, name, rule, mails=mails)),
        as_json=as_json,
    )


def set_program(
    name: str,
    *,
    zone: str | None,
    mixed: bool | None,
    contact: Mapping[str, str | None],
    links: Mapping[str, str | None],
) -> None:
    """Change what is known of a program; what is None stays as it is."""
    changed = opening.with_store(
        lambda tx: describe_program(tx, name, zone=zone, mixed=mixed, contact=contact, links=links)
    )
    console.show_json(asdict(changed))


def announce(name: str, *, books_on: date | None, mails: int | None, as_json: bool) -> None:
    """Show what announcing a program causes; do it if ``mails`` is at least that many.

    Raises:
        FaultsError: it would cause more; nothing was changed.
        NotPossibleError: the program is past being announced.
    """

    async def run(app: App) -> Announcement:
        def work(tx: Transaction) -> Announcement:
            key, now = find_program(tx, name).id, app.clock.now()
            if mails is None:
                return announcement(tx, key, now, books_on)
            return announce_as_seen(tx, key, now, books_on, mails=mails)

        return await app.store.run(work)

    done = opening.with_app(run)
    if as_json:
        console.show_json({**asdict(done), "announced": mails is not None})
        return
    end = "Nothing was changed." if mails is None else "They leave in mail hours."
    console.out.print(
        f"{done.mails} mails about {done.pairs} pairs; booking begins on {done.books_on}. {end}"
    )


def ask_hours(name: str, *, mails: int | None, as_json: bool) -> None:
    """Show how many people are to be asked for their hours; ask them if ``mails`` is enough.

    Raises:
        FaultsError: there are more of them; nobody was asked.
    """

    async def run(app: App) -> HoursAsked:
        def work(tx: Transaction) -> HoursAsked:
            key = find_program(tx, name).id
            if mails is None:
                return asking_hours(tx, key)
            return ask_hours_as_seen(tx, key, app.clock.now(), mails=mails)

        return await app.store.run(work)

    done = opening.with_app(run)
    if as_json:
        console.show_json({**asdict(done), "asked": mails is not None})
        return
    end = "Nobody was asked." if mails is None else "They are asked in mail hours."
    console.out.print(f"{done.mails} people have not said their working hours. {end}")


def staff(
    name: str, *, add: str | None, role: StaffRole, remove: str | None, as_json: bool
) -> None:
    """Add or remove somebody, as told; then show everybody of the program.

    Raises:
        FaultsError: nobody has that address. LastCoordinatorError: nobody else coordinates it.
    """

    async def run(app: App) -> list[StaffMember]:
        key = (await app.store.run(lambda tx: find_program(tx, name))).id
        if add is not None:
            await add_staff(app, key, add, role, by=TERMINAL)
        if remove is not None:
            await remove_staff(app, key, remove, by=TERMINAL)
        return await app.store.run(lambda tx: staff_of(tx, key))

    found = opening.with_store(lambda tx: staff_of(tx, find_program(tx, name).id))
    if add is not None or remove is not None:
        found = opening.with_app(run)
    if as_json:
        console.show_json([asdict(member) for member in found])
        return
    for member in found:
        console.out.print(f"{member.role.value}: {member.name} <{member.mail}>", markup=False)
    if not found:
        console.out.print("Nobody coordinates this program yet.")


def list_texts(name: str, *, as_json: bool) -> None:
    """Show each message, and whether the program has its own text of it."""
    own = own_texts(opening.with_store(lambda tx: find_program(tx, name)))
    if as_json:
        console.show_json({message: "own" if message in own else "usual" for message in MESSAGES})
        return
    for message, kind in MESSAGES.items():
        console.out.print(f"{message}: {'own' if message in own else 'usual'} ({kind.trigger})")


def show_text(name: str, message: str) -> None:
    """Print the text that stands for a message of the program.

    Raises:
        TextError: no message is called that.
    """
    require_message(message)
    own = own_texts(opening.with_store(lambda tx: find_program(tx, name)))
    console.out.file.write(own.get(message) or usual_text(message))


def set_text_from(name: str, message: str, file: Path | None) -> None:
    """Give the program the text of a file for a message; without one, the usual text again.

    Raises:
        TextError: the file or its text cannot be used; the one before stands.
    """
    text = None if file is None else _read(file)

    def record(tx: Transaction) -> Program:
        return set_text(tx, find_program(tx, name).id, message, text)

    opening.with_store(record)
    console.out.print(f"{message}: {'usual' if text is None else 'own'} text from now on.")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        fault = Fault(str(file), f"a readable UTF-8 file ({type(error).__name__})")
        raise TextError([fault]) from None
