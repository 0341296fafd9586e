"""A session of Ana and James on a Tuesday from ten to eleven; a test states the one fact."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scheduling.attendance.evidence import (
    Correction,
    Evidence,
    EvidenceMode,
    Occasion,
    Presence,
    PresenceKind,
    Report,
    Said,
    Statement,
)
from scheduling.attendance.reasons import VerdictCode
from scheduling.attendance.thresholds import Thresholds, WorkingDays
from scheduling.attendance.verdict import Judgement, judge
from scheduling.timespan import TimeSpan

START = datetime(2027, 3, 23, 10, tzinfo=UTC)
"""Five days before clocks go forward in London."""
ANA, JAMES = "ana", "james"
MENTOR, MENTEE = ANA, JAMES
USUAL = Thresholds()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONDON = {person: WorkingDays("Europe/London") for person in (ANA, JAMES)}
END = START + HOUR
LATER = END + 2 * HOUR
"""The restart of a meeting is not waited for any more; nobody is asked yet."""


def minutes(first: float, last: float, start: datetime = START) -> TimeSpan:
    """The stretch between two minutes of the session."""
    return TimeSpan(start + timedelta(minutes=first), start + timedelta(minutes=last))


def occasion(weeks: int = 0, *, in_person: bool = False) -> Occasion:
    """The session of that many weeks later."""
    start = START + timedelta(weeks=weeks)
    return Occasion(f"p.{weeks}", TimeSpan(start, start + HOUR), ANA, JAMES, in_person)


def there(person: str | None, *stays: tuple[float, float], kind: str = "member") -> Presence:
    """Somebody's stays, in minutes of the session."""
    return Presence(person, PresenceKind(kind), tuple(minutes(*stay) for stay in stays))


def report(*presences: Presence, name: str = "", flags: Iterable[str] = ()) -> Report:
    """A report that runs from the first join to the last leave."""
    spans = [span for presence in presences for span in presence.spans]
    ran = TimeSpan(min(s.start for s in spans), max(s.end for s in spans))
    return Report(name or f"r{ran.start.isoformat()}", ran, presences, tuple(flags))


def together(first: float, last: float, name: str = "") -> Report:
    """A report of both for the same minutes."""
    return report(there(ANA, (first, last)), there(JAMES, (first, last)), name=name)


def says(person: str, said: Said = Said.MET, at: datetime = LATER, **more: object) -> Statement:
    """What one of the two said."""
    return Statement(person, said, at, **more)  # type: ignore[arg-type]


def judged(
    *reports: Report,
    said: Iterable[Statement] = (),
    mode: EvidenceMode = EvidenceMode.TEAMS,
    now: datetime = LATER,
    thresholds: Thresholds = USUAL,
    about: Occasion | None = None,
    correction: Correction | None = None,
    blocked: bool = False,
    minutes_kept: int | None = None,
) -> Judgement:
    """The verdict on the session by this evidence."""
    evidence = Evidence(mode, reports, tuple(said), correction, blocked, minutes_kept)
    return judge(about or occasion(), evidence, thresholds, now, LONDON)


def codes(judgement: Judgement) -> list[VerdictCode]:
    """The codes of its reasons, in order."""
    return [reason.code for reason in judgement.reasons]
