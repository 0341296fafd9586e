"""Reading the documents: their links, the code they show, and the paths they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT

_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4}.*)?\n)+", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FOLDERS = ("scheduling/", "integrations/", "simulator/", "tests/", "benchmarks/", "docs/")


@dataclass(frozen=True)
class Document:
    """One page, by its path below the root of the project."""

    path: str

    @property
    def text(self) -> str:
        """The page as it is written."""
        return (ROOT / self.path).read_text("utf-8")

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def links(self) -> Iterator[str]:
        """Where it links to inside the project: path and, after ``#``, a heading."""
        for target in _LINK.findall(self.prose):
            if not target.startswith(("http://", "https://", "mailto:")):
                yield target

    def anchors(self) -> set[str]:
        """The names its headings are linked by."""
        return {anchor_of(heading) for heading in _HEADING.findall(self.prose)}

    def command_lines(self) -> Iterator[str]:
        """Every call of ``tandem`` or ``make`` it shows, in blocks or in the text."""
        blocks = [body for _, body in _FENCE.findall(self.text)]
        blocks += _INDENTED.findall(self.prose)
        lines = [line.strip() for block in blocks for line in block.splitlines()]
        for line in [*lines, *_INLINE.findall(self.prose)]:
            call = line.removeprefix("$ ").removeprefix(".venv/bin/")
            if re.match(r"(tandem|make) [a-z\-]", call) and "…" not in call:
                yield call.partition("  #")[0].strip()

    def paths(self) -> Iterator[str]:
        """Files and folders of the project it names in the text, ``path`` or ``path::name``."""
        for code in _INLINE.findall(self.prose):
            if code.startswith(_FOLDERS) and " " not in code and "*" not in code:
                yield code


def anchor_of(heading: str) -> str:
    """The anchor that a heading gets."""
    plain = re.sub(r"[^\w\- ]", "", heading.lower())
    return plain.strip().replace(" ", "-")


def documents() -> list[Document]:
    """README, changelog and everything under ``docs/``."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [Document(page.relative_to(ROOT).as_posix()) for page in pages]


def tables(path: Path, below: str) -> list[list[str]]:
    """The rows of the first table below the heading ``below``, header and rule left out."""
    section = path.read_text("utf-8").partition(f"\n## {below}\n")[2]
    rows: list[list[str]] = []
    for line in section.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows:
            break
    return rows[2:]
