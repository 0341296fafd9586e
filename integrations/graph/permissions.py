"""The page that shows IT what Tandem may call, written from the table of operations."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.graph.operations import OPERATIONS, Operation, Whose

_WHOSE = {
    Whose.PROGRAM: "program mailbox",
    Whose.PARTICIPANT: "participant",
    Whose.APP: "the app's own",
    Whose.FEED: "a person's feed in Teams",
    Whose.OUTSIDER: "any other",
    Whose.DIRECTORY: "directory",
    Whose.NONE: "-",
}

_HEAD = """# Graph operations and permissions

This page is written by `integrations.graph.permissions.permissions_page()` from the table
`integrations/graph/operations.py`, the same one that the guard enforces where calls leave, and a
test compares the two. A call that is not a row here raises an error and is not sent; a query
option that is not named in its row is refused as well. All paths stand under
`https://graph.microsoft.com/v1.0`; all permissions are application permissions.

For participants' mailboxes the table holds reading mailbox settings and free/busy, and nothing
else: no event, no title, no place. Events are read and written in program mailboxes only. Where
`TANDEM_TEAMS_APP` is set, a line can be added to the activity feed in Teams of whoever has the app;
nothing is read there.

Two rows name *any other* mailbox. `tandem doctor` asks there for an event and for a meeting that do
not exist, under an id that the table itself fixes: nothing can come back but a yes or a no, and the
no is the proof that Tandem's permissions end at the program mailboxes.

The scripts in `infra/permissions` grant exactly this, each within its scope, and take it back: what
they grant stands in `grants.json` beside them, which a test holds to this table.
"""


def permissions_page() -> str:
    """The whole page in Markdown, ending in a newline."""
    return "\n".join([_HEAD, *_operations(), "", *_permissions(), ""])


def _operations() -> Iterable[str]:
    yield "## Operations\n"
    yield "| operation | call | whose mailbox | reads or writes | permission | what for |"
    yield "|---|---|---|---|---|---|"
    for operation in OPERATIONS:
        cells = (
            f"`{operation.name}`",
            f"`{operation.method} {operation.path}`{_options(operation)}",
            _WHOSE[operation.whose],
            "writes" if operation.writes else "reads",
            operation.permission,
            operation.purpose + (" (only if so set)" if operation.by_setting else ""),
        )
        yield f"| {' | '.join(cells)} |"


def _permissions() -> Iterable[str]:
    yield "## Permissions and how far each has to reach\n"
    yield "| permission | scope | operations |"
    yield "|---|---|---|"
    pairs = dict.fromkeys((operation.permission, operation.scope) for operation in OPERATIONS)
    for permission, scope in pairs:
        names = [
            f"`{o.name}`" for o in OPERATIONS if (o.permission, o.scope) == (permission, scope)
        ]
        yield f"| {permission} | {scope} | {', '.join(names)} |"


def _options(operation: Operation) -> str:
    if not operation.options:
        return ""
    return " with " + ", ".join(f"`{option}`" for option in sorted(operation.options))
