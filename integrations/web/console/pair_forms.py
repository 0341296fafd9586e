"""The fields of each act on a pair: what is asked, what stands there already, whom it mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import Participant, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case, load_pair, parsed_rule
from integrations.workflows.messages.words import kind_name, names_of, when
from integrations.workflows.ordering.pair_acts import CORRECTED_TO, PairAct, days_in_words
from integrations.workflows.rulebook.rules import kind_of
from scheduling.rule import KIND_LENGTHS, CadenceRule

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
    series: Options = ()


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
        to_come=tuple(
            (s.id, _with_kind(case, s, when(s.start, zone))) for s in live if s.start > now
        ),
        past=named([s for s in reversed(live) if s.start <= now]),
        cadence=case.rule.cadence,
        bounds=parsed_rule(current.body).cadence,
    )


def _with_kind(case: Case, session: Session, date: str) -> str:
    """The date, with what it is for and how long that usually takes where both are unlike others.

    Planning gives every date the rule's length: when a shadowed meeting is, and for how long, is
    known only once that meeting is, and then a coordinator says so here.
    """
    kind = kind_of(case.rule, session)
    usual = KIND_LENGTHS[kind]
    if kind is case.rule.cadence.kind or usual == session.end - session.start:
        return date
    return gettext(
        "%(date)s: %(kind)s, usually %(minutes)s minutes",
        date=date,
        kind=kind_name(kind),
        minutes=usual // _MINUTE,
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
        return replace(
            self,
            label=gettext(self.label),
            hint=gettext(self.hint),
            value=stands if given is None else given,
            options=options,
        )


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


_DATE = Asked(name="session", label=N_("Which date"), kind="select", offered=_to_come)
_PAST_DATE = Asked(name="session", label=N_("Which date"), kind="select", offered=_past)


def _hours(choices: Choices) -> Options:
    return choices.hours


def _series(choices: Choices) -> Options:
    return choices.series


_NOTE = Asked(
    name="note",
    label=N_("Note"),
    kind="area",
    required=False,
    hint=N_("Coordinators see it; it stands in no log and no export."),
)
_MINUTES = Asked(name="minutes", label=N_("Minutes together"), kind="number", required=False)
_ANY = frozenset({"enrolled", "planned", "booking", "booked", "paused"})
_ONCE_BOOKED = frozenset({"booked", "paused", "completed", "withdrawn"})

FORMS: Mapping[PairAct, ActForm] = MappingProxyType(
    {
        PairAct.OFFER_DATES: ActForm(
            label=N_("Offer other hours for a date"),
            mails=N_("one mail to each"),
            about=N_("Both get five hours that suit them; the first pick moves the date."),
            yes=N_("Offer them"),
            fields=(_DATE,),
            of_date=True,
        ),
        PairAct.CHANGE_HOUR: ActForm(
            label=N_("Choose another regular hour"),
            mails=N_("the series is ended and another one booked"),
            about=N_(
                "From the next date outside the freeze on. Past dates stay, and dates that"
                " somebody moved. These hours suit both as their calendars are now."
            ),
            yes=N_("Meet then"),
            fields=(Asked(name="hour", label=N_("Regular hour"), kind="select", offered=_hours),),
        ),
        PairAct.OFFER_HOURS: ActForm(
            label=N_("Offer another regular hour"),
            mails=N_("one mail to each"),
            about=N_(
                "Both get five regular hours that suit them; the first pick on their page is"
                " booked. Of somebody outside the firm no calendar can be read: they tell you."
            ),
            yes=N_("Offer them"),
        ),
        PairAct.MOVE: ActForm(
            label=N_("Move a date"),
            mails=N_("one update to each"),
            about=N_("The date stands where you put it, whatever their calendars hold there."),
            yes=N_("Move it"),
            fields=(
                _DATE,
                Asked(name="day", label=N_("New day"), kind="date"),
                Asked(
                    name="at", label=N_("New time"), kind="time", hint=N_("In the pair's own zone.")
                ),
                Asked(
                    name="minutes",
                    label=N_("Minutes"),
                    kind="number",
                    required=False,
                    hint=N_(
                        "Empty: as long as it is. Longer for shadowing, shorter for a check-in."
                    ),
                ),
            ),
            of_date=True,
        ),
        PairAct.SKIP: ActForm(
            label=N_("Leave a date out"),
            mails=N_("one cancellation to each"),
            about=N_("The date leaves both calendars with neutral words."),
            yes=N_("Leave it out"),
            fields=(
                _DATE,
                Asked(
                    name="make_up",
                    label=N_("Make it up later"),
                    kind="tick",
                    required=False,
                    hint=N_("Another date is looked for and both are invited to it."),
                ),
            ),
            of_date=True,
        ),
        PairAct.PAUSE: ActForm(
            label=N_("Pause"),
            mails=N_("one note to each, and a cancellation for each date inside"),
            about=N_("Dates inside leave both calendars once; planning resumes by itself."),
            yes=N_("Pause"),
            fields=(
                Asked(
                    name="first",
                    label=N_("First day"),
                    kind="date",
                    required=False,
                    hint=N_("Leave it empty for today."),
                ),
                Asked(name="until", label=N_("Last day"), kind="date", hint=N_("It is included.")),
            ),
        ),
        PairAct.RESUME: ActForm(
            label=N_("Go on now"),
            mails=N_("one note to each, and an invitation for each date that is planned"),
            about=N_("The pause ends and planning resumes."),
            yes=N_("Go on"),
        ),
        PairAct.SWAP_ROLES: ActForm(
            label=N_("Swap roles"),
            mails=N_("one note to each"),
            about=N_(
                "From that day on the other one mentors. Who led what before stays on record."
            ),
            yes=N_("Swap them"),
            fields=(Asked(name="from", label=N_("From"), kind="date"),),
            states=_ANY,
        ),
        PairAct.CADENCE: ActForm(
            label=N_("Change how often they meet"),
            mails=N_("the series is ended and another one booked, or single dates move"),
            about=N_(
                "For this pair alone, within the program's rule. Past dates, dates within the"
                " freeze and dates that somebody moved stay."
            ),
            yes=N_("Change it"),
            fields=(
                Asked(
                    name="interval_weeks",
                    label=N_("Weeks from one date to the next"),
                    kind="number",
                    standing=lambda c: str(c.cadence.interval_weeks),
                ),
                Asked(
                    name="occurrences",
                    label=N_("Dates in all"),
                    kind="number",
                    standing=lambda c: str(c.cadence.occurrences),
                ),
                Asked(
                    name="minutes",
                    label=N_("Minutes of each"),
                    kind="number",
                    standing=lambda c: str(c.cadence.duration // _MINUTE),
                ),
                Asked(
                    name="earliest",
                    label=N_("Not before"),
                    kind="time",
                    standing=lambda c: f"{c.cadence.earliest_local:%H:%M}",
                ),
                Asked(
                    name="latest",
                    label=N_("Over by"),
                    kind="time",
                    standing=lambda c: f"{c.cadence.latest_local:%H:%M}",
                ),
                Asked(
                    name="weekdays",
                    label=N_("Weekdays"),
                    hint=N_("Of those the program's rule has, as in “Mon Tue Thu”."),
                    standing=lambda c: days_in_words(c.cadence.weekdays),
                ),
            ),
        ),
        PairAct.CORRECT: ActForm(
            label=N_("Correct who met"),
            mails=N_("nobody, unless a date has to be made up"),
            about=N_("Your word outranks every report; exports that went out are revised."),
            yes=N_("Correct it"),
            fields=(
                _PAST_DATE,
                Asked(
                    name="verdict",
                    label=N_("It was"),
                    kind="select",
                    offered=lambda _: tuple(
                        (value, gettext(words)) for value, words in CORRECTED_TO.items()
                    ),
                ),
                _MINUTES,
                _NOTE,
            ),
            states=_ONCE_BOOKED,
        ),
        PairAct.RECORD: ActForm(
            label=N_("Record a meeting"),
            mails=N_("nobody"),
            about=N_("For a meeting at a time that was not planned."),
            yes=N_("Record it"),
            fields=(
                Asked(name="day", label=N_("Day"), kind="date"),
                Asked(name="at", label=N_("It began at"), kind="time"),
                _MINUTES,
                _NOTE,
            ),
            states=_ONCE_BOOKED,
        ),
        PairAct.BOOK_AGAIN: ActForm(
            label=N_("Book the series again"),
            mails=N_("a new invitation to each, and an update for each date at another hour"),
            about=N_(
                "For a series that was deleted in the organizer's calendar. Both get a new"
                " invitation, and an update for each date at another hour; which those are shows"
                " once it is planned."
            ),
            yes=N_("Book it"),
            states=frozenset({"booked"}),
        ),
        PairAct.ADOPT: ActForm(
            label=N_("Adopt a series they have already"),
            mails=N_("nobody"),
            about=N_(
                "Instead of booking one of our own, which mails an invitation to each. Tandem looks"
                " for series that a program mailbox organizes; those in people's own calendars it"
                " can neither see nor write to. Nothing is written to the series when it is"
                " adopted, and nobody is mailed; dates missing later are made up as usual."
            ),
            yes=N_("Adopt it"),
            fields=(
                Asked(
                    name="series",
                    label=N_("The two already meet"),
                    kind="select",
                    offered=_series,
                ),
            ),
            states=frozenset({"enrolled", "planned"}),
        ),
        PairAct.END: ActForm(
            label=N_("End the pair"),
            mails=N_("both hear that there are no further dates"),
            about=N_(
                "Dates to come leave both calendars with neutral words; past ones stay, there"
                " and on record."
            ),
            yes=N_("End it"),
            states=_ANY,
            is_danger=True,
        ),
    }
)
