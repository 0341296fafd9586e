"""Who really met, for a coordinator to read: verdicts by evidence, each pair, and a few reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from integrations.cli import console
from integrations.records import Json
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.messages.words import names_of
from integrations.workflows.reporting.adherence import FORECASTS
from integrations.workflows.reporting.history import History, Judged
from scheduling.attendance.evidence import EvidenceKind, EvidenceMode, VerdictKind
from scheduling.attendance.reasons import VERDICT_WORDS, VerdictCode, VerdictReason

_EVIDENCE: Mapping[EvidenceKind | None, str] = {
    EvidenceKind.TEAMS: "seen by Teams",
    EvidenceKind.SELF_REPORTED: "their word",
    EvidenceKind.CORRECTED: "corrected",
    None: "neither",
}
_MODES: Mapping[EvidenceMode, str] = {
    EvidenceMode.OFF: "not asked:",
    EvidenceMode.SELF_REPORT: "asked:",
    EvidenceMode.TEAMS: "seen by Teams:",
}
_PAIR_COLUMNS = (
    "held",
    "short",
    "not\nheld",
    "not\nknown",
    "still\npossible",
    "longest\ngap, days",
)
_MOST_REASONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A date with its verdict and the reasons in words; ``date`` is in the pair's zone."""

    start: datetime
    date: str
    names: str
    verdict: str
    reasons: str


def show_outcome(found: Sequence[History], now: datetime) -> None:
    """Everything about who met, at ``now``."""
    _show_verdicts(found)
    _show_pairs(found, now)
    _show_reasons(found)


def _show_verdicts(found: Iterable[History]) -> None:
    """How many sessions have which verdict, by what it rests on."""
    counts = Counter(
        (VerdictKind(one.in_force.verdict), one.outcome.evidence)
        for history in found
        for one in history.sessions
        if one.in_force is not None
    )
    kinds = [kind for kind in _EVIDENCE if any(by is kind for _, by in counts)]
    table = _table("Dates by verdict and evidence")
    table.add_column("verdict")
    for kind in kinds:
        table.add_column(_EVIDENCE[kind], justify="right")
    table.add_column("all", justify="right")
    for verdict in VerdictKind:
        row = [counts[verdict, kind] for kind in kinds]
        if any(row):
            cells = (str(count) if count else "–" for count in row)
            table.add_row(VERDICT_WORDS[verdict], *cells, str(sum(row)))
    console.out.print(table)


def _show_pairs(found: Sequence[History], now: datetime) -> None:
    """Each pair that had a date: what it has held, and what can still come of it."""
    table = _table("Each pair's meetings, and whether it can reach what the program asks for")
    table.add_column("pair", ratio=1)
    for name in _PAIR_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("forecast", max_width=14)
    for mode in EvidenceMode:
        own = [h for h in found if h.progress.planned and _mode(h, now) is mode]
        if own:
            table.add_section()
            table.add_row(f"[dim]{_MODES[mode]}[/]")
        for history in own:
            names = names_of(history.mentor, history.mentee)
            table.add_row(escape(names.replace(" / ", " /\n")), *_counts(history))
    console.out.print(table)


def _mode(history: History, now: datetime) -> EvidenceMode:
    return mode_at(history.program, history.pair.office, now)


def _counts(history: History) -> Iterator[str]:
    progress = history.progress
    yield f"{progress.held} of {progress.required}"
    yield from map(str, (progress.short, progress.not_held, progress.open))
    yield from map(str, (progress.still_possible, progress.longest_gap_days))
    yield FORECASTS[progress.forecast.value]


def _show_reasons(found: Sequence[History]) -> None:
    """One date for each sort of verdict and reason."""
    table = _table("Some dates, and why each has its verdict")
    table.add_column("date", no_wrap=True)
    table.add_column("pair, verdict and why", ratio=1)
    for why in reasons(found):
        said = f"{escape(why.names)}: [bold]{why.verdict}[/]"
        table.add_row(why.date, f"{said} – {escape(why.reasons)}")
    console.out.print(table)


def reasons(found: Iterable[History]) -> list[Why]:
    """A date for each sort of verdict and first reason, by date; of a dozen at most, the rarest."""
    sorts: dict[tuple[str, ...], list[Why]] = {}
    for history in found:
        for one, sort in _sorts(history):
            sorts.setdefault(sort, []).append(_why(history, one))
    rarest = sorted(sorts.items(), key=lambda item: (len(item[1]), item[0]))
    chosen = (dates[0] for _, dates in rarest[:_MOST_REASONS])
    return sorted(chosen, key=lambda why: (why.start, why.names))


def _sorts(history: History) -> Iterator[tuple[Judged, tuple[str, ...]]]:
    for one in history.sessions:
        if one.in_force is not None and one.in_force.reasons:
            first = str(one.in_force.reasons[0]["code"])
            yield one, (one.in_force.verdict, one.in_force.kind or "", first)


def _why(history: History, one: Judged) -> Why:
    verdict = one.in_force
    assert verdict is not None  # noqa: S101 - sorted out before
    local = one.session.start.astimezone(history.zone)
    by = f", {_EVIDENCE[one.outcome.evidence]}" if one.outcome.evidence else ""
    said = (_words(reason, history) for reason in verdict.reasons)
    return Why(
        start=one.session.start,
        date=f"{local.day:>2} {local:%b %H:%M}",
        names=names_of(history.mentor, history.mentee),
        verdict=f"{VERDICT_WORDS[VerdictKind(verdict.verdict)]}{by}",
        reasons="; ".join(said),
    )


def _words(reason: Json, history: History) -> str:
    """A stored reason as a sentence, with names for ids and a date for an instant."""
    facts = {name: value for name, value in reason.items() if name != "code"}
    names = {person.id: person.name for person in (history.mentor, history.mentee)}
    if "person" in facts:
        facts["person"] = names.get(facts["person"], facts["person"])
    if "until" in facts:
        facts["until"] = _day(str(facts["until"]), history.zone)
    return VerdictReason(VerdictCode(str(reason["code"])), facts).words


def _day(instant: str, zone: ZoneInfo) -> str:
    local = datetime.fromisoformat(instant).astimezone(zone)
    return f"{local.day} {local:%b}"


def _table(title: str) -> Table:
    """Narrow enough for a terminal of eighty columns."""
    return Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
