"""Hires the people of an invented firm: name, title, hours, trouble and a full calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from random import Random
from uuid import UUID

from simulator.firm_calendars import Habits, fill
from simulator.firm_diary import Diary, Horizon, Series
from simulator.firm_groups import Group, Trouble
from simulator.firm_names import names_and_mails
from simulator.firm_offices import LONDON, NEW_YORK, closures
from simulator.people import FirmPerson, Office, Weekday

DOMAIN = "harcourt-vale.example"
GUEST_DOMAIN = "pemberley-counsel.example"

PRACTICE_GROUPS = (
    "Litigation", "Corporate", "Arbitration", "Banking and Finance", "Employment",
    "Intellectual Property", "Real Estate", "Tax", "Competition", "Restructuring",
)  # fmt: skip
COURT_GROUPS = ("Litigation", "Arbitration", "Employment")

ASSISTANT = "Legal Assistant"
# Who runs the program, who answers for it, and who runs the tenant: one of each.
COORDINATOR, SPONSOR, ADMINISTRATOR = (
    "Mentoring Coordinator", "Chief Talent Officer", "IT Administrator"
)  # fmt: skip
SERVICES = (COORDINATOR, SPONSOR, ADMINISTRATOR)
_SENIOR_TITLES = ("Partner", "Partner", "Partner", "Counsel", "Of Counsel", "Senior Partner")
_JUNIOR_TITLES = ("Associate", "Associate", "Junior Associate", "Senior Associate")
_TRAINEES = {
    "US": "Law Clerk",
    "GB": "Trainee Solicitor",
    "DE": "Rechtsreferendar",
    "AU": "Graduate Lawyer",
}
_TROUBLED_SENIORS: tuple[Trouble, ...] = ("disabled", "onPremises")

_WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
_BEGINS = (8 * 60, 8 * 60 + 30, 9 * 60, 9 * 60)
_LENGTHS = (510, 540, 570, 600)
_PART_TIME_SHARE = 0.08
# Hours by weekday (0 is Monday), in minutes after midnight.
_PART_TIME: tuple[dict[int, tuple[int, int]], ...] = (
    dict.fromkeys((0, 1, 2), (9 * 60, 17 * 60 + 30)),
    dict.fromkeys((0, 1, 3), (8 * 60 + 30, 17 * 60)),
    dict.fromkeys((1, 2, 3, 4), (9 * 60, 17 * 60)),
    dict.fromkeys((0, 1, 2, 3, 4), (9 * 60 + 30, 15 * 60)),
    dict.fromkeys((0, 1, 2), (8 * 60, 14 * 60)) | {3: (12 * 60, 18 * 60)},
)


@dataclass(frozen=True, slots=True)
class Hired:
    """A pair that has its people: who mentors whom, and in which practice group."""

    mentor: FirmPerson
    mentee: FirmPerson
    practice_group: str


@dataclass(frozen=True, slots=True)
class _Week:
    """Hours really worked by weekday, in minutes; a part-timer's mailbox publishes others."""

    hours: dict[int, tuple[int, int]]
    part_time: bool = False

    @property
    def weekdays(self) -> tuple[int, ...]:
        return tuple(self.hours)

    @property
    def begin(self) -> int:
        return min(begin for begin, _ in self.hours.values())

    @property
    def finish(self) -> int:
        return max(finish for _, finish in self.hours.values())


