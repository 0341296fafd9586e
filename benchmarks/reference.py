"""The proven optimum of a group of pairs by OR-Tools CP-SAT, from the plain rules."""

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from ortools.sat.python import cp_model

from benchmarks.plain import (
    EPOCH,
    Document,
    PlainPerson,
    Slot,
    Start,
    occurrence,
    pair_starts,
    series_slots,
    working_days_between,
)


@dataclass(frozen=True)
class Optimum:
    """Sums over a group, whether the solver proved them, and the most dates it left possible."""

    placed: int
    moved: int
    soft_hits: int
    proven: bool
    most_placed: int


def groups(problem: Document) -> list[list[Document]]:
    """Pairs in groups that share nobody."""
    group_of: dict[str, int] = {}
    members: dict[int, list[Document]] = {}
    for number, pair in enumerate(problem["pairs"]):
        joined = [pair]
        for old in {group_of[p] for p in (pair["mentor"], pair["mentee"]) if p in group_of}:
            joined = members.pop(old) + joined
        members[number] = joined
        for member in joined:
            group_of[member["mentor"]] = group_of[member["mentee"]] = number
    return list(members.values())


class GroupModel:
    """One group as a CP-SAT model; weights keep the order of the goals."""

    def __init__(self, problem: Document, pairs: list[Document]) -> None:
        self.rule: Document = problem["rule"]
        self.people = {p["id"]: p for p in problem["people"]}
        self.pairs = pairs
        self.model = cp_model.CpModel()
        self.meets: dict[str, list[tuple[int, cp_model.IntVar]]] = defaultdict(list)
        self.placed: list[cp_model.IntVar] = []
        self.moved: list[cp_model.IntVar] = []
        self.soft: list[cp_model.LinearExpr] = []
        starts = {
            name: PlainPerson(self.people[name], self.rule).starts()
            for pair in pairs
            for name in (pair["mentor"], pair["mentee"])
        }
        for pair in pairs:
            self._pair(pair, pair_starts(starts[pair["mentor"]], starts[pair["mentee"]]))
        for name in {n for pair in pairs for n in (pair["mentor"], pair["mentee"])}:
            self._person(name)

    def solve(self, seconds: float, workers: int = 2) -> Optimum:
        """The best found within ``seconds``."""
        sessions = len(self.pairs) * self.rule["occurrences"]
        soft_weight = 1
        moved_weight = soft_weight * (6 * sessions + 1)
        placed_weight = moved_weight * (sessions + 1)
        self.model.maximize(
            placed_weight * sum(self.placed)
            - moved_weight * sum(self.moved)
            - soft_weight * sum(self.soft)
        )
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = workers
        status = solver.solve(self.model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Optimum(0, 0, 0, proven=False, most_placed=sessions)
        return Optimum(
            sum(solver.value(v) for v in self.placed),
            sum(solver.value(v) for v in self.moved),
            sum(solver.value(v) for v in self.soft),
            proven=status == cp_model.OPTIMAL,
            # Everything that is taken off weighs less than one placed date.
            most_placed=min(sessions, math.ceil(solver.best_objective_bound / placed_weight)),
        )

    def _pair(self, pair: Document, starts: dict[int, tuple[Start, Start]]) -> None:
        rule, model = self.rule, self.model
        zones = (self.people[pair["mentor"]]["tz"], self.people[pair["mentee"]]["tz"])
        slots = series_slots(rule, zones)
        series = {slot: model.new_bool_var("") for slot in slots}
        model.add_exactly_one(series.values())
        windows = self._windows(starts)
        days: list[dict[date, list[cp_model.IntVar]]] = []
        moved: list[cp_model.IntVar] = []
        for window in range(rule["occurrences"]):
            at_start: dict[int, list[Slot]] = defaultdict(list)
            nominal: dict[date, list[Slot]] = defaultdict(list)
            for slot in slots:
                at = occurrence(rule, slot, window)
                at_start[at].append(slot)
                nominal[_day(at, zones[0])].append(slot)
            meets = {at: model.new_bool_var("") for at in windows[window]}
            off_slot = model.new_bool_var("")
            on_days: dict[date, list[cp_model.IntVar]] = defaultdict(list)
            for at, var in meets.items():
                model.add(off_slot >= var - sum(series[s] for s in at_start.get(at, ())))
                self._within_tolerance(starts[at][0].day, var, nominal, series)
                on_days[starts[at][0].day].append(var)
                for name in (pair["mentor"], pair["mentee"]):
                    self.meets[name].append((at, var))
            model.add_at_most_one(meets.values())
            self.placed += meets.values()
            self.moved.append(off_slot)
            self.soft += [
                var * (starts[at][0].soft + starts[at][1].soft) for at, var in meets.items()
            ]
            days.append(on_days)
            moved.append(off_slot)
        self._gaps(days, moved)

    def _windows(self, starts: dict[int, tuple[Start, Start]]) -> list[list[int]]:
        first = date.fromisoformat(self.rule["start_date"])
        found: list[list[int]] = [[] for _ in range(self.rule["occurrences"])]
        for at, (mentor, _) in starts.items():
            found[(mentor.day - first).days // (7 * self.rule["interval_weeks"])].append(at)
        return found

    def _within_tolerance(
        self,
        day: date,
        var: cp_model.IntVar,
        nominal: dict[date, list[Slot]],
        series: dict[Slot, cp_model.IntVar],
    ) -> None:
        limit = self.rule.get("tolerance_working_days")
        if limit is None:
            return
        near = [
            series[slot]
            for usual, slots in nominal.items()
            if working_days_between(self.rule, usual, day) <= limit
            for slot in slots
        ]
        self.model.add(var <= sum(near))

    def _gaps(
        self, days: list[dict[date, list[cp_model.IntVar]]], moved: list[cp_model.IntVar]
    ) -> None:
        gap = self.rule.get("min_gap_days")
        if not gap:
            return
        for k, (before, after) in enumerate(itertools.pairwise(days)):
            for a, meets_a in before.items():
                for b, meets_b in after.items():
                    if (b - a).days < gap:
                        both = sum(meets_a) + sum(meets_b)
                        self.model.add(both + moved[k] <= 2)
                        self.model.add(both + moved[k + 1] <= 2)

    def _person(self, name: str) -> None:
        rule, zone = self.rule, self.people[name]["tz"]
        meets = self.meets[name]
        by_start: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        by_day: dict[date, list[cp_model.IntVar]] = defaultdict(list)
        by_week: dict[date, list[cp_model.IntVar]] = defaultdict(list)
        for at, var in meets:
            day = _day(at, zone)
            by_start[at].append(var)
            by_day[day].append(var)
            by_week[day - timedelta(days=day.weekday())].append(var)
        reach = rule["duration_minutes"] + rule["buffer_minutes"]
        for at in by_start:
            window = [
                v for t in range(at, at + reach, rule["step_minutes"]) for v in by_start.get(t, ())
            ]
            if len(window) > 1:
                self.model.add_at_most_one(window)
        for cap, groups_of in (
            (rule["max_per_person_per_day"], by_day),
            (rule["max_per_person_per_week"], by_week),
        ):
            for found in groups_of.values():
                self.model.add(sum(found) <= cap)


def _day(at: int, zone: str) -> date:
    return (EPOCH + timedelta(minutes=at)).astimezone(ZoneInfo(zone)).date()
