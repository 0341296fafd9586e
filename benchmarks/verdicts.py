"""How many sessions a second are judged on one core, from their reports to their verdicts.

    python -m benchmarks.verdicts [SESSIONS ...]

Every pair's reports are assigned to its nine sessions and each session is judged. Of twenty
sessions twelve are plain, and one each late, on two devices, restarted twice, by phone, with an
assistant, without a report, without a report but with two statements, and with one alone.
Prints a line for each size, and what the sizes grow by beside what the time grows by; then the
same for one pair alone, all of whose sessions share one list of reports.

Each pair is judged as soon as it is made up, as it is when it comes from the store; what is
timed is the judging.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import process_time

from integrations.runtime import ease_garbage_collection
from scheduling.attendance.evidence import (
    Evidence,
    EvidenceMode,
    Occasion,
    Presence,
    PresenceKind,
    Report,
    Said,
    Statement,
    VerdictKind,
)
from scheduling.attendance.reports import assigned
from scheduling.attendance.thresholds import Thresholds, WorkingDays
from scheduling.attendance.verdict import judge
from scheduling.timespan import TimeSpan

START = datetime(2027, 1, 12, 10, tzinfo=UTC)
SESSIONS_OF_A_PAIR = 9
USUAL = Thresholds()
DAYS = {person: WorkingDays("Europe/London") for person in ("x", "y")}

Stay = tuple[int, int]
Case = tuple[list[Occasion], list[Report], dict[str, tuple[Statement, ...]], datetime]


class Meeting:
    """The reports of one session, told in minutes from its start."""

    def __init__(self, name: str, start: datetime, mentor: str, mentee: str) -> None:
        self.name, self.start, self.mentor, self.mentee = name, start, mentor, mentee
        self.reports: list[Report] = []
        self.said: tuple[Statement, ...] = ()

    def span(self, stay: Stay) -> TimeSpan:
        """A stretch of the session."""
        first, last = (self.start + timedelta(minutes=minute) for minute in stay)
        return TimeSpan(first, last)

    def ran(self, *stays: tuple[str | None, Sequence[Stay]], kind: str = "member") -> None:
        """One more report, of people and their stays; ``kind`` is of whoever is None."""
        presences = tuple(
            Presence(
                person,
                PresenceKind.MEMBER if person else PresenceKind(kind),
                tuple(self.span(stay) for stay in theirs),
            )
            for person, theirs in stays
        )
        spans = [span for presence in presences for span in presence.spans]
        ran = TimeSpan(min(s.start for s in spans), max(s.end for s in spans))
        self.reports.append(Report(f"{self.name}.{len(self.reports)}", ran, presences))

    def both(self, first: int, last: int) -> None:
        """Both for the same minutes."""
        self.ran((self.mentor, [(first, last)]), (self.mentee, [(first, last)]))

    def restarted(self) -> None:
        """Three reports."""
        for first, last in ((0, 10), (12, 37), (40, 55)):
            self.both(first, last)

    def devices(self) -> None:
        """One of the two came twice at a time."""
        self.ran((self.mentor, [(0, 60)]), (self.mentee, [(0, 30), (20, 60)]))

    def phone(self) -> None:
        """Somebody called."""
        self.ran((self.mentor, [(0, 60)]), (None, [(2, 58)]), kind="phone")

    def assistant(self) -> None:
        """Somebody else was there."""
        self.ran((self.mentor, [(0, 60)]), (self.mentee, [(1, 60)]), (None, [(0, 5)]))

    def stated(self) -> None:
        """No report; both say that they met."""
        at = self.start + timedelta(hours=30)
        self.said = tuple(Statement(p, Said.MET, at) for p in (self.mentor, self.mentee))


_RARE: tuple[Callable[[Meeting], None], ...] = (
    lambda m: m.both(18, 60),
    Meeting.devices,
    Meeting.restarted,
    Meeting.phone,
    Meeting.assistant,
    lambda m: None,
    Meeting.stated,
    lambda m: m.ran((m.mentor, [(0, 15)])),
)


def case_of(pair: int, sessions: int = SESSIONS_OF_A_PAIR) -> Case:
    """One pair's sessions, reports and statements, nine weeks after the last."""
    mentor, mentee = f"m{pair}", f"s{pair}"
    occasions, reports, said = [], [], {}
    for number in range(sessions):
        start = START + timedelta(weeks=2 * number)
        meeting = Meeting(f"p{pair}.{number}", start, mentor, mentee)
        place = (pair * SESSIONS_OF_A_PAIR + number) % 20
        if place < 12:
            meeting.both(place % 4, 60)
        else:
            _RARE[place - 12](meeting)
        occasions.append(Occasion(meeting.name, meeting.span((0, 60)), mentor, mentee))
        reports += meeting.reports
        said[meeting.name] = meeting.said
    # Newest first, as Graph lists them.
    reports.reverse()
    return occasions, reports, said, START + timedelta(weeks=2 * sessions + 9)


def judged(case: Case) -> list[VerdictKind]:
    """The verdict of each session of a pair."""
    occasions, reports, said, now = case
    sorted_out = assigned(occasions, reports, USUAL.slack).by_session
    return [
        judge(
            occasion,
            Evidence(
                EvidenceMode.TEAMS, sorted_out[occasion.session_id], said[occasion.session_id]
            ),
            USUAL,
            now,
            DAYS,
        ).verdict
        for occasion in occasions
    ]


@dataclass(frozen=True, slots=True)
class Measured:
    """What judging came to, and the processor time it took."""

    found: Counter[VerdictKind]
    seconds: float

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Measured:
        """Judge one pair after another; making them up is not counted."""
        found: Counter[VerdictKind] = Counter()
        seconds = 0.0
        for case in cases:
            began = process_time()
            verdicts = judged(case)
            seconds += process_time() - began
            found.update(verdicts)
        return cls(found, seconds)

    def show(self, before: Measured | None) -> None:
        """One line, and one that compares it with a smaller one."""
        count = self.found.total()
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(self.found.items()))
        print(f"{count:9} {self.seconds:8.2f} {count / self.seconds:9.0f}  {kinds}")
        if before is not None:
            more = count / before.found.total(), self.seconds / before.seconds
            print(f"{'':9} {more[0]:.1f} times as many, {more[1]:.1f} the time")


def main(sizes: Sequence[int]) -> None:
    """Judge that many sessions and print a line for each size."""
    ease_garbage_collection()  # As every process of Tandem does that works for long.
    print(f"{'sessions':>9} {'seconds':>8} {'a second':>9}  verdicts")
    before: Measured | None = None
    for size in sizes:
        measured = Measured.of(case_of(pair) for pair in range(size // SESSIONS_OF_A_PAIR))
        measured.show(before)
        before = measured
    print("of one pair:")
    few, many = (Measured.of([case_of(0, number)] * 5) for number in (200, 2_000))
    few.show(None)
    many.show(few)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 50_000, 250_000])