class Staff:
    """Everybody hired so far, in the order in which they were hired."""

    def __init__(self, seed: int, horizon: Horizon) -> None:
        self.people: list[FirmPerson] = []
        self._seed = seed
        self._hired = 0
        self._horizon = horizon
        self._names = names_and_mails(Random(f"{seed}/names"), DOMAIN)
        self._closures: dict[Office, dict[int, str]] = {}

    def hire(self, group: Group) -> list[Hired]:
        """Fill the seats of ``group``; its first senior or junior gets the trouble, if any."""
        practice = self._rng("practice").choice(PRACTICE_GROUPS)
        mentees = [self._lawyer(group, practice, senior=True) for _ in range(group.seniors)]
        mentors = [self._lawyer(group, practice, senior=False) for _ in range(group.juniors)]
        if group.trouble is not None:
            troubled = mentees if group.trouble in _TROUBLED_SENIORS else mentors
            troubled[0] = _with_trouble(troubled[0], group.trouble)
        self.people += mentees + mentors
        return [Hired(mentors[junior], mentees[senior], practice) for junior, senior in group.links]

    def hire_assistants(self, offices: Sequence[Office], seniors_each: int) -> None:
        """Give every office one assistant for each ``seniors_each`` of its seniors, or part."""
        for office in offices:
            seniors = sum(person.senior and person.office == office for person in self.people)
            for _ in range(-(-seniors // seniors_each)):
                self._hire_nine_to_five("assistant", office, ASSISTANT)

    def hire_services(self, office: Office) -> None:
        """Hire the people of the program office and of IT."""
        for title in SERVICES:
            self._hire_nine_to_five(title, office, title)

    def _hire_nine_to_five(self, purpose: str, office: Office, title: str) -> None:
        week = _Week(dict.fromkeys(range(5), (9 * 60, 17 * 60 + 30)))
        habits = Habits(senior=False, begin=week.begin, finish=week.finish, load=0.3)
        self.people.append(self._person(self._rng(purpose), office, title, week, habits))

    def _rng(self, purpose: str) -> Random:
        """Chance for the next of the firm; used once for each purpose."""
        self._hired += 1
        return Random(f"{self._seed}/{purpose}/{self._hired}")

    def _lawyer(self, group: Group, practice: str, *, senior: bool) -> FirmPerson:
        rng = self._rng("lawyer")
        office = group.seniors_at if senior else group.juniors_at
        week = _week(rng)
        habits = Habits(
            senior=senior,
            begin=week.begin,
            finish=week.finish,
            load=rng.uniform(0.7, 1.3),
            in_court=practice in COURT_GROUPS,
            on_trial=senior and group.on_trial,
            far_zone=_far_zone(rng, office),
        )
        trainee = _TRAINEES.get(office.country, "Trainee Lawyer")
        title = rng.choice(_SENIOR_TITLES if senior else (*_JUNIOR_TITLES, trainee))
        return self._person(rng, office, title, week, habits)

    def _person(
        self, rng: Random, office: Office, title: str, week: _Week, habits: Habits
    ) -> FirmPerson:
        name, mail = next(self._names)
        closed = self._closed_on(office)
        diary = Diary(self._horizon, office.zone, week.weekdays, frozenset(closed), rng)
        for day, closure in closed.items():
            diary.put_days(day, 1, closure, "oof")
        if week.part_time:
            _block_free_days(diary, week)
        fill(diary, habits)
        hours = {_WEEKDAYS[day]: (_clock(a), _clock(b)) for day, (a, b) in week.hours.items()}
        return FirmPerson(
            id=_directory_id(rng),
            mail=mail,
            name=name,
            office=office,
            title=title,
            senior=habits.senior,
            hours=(time(9), time(17, 30)) if week.part_time else hours["monday"],
            hours_by_weekday=hours if week.part_time else {},
            appointments=tuple(diary.entries),
        )

    def _closed_on(self, office: Office) -> dict[int, str]:
        """Closures of ``office`` by day of the horizon."""
        if office not in self._closures:
            first = self._horizon.first
            named = closures(office, first, self._horizon.last)
            self._closures[office] = {(day - first).days: name for day, name in named.items()}
        return self._closures[office]


def program_mailbox(number: int, seed: int, office: Office) -> FirmPerson:
    """The ``number``-th licensed user without a person, from whose calendar series are booked."""
    return FirmPerson(
        id=_directory_id(Random(f"{seed}/mailbox/{number}")),
        mail=f"mentoring-{number}@{DOMAIN}",
        name=f"Harcourt Vale Mentoring {number}",
        office=office,
        title="Program mailbox",
        senior=False,
    )


def _week(rng: Random) -> _Week:
    if rng.random() < _PART_TIME_SHARE:
        return _Week(rng.choice(_PART_TIME), part_time=True)
    begin = rng.choice(_BEGINS)
    return _Week(dict.fromkeys(range(5), (begin, begin + rng.choice(_LENGTHS))))


def _block_free_days(diary: Diary, week: _Week) -> None:
    """Half of the part-timers show their free days in the calendar; the others just know them."""
    if diary.chance(0.5):
        for weekday in range(5):
            if weekday not in week.weekdays:
                diary.repeat(Series(weekday, 8 * 60, 11 * 60, "Non-working day", "oof"), moving=0)


def _far_zone(rng: Random, office: Office) -> str | None:
    """One in ten has a client across the Atlantic whose clock changes on other dates."""
    if rng.random() >= 0.1 or office.country not in ("US", "GB"):
        return None
    return LONDON.zone if office.country == "US" else NEW_YORK.zone


def _with_trouble(person: FirmPerson, trouble: Trouble) -> FirmPerson:
    if trouble == "disabled":
        return replace(person, enabled=False)
    if trouble == "guest":
        mail = person.mail.replace(DOMAIN, GUEST_DOMAIN)
        return replace(person, guest=True, mailbox="missing", mail=mail, appointments=())
    return replace(person, mailbox=trouble)


def _directory_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _clock(minute: int) -> time:
    return time(*divmod(minute, 60))
