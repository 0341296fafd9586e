"""Which session a report belongs to: a series is one online meeting with one list of reports."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from scheduling.attendance.evidence import Occasion, Report
from scheduling.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class Assigned:
    """Reports by session id, every occasion named; ``unmatched`` belong to none of them.

    Reports are in the order of their start, each once.
    """

    by_session: dict[str, tuple[Report, ...]]
    unmatched: tuple[Report, ...]


def assigned(
    occasions: Iterable[Occasion], reports: Iterable[Report], slack: timedelta
) -> Assigned:
    """The session each report belongs to: the one it overlaps most.

    Parameters:
        occasions: every session of one online meeting, in any order; they may lie close together.
        reports: that meeting's reports, in any order; one that is given twice counts once.
        slack: how far beyond both ends of a session its meeting may lie. Where slack alone
            overlaps, the session whose hour is nearer takes the report.

    Source: Graph ``meetingAttendanceReport`` names no occurrence.
    Cost: O((n + m) log n) unless sessions lie within each other's slack.
    """
    in_order = sorted(occasions, key=lambda o: (o.span.start, o.session_id))
    begins = [o.span.start - slack for o in in_order]
    # The latest end up to each place: further back than the first that reaches a report,
    # nothing else does.
    reach = list(accumulate((o.span.end + slack for o in in_order), max))
    found: dict[str, list[Report]] = {o.session_id: [] for o in in_order}
    unmatched: list[Report] = []
    for report in sorted({r.id: r for r in reports}.values(), key=lambda r: (r.span.start, r.id)):
        start = report.span.start
        after = bisect_left(begins, report.span.end)
        first = after
        while first > 0 and reach[first - 1] > start:
            first -= 1
        if first == after:
            unmatched.append(report)
        elif first == after - 1:
            found[in_order[first].session_id].append(report)
        else:
            takes = _closest(in_order[first:after], report.span, slack)
            found[takes.session_id].append(report)
    return Assigned({name: tuple(kept) for name, kept in found.items()}, tuple(unmatched))


def _closest(occasions: Iterable[Occasion], ran: TimeSpan, slack: timedelta) -> Occasion:
    """Of sessions close together the one that what ran overlaps most; of equals the earlier."""

    def overlap(occasion: Occasion) -> tuple[timedelta, timedelta]:
        start, end = occasion.span.start, occasion.span.end
        within = min(ran.end, end + slack) - max(ran.start, start - slack)
        return min(ran.end, end) - max(ran.start, start), within

    return max(occasions, key=overlap)
