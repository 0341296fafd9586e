"""Changes of the rule: a preview first, then the same decision carried out or nothing at all."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from scheduling.cadence import SeriesSlot, zone_info
from scheduling.changes.acts import (
    BookDate,
    ChangeRule,
    Decision,
    EndSeries,
    StartGeneration,
    decision,
)
from scheduling.changes.endings import truncation
from scheduling.changes.limits import all_mails, shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.replies import stands
from scheduling.changes.search import (
    change_of_time,
    held_over,
    other_hours,
    problem_of,
    window_of,
)
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    KnownTime,
    PairState,
    PairView,
    SessionView,
    session_id_of,
)
from scheduling.fits import obstacles
from scheduling.plan import PairPlan
from scheduling.planner import plan
from scheduling.problem import Commitment, KeptSession, PairRequest, Problem
from scheduling.reasons import ReasonCode
from scheduling.rule import WEEKDAYS, CadenceRule
from scheduling.timespan import TimeSpan

_RULE_ONLY = frozenset({ReasonCode.WEEKDAY, ReasonCode.BLACKOUT, ReasonCode.OUTSIDE_BOOKABLE_HOURS})


class KeptBecause(StrEnum):
    """Why a date does not change with the rule."""

    PAST = "past"
    IN_FREEZE = "in_freeze"
    MOVED_BY_PERSON = "moved_by_person"
    FITS = "fits"


@dataclass(frozen=True, slots=True)
class DateChange:
    """A date before and after; None for one that is added or taken out."""

    session_id: str | None
    before: TimeSpan | None
    after: TimeSpan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChangePreview:
    """What a changed rule would do to one pair; nothing happens until ``decision`` is done.

    ``mails`` is how many each of the two would get. ``without_hour`` counts the windows
    that have no common hour under the new rule.
    """

    pair_id: str
    kept: tuple[tuple[str, KeptBecause], ...]
    changes: tuple[DateChange, ...]
    mails: int
    without_hour: int
    decision: Decision


def preview_rule_change(
    situation: Situation, known: KnownTime, rule: CadenceRule
) -> RuleChangePreview:
    """What changes for this pair under another rule.

    Past and held dates, dates within the freeze and dates that a person moved stay. With
    another interval or length the rest becomes a new generation; with other hours only
    the dates that break the rule move, one by one and within the limits on mails.
    """
    old = situation.pair.rule
    if (old.interval_weeks, old.duration) != (rule.interval_weeks, rule.duration):
        return _new_generation(situation, known, rule)
    return _same_cadence(situation, rule)


def change_of_hour(situation: Situation, known: KnownTime, hour: SeriesSlot) -> Decision | None:
    """Another regular hour for the dates to come, as a new generation.

    None if most of them could not be held at it: it would not be a regular hour.

    What stays is what stays when the rule changes: past dates, those within the freeze and
    those that a person moved.
    """
    found = _new_generation(situation, known, situation.pair.rule, hour).decision
    started = next((act for act in found.acts if isinstance(act, StartGeneration)), None)
    if started is None:
        return None
    weeks = started.rule.interval_weeks
    regular = sum(span.start == started.series.utc_start(k, weeks) for k, span in started.dates)
    if 2 * regular <= len(started.dates):
        return None
    return decision(
        ChangeCode.HOUR_CHANGED,
        *found.acts,
        weekday=WEEKDAYS[hour.weekday],
        start=f"{hour.start:%H:%M}",
        zone=hour.zone,
        dates=len(started.dates),
        since=started.dates[0][1].start.astimezone(zone_info(hour.zone)).date().isoformat(),
    )


def _kept(situation: Situation) -> Iterator[tuple[SessionView, KeptBecause]]:
    for session in situation.pair.sessions:
        if not session.is_live:
            continue
        if session.span.start <= situation.now:
            yield session, KeptBecause.PAST
        elif situation.frozen(session):
            yield session, KeptBecause.IN_FREEZE
        elif session.moved_by_person:
            yield session, KeptBecause.MOVED_BY_PERSON


def _new_generation(
    situation: Situation, known: KnownTime, rule: CadenceRule, hour: SeriesSlot | None = None
) -> RuleChangePreview:
    pair = situation.pair
    kept = {s.id: why for s, why in _kept(situation)}
    ends = [s for s in pair.live_from(situation.now) if s.id not in kept]
    settled = [
        s for s in pair.sessions if kept.get(s.id) in (KeptBecause.PAST, KeptBecause.IN_FREEZE)
    ]
    start = _next_monday(situation, settled)
    gone = sum(
        s.id not in {e.id for e in ends} and pair.day_of(s.span.start) < start for s in pair.current
    )
    windows = _windows_left(pair, rule, start, rule.occurrences - gone)
    stay = [s for s in pair.sessions if kept.get(s.id) is KeptBecause.MOVED_BY_PERSON]
    acts: tuple[EndSeries | StartGeneration, ...] = ()
    if ends:
        acts = (EndSeries(truncation(pair, {s.id for s in ends}), closes=False),)
    dates: tuple[tuple[int, TimeSpan], ...] = ()
    if windows:
        new_rule = _for_windows(rule, windows)
        found = _planned(situation, known, new_rule, start, stay, hour)
        if found is not None:
            dates = tuple((s.window, TimeSpan(s.start, s.end)) for s in found.sessions)
            acts = (*acts, StartGeneration(new_rule, start, found.series, dates))
    filled = {window_of(start, rule, pair.day_of(s.span.start)) for s in stay}
    without = len([k for k in range(windows) if k not in filled]) - len(dates)
    return _preview(situation, acts, kept, ends, dates, without)


def _preview(
    situation: Situation,
    acts: tuple[EndSeries | StartGeneration, ...],
    kept: dict[str, KeptBecause],
    ends: list[SessionView],
    dates: tuple[tuple[int, TimeSpan], ...],
    without: int,
) -> RuleChangePreview:
    changes = (
        *(DateChange(s.id, s.span, None) for s in ends),
        *(DateChange(None, None, span) for _, span in dates),
    )
    mails = sum(all_mails(act, situation.pair) for act in acts)
    code = ChangeCode.RULE_CHANGE_DOES_NOT_FIT if without and not dates else ChangeCode.RULE_CHANGED
    # A rule under which nothing can be booked takes nothing away either.
    done = acts if code is ChangeCode.RULE_CHANGED else ()
    return RuleChangePreview(
        pair_id=situation.pair.id,
        kept=tuple(sorted(kept.items())),
        changes=changes,
        mails=mails,
        without_hour=without,
        decision=decision(
            code, *done, changed=len(ends), kept=len(kept), mails=mails, missing=without
        ),
    )


def _next_monday(situation: Situation, settled: list[SessionView]) -> date:
    """The Monday after the last date that stays and after the freeze."""
    pair = situation.pair
    days = [pair.day_of(s.span.start) for s in settled]
    day = max(*days, pair.day_of(situation.now)) if days else pair.day_of(situation.now)
    return day + timedelta(days=7 - day.weekday())


def _windows_left(pair: PairView, rule: CadenceRule, start: date, wanted: int) -> int:
    if pair.program_end is None:
        return max(0, wanted)
    days = (pair.program_end - start).days + 1
    return max(0, min(wanted, -(-days // rule.window_days)))


def _for_windows(rule: CadenceRule, windows: int) -> CadenceRule:
    minimum = rule.minimum_held
    return replace(
        rule,
        occurrences=windows,
        minimum_held=None if minimum is None else min(minimum, windows),
        shorter_than_four_months=True,
    )


def _planned(
    situation: Situation,
    known: KnownTime,
    rule: CadenceRule,
    start: date,
    stay: list[SessionView],
    hour: SeriesSlot | None,
) -> PairPlan | None:
    """The new generation: at ``hour``, or else at the one people are used to if no date is lost."""
    free = None if hour else _plan_for(situation, known, rule, start, stay, None)
    best: PairPlan | None = None
    for phase in range(rule.interval_weeks):
        used_to = _same_hour(hour or situation.pair.series, start, phase)
        found = _plan_for(situation, known, rule, start, stay, used_to) if used_to else None
        if found and (best is None or found.score.better_than(best.score)):
            best = found
    if best is not None and (free is None or best.score.placed >= free.score.placed):
        return best
    return free


def _same_hour(series: SeriesSlot | None, start: date, phase: int) -> SeriesSlot | None:
    if series is None:
        return None
    first = start + timedelta(days=7 * phase + series.weekday)
    return replace(series, phase=phase, first_date=first)


def _plan_for(
    situation: Situation,
    known: KnownTime,
    rule: CadenceRule,
    start: date,
    stay: list[SessionView],
    series: SeriesSlot | None,
) -> PairPlan | None:
    pair = situation.pair
    kept: dict[int, KeptSession] = {}
    for session in stay:
        window = window_of(start, rule, pair.day_of(session.span.start))
        if 0 <= window < rule.occurrences:
            kept.setdefault(window, KeptSession(window, session.span))
    people = frozenset({pair.mentor.id, pair.mentee.id})
    standing = tuple(
        Commitment(people, s.span)
        for s in pair.sessions
        if s.is_live and s.span not in {k.span for k in kept.values()} and s not in situation.future
    )
    notice = max(rule.min_notice, situation.limits.freeze)
    request = PairRequest(
        id=pair.id,
        mentor=pair.mentor.id,
        mentee=pair.mentee.id,
        rule=replace(rule, min_notice=notice),
        start_date=start,
        kept=tuple(kept.values()),
        series=series,
    )
    problem = Problem(
        people={p.id: p for p in known.reaching(None).people},
        pairs=(request,),
        now=situation.now,
        commitments=(*known.commitments, *standing),
        anchor_zones=known.anchor_zones,
    )
    found = plan(problem, explained=False).pairs[pair.id]
    return found if isinstance(found, PairPlan) else None


def _same_cadence(situation: Situation, rule: CadenceRule) -> RuleChangePreview:
    pair = situation.pair
    kept = {s.id: why for s, why in _kept(situation)}
    later = [
        s
        for s in pair.live_from(situation.now)
        if s.id not in kept and s.window >= rule.occurrences and not s.make_up
    ]
    ends = (EndSeries(truncation(pair, {s.id for s in later}), closes=False),) if later else ()
    changes = [DateChange(s.id, s.span, None) for s in later]
    mails = sum(all_mails(act, pair) for act in ends)
    without = 0
    changed = decision(ChangeCode.RULE_CHANGED, ChangeRule(rule), *ends)
    after = situation.after(changed)
    for session in after.future:
        found = outside_rule(after, session)
        if found is None:
            kept.setdefault(session.id, KeptBecause.FITS)
        elif isinstance(found.acts[0] if found.acts else None, BookDate):
            continue
        else:
            moves = [a for a in found.acts if all_mails(a, pair)]
            without += not moves
            mails += sum(all_mails(a, pair) for a in moves)
            after = after.after(found)
            changes.append(
                DateChange(session.id, session.span, after.pair.session(session.id).span)
            )
    for found in added(after):
        act = found.acts[0]
        if isinstance(act, BookDate):
            changes.append(DateChange(None, None, act.span))
            mails += all_mails(act, pair)
    code = ChangeCode.RULE_CHANGED if changes else ChangeCode.RULE_CHANGE_NEEDS_NOTHING
    return RuleChangePreview(
        pair_id=pair.id,
        kept=tuple(sorted(kept.items())),
        changes=tuple(changes),
        mails=mails,
        without_hour=without,
        decision=decision(code, *changed.acts, changed=len(changes), kept=len(kept), mails=mails),
    )


def outside_rule(situation: Situation, session: SessionView) -> Decision | None:
    """A date that breaks the rule as it is now, moved within its window.

    Dates that somebody chose themselves stay, whatever the rule says.
    """
    known, pair = situation.known, situation.pair
    chosen = session.moved_by_person or session.generation != pair.generation
    if known is None or chosen or situation.frozen(session):
        return None
    # The rule alone is asked here, and no entry of a calendar, however far it was read.
    read = replace(known, until=None)
    problem = problem_of(situation, read, range(session.window, session.window + 1))
    mentor, mentee = (problem.people[m.id] for m in pair.members)
    broken = [
        r
        for r in obstacles(problem.pairs[0], (mentor, mentee), session.span, now=situation.now)
        if r.code in _RULE_ONLY
    ]
    if not broken:
        return None
    if session.moves >= situation.limits.moves_per_date:
        return stands(situation, session, ChangeCode.MOVES_USED_UP)
    found = other_hours(situation, known, session.window, avoid=[session.span], count=1)
    if not found:
        return stands(situation, session, ChangeCode.NO_OTHER_HOUR)
    change = change_of_time(pair, session, found[0])
    return decision(
        ChangeCode.RULE_CHANGED,
        change,
        session=session.id,
        changed=1,
        kept=0,
        mails=all_mails(change, pair),
        to=shown(found[0].start),
    )


def added(situation: Situation) -> Iterator[Decision]:
    """Dates for windows that have no session at all: the program was extended.

    Each is a single event, so that nobody is sent the dates they have already; none lies
    after the program's end.
    """
    pair, known = situation.pair, situation.known
    if pair.state is not PairState.BOOKED or known is None or not pair.current:
        return
    today = window_of(pair.start_date, pair.rule, pair.day_of(situation.now))
    taken = {s.window for s in pair.current} | held_over(pair)
    for window in range(max(0, today), pair.rule.occurrences):
        if window in taken:
            continue
        found = other_hours(situation, known, window, count=1)
        if found:
            session_id = session_id_of(pair.id, pair.generation, window)
            booked = decision(
                ChangeCode.EXTENDED,
                BookDate(session_id, window, found[0]),
                session=session_id,
                added=1,
                to=shown(found[0].start),
            )
            yield booked
            situation = situation.after(booked)
