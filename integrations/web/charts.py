"""Charts as figures: where each mark lies, so that a template only has to print it.

Marks stretch with the page and words do not, so a chart is an SVG of marks between lines of HTML,
and behind it is a table of the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.language import gettext

COLUMN = 10
"""How much of the drawing's width one column takes, its gap included."""
HEIGHT = 100
_FULL = 98
"""How high the highest column is: a little less than the drawing, or its edge would be cut off."""
_MARKS = ("first", "second", "third")


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle of the drawing, with the class it is drawn as and what it says."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns side by side, each made of counts upon each other.

    ``parts`` names what is counted, at most three; each row has a name and one count per part.
    """

    label: str
    head: str
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.parts) <= len(_MARKS):
            raise ValueError(f"a chart shows one to {len(_MARKS)} parts, not {len(self.parts)}")
        for name, counts in self.rows:
            if len(counts) != len(self.parts) or any(count < 0 for count in counts):
                raise ValueError(f"{name}: expected {len(self.parts)} counts, got {counts}")

    @property
    def top(self) -> int:
        """What the upper edge of the drawing stands for."""
        return max([1, *(sum(counts) for _, counts in self.rows)])

    @property
    def width(self) -> int:
        """Of the drawing, in its own units."""
        return max(1, len(self.rows)) * COLUMN

    @property
    def marks(self) -> list[Mark]:
        """Every rectangle, the first part lowest; counts of nothing have none."""
        found = []
        for place, (name, counts) in enumerate(self.rows):
            y = float(HEIGHT)
            for part, count in enumerate(counts):
                if not count:
                    continue
                high = count * _FULL / self.top
                y -= high
                says = f"{name}: {count} {self.parts[part]}"
                found.append(
                    Mark(_MARKS[part], place * COLUMN + 1, round(y, 2), 8, round(high, 2), says)
                )
        return found

    @property
    def legend(self) -> list[tuple[str, str]]:
        """How each part is drawn, and its name."""
        return list(zip(_MARKS, self.parts, strict=False))

    @property
    def says(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        sums = [sum(counts) for counts in zip(*(c for _, c in self.rows), strict=True)]
        said = ", ".join(f"{total} {name}" for total, name in zip(sums, self.parts, strict=False))
        if not said:
            return gettext("%(label)s: nothing yet.", label=self.label)
        return gettext(
            "%(label)s, %(first)s to %(last)s: %(said)s.",
            label=self.label,
            first=self.rows[0][0],
            last=self.rows[-1][0],
            said=said,
        )


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar chart: ``share`` is its length, of a hundred."""

    name: str
    value: int
    share: float
    kind: str = "first"


def bars(
    rows: Sequence[tuple[str, int]] | Sequence[tuple[str, int, str]], of: int | None = None
) -> list[Bar]:
    """Bars under each other; ``of`` is what the whole width stands for, else the longest bar."""
    top = max([1, *(row[1] for row in rows)]) if of is None else max(1, of)
    return [Bar(row[0], row[1], round(100 * row[1] / top, 1), *row[2:]) for row in rows]
