"""The invented firm: the same for everybody, believable, and of the shape planning needs."""

from __future__ import annotations

import csv
import io
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from simulator.firm import PAIRS_PER_MAILBOX, in_trouble, make_firm
from simulator.firm_offices import LONDON, MUNICH, NEW_YORK, OFFICES, SYDNEY
from simulator.firm_staff import ASSISTANT, SERVICES
from simulator.people import Appointment, Firm, FirmPerson
from simulator.roster import COLUMNS, roster_csv

START = date(2027, 1, 11)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WINDOWS = 9

firm_of = cache(make_firm)


def lawyers(firm: Firm) -> list[FirmPerson]:
    return [person for person in firm.people if person.title not in (ASSISTANT, *SERVICES)]


def instances(entry: Appointment) -> Iterator[tuple[datetime, datetime]]:
    """Wall-clock starts and ends of an entry, counted by hand."""
    start, length = entry.start, entry.end - entry.start
    while True:
        if start.date() not in entry.skipped:
            yield start, start + length
        if not entry.weekly_interval:
            return
        start += timedelta(weeks=entry.weekly_interval)
        if entry.until is None or start.date() > entry.until:
            return


def blocks(person: FirmPerson) -> list[tuple[datetime, datetime]]:
    """Instants between which somebody is busy or away, in UTC and in order."""
    return sorted(
        (in_utc(begin, ZoneInfo(entry.zone)), in_utc(end, ZoneInfo(entry.zone)))
        for entry in person.appointments
        if entry.show_as in ("busy", "oof")
        for begin, end in instances(entry)
    )


def in_utc(wall_clock: datetime, zone: ZoneInfo) -> datetime:
    return wall_clock.replace(tzinfo=zone).astimezone(UTC)


def hours_on(person: FirmPerson, day: date) -> tuple[datetime, datetime] | None:
    """The hours really worked on ``day``, in UTC."""
    weekday = WEEKDAYS[day.weekday()]
    known = person.hours_by_weekday
    hours = known.get(weekday) if known else person.hours if weekday in person.workdays else None  # type: ignore[call-overload]
    if hours is None:
        return None
    zone = ZoneInfo(person.office.zone)
    begin, end = (in_utc(datetime.combine(day, clock), zone) for clock in hours)
    return begin, end


def free_starts(person: FirmPerson) -> set[datetime]:
    """Starts, on the half hours of UTC, of hours the person works and has free."""
    taken = blocks(person)
    found = set()
    for offset in range(7 * 2 * WINDOWS):
        hours = hours_on(person, START + timedelta(days=offset))
        if hours is None:
            continue
        begin, end = hours
        near = [block for block in taken if block[1] > begin and block[0] < end]
        while begin + timedelta(hours=1) <= end:
            if all(b >= begin + timedelta(hours=1) or e <= begin for b, e in near):
                found.add(begin)
            begin += timedelta(minutes=30)
    return found


