"""Pages that are written from code: the command line, the blockers, tables of the simulated tenant.

``python -m tests.docs.pages`` writes them; a test compares what stands in ``docs/`` with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from typer.main import get_command

from integrations import cli
from integrations.blockers import BLOCKERS, PASSING
from integrations.workflows.messages.catalogue import FIELDS, MESSAGES, MessageKind
from integrations.workflows.messages.texts import usual_text
from integrations.workflows.telling.outbound_message import schema
from simulator import behaviour, operations
from tests.docs.api_page import api_page
from tests.docs.telemetry_page import telemetry_page

ROOT = Path(__file__).resolve().parents[2]

_CLI_HEAD = """# The command line

`tandem COMMAND --help` shows the same on a terminal. Every command that speaks to Microsoft 365 or
opens the program store reads its settings from the environment ([settings](settings.md)).

This page is written from the commands themselves: `python -m tests.docs.pages`.
"""

_BLOCKERS_HEAD = """# Blockers

A blocker says what holds a person, a pair or a program mailbox up, and what helps. It stands
beside the state of a pair, never in place of it. `tandem status` shows the open ones.

- *Stops booking*: while it is open, nothing is decided from calendars for the pairs it concerns.
- *Looked at again*: a later look at the calendars clears it by itself once the cause is gone. The
  others wait for somebody's act.

