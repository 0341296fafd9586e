"""Problem files in, plan and slot files out, as the format page says."""

import copy
import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from benchmarks.families import FAMILIES, problem
from benchmarks.plain import PlainPerson, instant, pair_starts
from integrations.planfiles.commands import plan_file, slots_file
from integrations.planfiles.errors import PlanFileError
from integrations.planfiles.problem_file import read_problem
from scheduling.people import FreeBusyStatus
from scheduling.plan import PairPlan

Document = dict[str, Any]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def small() -> Document:
    """A valid problem of two people."""
    hours = {day: ["09:00", "17:30"] for day in WEEK[:5]}
    people = [
        {
            "id": name,
            "role": "mentor",
            "office": "x",
            "tz": zone,
            "working_hours": copy.deepcopy(hours),
            "busy": [["2027-01-11T14:00Z", "2027-01-11T15:00Z", "busy"]],
        }
        for name, zone in (("jo", "Europe/London"), ("sam", "America/New_York"))
    ]
    return {
        "format": "tandem-problem/1",
        "rule": {
            "start_date": "2027-01-11",
            "interval_weeks": 2,
            "occurrences": 9,
            "duration_minutes": 60,
            "step_minutes": 30,
            "weekdays": list(WEEK[:5]),
            "earliest_local": "08:00",
            "latest_local": "18:00",
            "blackout_dates": ["2027-03-26"],
            "buffer_minutes": 0,
            "now": "2027-01-04T09:00Z",
            "min_notice_hours": 24,
            "max_per_person_per_day": 1,
            "max_per_person_per_week": 2,
            "tentative_is_soft": True,
            "soft": {"lunch": ["12:00", "13:00"], "edge_minutes": 30},
        },
        "people": people,
        "pairs": [{"id": "p0", "mentor": "jo", "mentee": "sam"}],
    }


def set_member(path: str, value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        *parents, last = [int(p) if p.isdigit() else p for p in path.split("/")]
        target: Any = document
        for step in parents:
            target = target[step]
        if value is None:
            del target[last]
        else:
            target[last] = value

    return change


def test_a_file_becomes_the_people_rule_and_pairs_it_says() -> None:
    asked = read_problem(orjson.dumps(small()))
    rule = asked.pairs[0].rule
    assert (rule.interval_weeks, rule.occurrences, rule.slot_step_minutes) == (2, 9, 30)
    assert (rule.min_gap_days, rule.tolerance_working_days) == (None, None)
    assert asked.now == datetime(2027, 1, 4, 9, tzinfo=UTC)
    assert asked.people["sam"].zone == "America/New_York"
    (item,) = asked.people["jo"].busy.items()
    assert (item.start, item.status) == (datetime(2027, 1, 11, 14, tzinfo=UTC), FreeBusyStatus.BUSY)


def test_members_nobody_knows_are_ignored_and_format_is_optional() -> None:
    document = {**small(), "name": "x", "family": 3, "format": "other/7"}
    document["people"][0]["colour"] = "red"
    assert read_problem(orjson.dumps(document)).pairs
    del document["format"]
    assert read_problem(orjson.dumps(document)).pairs


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (set_member("rule", None), "$.rule"),
        (set_member("rule/start_date", None), "$.rule.start_date"),
        (set_member("rule/start_date", "2027-01-12"), "$.rule.start_date"),
        (set_member("rule/step_minutes", 7), "$.rule.step_minutes"),
        (set_member("rule/weekdays/1", "tues"), "$.rule.weekdays[1]"),
        (set_member("rule/now", "2027-01-04T09:00"), "$.rule.now"),
        (set_member("rule/min_notice_hours", -1), "$.rule.min_notice_hours"),
        (set_member("rule/tentative_is_soft", "yes"), "$.rule.tentative_is_soft"),
        (set_member("rule/soft/edge_minutes", None), "$.rule.soft.edge_minutes"),
        (set_member("rule/soft/lunch", ["12:00"]), "$.rule.soft.lunch"),
        (set_member("people/1/tz", "Europe/Atlantis"), "$.people[1].tz"),
        (set_member("people/1/id", "jo"), "$.people[1].id"),
        (set_member("people/0/busy", None), "$.people[0].busy"),
        (set_member("people/0/busy/0/2", "bussy"), "$.people[0].busy[0][2]"),
        (set_member("people/0/busy/0/1", "2027-01-11T13:00Z"), "$.people[0].busy[0][1]"),
        (set_member("people/0/busy/0/0", "2027-02-30T13:00Z"), "$.people[0].busy[0][0]"),
        (set_member("people/0/busy/0/0", "2027-01-11T24:30Z"), "$.people[0].busy[0][0]"),
        (set_member("people/0/busy/0", ["2027-01-11T13:00Z"]), "$.people[0].busy[0]"),
        (set_member("people/0/working_hours/tue", ["9", "x"]), "$.people[0].working_hours.tue[0]"),
        (set_member("people/0/working_hours/tuesday", []), "$.people[0].working_hours.tuesday"),
        (set_member("pairs/0/mentee", "kim"), "$.pairs[0].mentee"),
        (set_member("pairs/0/mentee", "jo"), "$.pairs[0].mentee"),
        (set_member("pairs", {}), "$.pairs"),
    ],
)
def test_wrong_input_is_named_by_its_json_path(
    change: Callable[[Document], None], path: str
) -> None:
    document = small()
    change(document)
    with pytest.raises(PlanFileError) as caught:
        read_problem(orjson.dumps(document))
    assert caught.value.where == path


