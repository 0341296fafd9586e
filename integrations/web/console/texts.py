"""A program's own text of one message, previewed before it counts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from markupsafe import Markup

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Program
from integrations.web.access import Who
from integrations.web.page import Act, Go, NoSuchPageError, Page, Shown, Visit, program_of
from integrations.workflows.messages.catalogue import FIELDS, MESSAGES, title_of
from integrations.workflows.messages.texts import (
    Letter,
    check_text,
    own_texts,
    preview_of,
    set_text,
    usual_text,
)

PATH = "/programs/{program}/settings/texts/{message}"


async def show_text(visit: Visit) -> Shown:
    """The text in force, as a person would get it."""
    name, program = _message(visit), program_of(visit)
    text = own_texts(program).get(name) or usual_text(name)
    return _shown(visit, text, preview_of(name, text), {})


def _message(visit: Visit) -> str:
    name = visit.path["message"]
    if name not in MESSAGES:
        raise NoSuchPageError("no such message")
    return name


def _shown(visit: Visit, text: str, made: Letter | None, faults: Mapping[str, str]) -> Shown:
    name = _message(visit)
    kind = MESSAGES[name]
    data = {
        "name": name,
        "kind": kind,
        "text": text,
        "made": made,
        "lines": [] if made is None else _lines(made.body),
        "faults": faults,
        "fields": [(field, gettext(FIELDS[field].meaning)) for field in kind.fields],
        "is_own": name in own_texts(program_of(visit)),
    }
    return Shown(
        data,
        status=400 if faults else 200,
        title=gettext("Text: %(name)s", name=gettext(title_of(name))),
    )


_ENDS_LINE = re.compile(r"</(?:p|li|h\d|div|tr)>|<br\s*/?>", re.IGNORECASE)


def _lines(body: str) -> list[str]:
    """A body as plain lines: what is typed here runs on no page of ours."""
    lines = _ENDS_LINE.sub("\n", body).splitlines()
    plain = (Markup(line).striptags() for line in lines)  # noqa: S704 - escaped when shown
    return [line for line in plain if line]


def _typed(visit: Visit) -> str:
    # Browsers send line ends of their own.
    return "\n".join("".join(visit.form.all("text")[:1]).splitlines())


async def do_preview(visit: Visit) -> Shown:
    """What the typed text comes to; nothing is kept."""
    name, text = _message(visit), _typed(visit)
    try:
        check_text(name, text)
    except FaultsError as error:
        return _shown(visit, text, None, _faults(error))
    return _shown(visit, text, preview_of(name, text), {})


def _faults(error: FaultsError) -> dict[str, str]:
    return {
        "text": gettext(
            "Expected %(expected)s.",
            expected="; ".join(gettext(fault.expected) for fault in error.faults),
        )
    }


async def do_keep(visit: Visit) -> Shown | Go:
    """Let the typed text stand for the message, or the usual one again."""
    name, program = _message(visit), program_of(visit)
    text = None if visit.form.get("usual") == "yes" else _typed(visit)

    def record(tx: Transaction) -> Program:
        data = {"by": visit.viewer.directory_id, "message": name, "own": text is not None}
        tx.journal.write(
            JournalEntry(at=visit.now, code="text_set", program_id=program.id, data=data)
        )
        return set_text(tx, program.id, name, text)

    try:
        await visit.app.store.run(record)
    except FaultsError as error:
        return _shown(visit, text or "", None, _faults(error))
    said = (
        gettext("The usual text stands again.")
        if text is None
        else gettext("Kept. It is sent from now on.")
    )
    return Go(f"/programs/{program.id}/settings/texts/{name}", said)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_text,
        template="console/text.html",
        title=N_("Text"),
        section="settings",
        acts=(
            Act(path=f"{PATH}/preview", do=do_preview),
            Act(path=f"{PATH}/keep", do=do_keep),
        ),
    ),
)
