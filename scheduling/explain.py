"""Why a pair's plan is as it is: reasons for the slot, each moved or skipped date, and remedies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from scheduling.board import PairBoard
from scheduling.boards import series_slot
from scheduling.cadence import SeriesSlot
from scheduling.cost import SKIP, Costs, score_of
from scheduling.errors import RepeatedLocalTimeError, SkippedLocalTimeError
from scheduling.fits import is_tentative, obstacles, on_local_day, too_near
from scheduling.people import EPOCH, instant_at
from scheduling.plan import PlannedSession, SkippedWindow
from scheduling.problem import Commitment, KeptSession
from scheduling.reasons import Reason, ReasonCode
from scheduling.rule import WEEKDAYS, TentativePolicy
from scheduling.single import Choice, option_bounds
from scheduling.timespan import TimeSpan

CLOSE_CALLS = 2


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains one pair's choice, given what everybody else does.

    ``others`` are the sessions of all other pairs that involve one of the two,
    standing or planned; ``costs`` the pair's costs beside them.
    """

    board: PairBoard
    choice: Choice
    others: Sequence[Commitment]
    costs: Costs

    @property
    def series(self) -> SeriesSlot:
        """The series slot chosen."""
        return series_slot(self.board, self.choice.option)

    def chosen(self) -> Reason:
        """Why this slot: what it holds."""
        windows = len(self.board.windows)
        placed = self.choice.placements
        moved = sum(p.moved for p in placed)
        return Reason(
            ReasonCode.SERIES_CHOSEN,
            {
                **_slot_facts(self.series),
                "windows": windows,
                "kept": len(placed) - moved,
                "moved": moved,
                "skipped": windows - len(placed),
                "soft_hits": score_of(self.choice.cost, windows).soft_hits,
            },
        )

    def close_calls(self) -> tuple[Reason, ...]:
        """The next best series slots, as they would be for this pair alone."""
        totals = option_bounds(self.board, self.costs).total.copy()
        windows = len(self.board.windows)
        totals[self.choice.option] = SKIP * windows
        few = min(CLOSE_CALLS, len(totals))
        nearest = np.argpartition(totals, few - 1)[:few].tolist() if few else []
        found = []
        for option in sorted(nearest, key=lambda o: (int(totals[o]), o)):
            score = score_of(int(totals[option]), windows)
            if score.placed:
                facts = _slot_facts(series_slot(self.board, option))
                numbers = {"placed": score.placed, "moved": score.moved}
                found.append(Reason(ReasonCode.CLOSE_CALL, {**facts, **numbers}))
        return tuple(found)

    def sessions(self, earliest: int) -> tuple[PlannedSession, ...]:
        """The sessions to book; ``earliest`` is the first epoch minute after the notice."""
        return tuple(
            PlannedSession(
                window=placed.window,
                start=instant_at(placed.start),
                end=instant_at(placed.end),
                moved=placed.moved,
                reason=self._session_reason(number, earliest),
            )
            for number, placed in enumerate(self.choice.placements)
        )

    def skipped(self) -> tuple[SkippedWindow, ...]:
        """The windows without a session, each with what stood in the way."""
        used = {placed.window for placed in self.choice.placements}
        return tuple(
            SkippedWindow(window, skip_reason(self.board, self.costs, window))
            for window in self.board.windows
            if window not in used
        )

    def _session_reason(self, number: int, earliest: int) -> Reason | None:
        placed = self.choice.placements[number]
        span = TimeSpan(instant_at(placed.start), instant_at(placed.end))
        if self.board.request.rule.tentative is TentativePolicy.UNLESS_NOTHING_ELSE:
            for person in (self.board.mentor, self.board.mentee):
                if is_tentative(person, span):
                    shown = on_local_day(span, person.zone).shown
                    return Reason(ReasonCode.TENTATIVE_USED, {"person": person.id, "local": shown})
        return self._moved_reason(number, earliest) if placed.moved else None

    def _moved_reason(self, number: int, earliest: int) -> Reason:
        """What stands against the series slot on this date."""
        board, series = self.board, self.series
        request, rule = board.request, board.request.rule
        window = self.choice.placements[number].window
        try:
            start = series.utc_start(window, rule.interval_weeks)
        except (SkippedLocalTimeError, RepeatedLocalTimeError):
            day = series.date_in(window, rule.interval_weeks)
            return Reason(ReasonCode.CLOCK_CHANGE, {**_slot_facts(series), "date": f"{day}"})
        usual = TimeSpan(start, start + rule.duration)
        people = (board.mentor, board.mentee)
        now = instant_at(earliest) - rule.min_notice
        against = obstacles(request, people, usual, now=now, commitments=self.others)
        first = next(against, None)
        if first is not None:
            return first
        return self._other_reason(number, usual)

    def _other_reason(self, number: int, usual: TimeSpan) -> Reason:
        board, rule = self.board, self.board.request.rule
        placed = self.choice.placements[number]
        local = on_local_day(usual, board.mentor.zone).day
        if (local - board.request.start_date).days // rule.window_days != placed.window:
            return Reason(ReasonCode.OTHER_WINDOW, {"person": board.mentor.id})
        if (usual.start - EPOCH) % timedelta(minutes=rule.slot_step_minutes):
            minutes = {"minutes": rule.slot_step_minutes}
            return Reason(ReasonCode.OFF_GRID, {**_slot_facts(self.series), **minutes})
        near = too_near(board.request, board.mentor.zone, usual, self._neighbours(number))
        if near is not None:
            return near
        if self.board.request.rule.tentative is TentativePolicy.UNLESS_NOTHING_ELSE:
            for person in (board.mentor, board.mentee):
                if is_tentative(person, usual):
                    shown = on_local_day(usual, person.zone).shown
                    return Reason(ReasonCode.TENTATIVE, {"person": person.id, "local": shown})
        return Reason(ReasonCode.BETTER_TOGETHER)

    def _neighbours(self, number: int) -> Iterator[KeptSession]:
        for other, placed in enumerate(self.choice.placements):
            if abs(other - number) == 1 and placed.moved:
                span = TimeSpan(instant_at(placed.start), instant_at(placed.end))
                yield KeptSession(placed.window, span)
        yield from self.board.request.kept


def _slot_facts(series: SeriesSlot) -> Mapping[str, str | int]:
    return {
        "weekday": WEEKDAYS[series.weekday],
        "start": f"{series.start:%H:%M}",
        "zone": series.zone,
        "phase": series.phase,
    }


def skip_reason(board: PairBoard, costs: Costs, window: int) -> Reason:
    """What leaves a window without a session.

    ``costs`` are the pair's beside what everybody else does; the board's own are
    those of the two calendars alone.
    """
    rule = board.request.rule
    table = board.frame.raster.zones[board.mentor.zone]
    here = table.days_slice(window * rule.window_days, (window + 1) * rule.window_days)
    if not np.any(board.costs[here] < SKIP):
        return Reason(ReasonCode.NO_COMMON_SLOT, {"windows": 1, "window": window})
    if not np.any(costs[here] < SKIP):
        return Reason(ReasonCode.CROWDED_OUT, {"window": window})
    if rule.tolerance_working_days is not None:
        days = {"days": rule.tolerance_working_days, "window": window}
        return Reason(ReasonCode.TOLERANCE, days)
    return Reason(ReasonCode.GAP, {"days": rule.min_gap_days or 0, "window": window})
