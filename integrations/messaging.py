"""What the commands about messages do: announce a program, and say things in its own words."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

from integrations import console, live
from integrations.errors import Fault, FaultsError
from integrations.ports import Transaction
from integrations.records import Program
from integrations.workflows.announce import Announcement, announcement
from integrations.workflows.announce import announce as announce_program
from integrations.workflows.app import App
from integrations.workflows.enrol import program_id
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.texts import (
    TextError,
    own_texts,
    require_message,
    set_text,
    usual_text,
)


def announce(name: str, *, books_on: date | None, mails: int | None, as_json: bool) -> None:
    """Show what announcing a program causes; do it if ``mails`` is at least that many.

    Raises:
        FaultsError: it would cause more; nothing was changed.
        NotPossibleError: the program is past being announced.
    """

    async def run(app: App) -> Announcement:
        def work(tx: Transaction) -> Announcement:
            _known(tx, name)
            now = app.clock.now()
            found = announcement(tx, program_id(name), now, books_on)
            if mails is None:
                return found
            if found.mails > mails:
                raise FaultsError(
                    [Fault("--mails", f"at least {found.mails}, which it would cause", str(mails))],
                    remedy="Look at `tandem program announce` without it and name that number.",
                )
            return announce_program(tx, program_id(name), now, books_on)

        return await app.store.run(work)

    done = live.with_app(run)
    if as_json:
        console.show_json({**asdict(done), "announced": mails is not None})
        return
    end = "Nothing was changed." if mails is None else "They leave in mail hours."
    console.out.print(
        f"{done.mails} mails about {done.pairs} pairs; booking begins on {done.books_on}. {end}"
    )


def list_texts(name: str, *, as_json: bool) -> None:
    """Show each message, and whether the program has its own text of it."""
    own = own_texts(live.with_store(lambda tx: _known(tx, name)))
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
    own = own_texts(live.with_store(lambda tx: _known(tx, name)))
    console.out.file.write(own.get(message) or usual_text(message))


def set_text_from(name: str, message: str, file: Path | None) -> None:
    """Give the program the text of a file for a message; without one, the usual text again.

    Raises:
        TextError: the file or its text cannot be used; the one before stands.
    """
    text = None if file is None else _read(file)

    def record(tx: Transaction) -> Program:
        return set_text(tx, _known(tx, name).id, message, text)

    live.with_store(record)
    console.out.print(f"{message}: {'usual' if text is None else 'own'} text from now on.")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        fault = Fault(str(file), f"a readable UTF-8 file ({type(error).__name__})")
        raise TextError([fault]) from None


def _known(tx: Transaction, name: str) -> Program:
    key = live.known_program(tx, name)
    return tx.programs.require(key or "")