What to do about each, step by step, stands in
[troubleshooting](../how-to/troubleshoot.md#blockers).

This page is written from `integrations/blockers.py`: `python -m tests.docs.pages`.
"""


def command_line() -> Any:
    """The root command, with everything below it."""
    return get_command(cli.app)


def commands(group: Any = None, path: str = "tandem") -> Iterator[tuple[str, Any]]:
    """Every command a person can give, with its full name, in the order of ``--help``."""
    for name, command in (group or command_line()).commands.items():
        full = f"{path} {name}"
        if hasattr(command, "commands"):
            yield from commands(command, full)
        else:
            yield full, command


def cli_page() -> str:
    """``docs/reference/cli.md``."""
    sections = [_CLI_HEAD, *(_command_section(*entry) for entry in commands()), _exit_codes()]
    return "\n".join(sections)


def _command_section(name: str, command: Any) -> str:
    arguments = [p for p in command.params if not _is_option(p)]
    options = [p for p in command.params if _is_option(p)]
    usage = " ".join(
        [name, *(["[OPTIONS]"] if options else []), *(_argument(p) for p in arguments)]
    )
    lines = [f"## `{name}`", "", " ".join(str(command.help).split()), "", f"    {usage}", ""]
    if command.params:
        lines += ["| | default | meaning |", "|---|---|---|"]
        lines += [_row(parameter) for parameter in [*arguments, *options]]
        lines.append("")
    if name == "tandem simulator":
        lines += ["Its options: [the simulated tenant](simulator.md#options).", ""]
    return "\n".join(lines)


def _is_option(parameter: Any) -> bool:
    return str(parameter.opts[0]).startswith("-")


def _argument(parameter: Any) -> str:
    name = str(parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    if not _is_option(parameter):
        return f"| `{str(parameter.name).upper()}` | {_default(parameter)} | {parameter.help} |"
    value = "" if parameter.is_flag else " …"
    names = ", ".join(f"`{name}{value}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return f"| {names} | {_default(parameter)} | {parameter.help} |"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if parameter.default is None or parameter.default is False:
        return ""
    return f"`{parameter.default}`"


def exit_codes() -> dict[int, str]:
    """What each exit code means, as the module of the command line says it."""
    words = " ".join(str(cli.__doc__).split()).partition("Exit codes: ")[2]
    return {int(code): meaning for code, meaning in re.findall(r"(\d) ([^;.]+)", words)}


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in exit_codes().items()]
    return "\n".join(["## Exit codes", "", "| code | meaning |", "|---|---|", *rows, ""])


def blockers_page() -> str:
    """``docs/reference/blockers.md``."""
    rows = [
        f"| `{code}` | {kind.words} | {kind.remedy} | {_yes(kind.stops)} "
        f"| {_yes(code in PASSING)} |"
        for code, kind in BLOCKERS.items()
    ]
    table = ["| code | what it says | what helps | stops booking | looked at again |"]
    return "\n".join([_BLOCKERS_HEAD, *table, "|---|---|---|---|---|", *rows, ""])


_MESSAGES_HEAD = """# Messages

Everything Tandem says to people: who is told what, when, and what holds it back. For all of it:
no blame, no reason about a person, no goals; times with their zone, in both zones where their
clocks differ; one thing to do, one link at most, a human contact; a subject of two family names.

- **Mails** leave from the pair's program mailbox, between 08:00 and 18:30 of a working day where
  the reader is. A third capped mail of a week (from Monday, where the reader is) waits for the
  next week; Outlook's own mails for moved and added dates count, those for the first invitation
  and for cancellations do not. What has lost its cause by then is dropped.
- **Doubt.** Whether a mail left cannot be looked up. After a lost answer an ordinary one counts as
  sent; *urgent* ones are sent again until an answer is certain, and so may come twice.
- The journal has one line `mail` for each mail; `mail_in_doubt` where an answer was lost, and
  `mail_dropped` with the reason. What [Teams](../how-to/teams.md) tells in a mail's place is a line
  `news`; `news_refused` says why the mail went after all. Ids and codes only: the words are made
  when a mail is sent.
- **Comments** go with Outlook's own cancellation. **Rows** are what a coordinator reads in
  *Needs you*; new ones are listed in one mail a day.

This page is written from `integrations/workflows/messages/catalogue.py` and the texts in
`integrations/texts/`: `python -m tests.docs.pages`.
"""
_OWN_TEXTS = """## A program's own texts

A program may have its own text for any message; the others keep the usual one. It is a Jinja
template: for a mail or the invitation a first line `Subject: …`, an empty line and HTML, for the
others plain text. It may use the fields named with the message and nothing else, has to use those
in bold, and is tried with every field known and with the optional ones empty. A text that cannot be
filled in, names something else or holds too many links is refused when it is set, and nothing is
kept.
"""


def messages_page() -> str:
    """``docs/reference/messages.md``."""
    rows = [
        f"| `{name}` | {kind.recipient} | {kind.trigger} | {kind.channel} | {_cap(kind)} |"
        for name, kind in MESSAGES.items()
    ]
    table = ["| message | to | when | how | held back by |", "|---|---|---|---|---|", *rows, ""]
    fields = [
        f"| `{name}` | {field.meaning} | {_yes(field.optional)} |" for name, field in FIELDS.items()
    ]
    known = ["## Fields", "", "| field | meaning | may be empty |", "|---|---|---|", *fields, ""]
    texts = [_text_section(name) for name in MESSAGES]
    parts = [_MESSAGES_HEAD, *table, _OWN_TEXTS, *known, "## Usual texts", "", *texts]
    return "\n".join(parts)


def _cap(kind: MessageKind) -> str:
    return "nothing: urgent" if kind.urgent else str(kind.cap)


def _text_section(name: str) -> str:
    kind = MESSAGES[name]
    fields = ", ".join(f"**{f}**" if f in kind.must else f for f in kind.fields) or "none"
    text = usual_text(name).rstrip()
    return f"### `{name}`\n\nFields: {fields}.\n\n```jinja\n{text}\n```\n"


def _yes(holds: bool, /) -> str:
    return "yes" if holds else "no"


def simulator_page() -> str:
    """``docs/reference/simulator.md``: its words as they stand, two of its tables from the code.

    A switch keeps the words the page has for it; a new one gets the comment above it.
    """
    page = (ROOT / "docs/reference/simulator.md").read_text("utf-8")
    rows = [
        f"| `{known.method} {known.template}` | {known.role} "
        f"| {', '.join(f'`{option}`' for option in sorted(known.options)) or '–'} |"
        for known in operations.OPERATIONS
    ]
    page = _with_rows(page, "| operation |", rows)
    worded = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", _table(page, "| switch |"), re.MULTILINE))
    commented = _comments_above_fields(Path(behaviour.__file__).read_text("utf-8"))
    switches = [
        f"| `{field.name}` | {worded.get(field.name) or commented.get(field.name, '–')} |"
        for field in fields(behaviour.Behaviour)
    ]
    return _with_rows(page, "| switch |", switches)


def _table(page: str, head: str) -> str:
    """The rows of the table that begins with ``head``, each with its line end."""
    found = re.search(rf"^{re.escape(head)}.*\n\|[-|]+\|\n((?:\|.*\n)*)", page, re.MULTILINE)
    if found is None:
        raise ValueError(f"the page has no table that begins with {head}")
    return found[1]


def _with_rows(page: str, head: str, rows: list[str]) -> str:
    return page.replace(_table(page, head), "".join(f"{row}\n" for row in rows))


def _comments_above_fields(source: str) -> dict[str, str]:
    """What the comment directly above a field says, by field."""
    found = re.findall(r"((?:^    # .*\n)+)    (\w+):", source, re.MULTILINE)
    return {
        name: " ".join(re.sub(r"^ +# ", "", lines, flags=re.MULTILINE).split())
        for lines, name in found
    }


def verdict_schema() -> str:
    """``docs/reference/verdict-v1.schema.json``."""
    return json.dumps(schema(), indent=2) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/api.md": api_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/blockers.md": blockers_page,
    "docs/reference/messages.md": messages_page,
    "docs/reference/simulator.md": simulator_page,
    "docs/reference/telemetry.md": telemetry_page,
    "docs/reference/verdict-v1.schema.json": verdict_schema,
}

if __name__ == "__main__":
    for path, written in PAGES.items():
        (ROOT / path).write_text(written(), encoding="utf-8")
