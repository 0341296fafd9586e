"""A planning problem (``tandem-problem/1``) from JSON."""

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta

from integrations.planfiles.busycuts import BusyCuts, CutElsewhereError
from integrations.planfiles.busytimes import busy_tables
from integrations.planfiles.errors import PlanFileError
from integrations.planfiles.members import Node, decoded
from scheduling.errors import InvalidRuleError, UnknownZoneError
from scheduling.people import BusyTable, LocalRange, Person, WorkingHours
from scheduling.problem import PairRequest, Problem
from scheduling.rule import WEEKDAYS, CadenceRule, TentativePolicy, end_minute_of, minute_of


def read_problem(content: bytes) -> Problem:
    """The problem a file holds; members the format does not know are ignored.

    Raises:
        PlanFileError: names the JSON path of what is missing or wrong.
    """
    cuts = BusyCuts(content)
    try:
        return _problem(cuts.rest(), cuts.tables)
    except CutElsewhereError:
        return problem_of(decoded(content))


def problem_of(document: Node) -> Problem:
    """The problem a decoded document holds; raises as ``read_problem`` does."""
    return _problem(document, lambda people: busy_tables([p.member("busy") for p in people]))


def _problem(document: Node, tables_of: Callable[[Sequence[Node]], Sequence[BusyTable]]) -> Problem:
    rule_node = document.member("rule")
    rule, start_date = read_rule(rule_node), read_start_date(rule_node)
    nodes = document.member("people").elements()
    people: dict[str, Person] = {}
    for node, table in zip(nodes, tables_of(nodes), strict=True):
        person = _person(node, table)
        if person.id in people:
            raise node.member("id").wrong("an id used once")
        people[person.id] = person
    pairs = _pairs(document.member("pairs"), people, rule, start_date)
    return Problem(people=people, pairs=pairs, now=rule_node.member("now").instant())


def read_start_date(node: Node) -> date:
    """First day of the first window."""
    start = node.member("start_date")
    if start.date().weekday() != 0:
        raise start.wrong("a Monday")
    return start.date()


def read_rule(node: Node) -> CadenceRule:
    """The cadence rule of a file."""
    soft = node.member("soft")
    tentative_is_soft = node.member("tentative_is_soft").flag()
    try:
        return CadenceRule(
            interval_weeks=node.member("interval_weeks").number(1),
            occurrences=node.member("occurrences").number(1),
            duration=timedelta(minutes=node.member("duration_minutes").number(1)),
            slot_step_minutes=node.member("step_minutes").number(1),
            weekdays=_weekdays(node.member("weekdays")),
            earliest_local=node.member("earliest_local").clock(),
            latest_local=node.member("latest_local").clock(),
            blackout_dates=frozenset(n.date() for n in node.member("blackout_dates").elements()),
            buffer=timedelta(minutes=node.member("buffer_minutes").number()),
            min_notice=timedelta(hours=node.member("min_notice_hours").number()),
            max_per_person_per_day=node.member("max_per_person_per_day").number(1),
            max_per_person_per_week=node.member("max_per_person_per_week").number(1),
            min_gap_days=_optional_number(node, "min_gap_days"),
            tolerance_working_days=_optional_number(node, "tolerance_working_days"),
            tentative=TentativePolicy.SOFT if tentative_is_soft else TentativePolicy.BLOCKS,
            lunch=_lunch(soft),
            edge=timedelta(minutes=soft.member("edge_minutes").number()),
            minimum_held=None,
            shorter_than_four_months=True,
        )
    except InvalidRuleError as error:
        name = _MEMBER_OF.get(error.field, error.field)
        raise PlanFileError(f"{node.path}.{name}", f"expected {error.expected}") from None


_MEMBER_OF = {"slot_step_minutes": "step_minutes", "duration": "duration_minutes"}


def _optional_number(node: Node, name: str) -> int | None:
    return node.member(name).number() if node.has(name) else None


def _lunch(soft: Node) -> tuple[time, time] | None:
    if not soft.has("lunch"):
        return None
    ends = soft.member("lunch").elements()
    if len(ends) != 2:
        raise soft.member("lunch").wrong("two local times")
    return ends[0].clock(), ends[1].clock()


def _weekdays(node: Node) -> frozenset[int]:
    found = set()
    for element in node.elements():
        if element.text() not in WEEKDAYS:
            raise element.wrong("one of " + ", ".join(WEEKDAYS))
        found.add(WEEKDAYS.index(element.text()))
    return frozenset(found)


def _person(node: Node, table: BusyTable) -> Person:
    identity = node.member("id").text()
    zone = node.member("tz")
    hours = read_hours(node.member("working_hours"))
    try:
        return Person(id=identity, zone=zone.text(), hours=hours, busy=table)
    except UnknownZoneError:
        raise zone.wrong("an IANA time zone") from None


def read_hours(node: Node) -> WorkingHours:
    """Working hours by weekday: one range ``["09:00", "17:30"]`` or a list of ranges each."""
    for name in node.mapping():
        if name not in WEEKDAYS:
            raise PlanFileError(f"{node.path}.{name}", "expected a weekday: " + ", ".join(WEEKDAYS))
    week = tuple(_ranges(node.member(name)) if node.has(name) else () for name in WEEKDAYS)
    try:
        return WorkingHours(week)
    except ValueError as error:
        raise PlanFileError(node.path, str(error)) from None


def _ranges(node: Node) -> tuple[LocalRange, ...]:
    elements = node.elements()
    if elements and isinstance(elements[0].value, list):
        return tuple(_range(element) for element in elements)
    return (_range(node),) if elements else ()


def _range(node: Node) -> LocalRange:
    ends = node.elements()
    if len(ends) != 2:
        raise node.wrong("a start and an end")
    start, end = minute_of(ends[0].clock()), end_minute_of(ends[1].clock())
    if start >= end:
        raise ends[1].wrong("an end after the start")
    return LocalRange(start, end)


def _pairs(
    node: Node, people: dict[str, Person], rule: CadenceRule, start_date: date
) -> tuple[PairRequest, ...]:
    pairs: dict[str, PairRequest] = {}
    for element in node.elements():
        identity = element.member("id").text()
        if identity in pairs:
            raise element.member("id").wrong("an id used once")
        for role in ("mentor", "mentee"):
            if element.member(role).text() not in people:
                raise element.member(role).wrong("the id of a person of this file")
        mentor, mentee = element.member("mentor").text(), element.member("mentee").text()
        if mentor == mentee:
            raise element.member("mentee").wrong("somebody other than the mentor")
        pairs[identity] = PairRequest(
            id=identity, mentor=mentor, mentee=mentee, rule=rule, start_date=start_date
        )
    return tuple(pairs.values())
