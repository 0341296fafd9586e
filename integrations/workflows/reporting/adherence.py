"""The coordinator's report and export: each pair with its counts, each session with its verdict.

Names stand in it, so it is for coordinators alone; what sponsors see is made in ``sponsor``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter

from integrations.language import N_
from integrations.workflows.messages.words import place_of
from integrations.workflows.reporting.history import History, Judged
from integrations.workflows.reporting.tables import Cell, Table, table
from scheduling.attendance.evidence import EvidenceKind, VerdictKind
from scheduling.attendance.progress import (
    SessionOutcome,
    milestones_reached,
    usual_milestones,
)

FORECASTS = {
    "reached": N_("reached"),
    "on_course": N_("on course"),
    "with_answers": N_("if open ones were held"),
    "with_make_ups": N_("with make-ups"),
    "out_of_reach": N_("out of reach"),
}
COUNTS = (
    *("required", "planned", "held", "self_reported", "short", "not_held", "to_confirm"),
    *("pending", "unknown", "disputed", "to_come", "still_possible", "missing"),
)
"""What is counted of each pair, by the names of ``Progress``."""
_counts_of = attrgetter(*COUNTS)
_HELD = VerdictKind.HELD
_PAIR_COLUMNS = (
    ("program", "Program"),
    ("pair", "Pair"),
    ("roster_id", "Roster id"),
    ("mentor", "Mentor"),
    ("mentee", "Mentee"),
    ("office", "Office"),
    ("practice_group", "Practice group"),
    ("state", "State"),
    ("required", "Required"),
    ("planned", "Planned"),
    ("held", "Held"),
    ("self_reported", "of them self-reported"),
    ("short", "Short"),
    ("not_held", "Not held"),
    ("to_confirm", "To confirm"),
    ("pending", "Pending"),
    ("unknown", "Unknown"),
    ("disputed", "Disputed"),
    ("to_come", "To come"),
    ("still_possible", "Still possible"),
    ("missing", "Out of reach"),
    ("longest_gap_days", "Longest gap (days)"),
    ("minutes_held", "Minutes held"),
    ("forecast", "Forecast"),
    ("milestones", "Milestones (meetings held, and when)"),
)
_SESSION_COLUMNS = (
    ("program", "Program"),
    ("pair", "Pair"),
    ("roster_id", "Roster id"),
    ("session", "Session"),
    ("date", "Date"),
    ("start", "Start"),
    ("zone", "Zone"),
    ("verdict", "Verdict"),
    ("label", "In words"),
    ("minutes_together", "Minutes together"),
    ("evidence", "Evidence"),
    ("reasons", "Reasons"),
    ("version", "Version"),
    ("revised_on", "Revised (UTC)"),
    ("group_session", "Group session"),
)
_TOTAL_COLUMNS = (("what", "What"), ("count", "Count"))


@dataclass(slots=True)
class Adherence:
    """The report of a program as it stands at ``at``, taken in pair by pair."""

    at: datetime
    with_sessions: bool = True
    pairs: list[tuple[Cell, ...]] = field(default_factory=list)
    sessions: list[tuple[Cell, ...]] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)
    forecasts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(
        cls, histories: Iterable[History], at: datetime, *, with_sessions: bool = True
    ) -> Adherence:
        """The report over these pairs."""
        report = cls(at, with_sessions)
        for history in histories:
            report.take(history)
        return report

    def take(self, history: History) -> None:
        """Add one pair."""
        counts = _counts_of(history.progress)
        self.pairs.append(_pair_row(history, counts))
        for name, count in zip(COUNTS, counts, strict=True):
            self.totals[name] += count
        self.totals["pairs"] += 1
        self.forecasts[history.progress.forecast.value] += 1
        if self.with_sessions:
            self.sessions.extend(
                _session_row(history, judged) for judged in history.sessions if judged.versions
            )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Pairs, sessions if they were asked for, and totals."""
        pairs = table("pairs", "Pairs", _PAIR_COLUMNS, self.pairs)
        totals = table("totals", "Totals", _TOTAL_COLUMNS, self._total_rows())
        if not self.with_sessions:
            return (pairs, totals)
        return (pairs, table("sessions", "Sessions", _SESSION_COLUMNS, self.sessions), totals)

    def _total_rows(self) -> list[tuple[Cell, ...]]:
        rows: list[tuple[Cell, ...]] = [("pairs", self.totals["pairs"])]
        rows += [(name, self.totals[name]) for name in COUNTS]
        rows += [(f"forecast: {FORECASTS[name]}", self.forecasts[name]) for name in FORECASTS]
        return rows


def _pair_row(history: History, counts: tuple[int, ...]) -> tuple[Cell, ...]:
    pair, progress, outcomes = history.pair, history.progress, history.outcomes
    held = sum(o.minutes for o in outcomes if o.verdict is _HELD)
    return (
        history.program.name,
        pair.id,
        pair.roster_id,
        history.mentor.name,
        history.mentee.name,
        pair.office,
        pair.practice_group,
        pair.state.value,
        *counts,
        progress.longest_gap_days,
        held,
        FORECASTS[progress.forecast.value],
        _milestones(progress.required, outcomes),
    )


def _milestones(required: int, outcomes: Iterable[SessionOutcome]) -> str | None:
    """The first meeting, the half and the whole of what is required, as far as they are reached."""
    reached = milestones_reached(outcomes, usual_milestones(required), date.max)
    return ", ".join(f"{each.milestone.held}: {each.on}" for each in reached) or None


def _session_row(history: History, judged: Judged) -> tuple[Cell, ...]:
    verdict, outcome = judged.versions[-1], judged.outcome
    return (
        history.program.name,
        history.pair.id,
        history.pair.roster_id,
        judged.session.id,
        outcome.day,
        f"{judged.session.start.astimezone(history.zone):%H:%M}",
        place_of(history.zone.key),
        verdict.verdict,
        label_of(VerdictKind(verdict.verdict), outcome.evidence),
        verdict.minutes,
        verdict.kind,
        ", ".join(str(reason["code"]) for reason in verdict.reasons),
        verdict.version,
        f"{judged.revised_at:%Y-%m-%d %H:%M}" if judged.revised_at else None,
        judged.session.group_title,
    )


def label_of(verdict: VerdictKind, evidence: EvidenceKind | None) -> str:
    """A verdict in words, never without what it rests on where that is somebody's word."""
    said = verdict.value.replace("_", " ")
    match evidence:
        case EvidenceKind.SELF_REPORTED:
            return f"{said}, self-reported"
        case EvidenceKind.CORRECTED:
            return f"{said}, corrected by the coordinator"
        case _:
            return said
