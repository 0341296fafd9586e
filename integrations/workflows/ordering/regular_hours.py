"""Regular hours a booked pair could meet at from now on, read while a coordinator waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

from integrations.errors import Fault, FaultsError
from integrations.language import N_
from integrations.workflows.app import App
from integrations.workflows.changes.case import load_case
from integrations.workflows.messages.words import clock, place_of, weekdays_name
from integrations.workflows.pair_page.another_time import CannotBeReadError, ask_with_time
from scheduling.cadence import SeriesSlot
from scheduling.changes.search import other_series
from scheduling.changes.situation import Situation
from scheduling.errors import UnknownZoneError

_FIELD = "hour"
_SOME_MONDAY = date(2024, 1, 1)
_REMEDY = N_("Choose one of the hours shown.")


@dataclass(frozen=True, slots=True)
class RegularHour:
    """Weekday, start and zone of a series, whichever week it falls in."""

    weekday: int
    start: time
    zone: str

    @property
    def key(self) -> str:
        """The hour as one word, which ``hour_named`` reads."""
        return f"{self.weekday}@{self.start:%H:%M}@{self.zone}"

    @property
    def words(self) -> str:
        """The hour as a person reads it: ``Tuesdays 10:00 New York``."""
        return f"{weekdays_name(self.weekday)} {clock(self.start)} {place_of(self.zone)}"

    def slot(self) -> SeriesSlot:
        """As a series slot of which zone, weekday and start count."""
        first = _SOME_MONDAY + timedelta(days=self.weekday)
        return SeriesSlot(self.zone, self.weekday, self.start, 0, first)


def hour_named(key: str) -> RegularHour:
    """The hour that a form names. Raises FaultsError."""
    try:
        weekday, start, zone = key.split("@")
        hour = RegularHour(int(weekday), time.fromisoformat(start), zone)
        hour.slot()
    except (ValueError, OverflowError, UnknownZoneError):
        wrong = Fault(_FIELD, N_("one of the hours shown"), key[:40])
        raise FaultsError([wrong], remedy=_REMEDY) from None
    return hour


async def regular_hours(app: App, pair_id: str) -> tuple[RegularHour, ...]:
    """Up to five regular hours that suit both for the dates to come; none where none does.

    Raises:
        CannotBeReadError: a calendar cannot be read now.
    """
    now, zone = app.clock.now(), app.options.zone
    case = await app.store.run(lambda tx: load_case(tx, pair_id, now, default_zone=zone))

    def ask(situation: Situation) -> tuple[SeriesSlot, ...]:
        if situation.known is None:
            raise CannotBeReadError(pair_id)
        present = situation.pair.series
        return other_series(situation, situation.known, avoid=() if present is None else (present,))

    found = await ask_with_time(app, case, ask)
    hours = (RegularHour(slot.weekday, slot.start, slot.zone) for slot in found)
    return tuple(dict.fromkeys(hours))
