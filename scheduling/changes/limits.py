"""How much change people are asked to bear: moves per date, mails per person, hours, patience."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from scheduling.cadence import zone_info
from scheduling.changes.acts import (
    Act,
    BookDate,
    BookSeries,
    CancelDate,
    Decision,
    EndSeries,
    MoveDate,
    OfferDates,
    OfferHours,
    ReplaceDate,
    StartGeneration,
    Tell,
    decision,
)
from scheduling.changes.mail_hours import CLOSES, OPENS, MailHours, next_mailable
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import PairView


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program allows; the defaults are those people are told about.

    ``freeze``: time before a session in which nothing is moved unasked. ``patience_days``:
    working days of silence after a declined series; ``grace_days``: how much longer
    declines wait in the first month before they escalate. ``conflict_days``: working days
    ahead in which appointments count; ``conflict_stands``: working hours and
    ``conflict_looks`` looks for which one has to stand. ``mail_opens`` to ``mail_closes``, on the
    wall clock of each person, is when mails may reach them.
    """

    freeze: timedelta = timedelta(hours=24)
    moves_per_date: int = 2
    mails_per_week: int = 2
    mail_opens: time = OPENS
    mail_closes: time = CLOSES
    patience_days: int = 2
    grace_days: int = 2
    first_month: timedelta = timedelta(days=28)
    conflict_days: int = 10
    conflict_stands: timedelta = timedelta(hours=4)
    conflict_looks: int = 2
    make_up_weeks: int = 4
    pick_days: int = 10
    gap_days: int = 45

    def __post_init__(self) -> None:
        for name in ("moves_per_date", "mails_per_week", "conflict_looks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, got {getattr(self, name)}")
        if self.freeze < timedelta(0) or self.conflict_stands < timedelta(0):
            raise ValueError("freeze and conflict_stands cannot be negative")
        MailHours(self.mail_opens, self.mail_closes)

    @property
    def mail_hours(self) -> MailHours:
        """When mails may reach somebody."""
        return MailHours(self.mail_opens, self.mail_closes)


DEFAULT_LIMITS = Limits()


def capped_mails(act: Act, pair: PairView) -> Mapping[str, int]:
    """How many mails an act sends to each person that count for the weekly cap.

    First invitations, cancellations and notes that somebody will not come do not count.
    """
    both = {member.id: 1 for member in pair.members}
    match act:
        case MoveDate() | ReplaceDate() | BookDate():
            return both
        case Tell(person=person, at_once=False) | OfferDates(person=person):
            return {person: 1}
        case OfferHours(people=people):
            return dict.fromkeys(people, 1)
        case _:
            return {}


def all_mails(act: Act, pair: PairView) -> int:
    """How many mails an act sends to each of the two at most, capped or not."""
    match act:
        case ReplaceDate():
            return 2
        case CancelDate():
            return 1
        case EndSeries(written=False):
            return 0
        case EndSeries(truncation=cut):
            return min(cut.cut_mails, max(1, len(cut.cancelled)))
        case StartGeneration(dates=dates, series=series, rule=rule):
            starts = {k: series.utc_start(k, rule.interval_weeks) for k, _ in dates}
            # A window between two dates that has none is taken out of the new series.
            gaps = max(starts) - min(starts) + 1 - len(starts) if starts else 0
            return 1 + gaps + sum(span.start != starts[k] for k, span in dates)
        case _:
            return max(capped_mails(act, pair).values(), default=0)


def mailed_people(act: Act, pair: PairView) -> frozenset[str]:
    """Whom an act mails within mail hours; acts at short notice mail at any hour."""
    match act:
        case CancelDate(at_once=True) | Tell(at_once=True) | EndSeries(written=False):
            return frozenset()
        case CancelDate() | EndSeries() | BookSeries() | StartGeneration():
            return frozenset(m.id for m in pair.members if not m.has_left)
        case _:
            return frozenset(capped_mails(act, pair))


@dataclass(frozen=True, slots=True)
class MailRoom:
    """Who was sent how many mails this week, counted by the caller and by what is decided."""

    sent: Mapping[str, int]

    def with_acts(self, acts: tuple[Act, ...], pair: PairView) -> "MailRoom":
        """The room left once these acts have mailed."""
        sent = dict(self.sent)
        for act in acts:
            for person, mails in capped_mails(act, pair).items():
                sent[person] = sent.get(person, 0) + mails
        return MailRoom(sent)

    def full_for(self, acts: tuple[Act, ...], pair: PairView, limits: Limits) -> str | None:
        """The first person whom these acts would mail more often than a week allows."""
        after = self.with_acts(acts, pair)
        for member in pair.members:
            more = after.sent.get(member.id, 0) - self.sent.get(member.id, 0)
            if more and after.sent[member.id] > limits.mails_per_week:
                return member.id
        return None


NO_MAILS = MailRoom({})


def held_back(
    wanted: Decision, pair: PairView, room: MailRoom, limits: Limits, now: datetime
) -> Decision | None:
    """The waiting that takes the place of a decision that may not be mailed now, or None."""
    full = room.full_for(wanted.acts, pair, limits)
    if full is not None:
        member = next(m for m in pair.members if m.id == full)
        until = _mailable(next_week(now, member.zone), pair, frozenset({full}), limits)
        return decision(
            ChangeCode.MAIL_CAP,
            session=wanted.session_id,
            again_at=until,
            person=full,
            mails=room.sent.get(full, 0),
            until=shown(until),
            wanted=wanted.reason.code,
        )
    people = frozenset[str]().union(*(mailed_people(act, pair) for act in wanted.acts))
    until = _mailable(now, pair, people, limits)
    if until <= now:
        return None
    return decision(
        ChangeCode.MAIL_HOURS,
        session=wanted.session_id,
        again_at=until,
        until=shown(until),
        wanted=wanted.reason.code,
    )


def _mailable(now: datetime, pair: PairView, people: frozenset[str], limits: Limits) -> datetime:
    zones = {member.zone for member in pair.members if member.id in people}
    closed = pair.closed_dates
    return next_mailable(now, zones, pair.rule.weekdays, closed, limits.mail_hours)


def next_week(now: datetime, zone: str) -> datetime:
    """Midnight of the next Monday on the wall clock of a zone; mails are counted by such weeks."""
    return _monday(now, zone, weeks=1)


def week_began(now: datetime, zone: str) -> datetime:
    """Midnight of the Monday before, or of today, on the wall clock of a zone."""
    return _monday(now, zone, weeks=0)


def _monday(now: datetime, zone: str, *, weeks: int) -> datetime:
    day = now.astimezone(zone_info(zone)).date()
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=weeks)
    return datetime.combine(monday, time(0), zone_info(zone)).astimezone(UTC)


def shown(instant: datetime) -> str:
    """An instant as a fact."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}Z"