@cache
def common_starts(pairs: int, seed: int) -> dict[str, list[tuple[int, tuple[int, time]]]]:
    """For each trouble-free pair: (window, wall-clock slot of the mentee) of every common hour."""
    firm = firm_of(pairs, seed)
    people = {person.id: person for person in firm.people}
    free = {who: free_starts(people[who]) for p in firm.pairs for who in (p.mentor, p.mentee)}
    found = {}
    for pair in firm.pairs:
        if in_trouble(people[pair.mentor]) or in_trouble(people[pair.mentee]):
            continue
        zone = ZoneInfo(people[pair.mentee].office.zone)
        local = sorted(at.astimezone(zone) for at in free[pair.mentor] & free[pair.mentee])
        days = [((at.date() - START).days, at.time()) for at in local]
        found[pair.id] = [
            (day // 14, (day % 14, at)) for day, at in days if 0 <= day // 14 < WINDOWS
        ]
    return found


def test_the_same_seed_makes_the_same_firm_whatever_the_order_of_hashes() -> None:
    command = (
        "import hashlib; from simulator.firm import make_firm;"
        "print(hashlib.sha256(repr(make_firm(30, 5)).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", command],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(digests) == 1


def test_another_seed_makes_another_firm() -> None:
    one, other = firm_of(24, 1), firm_of(24, 2)
    assert {p.mail for p in one.people} != {p.mail for p in other.people}
    assert {p.id for p in one.people}.isdisjoint(p.id for p in other.people)


@pytest.mark.parametrize("pairs", [1, 2, 7, 24, 500])
def test_a_firm_has_exactly_the_pairs_asked_for(pairs: int) -> None:
    firm = firm_of(pairs, 1)
    assert len({pair.id for pair in firm.pairs}) == len(firm.pairs) == pairs
    assert len({(pair.mentor, pair.mentee) for pair in firm.pairs}) == pairs
    assert len(firm.program_mailboxes) == -(-pairs // PAIRS_PER_MAILBOX)


def test_ten_pairs_are_fifteen_to_twenty_lawyers() -> None:
    assert 1.5 <= len(lawyers(firm_of(500, 1))) / 500 <= 2.0


def test_no_address_and_no_id_is_given_twice() -> None:
    firm = firm_of(500, 1)
    everybody = firm.people + firm.program_mailboxes
    assert len({person.mail for person in everybody}) == len(everybody)
    assert len({person.id for person in everybody}) == len(everybody)


def test_addresses_are_plain_and_of_the_reserved_domain() -> None:
    for person in firm_of(500, 1).people:
        assert person.mail.isascii()
        assert person.mail == person.mail.lower()
        assert person.mail.endswith(".example")
        assert person.guest or person.mail.endswith("@harcourt-vale.example")


def test_every_pair_joins_a_junior_with_a_senior_of_the_firm() -> None:
    firm = firm_of(500, 1)
    people = {person.id: person for person in firm.people}
    assert not any(people[pair.mentor].senior for pair in firm.pairs)
    assert all(people[pair.mentee].senior for pair in firm.pairs)


def test_people_who_share_pairs_form_groups_of_five_at_most() -> None:
    firm = firm_of(500, 1)
    group_of = {person.id: {person.id} for person in firm.people}
    for pair in firm.pairs:
        merged = group_of[pair.mentor] | group_of[pair.mentee]
        for member in merged:
            group_of[member] = merged
    sizes = Counter(len(group) for group in group_of.values())
    assert max(sizes) == 5
    assert sizes[3] > sizes[4] > 0


def test_some_seniors_have_three_juniors_and_some_juniors_two_seniors() -> None:
    firm = firm_of(500, 1)
    assert max(Counter(pair.mentee for pair in firm.pairs).values()) == 3
    assert max(Counter(pair.mentor for pair in firm.pairs).values()) == 2


def test_most_pairs_sit_in_one_office_and_a_few_far_apart() -> None:
    firm = firm_of(500, 1)
    people = {person.id: person for person in firm.people}
    routes = Counter(
        frozenset((people[pair.mentor].office, people[pair.mentee].office)) for pair in firm.pairs
    )
    assert sum(number for route, number in routes.items() if len(route) == 1) > 400
    assert routes[frozenset((NEW_YORK, LONDON))] == 35
    assert routes[frozenset((LONDON, SYDNEY))] == 10


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_firm_of_24_pairs_fills_all_five_offices(seed: int) -> None:
    assert {person.office for person in firm_of(24, seed).people} == set(OFFICES)


def test_a_firm_can_be_confined_to_given_offices() -> None:
    firm = make_firm(30, offices=(MUNICH, LONDON))
    assert {person.office for person in firm.people} == {MUNICH, LONDON}


def test_calendars_reach_26_weeks_beyond_the_start() -> None:
    for person in firm_of(24, 1).people:
        ends = [entry.until or entry.end.date() for entry in person.appointments]
        if ends:
            assert max(ends) >= START + timedelta(weeks=25)


def test_every_appointment_is_sane() -> None:
    for person in firm_of(100, 1).people:
        for entry in person.appointments:
            assert entry.start < entry.end
            assert entry.start.tzinfo is None
            assert entry.end.tzinfo is None
            assert entry.subject.strip()
            if entry.all_day:
                assert entry.start.time() == entry.end.time() == time(0)
            if entry.weekly_interval:
                assert entry.until is not None
                assert entry.until >= entry.start.date()


def test_no_appointment_begins_or_ends_in_an_hour_its_zone_skips() -> None:
    for person in firm_of(100, 1).people:
        for entry in person.appointments:
            zone = ZoneInfo(entry.zone)
            for edges in instances(entry):
                for edge in edges:
                    there = edge.replace(tzinfo=zone)
                    back = there.astimezone(UTC).astimezone(zone)
                    assert back.replace(tzinfo=None) == edge


def test_every_title_is_long_enough_to_be_recognised_in_a_log() -> None:
    titles = {entry.subject for person in firm_of(100, 1).people for entry in person.appointments}
    assert all(len(title) >= 8 and not title.islower() for title in titles)


def test_skipped_dates_are_dates_of_their_series() -> None:
    for person in firm_of(50, 1).people:
        for entry in person.appointments:
            for day in entry.skipped:
                distance = (day - entry.start.date()).days
                assert distance % (7 * entry.weekly_interval) == 0
                assert distance >= 0


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("hearing", lambda e: e.subject.startswith("Hearing:") and e.show_as == "busy"),
        ("hearing over nights", lambda e: e.end - e.start > timedelta(days=1) and not e.all_day),
        ("weekly meeting", lambda e: e.weekly_interval == 1 and e.skipped),
        ("biweekly meeting", lambda e: e.weekly_interval == 2),
        ("call at an odd minute", lambda e: e.start.minute % 15 and not e.weekly_interval),
        ("a week's leave", lambda e: e.all_day and e.show_as == "oof" and day_count(e) == 5),
        ("two weeks' leave", lambda e: e.all_day and e.show_as == "oof" and day_count(e) == 12),
        ("hold", lambda e: e.show_as == "tentative" and e.subject.startswith("HOLD")),
        ("private item", lambda e: e.private and not e.weekly_interval),
        ("lunch", lambda e: e.subject == "Lunch, keep free" and e.weekly_interval == 1),
        ("flight", lambda e: e.subject.startswith("Flight")),
        ("focus time", lambda e: e.subject.startswith("Focus")),
        ("work elsewhere", lambda e: e.show_as == "workingElsewhere"),
        ("birthday", lambda e: e.all_day and e.show_as == "free"),
        ("closure", lambda e: e.subject.startswith("Public holiday: ") and e.show_as == "oof"),
        ("client in another zone", lambda e: e.zone == LONDON.zone and e.start.minute == 30),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_firm_of_50_pairs_has_a(wanted: str, holds: object) -> None:
    assert callable(holds)
    found = [e for person in firm_of(50, 1).people for e in person.appointments if holds(e)]
    assert found, wanted


def day_count(entry: Appointment) -> int:
    return (entry.end - entry.start).days


def test_everybody_in_an_office_has_its_public_holidays() -> None:
    """2027-03-26 is Good Friday, a day off in London but not in New York."""
    for person in firm_of(50, 1).people:
        if not person.appointments:
            continue
        closed = {e.start.date() for e in person.appointments if e.subject.startswith("Public")}
        assert (date(2027, 3, 26) in closed) == (person.office.country in ("GB", "DE", "AU"))


def test_part_timers_work_other_hours_than_their_mailbox_says() -> None:
    people = lawyers(firm_of(200, 1))
    part_timers = [person for person in people if person.hours_by_weekday]
    assert 0.04 < len(part_timers) / len(people) < 0.13
    for person in part_timers:
        assert person.hours == (time(9), time(17, 30))
        published = dict.fromkeys(person.workdays, person.hours)
        assert person.hours_by_weekday != published


def test_some_part_timers_work_other_hours_on_some_days() -> None:
    weeks = [set(person.hours_by_weekday.values()) for person in firm_of(200, 1).people]
    assert any(len(hours) == 2 for hours in weeks)


def test_full_timers_begin_at_eight_half_past_or_nine() -> None:
    begins = {p.hours[0] for p in lawyers(firm_of(200, 1)) if not p.hours_by_weekday}
    assert begins == {time(8), time(8, 30), time(9)}


def test_seniors_are_much_busier_than_juniors() -> None:
    def share_busy(person: FirmPerson) -> float:
        worked = busy = 0.0
        taken = blocks(person)
        for offset in range(70):
            hours = hours_on(person, START + timedelta(days=offset))
            if hours is None:
                continue
            at, end = hours
            worked += (end - at).total_seconds()
            for block_begin, block_end in taken:
                if block_end > at and block_begin < end:
                    busy += (min(block_end, end) - max(block_begin, at)).total_seconds()
                    at = min(block_end, end)
        return busy / worked

    people = [person for person in lawyers(firm_of(24, 1)) if person.appointments]
    seniors = statistics.mean(share_busy(person) for person in people if person.senior)
    juniors = statistics.mean(share_busy(person) for person in people if not person.senior)
    assert 0.3 < seniors < 0.5
    assert 0.15 < juniors < 0.3
    assert seniors > 1.3 * juniors


def test_one_pair_in_twelve_is_in_trouble_of_each_kind_and_no_other_pair_is_touched() -> None:
    firm = firm_of(120, 1)
    troubled = [person for person in firm.people if in_trouble(person)]
    assert len(troubled) == 10
    assert Counter((p.mailbox, p.enabled, p.guest) for p in troubled) == {
        ("missing", True, False): 2,
        ("licensed", False, False): 2,
        ("onPremises", True, False): 2,
        ("missing", True, True): 2,
        ("noTeams", True, False): 2,
    }
    ids = {person.id for person in troubled}
    assert sum(bool(ids & {pair.mentor, pair.mentee}) for pair in firm.pairs) == 10


def test_without_troubles_every_mailbox_is_licensed() -> None:
    assert not any(in_trouble(person) for person in make_firm(40, troubles=False).people)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_most_pairs_have_a_common_hour_in_each_of_nine_windows(seed: int) -> None:
    reached = [len({window for window, _ in starts}) for starts in common_starts(24, seed).values()]
    assert sum(windows >= WINDOWS - 1 for windows in reached) >= 0.8 * len(reached)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_few_pairs_have_no_common_hour_at_all(seed: int) -> None:
    hopeless = [pair for pair, starts in common_starts(24, seed).items() if not starts]
    assert 1 <= len(hopeless) <= 4


def test_about_one_date_in_six_has_to_move() -> None:
    placed = moved = 0
    for seed in (1, 2, 3):
        for starts in common_starts(24, seed).values():
            windows = len({window for window, _ in starts})
            slots = Counter(slot for _, slot in starts)
            placed += windows
            moved += windows - max(slots.values(), default=0)
    assert 1 / 9 < moved / placed < 1 / 4


@pytest.mark.parametrize("wrong", [0, -3])
def test_a_firm_without_pairs_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="needs pairs and offices"):
        make_firm(wrong)


def test_the_roster_names_every_pair_once_with_addresses_of_the_directory() -> None:
    firm = firm_of(60, 1)
    lines = list(csv.DictReader(io.StringIO(roster_csv(firm))))
    assert tuple(lines[0]) == COLUMNS
    mails = {person.id: person.mail for person in firm.people}
    assert [(line["mentor_mail"], line["mentee_mail"]) for line in lines] == [
        (mails[pair.mentor], mails[pair.mentee]) for pair in firm.pairs
    ]
    assert {line["start_date"] for line in lines} == {"2027-01-11"}
    assert len({line["pair_id"] for line in lines}) == 60


def test_the_roster_gives_seniors_an_assistant_of_their_own_office() -> None:
    firm = firm_of(60, 1)
    by_mail = {person.mail: person for person in firm.people}
    for line in csv.DictReader(io.StringIO(roster_csv(firm))):
        assistant = by_mail[line["assistants"]]
        assert assistant.title == ASSISTANT
        assert assistant.office == by_mail[line["mentee_mail"]].office


def test_the_roster_tells_the_hours_of_part_timers() -> None:
    firm = firm_of(60, 1)
    by_mail = {person.mail: person for person in firm.people}
    for line in csv.DictReader(io.StringIO(roster_csv(firm))):
        members = (by_mail[line["mentor_mail"]], by_mail[line["mentee_mail"]])
        assert bool(line["note"]) == any(person.hours_by_weekday for person in members)


def test_some_pairs_of_one_office_meet_in_a_room_there_and_all_others_on_teams() -> None:
    firm = firm_of(60, 1)
    offices = {person.mail: person.office.name for person in firm.people}
    lines = list(csv.DictReader(io.StringIO(roster_csv(firm))))
    rooms = [line for line in lines if line["place"] != "Teams"]
    assert 5 <= len(rooms) <= 20
    for line in rooms:
        assert offices[line["mentor_mail"]] == offices[line["mentee_mail"]]
        assert line["place"].startswith(f"{offices[line['mentee_mail']]}, meeting room ")