def test_text_that_is_not_json_is_named_by_line_and_column() -> None:
    with pytest.raises(PlanFileError, match=r"line 2, column"):
        read_problem(b'{"rule":\n oops}')


def test_times_written_with_an_offset_are_read_as_the_same_instants() -> None:
    document = small()
    document["people"][0]["busy"] = [["2027-01-11T15:00+01:00", "2027-01-11T15:00:00Z", "oof"]]
    (item,) = read_problem(orjson.dumps(document)).people["jo"].busy.items()
    assert (item.start.hour, item.end.hour) == (14, 15)


@pytest.mark.parametrize("name", ["tight, with limits", "New York and London", "no common slot"])
def test_a_plan_file_says_the_same_as_the_plan(name: str, tmp_path: Path) -> None:
    family = next(f for f in FAMILIES if f.name == name)
    source, target = tmp_path / "problem.json", tmp_path / "plan.json"
    source.write_bytes(orjson.dumps(problem(family, 6, 3)))
    planned = plan_file(source, target, explained=True)
    written = orjson.loads(target.read_bytes())
    assert written["format"] == "tandem-plan/1"
    asked = read_problem(source.read_bytes())
    assert set(written["pairs"]) == {pair.id for pair in asked.pairs} == set(planned.pairs)
    for pair in asked.pairs:
        result, entry = planned.pairs[pair.id], written["pairs"][pair.id]
        if not isinstance(result, PairPlan):
            assert entry == "unplaced"
            assert written["explanations"][pair.id]["remedies"]
            continue
        assert starts_in(
            entry, asked.pairs[0].start_date, pair.rule.interval_weeks, pair.rule.occurrences
        ) == {s.window: s.start for s in result.sessions}
        assert set(entry["exceptions"]) == set(written["explanations"][pair.id]["dates"])


def starts_in(entry: Document, start: date, interval: int, count: int) -> dict[int, datetime]:
    """The sessions a plan file means, by the format page alone."""
    series, found = entry["series"], {}
    for window in range(count):
        exceptions = entry["exceptions"]
        if str(window) in exceptions:
            if exceptions[str(window)] is not None:
                found[window] = datetime.fromisoformat(exceptions[str(window)])
            continue
        weeks = window * interval + series["phase"]
        day = start + timedelta(weeks=weeks, days=WEEK.index(series["weekday"]))
        hour, minute = map(int, series["start"].split(":"))
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(series["tz"]))
        found[window] = local.astimezone(UTC)
    return found


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_slots_are_exactly_the_starts_that_suit_both_by_the_plain_rules(
    family: Any, tmp_path: Path
) -> None:
    document = problem(family, 3, 5)
    source, target = tmp_path / "problem.json", tmp_path / "slots.json"
    source.write_bytes(orjson.dumps(document))
    slots_file(source, target)
    written = orjson.loads(target.read_bytes())
    step = document["rule"]["step_minutes"]
    origin = instant(f"{document['rule']['start_date']}T00:00Z") - 1440
    people = {p["id"]: p for p in document["people"]}
    total = 0
    for pair in document["pairs"]:
        starts = [
            PlainPerson(people[pair[role]], document["rule"]).starts()
            for role in ("mentor", "mentee")
        ]
        expected = [at - origin for at in pair_starts(starts[0], starts[1])]
        runs = written["slots"][pair["id"]]
        assert [at for a, b in runs for at in range(a, b + 1, step)] == expected
        assert all(b[0] - a[1] > step for a, b in itertools.pairwise(runs))
        total += len(expected)
    assert written["total"] == total
    assert total > 0


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match=r"^gone\.json: "):
        slots_file(tmp_path / "gone.json", tmp_path / "slots.json")


def test_a_wrong_file_is_named_with_its_path(tmp_path: Path) -> None:
    source = tmp_path / "p.json"
    source.write_bytes(b"{}")
    with pytest.raises(PlanFileError, match=r"^p\.json \$\.rule: missing"):
        plan_file(source, tmp_path / "plan.json")


def people_read(content: bytes) -> dict[str, list[tuple[datetime, datetime]]]:
    """The busy time of each person of a problem file."""
    asked = read_problem(content)
    return {
        name: [(item.start, item.end) for item in person.busy.items()]
        for name, person in asked.people.items()
    }


@pytest.mark.parametrize(
    "change",
    [
        set_member("note", '"busy": [["2027-01-12T14:00Z"]]'),
        set_member("note", {"busy": [["2027-01-12T14:00Z", "2027-01-12T15:00Z", "busy"]]}),
        set_member("busy", []),
        set_member("people/0/a", 'says "busy'),
        set_member("people/0/a", {'"busy': [["["]], "busy": 0}),
    ],
)
def test_other_members_named_busy_change_nothing(change: Callable[[Document], None]) -> None:
    document = small()
    expected = people_read(orjson.dumps(document))
    change(document)
    assert people_read(orjson.dumps(document)) == expected
    assert people_read(orjson.dumps(document, option=orjson.OPT_INDENT_2)) == expected


@pytest.mark.parametrize(
    "wrong", [b"0", b'[["[", "]", "busy"]]', b'[["x]],"', b"[]0", b"[].0", b"[[]"]
)
def test_a_busy_list_of_the_wrong_form_is_refused(wrong: bytes) -> None:
    document = small()
    document["people"][0]["busy"] = []
    with pytest.raises(PlanFileError):
        read_problem(orjson.dumps(document).replace(b'"busy":[]', b'"busy":' + wrong, 1))
