"""Which fields the rule's form has: label, unit, bounds, and where each stands in the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.workflows.messages.words import KIND_WORDS

_DAYS = (
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
)
_MINUTES, _HOURS, _FULL_DAYS = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Item:
    """One field. ``path`` is its member's in the rule's body.

    ``kind``: ``number``, ``percent``, ``text``, ``time``, ``date``, ``tick``, ``one`` and ``some``
    of ``options``, ``dates``, ``offices``, ``kinds`` and ``lines`` one a line, ``span`` of two
    times, or ``length`` counted in ``unit`` seconds. What may be left empty is ``optional``.
    """

    path: tuple[str, ...]
    label: str
    kind: str = "number"
    hint: str = ""
    unit: int = 1
    options: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    most: int = 1_000

    @property
    def name(self) -> str:
        """The field's name in the form."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together."""

    key: str
    title: str
    items: tuple[Item, ...]


def _cadence(name: str, label: str, kind: str = "number", **more: Any) -> Item:
    return Item(("cadence", name), label, kind, **more)


def _limits(name: str, label: str, kind: str = "number", **more: Any) -> Item:
    return Item(("limits", name), label, kind, **more)


def _counts(name: str, label: str, kind: str = "number", **more: Any) -> Item:
    return Item(("attendance", name), label, kind, **more)


