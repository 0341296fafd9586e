"""Group sessions: one meeting of several pairs, which a coordinator records for each of them.

Only where the program's rule says how many of them count (``group_sessions``). For a pair it is a
meeting outside all plans, held on the coordinator's word and named as what it was. No calendar has
it, it mails nobody, and no time is credited for it: somebody in three pairs was there once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import gettext, ngettext
from integrations.ports import Transaction
from integrations.records import Pair, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance.telling import (
    correct,
    outside_all_plans,
    require_past,
)
from integrations.workflows.changes.case import rule_of
from scheduling.attendance.evidence import Correction, VerdictKind
from scheduling.timespan import TimeSpan

LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSession:
    """What several pairs were at together; ``day`` and ``start`` on the program's clock."""

    title: str
    day: date
    start: time
    minutes: int

    def __post_init__(self) -> None:
        title = " ".join(self.title.split())
        if not 0 < len(title) <= LONGEST_TITLE:
            expected = gettext("a name of at most %(most)s characters", most=LONGEST_TITLE)
            raise FaultsError([Fault("title", expected, self.title)])
        object.__setattr__(self, "title", title)

    def span(self, zone: ZoneInfo) -> TimeSpan:
        """When it was."""
        start = datetime.combine(self.day, self.start, zone).astimezone(ZoneInfo("UTC"))
        return TimeSpan(start, start + timedelta(minutes=self.minutes))


class NotCountedError(NotPossibleError):
    """A group session does not count for a pair."""


def record_group_session(
    tx: Transaction, app: App, pair: Pair, group: GroupSession, now: datetime, *, by: str
) -> Session:
    """Record for one pair that both were at a group session.

    Raises:
        NotCountedError: it would not count for this pair; the message says why.
        NoMeetingError: it is to come, or lasts too long.
    """
    span = require_countable(tx, pair, group, now)
    session = outside_all_plans(
        tx, pair, span, now, key=f"group-{span.start:%Y%m%dT%H%MZ}", group=group.title
    )
    correct(tx, app, session, Correction(VerdictKind.HELD, group.minutes, now), by=by)
    return session


def require_countable(tx: Transaction, pair: Pair, group: GroupSession, now: datetime) -> TimeSpan:
    """When it was, if a group session counts for this pair. Raises as ``record_group_session``."""
    rule = rule_of(tx, pair)
    span = group.span(ZoneInfo(tx.programs.require(pair.program_id).zone))
    require_past(span, now)
    if rule.group_sessions == 0:
        raise NotCountedError(gettext("the program's rule counts no group session"))
    if group.minutes < rule.attendance.held_minutes:
        raise NotCountedError(
            gettext(
                "a meeting takes %(least)s minutes at least", least=rule.attendance.held_minutes
            )
        )
    if group.day < pair.start_date:
        raise NotCountedError(gettext("the pair began later"))
    sessions = [s for s in tx.sessions.of_pair(pair.id) if s.state is SessionState.SCHEDULED]
    others = [s for s in sessions if s.held and TimeSpan(s.start, s.end).overlaps(span)]
    if others:
        raise NotCountedError(gettext("a meeting of that time is on record already"))
    counted = sum(s.group_title is not None and s.held is True for s in sessions)
    if counted >= rule.group_sessions:
        raise NotCountedError(
            ngettext(
                "one group session counts, and is on record",
                "%(num)s group sessions count, and are on record",
                rule.group_sessions,
            )
        )
    return span
