"""Which fields the rule's form has: label, unit, bounds, and where each stands in the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.language import N_, gettext
from scheduling.rule import SessionKind

_DAYS = (
    ("0", N_("Monday")),
    ("1", N_("Tuesday")),
    ("2", N_("Wednesday")),
    ("3", N_("Thursday")),
    ("4", N_("Friday")),
    ("5", N_("Saturday")),
    ("6", N_("Sunday")),
)
_KINDS = (
    (SessionKind.MEETING.value, N_("Meeting")),
    (SessionKind.PREPARATION.value, N_("Preparation")),
    (SessionKind.TRAINING.value, N_("Training")),
    (SessionKind.SHADOWING.value, N_("Shadowing")),
    (SessionKind.CHECK_IN.value, N_("Check-in")),
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

    def said_options(self) -> tuple[tuple[str, str], ...]:
        """The options with their words in the language spoken just now."""
        return tuple((value, gettext(words)) for value, words in self.options)


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
        N_("How often"),
        (
            _cadence("interval_weeks", N_("Weeks from one meeting to the next"), most=26),
            _cadence("occurrences", N_("Number of dates"), most=104),
            Item(("ends_on",), N_("Last day of the program"), "date", optional=True),
            _cadence("duration", N_("Length in minutes"), "length", unit=_MINUTES, most=600),
            _cadence(
                "minimum_held",
                N_("Meetings asked for"),
                optional=True,
                hint=N_("Empty: no number is asked for."),
                most=104,
            ),
            _cadence(
                "shorter_than_four_months",
                N_("Allow fewer than four months"),
                "tick",
                hint=N_("Without this a rule that covers less than four months is refused."),
            ),
            _cadence(
                "kind",
                N_("Kind of session"),
                "one",
                options=_KINDS,
            ),
            Item(
                ("kinds",),
                N_("Dates of another kind"),
                "kinds",
                optional=True,
                hint=N_(
                    "One a line: number of the date and its kind, as in “1: preparation” or “9:"
                    " check-in”. Only meetings count towards the number asked for. Each has the"
                    " length above, unless a coordinator gives a date another."
                ),
            ),
            Item(
                ("half_sessions",),
                N_("Two shorter dates where no hour suits both"),
                "tick",
                hint=N_(
                    "A pair without an hour in common meets half as long and twice as often. Half"
                    " the time together counts as a meeting then, and twice as many are asked for."
                ),
            ),
            Item(
                ("contact_at_check_ins",),
                N_("Invite the program's contact to check-ins"),
                "tick",
                hint=N_(
                    "Two weeks before, by an invitation of their own that follows the pair's date."
                    " Pairs are told who comes."
                ),
            ),
        ),
    ),
    Section(
        "hours",
        N_("When at all"),
        (
            _cadence("weekdays", N_("Weekdays"), "some", options=_DAYS),
            _cadence(
                "earliest_local", N_("Not before"), "time", hint=N_("On each person’s own clock.")
            ),
            _cadence("latest_local", N_("Over by"), "time", hint=N_("On each person’s own clock.")),
            _cadence(
                "lunch", N_("Lunch"), "span", optional=True, hint=N_("Avoided where no date moves.")
            ),
            _cadence(
                "edge",
                N_("Minutes at either end of a day that are avoided"),
                "length",
                unit=_MINUTES,
                most=240,
            ),
            _cadence(
                "slot_step_minutes",
                N_("Meetings begin every … minutes"),
                "one",
                options=tuple((str(n), str(n)) for n in (5, 10, 15, 30, 60)),
            ),
            Item(
                ("holidays",),
                N_("Public holidays by office"),
                "offices",
                optional=True,
                hint=N_("One a line: office: country or country-region, as in “Munich: DE-BY”."),
            ),
            _cadence(
                "blackout_dates",
                N_("Dates without any meeting"),
                "dates",
                optional=True,
                hint=N_("One a line, as 2027-12-24."),
            ),
        ),
    ),
    Section(
        "room",
        N_("Room to move"),
        (
            _cadence(
                "tolerance_working_days",
                N_("Working days a moved date may lie from its place"),
                optional=True,
                hint=N_("Empty: anywhere in its window."),
                most=130,
            ),
            _cadence(
                "min_gap_days",
                N_("Least days between two meetings where one was moved"),
                optional=True,
                most=180,
            ),
            _cadence(
                "max_per_person_per_day", N_("Meetings of a person a day at most"), optional=True
            ),
            _cadence(
                "max_per_person_per_week", N_("Meetings of a person a week at most"), optional=True
            ),
            _cadence(
                "buffer",
                N_("Minutes kept clear before and after"),
                "length",
                unit=_MINUTES,
                most=240,
            ),
            _cadence("min_notice", N_("Least notice in hours"), "length", unit=_HOURS, most=720),
            _cadence(
                "tentative",
                N_("Tentative entries"),
                "one",
                options=(
                    ("blocks", N_("are never used")),
                    ("soft", N_("are avoided where that moves no date")),
                    ("unless_nothing_else", N_("are used where no other hour is left")),
                ),
            ),
            Item(
                ("least_share",),
                N_("Share of dates a pair needs to be booked at all, in percent"),
                "percent",
                most=100,
            ),
        ),
    ),
    Section(
        "changes",
        N_("When something changes"),
        (
            _limits(
                "freeze",
                N_("Hours before a date in which nothing is moved unasked"),
                "length",
                unit=_HOURS,
                most=336,
            ),
            _limits("moves_per_date", N_("Moves of one date before it needs you"), most=20),
            _limits(
                "conflict_days", N_("Working days ahead in which new conflicts count"), most=60
            ),
            _limits(
                "conflict_stands",
                N_("Working hours a new conflict stands before a date moves"),
                "length",
                unit=_HOURS,
                most=120,
            ),
            _limits("conflict_looks", N_("Looks at which it must be seen"), most=20),
            _limits("mails_per_week", N_("Mails a person gets a week at most"), most=100),
            _limits(
                "mail_opens",
                N_("Mails reach people from"),
                "time",
                hint=N_(
                    "On each person’s own clock, on working days. Only notes that an hour is off"
                    " do not wait."
                ),
            ),
            _limits("mail_closes", N_("until"), "time"),
            _limits("patience_days", N_("Working days after a declined series"), most=60),
            _limits("grace_days", N_("Working days declines wait in the first month"), most=60),
            _limits("make_up_weeks", N_("Weeks after the last date for make-ups"), most=26),
            _limits("gap_days", N_("Days without a meeting before you are told"), most=366),
        ),
    ),
    Section(
        "finding",
        N_("Who finds the hour"),
        (
            Item(
                ("mode",),
                N_("Mode"),
                "one",
                options=(
                    ("managed", N_("Managed: Tandem books")),
                    ("light", N_("Light: five hours are offered and the pair picks")),
                ),
            ),
            Item(
                ("senior_first_days",),
                N_("Senior first: working days the senior has to pick"),
                optional=True,
                hint=N_("Empty: nobody is asked first."),
                most=60,
            ),
            _limits("pick_days", N_("Working days an offer waits"), most=60),
            Item(
                ("participation",),
                N_("Taking part is"),
                "one",
                options=(
                    ("required", N_("required: asked of everybody enrolled")),
                    ("voluntary", N_("voluntary: people may tell you in confidence to stop")),
                ),
                hint=N_("Announcement and pair page say it."),
            ),
            Item(
                ("asking",),
                N_("Who may ask for a pairing"),
                "one",
                options=(
                    ("nobody", N_("nobody")),
                    ("participants", N_("whoever is in a pair of the program")),
                    ("everybody", N_("everybody who may sign in")),
                ),
                hint=N_("You approve each before anything is booked."),
            ),
        ),
    ),
    Section(
        "meeting",
        N_("Where they meet and what about"),
        (
            Item(
                ("place",),
                N_("Place"),
                "text",
                optional=True,
                hint=N_("Of pairs that have none of their own. Empty: on Teams."),
            ),
            Item(
                ("agenda",),
                N_("Agenda"),
                "lines",
                optional=True,
                hint=N_(
                    "One point a line, such as what the junior shows and what the senior gives"
                    " back. Invitations and pair pages say it."
                ),
            ),
        ),
    ),
    Section(
        "counts",
        N_("What counts as a meeting"),
        (
            _counts("held_minutes", N_("Minutes together for “held”"), most=1_440),
            _counts("grace_minutes", N_("Minutes of grace at the beginning"), most=240),
            _counts("ask_after", N_("Hours until both are asked"), "length", unit=_HOURS, most=168),
            _counts("objection_days", N_("Working days to object to “we met”"), most=30),
            Item(
                ("group_sessions",),
                N_("Group sessions that count for a pair"),
                hint=N_(
                    "Meetings of several pairs, which coordinators record in the list of pairs."
                    " 0: none counts."
                ),
                most=12,
            ),
            Item(
                ("pulse_every",),
                N_("Ask both how it was after each … meetings"),
                optional=True,
                hint=N_(
                    "Empty: nobody is asked. Each answers by themselves, from 1 to 5; coordinators"
                    " see it, the other one does not."
                ),
                most=26,
            ),
            Item(
                ("thanks",),
                N_("Remind whoever is mentored to say thanks"),
                "tick",
                hint=N_("One mail after the first meeting, the half and all that is asked for."),
            ),
            _counts("retention_days", N_("Days joining and leaving times are kept"), most=366),
        ),
    ),
)

ITEMS: tuple[Item, ...] = tuple(item for section in SECTIONS for item in section.items)
