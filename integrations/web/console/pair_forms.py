"""The fields of each act on a pair: what is asked, what stands there already, whom it mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from integrations.ports import Transaction
from integrations.records import Participant, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.case import load_pair, parsed_rule
from integrations.workflows.messages.words import names_of, when
from integrations.workflows.ordering.pair_acts import CORRECTED_TO, PairAct, days_in_words
from scheduling.rule import CadenceRule

_MINUTE = timedelta(minutes=1)
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the fields of a pair's acts may hold: its dates, its people, its rule."""

    names: str
    zone: str
    people: tuple[Participant, ...]
    to_come: tuple[tuple[str, str], ...]
    past: tuple[tuple[str, str], ...]
    cadence: CadenceRule
    bounds: CadenceRule
    hours: Options = ()


def choices_of(tx: Transaction, app: App, pair_id: str, now: datetime) -> Choices:
    """The choices of this pair, with its dates in the wall clock of its series."""
    case = load_pair(tx, pair_id, default_zone=app.options.zone)
    live = [s for s in case.sessions if s.state is SessionState.SCHEDULED]
    live.sort(key=lambda s: (s.start, s.id))
    zone = case.zone
    current = tx.rules.current(case.pair.program_id)

    def named(some: Sequence[Session]) -> tuple[tuple[str, str], ...]:
        return tuple((s.id, when(s.start, zone)) for s in some)

    return Choices(
        names=names_of(case.mentor, case.mentee),
        zone=zone,
        people=case.people,
        to_come=named([s for s in live if s.start > now]),
        past=named([s for s in reversed(live) if s.start <= now]),
        cadence=case.rule.cadence,
        bounds=parsed_rule(current.body).cadence,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field. ``kind`` is an input's type, or ``select``, ``tick``, ``area``.

    ``standing`` gives what stands there before anything is filled in, ``offered`` what may be
    chosen.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    required: bool = True
    standing: Callable[[Choices], str] | None = None
    offered: Callable[[Choices], Options] | None = None
    value: str = ""
    options: Options = ()

    def filled(self, given: str | None, choices: Choices) -> Asked:
        """The field with what was given, or else what stands now."""
        stands = self.standing(choices) if self.standing else ""
        options = self.offered(choices) if self.offered else ()
        return replace(self, value=stands if given is None else given, options=options)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActForm:
    """An act: its words, whom it mails, when it can be done at all, and its fields."""

    label: str
    mails: str
    about: str
    yes: str
    fields: tuple[Asked, ...] = ()
    states: frozenset[str] = frozenset({"booked", "paused"})
    of_date: bool = False
    is_danger: bool = False


def _to_come(choices: Choices) -> Options:
    return choices.to_come


def _past(choices: Choices) -> Options:
    return choices.past


_DATE = Asked(name="session", label="Which date", kind="select", offered=_to_come)
_PAST_DATE = Asked(name="session", label="Which date", kind="select", offered=_past)


def _hours(choices: Choices) -> Options:
    return choices.hours


_NOTE = Asked(
    name="note",
    label="Note",
    kind="area",
    required=False,
    hint="Coordinators see it; it stands in no log and no export.",
)
_MINUTES = Asked(name="minutes", label="Minutes together", kind="number", required=False)
_ANY = frozenset({"enrolled", "planned", "booking", "booked", "paused"})
_ONCE_BOOKED = frozenset({"booked", "paused", "completed", "withdrawn"})

FORMS: Mapping[PairAct, ActForm] = MappingProxyType(
    {
        PairAct.OFFER_DATES: ActForm(
            label="Offer other hours for a date",
            mails="one mail to each",
            about="Both get five hours that suit them; the first pick moves the date.",
            yes="Offer them",
            fields=(_DATE,),
            of_date=True,
        ),
        PairAct.CHANGE_HOUR: ActForm(
            label="Choose another regular hour",
            mails="the series is ended and another one booked",
            about="From the next date outside the freeze on. Past dates stay, and dates that"
            " somebody moved. These hours suit both as their calendars are now.",
            yes="Meet then",
            fields=(Asked(name="hour", label="Regular hour", kind="select", offered=_hours),),
        ),
        PairAct.OFFER_HOURS: ActForm(
            label="Offer another regular hour",
            mails="one mail to each",
            about="Both get five regular hours that suit them; the first pick on their page is"
            " booked. Of somebody outside the firm no calendar can be read: they tell you.",
            yes="Offer them",
        ),
        PairAct.MOVE: ActForm(
            label="Move a date",
            mails="one update to each",
            about="The date stands where you put it, whatever their calendars hold there.",
            yes="Move it",
            fields=(
                _DATE,
                Asked(name="day", label="New day", kind="date"),
                Asked(name="at", label="New time", kind="time", hint="In the pair's own zone."),
                Asked(
                    name="minutes",
                    label="Minutes",
                    kind="number",
                    required=False,
                    hint="Empty: as long as it is. Longer for shadowing, shorter for a check-in.",
                ),
            ),
            of_date=True,
        ),
        PairAct.SKIP: ActForm(
            label="Leave a date out",
            mails="one cancellation to each",
            about="The date leaves both calendars with neutral words.",
            yes="Leave it out",
            fields=(
                _DATE,
                Asked(
                    name="make_up",
                    label="Make it up later",
                    kind="tick",
                    required=False,
                    hint="Another date is looked for and both are invited to it.",
                ),
            ),
            of_date=True,
        ),
        PairAct.PAUSE: ActForm(
            label="Pause",
            mails="one note to each, and a cancellation for each date inside",
            about="Dates inside leave both calendars once; planning resumes by itself.",
            yes="Pause",
            fields=(
                Asked(
                    name="first",
                    label="First day",
                    kind="date",
                    required=False,
                    hint="Leave it empty for today.",
                ),
                Asked(name="until", label="Last day", kind="date", hint="It is included."),
            ),
        ),
        PairAct.RESUME: ActForm(
            label="Go on now",
            mails="one note to each, and an invitation for each date that is planned",
            about="The pause ends and planning resumes.",
            yes="Go on",
        ),
        PairAct.SWAP_ROLES: ActForm(
            label="Swap roles",
            mails="one note to each",
            about="From that day on the other one mentors. Who led what before stays on record.",
            yes="Swap them",
            fields=(Asked(name="from", label="From", kind="date"),),
            states=_ANY,
        ),
        PairAct.CADENCE: ActForm(
            label="Change how often they meet",
            mails="the series is ended and another one booked, or single dates move",
            about="For this pair alone, within the program's rule. Past dates, dates within the"
            " freeze and dates that somebody moved stay.",
            yes="Change it",
            fields=(
                Asked(
                    name="interval_weeks",
                    label="Weeks from one date to the next",
                    kind="number",
                    standing=lambda c: str(c.cadence.interval_weeks),
                ),
                Asked(
                    name="occurrences",
                    label="Dates in all",
                    kind="number",
                    standing=lambda c: str(c.cadence.occurrences),
                ),
                Asked(
                    name="minutes",
                    label="Minutes of each",
                    kind="number",
                    standing=lambda c: str(c.cadence.duration // _MINUTE),
                ),
                Asked(
                    name="earliest",
                    label="Not before",
                    kind="time",
                    standing=lambda c: f"{c.cadence.earliest_local:%H:%M}",
                ),
                Asked(
                    name="latest",
                    label="Over by",
                    kind="time",
                    standing=lambda c: f"{c.cadence.latest_local:%H:%M}",
                ),
                Asked(
                    name="weekdays",
                    label="Weekdays",
                    hint="Of those the program's rule has, as in “Mon Tue Thu”.",
                    standing=lambda c: days_in_words(c.cadence.weekdays),
                ),
            ),
        ),
        PairAct.CORRECT: ActForm(
            label="Correct who met",
            mails="nobody, unless a date has to be made up",
            about="Your word outranks every report; exports that went out are revised.",
            yes="Correct it",
            fields=(
                _PAST_DATE,
                Asked(
                    name="verdict",
                    label="It was",
                    kind="select",
                    offered=lambda _: tuple(CORRECTED_TO.items()),
                ),
                _MINUTES,
                _NOTE,
            ),
            states=_ONCE_BOOKED,
        ),
        PairAct.RECORD: ActForm(
            label="Record a meeting",
            mails="nobody",
            about="For a meeting at a time that was not planned.",
            yes="Record it",
            fields=(
                Asked(name="day", label="Day", kind="date"),
                Asked(name="at", label="It began at", kind="time"),
                _MINUTES,
                _NOTE,
            ),
            states=_ONCE_BOOKED,
        ),
        PairAct.BOOK_AGAIN: ActForm(
            label="Book the series again",
            mails="a new invitation to each, and an update for each date at another hour",
            about="For a series that was deleted in the organizer's calendar. Both get a new"
            " invitation, and an update for each date at another hour; which those are shows once"
            " it is planned.",
            yes="Book it",
            states=frozenset({"booked"}),
        ),
        PairAct.END: ActForm(
            label="End the pair",
            mails="both hear that there are no further dates",
            about="Dates to come leave both calendars with neutral words; past ones stay, there"
            " and on record.",
            yes="End it",
            states=_ANY,
            is_danger=True,
        ),
    }
)
