"""Activity feeds of Teams: who has the app, and what it showed to whom."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from simulator.storage import Storage


@dataclass(frozen=True, slots=True)
class Line:
    """A line that somebody has in the feed; one told later with the same chain stands for it."""

    at: datetime
    person: str
    activity: str
    news: str
    preview: str
    link: str
    chain: int | None


class Feeds:
    """The feeds of a tenant, and by person the kinds of activity of the app they have."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def install(self, person: str, *activities: str) -> None:
        """Give somebody the app, whose manifest declares these kinds; with none take it away."""
        self._storage.put("teams app", person.lower(), list(activities))
        self._storage.commit()

    def activities_of(self, person: str) -> frozenset[str]:
        """The kinds that somebody may be told; none of somebody who has not the app."""
        return frozenset(self._storage.get("teams app", person.lower()) or ())

    def lines_of(self, person: str) -> list[Line]:
        """What stands in somebody's feed, in the order in which it was first told."""
        kept = self._storage.get("feed", person.lower()) or []
        return [Line(**{**line, "at": datetime.fromisoformat(line["at"])}) for line in kept]

    def show(self, line: Line) -> None:
        """Put a line into the feed, in the place of the one with its chain."""
        lines = [
            each
            for each in self.lines_of(line.person)
            if line.chain is None or each.chain != line.chain
        ]
        kept = [{**asdict(each), "at": each.at.isoformat()} for each in (*lines, line)]
        self._storage.put("feed", line.person.lower(), kept)
