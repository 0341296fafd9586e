"""An instant on both people's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from integrations.workflows.changes.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """``at`` in ``zone``, the reader's; ``other_zone`` where the other's clock shows another."""

    at: datetime
    zone: str
    other_zone: str | None = None

    @property
    def is_same_day(self) -> bool:
        """Whether both clocks show one date."""
        days = {self.at.astimezone(ZoneInfo(z)).date() for z in (self.zone, self.other_zone) if z}
        return len(days) == 1


def clocks(case: Case, reader_id: str, at: datetime) -> Clocks:
    """An instant as one of the two reads it, the other's zone beside it where they differ."""
    here, there = zones_of(case, reader_id)
    offsets = {at.astimezone(ZoneInfo(zone)).utcoffset() for zone in (here, there)}
    return Clocks(at=at, zone=here, other_zone=there if len(offsets) == 2 else None)


def zones_of(case: Case, reader_id: str) -> tuple[str, str]:
    """IANA zones of the reader's wall clock and of the other's."""
    mentor, mentee = case.zone_of(case.mentor), case.zone_of(case.mentee)
    return (mentor, mentee) if reader_id == case.mentor.id else (mentee, mentor)
