"""What stands in a lawyer's calendar over half a year.

One function per kind of entry; :func:`fill` decides who gets which. Rates are entries a week.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.firm_diary import DAY, Diary, Series
from simulator.people import ShowAs

CLIENTS = (
    "Aldermoor Shipping", "Brightwater Pharma", "Castellan Re", "Corvane Energy", "Dunmore Foods",
    "Eastgate Rail", "Fennimore Bank", "Glasswing Robotics", "Halloran Mining", "Ironbridge Steel",
    "Juniper Quay REIT", "Kestrel Aerospace", "Lindenhof Versicherung", "Marrowby Water",
    "Northmarch Capital", "Ormonde Breweries", "Pellworth Insurance", "Quillon Media",
    "Redfern Biotech", "Saltmarsh Wind", "Tessellate Software", "Umberlight Pictures",
    "Verdigris Copper", "Wexcombe Airports", "Yarrow Health", "Zephyrine Cosmetics",
)  # fmt: skip
MATTERS = (
    "share purchase agreement", "disclosure review", "witness statements", "merger filing",
    "data room", "settlement terms", "regulator's questions", "facility agreement",
    "employment claims", "patent opposition", "lease renewals", "insolvency options",
)  # fmt: skip
COURTS = (
    "Court of Appeal", "High Court, Rolls Building", "SDNY, courtroom 14C", "Delaware Chancery",
    "Landgericht München I", "Supreme Court of NSW", "N.D. Illinois", "ICC arbitration",
)  # fmt: skip
STANDING = (
    "Practice group meeting", "Partners' meeting", "Conflicts committee", "Matter review",
    "Pricing and budgets", "Recruitment committee", "Knowledge lunch", "Business development",
    "Associates' forum", "Team stand-up", "Pro bono clinic", "Training committee",
)  # fmt: skip
PRIVATE = (
    "Dentist, root canal", "Physiotherapy, left knee", "School concert", "Parents' evening",
    "Optician's check-up", "Vet with the dog", "House viewing", "Couples therapy",
    "Passport renewal", "Antenatal class",
)  # fmt: skip
CITIES = (
    "Frankfurt",
    "Paris",
    "Boston",
    "Dublin",
    "Singapore",
    "Washington",
    "Edinburgh",
    "Zurich",
)

# How people keep time for themselves.
_KEPT: tuple[ShowAs, ...] = ("busy", "tentative")

_ODD_STARTS = (0, 5, 10, 15, 20, 25, 30, 40, 45, 50, 55)
_CALL_LENGTHS = (20, 25, 30, 45, 45, 50, 60, 60, 75, 90, 90, 120)
_ROUND_STARTS = (0, 0, 30)


@dataclass(frozen=True, slots=True)
class Habits:
    """What shapes one person's calendar.

    ``begin`` and ``finish`` are minutes after midnight. ``load`` is 1 for an ordinary workload of
    the rank. ``in_court`` people have hearings; a person ``on_trial`` has hardly anything else.
    ``far_zone`` is where a client sits whose standing call keeps that clock.
    """

    senior: bool
    begin: int
    finish: int
    load: float
    in_court: bool = False
    on_trial: bool = False
    far_zone: str | None = None


def fill(diary: Diary, habits: Habits) -> None:
    """Write half a year of work, absence and private life into ``diary``."""
    _standing_meetings(diary, habits)
    _client_calls(diary, habits)
    _holds(diary, habits)
    _leave(diary)
    _private_life(diary, habits)
    _lunch(diary)
    _travel(diary, habits)
    _focus(diary, habits)
    if habits.in_court:
        _hearings(diary, habits)
    if habits.on_trial:
        _long_trial(diary, habits)


def _within(diary: Diary, habits: Habits) -> int:
    """A round start inside working hours, at least half an hour before they end."""
    hours = (habits.finish - habits.begin) // 60
    return habits.begin + 60 * int(diary.random() * hours) + diary.pick(_ROUND_STARTS)


def _standing_meetings(diary: Diary, habits: Habits) -> None:
    for _ in range(diary.about((5.5 if habits.senior else 3.0) * habits.load)):
        every = diary.pick((1, 1, 2, 2, 4))
        diary.repeat(
            Series(
                weekday=diary.pick(diary.weekdays),
                minute=_within(diary, habits),
                length=diary.pick((30, 45, 60, 60, 90)),
                subject=diary.pick(STANDING),
                every=every,
                from_week=int(diary.random() * every),
            )
        )
    if habits.far_zone:
        subject = f"{diary.pick(CLIENTS)}: weekly call"
        weekday = diary.pick(diary.weekdays)
        diary.repeat(Series(weekday, 14 * 60 + 30, 45, subject, zone=habits.far_zone))


def _client_calls(diary: Diary, habits: Habits) -> None:
    """Single calls at odd minutes: most of what a calendar consists of."""
    rate = (9.0 if habits.senior else 2.0) * habits.load * len(diary.weekdays) / 5
    number = diary.about(rate * diary.horizon.weeks)
    hours = range(habits.begin, habits.finish - 59, 60)
    starts = [hour + minute for hour in hours for minute in _ODD_STARTS]
    subjects = [f"{diary.pick(CLIENTS)}: {diary.pick(MATTERS)}" for _ in range(8)]
    draw = diary.rng.choices
    for day, minute, length, subject in zip(
        draw(diary.open_days(), k=number),
        draw(starts, k=number),
        draw(_CALL_LENGTHS, k=number),
        draw(subjects, k=number),
        strict=True,
    ):
        diary.put(day, minute, length, subject)


def _hearings(diary: Diary, habits: Habits) -> None:
    """Half days and days in court, a short trial now and then, and one that runs over nights."""
    for week in range(diary.horizon.weeks):
        if not diary.chance(0.45 if habits.senior else 0.3):
            continue
        days = 1 if diary.chance(0.75) else diary.pick((2, 3, 4))
        subject = f"Hearing: {diary.pick(CLIENTS)} v {diary.pick(CLIENTS)}, {diary.pick(COURTS)}"
        first = 7 * week + min(diary.pick(range(5)), 5 - days)
        length = diary.pick((180, 210, 240, 420))
        if days > 2 and diary.chance(0.3):
            diary.put(first, 9 * 60 + 30, (days - 1) * DAY + 420, subject)
            continue
        for day in range(first, first + days):
            diary.put(day, 9 * 60 + 30, length if days == 1 else 420, subject)


def _long_trial(diary: Diary, habits: Habits) -> None:
    """Every working hour until two weeks before the end: nobody finds an hour with this person."""
    subject = f"Trial: {diary.pick(CLIENTS)} v {diary.pick(CLIENTS)}, {diary.pick(COURTS)}"
    for day in range(7 * (diary.horizon.weeks - 2)):
        if day % 7 < 5:
            diary.put(day, min(habits.begin, 8 * 60), 11 * 60, subject)


def _holds(diary: Diary, habits: Habits) -> None:
    """Dates kept for something that will happen on one of them at most."""
    for week in range(diary.horizon.weeks):
        if diary.chance(0.35 if habits.senior else 0.15):
            subject = f"HOLD: {diary.pick(CLIENTS)} {diary.pick(('mediation', 'signing', 'pitch'))}"
            for day in diary.working_days(diary.pick((1, 2, 3)), week):
                diary.put(day, diary.pick((9 * 60, 14 * 60)), 180, subject, "tentative")


def _leave(diary: Diary) -> None:
    """One or two absences of a week, one in seven of them of two, and some single days."""
    for _ in range(1 if diary.chance(0.6) else 2):
        weeks = 2 if diary.chance(0.15) else 1
        first = 7 * int(diary.random() * (diary.horizon.weeks - weeks))
        diary.put_days(first, 7 * weeks - 2, "Annual leave", "oof")
    for _ in range(diary.about(2)):
        for day in diary.working_days(1, int(diary.random() * diary.horizon.weeks)):
            diary.put_days(
                day, 1, diary.pick(("Day off in lieu", "Moving house", "Off sick, migraine")), "oof"
            )


def _private_life(diary: Diary, habits: Habits) -> None:
    for week in range(diary.horizon.weeks):
        if diary.chance(0.15):
            for day in diary.working_days(1, week):
                minute = _within(diary, habits)
                diary.put(day, minute, diary.pick((45, 60, 90)), diary.pick(PRIVATE), private=True)
    if diary.chance(0.12):
        weekday = diary.pick(diary.weekdays)
        diary.repeat(Series(weekday, habits.finish - 60, 60, "School run", private=True))
    for _ in range(diary.about(2)):
        day = int(diary.random() * 7 * diary.horizon.weeks)
        diary.put_days(day, 1, f"Birthday: {diary.pick(('Mum', 'Leo', 'Ella', 'Sam'))}", "free")


def _lunch(diary: Diary) -> None:
    """A third keeps lunch free by a series on each day, others now and then."""
    if diary.chance(0.3):
        minute = diary.pick((12 * 60, 12 * 60 + 30, 13 * 60))
        for weekday in diary.weekdays:
            series = Series(weekday, minute, 60, "Lunch, keep free", diary.pick(_KEPT))
            diary.repeat(series, moving=0)
        return
    for week in range(diary.horizon.weeks):
        if diary.chance(0.3):
            for day in diary.working_days(1, week):
                diary.put(day, 12 * 60 + 30, 75, f"Lunch, {diary.pick(CLIENTS)}")


def _travel(diary: Diary, habits: Habits) -> None:
    """Flights that block and days elsewhere that do not; whole days at home do not block either."""
    for week in range(diary.horizon.weeks):
        if diary.chance(0.1 if habits.senior else 0.03):
            city = diary.pick(CITIES)
            first = 7 * week + diary.pick((0, 1, 2))
            diary.put(first, 7 * 60, 4 * 60, f"Flight to {city}")
            diary.put_days(first + 1, 1, f"{city} office", "workingElsewhere")
            diary.put(first + 2, 15 * 60 + 35, 5 * 60, f"Flight home from {city}")
    if diary.chance(0.4):
        weekday = diary.pick(diary.weekdays)
        length = habits.finish - habits.begin
        series = Series(weekday, habits.begin, length, "Working from home", "workingElsewhere")
        diary.repeat(series, moving=0)


def _focus(diary: Diary, habits: Habits) -> None:
    """Time kept for drafting, mostly by juniors, as a tentative or busy series."""
    if diary.chance(0.15 if habits.senior else 0.4):
        minute = habits.begin + diary.pick((0, 60, 300))
        show_as = diary.pick(_KEPT)
        diary.repeat(Series(diary.pick(diary.weekdays), minute, 120, "Focus: drafting", show_as))
