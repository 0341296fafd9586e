"""The table of every setting, written from the settings themselves, for the reference page."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from integrations.settings import PREFIX, Settings


def settings_table() -> str:
    """Every variable in Markdown: name, meaning with its unit, values, default."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join(["| variable | meaning | values | default |", "|---|---|---|---|", *rows, ""])


def write_into(page: Path) -> None:
    """Put the table between the marks of the page."""
    marked = re.compile(r"(<!-- settings -->\n).*(<!-- end -->)", re.DOTALL)
    text = page.read_text("utf-8")
    page.write_text(marked.sub(lambda found: found[1] + settings_table() + found[2], text), "utf-8")


def _row(name: str, field: FieldInfo) -> str:
    meaning = field.description or ""
    return f"| `{PREFIX}{name.upper()}` | {meaning} | {_values(name)} | {_default(field)} |"


def _values(name: str) -> str:
    schema = Settings.model_json_schema()["properties"][name]
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    return ", ".join(_of_kind(kind) for kind in kinds)


def _of_kind(kind: dict[str, object]) -> str:
    match kind:
        case {"enum": list() as words}:
            return ", ".join(f"`{word}`" for word in words)
        case {"type": "boolean"}:
            return "`on`, `off`"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"{least} to {most}"
        case {"type": "array"}:
            return "a list with commas"
        case {"format": "file-path" | "path"}:
            return "path of a readable file"
        case {"format": "password"}:
            return "text, secret"
        case {"pattern": pattern}:
            return f"text like `{pattern}`"
        case _:
            return "text"


def _default(field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        return "`on`" if default else "`off`"
    return "-" if default in (None, "", ()) else f"`{default}`"
