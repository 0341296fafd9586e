"""Which session a report belongs to: a series is one online meeting with one list of reports."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from scheduling.attendance.evidence import Occasion, Report

_NONE = timedelta(0)


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
    ends = [o.span.end + slack for o in in_order]
    # The latest end up to each place: further back than the first that reaches a report,
    # nothing else does.
    reach = list(accumulate(ends, max))
    found: dict[str, list[Report]] = {o.session_id: [] for o in in_order}
    unmatched: list[Report] = []
    for report in sorted({r.id: r for r in reports}.values(), key=lambda r: (r.span.start, r.id)):
        start, end = report.span.start, report.span.end
        best, closest = None, (-slack, _NONE)
        place = bisect_right(begins, end) - 1
        while place >= 0 and reach[place] > start:
            span = in_order[place].span
            overlap = min(end, span.end) - max(start, span.start)
            within = min(end, ends[place]) - max(start, begins[place])
            # Of equals the earlier session takes it, and it is looked at last.
            if within > _NONE and (overlap, within) >= closest:
                best, closest = in_order[place], (overlap, within)
            place -= 1
        (found[best.session_id] if best else unmatched).append(report)
    return Assigned({name: tuple(kept) for name, kept in found.items()}, tuple(unmatched))