SECTIONS: tuple[Section, ...] = (
    Section(
        "rhythm",
        "How often",
        (
            _cadence("interval_weeks", "Weeks from one meeting to the next", most=26),
            _cadence("occurrences", "Number of dates", most=104),
            Item(("ends_on",), "Last day of the program", "date", optional=True),
            _cadence("duration", "Length in minutes", "length", unit=_MINUTES, most=600),
            _cadence(
                "minimum_held",
                "Meetings asked for",
                optional=True,
                hint="Empty: no number is asked for.",
                most=104,
            ),
            _cadence(
                "shorter_than_four_months",
                "Allow fewer than four months",
                "tick",
                hint="Without this a rule that covers less than four months is refused.",
            ),
            _cadence(
                "kind",
                "Kind of session",
                "one",
                options=tuple((k.value, words.capitalize()) for k, words in KIND_WORDS.items()),
            ),
            Item(
                ("kinds",),
                "Dates of another kind",
                "kinds",
                optional=True,
                hint="One a line: number of the date and its kind, as in “1: preparation” or “9:"
                " check-in”. Only meetings count towards the number asked for. Each has the length"
                " above, unless a coordinator gives a date another.",
            ),
        ),
    ),
    Section(
        "hours",
        "When at all",
        (
            _cadence("weekdays", "Weekdays", "some", options=_DAYS),
            _cadence("earliest_local", "Not before", "time", hint="On each person’s own clock."),
            _cadence("latest_local", "Over by", "time", hint="On each person’s own clock."),
            _cadence("lunch", "Lunch", "span", optional=True, hint="Avoided where no date moves."),
            _cadence(
                "edge",
                "Minutes at either end of a day that are avoided",
                "length",
                unit=_MINUTES,
                most=240,
            ),
            _cadence(
                "slot_step_minutes",
                "Meetings begin every … minutes",
                "one",
                options=tuple((str(n), str(n)) for n in (5, 10, 15, 30, 60)),
            ),
            Item(
                ("holidays",),
                "Public holidays by office",
                "offices",
                optional=True,
                hint="One a line: office: country or country-region, as in “Munich: DE-BY”.",
            ),
            _cadence(
                "blackout_dates",
                "Dates without any meeting",
                "dates",
                optional=True,
                hint="One a line, as 2027-12-24.",
            ),
        ),
    ),
    Section(
        "room",
        "Room to move",
        (
            _cadence(
                "tolerance_working_days",
                "Working days a moved date may lie from its place",
                optional=True,
                hint="Empty: anywhere in its window.",
                most=130,
            ),
            _cadence(
                "min_gap_days",
                "Least days between two meetings where one was moved",
                optional=True,
                most=180,
            ),
            _cadence("max_per_person_per_day", "Meetings of a person a day at most", optional=True),
            _cadence(
                "max_per_person_per_week", "Meetings of a person a week at most", optional=True
            ),
            _cadence(
                "buffer",
                "Minutes kept clear before and after",
                "length",
                unit=_MINUTES,
                most=240,
            ),
            _cadence("min_notice", "Least notice in hours", "length", unit=_HOURS, most=720),
            _cadence(
                "tentative",
                "Tentative entries",
                "one",
                options=(
                    ("blocks", "are never used"),
                    ("soft", "are avoided where that moves no date"),
                    ("unless_nothing_else", "are used where no other hour is left"),
                ),
            ),
            Item(
                ("least_share",),
                "Share of dates a pair needs to be booked at all, in percent",
                "percent",
                most=100,
            ),
        ),
    ),
    Section(
        "changes",
        "When something changes",
        (
            _limits(
                "freeze",
                "Hours before a date in which nothing is moved unasked",
                "length",
                unit=_HOURS,
                most=336,
            ),
            _limits("moves_per_date", "Moves of one date before it needs you", most=20),
            _limits("conflict_days", "Working days ahead in which new conflicts count", most=60),
            _limits(
                "conflict_stands",
                "Working hours a new conflict stands before a date moves",
                "length",
                unit=_HOURS,
                most=120,
            ),
            _limits("conflict_looks", "Looks at which it must be seen", most=20),
            _limits("mails_per_week", "Mails a person gets a week at most", most=100),
            _limits(
                "mail_opens",
                "Mails reach people from",
                "time",
                hint="On each person’s own clock, on working days. Only notes that an hour is off"
                " do not wait.",
            ),
            _limits("mail_closes", "until", "time"),
            _limits("patience_days", "Working days after a declined series", most=60),
            _limits("grace_days", "Working days declines wait in the first month", most=60),
            _limits("make_up_weeks", "Weeks after the last date for make-ups", most=26),
            _limits("gap_days", "Days without a meeting before you are told", most=366),
        ),
    ),
    Section(
        "finding",
        "Who finds the hour",
        (
            Item(
                ("mode",),
                "Mode",
                "one",
                options=(
                    ("managed", "Managed: Tandem books"),
                    ("light", "Light: five hours are offered and the pair picks"),
                ),
            ),
            Item(
                ("senior_first_days",),
                "Senior first: working days the senior has to pick",
                optional=True,
                hint="Empty: nobody is asked first.",
                most=60,
            ),
            _limits("pick_days", "Working days an offer waits", most=60),
            Item(
                ("participation",),
                "Taking part is",
                "one",
                options=(
                    ("required", "required: asked of everybody enrolled"),
                    ("voluntary", "voluntary: people may tell you in confidence to stop"),
                ),
                hint="Announcement and pair page say it.",
            ),
        ),
    ),
    Section(
        "meeting",
        "Where they meet and what about",
        (
            Item(
                ("place",),
                "Place",
                "text",
                optional=True,
                hint="Of pairs that have none of their own. Empty: on Teams.",
            ),
            Item(
                ("agenda",),
                "Agenda",
                "lines",
                optional=True,
                hint="One point a line, such as what the junior shows and what the senior gives"
                " back. Invitations and pair pages say it.",
            ),
        ),
    ),
    Section(
        "counts",
        "What counts as a meeting",
        (
            _counts("held_minutes", "Minutes together for “held”", most=1_440),
            _counts("grace_minutes", "Minutes of grace at the beginning", most=240),
            _counts("ask_after", "Hours until both are asked", "length", unit=_HOURS, most=168),
            _counts("objection_days", "Working days to object to “we met”", most=30),
            _counts("retention_days", "Days joining and leaving times are kept", most=366),
        ),
    ),
)

ITEMS: tuple[Item, ...] = tuple(item for section in SECTIONS for item in section.items)
