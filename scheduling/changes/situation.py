"""What one decision sees, and how acts already decided are taken into account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scheduling.changes.acts import Decision
from scheduling.changes.limits import DEFAULT_LIMITS, NO_MAILS, Limits, MailRoom
from scheduling.changes.remembered import remembered
from scheduling.changes.views import (
    ExistingSeries,
    KnownTime,
    PairView,
    SeriesView,
    SessionView,
    Time,
)
from scheduling.changes.working_time import working_days_after


@dataclass(frozen=True, slots=True)
class Situation:
    """A pair, its series in the organizer's calendar, both people's time, and the instant.

    ``calendar`` is None while the organizer's calendar cannot be read. ``claimed`` are the
    sessions something was decided about already; nothing else is decided about them.
    ``existing`` are the series that orders ask to adopt, as they are now; those gone are left out.
    """

    pair: PairView
    calendar: SeriesView | None
    time: Time
    now: datetime
    limits: Limits = DEFAULT_LIMITS
    room: MailRoom = NO_MAILS
    claimed: frozenset[str] = frozenset()
    existing: tuple[ExistingSeries, ...] = ()

    def __post_init__(self) -> None:
        if self.now.utcoffset() is None:
            raise ValueError(f"now needs to be aware: {self.now}")

    @classmethod
    def at(
        cls,
        now: datetime,
        pair: PairView,
        calendar: SeriesView | None,
        time: Time,
        *,
        limits: Limits = DEFAULT_LIMITS,
        mails_this_week: Mapping[str, int] | None = None,
    ) -> "Situation":
        """The situation at ``now``; ``mails_this_week`` counts capped mails by person."""
        return cls(pair, calendar, time, now, limits, MailRoom(dict(mails_this_week or {})))

    @property
    def known(self) -> KnownTime | None:
        """Both people's time, or None while one of them cannot be read."""
        return self.time if isinstance(self.time, KnownTime) else None

    @property
    def future(self) -> tuple[SessionView, ...]:
        """Live sessions that have not begun and are not claimed, by start."""
        live = self.pair.live_from(self.now)
        return tuple(s for s in live if s.id not in self.claimed)

    def frozen(self, session: SessionView) -> bool:
        """Whether a session is so near that nothing is moved unasked."""
        return session.span.start - self.limits.freeze <= self.now

    def in_working_days(self, start: datetime, days: int) -> datetime:
        """The instant that many of the pair's working days after ``start``."""
        pair = self.pair
        return working_days_after(start, days, pair.zone, pair.rule.weekdays, pair.closed_dates)

    def grace_days(self, since: datetime) -> int:
        """Working days by which a decline made then waits longer: some in the first month."""
        booked = self.pair.booked_at
        early = booked is not None and since < booked + self.limits.first_month
        return self.limits.grace_days if early else 0

    def after(self, decided: Decision) -> "Situation":
        """The situation once a decision is carried out."""
        pair = self.pair
        for act in decided.acts:
            pair = remembered(pair, act, self.now)
        claimed = self.claimed
        if decided.session_id is not None:
            claimed |= {decided.session_id}
        room = self.room.with_acts(decided.acts, self.pair)
        return replace(self, pair=pair, room=room, claimed=claimed)
