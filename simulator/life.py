"""A firm that lives: what its people do happens by itself as the tenant's clock passes it.

How far life has come is kept with the tenant's state, so a tenant that is opened again goes on
where it was and nobody does anything twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from simulator.behaviour_in_meetings import BELIEVABLE as POLITE
from simulator.behaviour_in_meetings import Manners
from simulator.behaviour_of_people import BELIEVABLE, PersonAct, Player, Rates, acts_of
from simulator.clock import AdjustableClock
from simulator.deeds import Deeds
from simulator.people_acts import Done, carry_out

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """How far life has come: the last act that was carried out, or where it began."""

    at: datetime
    person: str = ""
    kind: str = ""

    @classmethod
    def of(cls, act: PersonAct) -> _Place:
        return cls(act.at, act.person, act.kind)


class Life:
    """The acts of the firm's people, carried out in order."""

    def __init__(self, tenant: Deeds) -> None:
        self._tenant = tenant
        cast = tenant.storage.get("cast", "players")
        self._players = [Player.from_document(kept) for kept in cast or ()]
        self._rates = BELIEVABLE
        self._reached: _Place | None = None
        self._coming: list[PersonAct] = []
        # The first day whose acts are not among those that are coming.
        self._undrawn: date | None = None
        kept = tenant.storage.get("life", "reached")
        if kept is not None:
            self._rates = Rates(**kept["rates"])
            self._reached = _Place(datetime.fromisoformat(kept["at"]), kept["person"], kept["kind"])

    def begin(self, rates: Rates = BELIEVABLE, manners: Manners = POLITE) -> None:
        """Let people act and come to meetings from now on; once begun, it goes on as it began."""
        self._tenant.gatherings.begin(manners)
        if self._reached is None:
            self._rates = rates
            self._keep(_Place(self._tenant.clock()))
            self._tenant.storage.commit()

    def next_at(self) -> datetime | None:
        """When somebody acts next, within a week; None: life has not begun or nobody does."""
        coming = self._next(self._tenant.clock() + 7 * _DAY)
        return None if coming is None else coming.at

    def pass_until(self, until: datetime) -> int:
        """Let everything happen that people do until then; how many acts struck something.

        Each act happens at its own instant if the tenant's clock can be set.
        """
        struck = 0
        while (act := self._next(until)) is not None:
            clock = self._tenant.clock
            if isinstance(clock, AdjustableClock) and clock() < act.at:
                clock.set(act.at)
            # Kept in the same commit as what the act does, so that it is done once.
            self._keep(_Place.of(act))
            struck += self.carry_out(act) is not None
            self._tenant.storage.commit()
        return struck

    def acts_on(self, day: date, rates: Rates = BELIEVABLE) -> list[PersonAct]:
        """What the people who act do on one day, by the tenant's seed."""
        return acts_of(self._players, day, self._tenant.mint.seed, rates)

    def carry_out(self, act: PersonAct) -> Done | None:
        """Let somebody do what she does now; None: there is nothing she could do it to."""
        self._tenant.gatherings.catch_up()
        return carry_out(self._tenant, act)

    def recast(self, players: list[Player]) -> None:
        """Let these people act from now on."""
        self._players = players
        self._tenant.storage.put("cast", "players", players)
        self._coming, self._undrawn = [], None

    def _next(self, until: datetime) -> PersonAct | None:
        """The first act after the place that was reached and not after ``until``."""
        reached = self._reached
        if reached is None:
            return None
        self._draw(reached, until)
        if not self._coming or self._coming[0].at > until:
            return None
        return self._coming[0]

    def _draw(self, reached: _Place, until: datetime) -> None:
        """Let all acts up to ``until`` be among those that are coming, each day drawn once."""
        # A day of somebody's own zone begins up to a day before or after that of UTC.
        first, last = self._undrawn or (reached.at - _DAY).date(), (until + _DAY).date()
        if first > last:
            return
        days = (first + number * _DAY for number in range((last - first).days + 1))
        drawn = (act for day in days for act in self.acts_on(day, self._rates))
        self._coming += [act for act in drawn if _Place.of(act) > reached]
        self._coming.sort(key=_Place.of)
        self._undrawn = last + _DAY

    def _keep(self, place: _Place) -> None:
        self._reached = place
        self._coming = self._coming[1:]
        doc: dict[str, Any] = {**asdict(place), "rates": asdict(self._rates)}
        self._tenant.storage.put("life", "reached", doc)
