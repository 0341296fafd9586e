"""A plan as a file (``tandem-plan/1``), with reasons where they are wanted."""

from collections.abc import Mapping
from typing import Any

import orjson

from scheduling.plan import PairPlan, Plan, Unplaced
from scheduling.reasons import Reason, Remedy
from scheduling.rule import WEEKDAYS

Document = Mapping[str, Any]


def plan_document(plan: Plan, *, explained: bool = False) -> bytes:
    """The plan as JSON; with ``explained`` every pair has an entry in ``explanations``.

    A reader of plans ignores members it does not know, so the explanations, the
    score and ``proven_optimal`` stand beside what the format asks for.
    """
    score = plan.score
    document: dict[str, Any] = {
        "format": "tandem-plan/1",
        "score": {"placed": score.placed, "moved": score.moved, "soft_hits": score.soft_hits},
        "proven_optimal": plan.proven_optimal,
        "pairs": {key: _pair(pair) for key, pair in plan.pairs.items()},
    }
    if explained:
        document["explanations"] = {k: _explanation(pair) for k, pair in plan.pairs.items()}
    return orjson.dumps(document)


def _pair(pair: PairPlan | Unplaced) -> Document | str:
    if isinstance(pair, Unplaced):
        return "unplaced"
    exceptions: dict[int, str | None] = {
        s.window: f"{s.start:%Y-%m-%dT%H:%MZ}" for s in pair.sessions if s.moved
    }
    exceptions.update((window.window, None) for window in pair.skipped)
    series = pair.series
    return {
        "series": {
            "tz": series.zone,
            "weekday": WEEKDAYS[series.weekday],
            "start": f"{series.start:%H:%M}",
            "phase": series.phase,
        },
        "exceptions": {str(window): exceptions[window] for window in sorted(exceptions)},
    }


def _explanation(pair: PairPlan | Unplaced) -> Document:
    shared = {
        "reason": _reason(pair.reason),
        "remedies": [_remedy(remedy) for remedy in pair.remedies],
        "proven_optimal": pair.proven_optimal,
    }
    if isinstance(pair, Unplaced):
        return shared
    dates = {s.window: _reason(s.reason) for s in pair.sessions if s.reason is not None}
    dates.update((s.window, _reason(s.reason)) for s in pair.skipped)
    return {
        **shared,
        "close_calls": [_reason(reason) for reason in pair.close_calls],
        "dates": {str(window): dates[window] for window in sorted(dates)},
    }


def _reason(reason: Reason) -> Document:
    return {"code": reason.code.value, "facts": dict(reason.facts), "words": reason.words}


def _remedy(remedy: Remedy) -> Document:
    return {
        "code": remedy.code,
        "gain": remedy.gain,
        "facts": dict(remedy.facts),
        "words": remedy.words,
    }


def explanation_lines(plan: Plan) -> list[str]:
    """The plan in plain words for a terminal: a paragraph for each pair, people as ids."""
    lines: list[str] = []
    for key, pair in plan.pairs.items():
        lines.append(f"{key}: {pair.reason.words}")
        if isinstance(pair, PairPlan):
            dates = [
                (s.window, f"moved to {s.start:%a %d %b %H:%M}Z", s.reason) for s in pair.moved
            ]
            dates += [(s.window, "skipped", s.reason) for s in pair.skipped]
            for window, what, reason in sorted(dates, key=lambda d: d[0]):
                lines.append(f"  date {window + 1} {what}: {reason.words if reason else '?'}")
            lines += [f"  close: {reason.words}" for reason in pair.close_calls]
        lines += [f"  remedy: {remedy.words}" for remedy in pair.remedies]
    return lines
