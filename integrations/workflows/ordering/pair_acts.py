"""What a coordinator can do with a pair, from the words of a form to what is told Tandem.

An act is read from its fields once, before anything happens: the same telling is tried out, so that
its mails can be said beforehand, and then kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from integrations.days import day_in
from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import Pair, Session
from integrations.workflows.app import App
from integrations.workflows.attendance import telling
from integrations.workflows.attendance.group_sessions import GroupSession
from integrations.workflows.changes.case import parsed_rule, rule_of
from integrations.workflows.messages.words import clock
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.adopting import series_named
from integrations.workflows.ordering.mails_caused import Telling
from integrations.workflows.ordering.regular_hours import hour_named
from integrations.workflows.ordering.role_swaps import swap_roles
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.statements import LONGEST_MEETING
from scheduling.errors import InvalidRuleError
from scheduling.rule import WEEKDAYS, CadenceRule

T = TypeVar("T")
Given = Mapping[str, str]
"""The fields of an act as a form has them, by name."""


class PairAct(StrEnum):
    """What can be done with a pair; also the last part of the address of its page."""

    CHANGE_HOUR = "change_hour"
    OFFER_HOURS = "offer_hours"
    OFFER_DATES = "offer_dates"
    MOVE = "move"
    SKIP = "skip"
    PAUSE = "pause"
    RESUME = "resume"
    SWAP_ROLES = "swap_roles"
    CADENCE = "cadence"
    CORRECT = "correct"
    RECORD = "record"
    BOOK_AGAIN = "book_again"
    ADOPT = "adopt"
    END = "end"


def telling_of(act: PairAct, given: Given, by: str) -> Telling:
    """What is told Tandem when somebody (``by``, an internal id) does ``act`` with these fields.

    Raises:
        FaultsError: a field is missing or cannot be meant; each with its name.
    """
    return _TELLINGS[act](given, by)


# --- about the whole pair ------------------------------------------------------------------


def _offer_hours(given: Given, by: str) -> Telling:
    return lambda app, tx, pair, now: orders.offer_hours(app, tx, pair, by)


def _change_hour(given: Given, by: str) -> Telling:
    hour = hour_named(_required(given, "hour", N_("one of the hours shown"))).slot()
    return lambda app, tx, pair, now: orders.change_hour(app, tx, pair, hour, by)


def _pause(given: Given, by: str) -> Telling:
    first, last = _day_or_none(given, "first"), _day(given, "until")

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        today = now.astimezone(orders.zone_of(tx, pair)).date()
        orders.pause(tx, pair, first or today, last, now, by)

    return tell


def _resume(given: Given, by: str) -> Telling:
    return lambda app, tx, pair, now: orders.resume(tx, pair, now, by)


def _swap_roles(given: Given, by: str) -> Telling:
    first = _day(given, "from")
    return lambda app, tx, pair, now: swap_roles(app, tx, pair, first, by=by)


def _book_again(given: Given, by: str) -> Telling:
    return lambda app, tx, pair, now: orders.book_again(app, tx, pair, by)


def _adopt(given: Given, by: str) -> Telling:
    wanted = series_named(_required(given, "series", N_("one of the series shown")))
    return lambda app, tx, pair, now: orders.adopt(
        app, tx, pair, wanted.mailbox_id, wanted.event_id, by
    )


def _end(given: Given, by: str) -> Telling:
    return lambda app, tx, pair, now: orders.withdraw(tx, pair, now, by)


# --- about one date ------------------------------------------------------------------------


def _offer_dates(given: Given, by: str) -> Telling:
    return _of_date(given, lambda app, tx, session: orders.offer_dates(app, tx, session, by))


def _skip(given: Given, by: str) -> Telling:
    make_up = given.get("make_up") == "yes"
    return _of_date(
        given, lambda app, tx, session: orders.skip(app, tx, session, make_up=make_up, by=by)
    )


def _move(given: Given, by: str) -> Telling:
    day, at = _day(given, "day"), _clock(given, "at")
    minutes = _minutes_or_none(given, "minutes")
    length = None if minutes is None else timedelta(minutes=minutes)
    if length is not None and length > LONGEST_MEETING:
        most = LONGEST_MEETING // timedelta(minutes=1)
        raise FaultsError([Fault("minutes", gettext("%(most)s at most", most=most), str(minutes))])

    def move(app: App, tx: Transaction, session: Session) -> object:
        pair = tx.pairs.require(session.pair_id)
        start = datetime.combine(day, at, orders.zone_of(tx, pair))
        return orders.move(app, tx, session, start, by, length=length)

    return _of_date(given, move)


def _of_date(given: Given, do: Callable[[App, Transaction, Session], object]) -> Telling:
    session_id = _required(given, "session", N_("one of the pair's dates"))

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> object:
        return do(app, tx, _session(tx, pair, session_id))

    return tell


# --- about what took place -----------------------------------------------------------------


def _correct(given: Given, by: str) -> Telling:
    session_id = _required(given, "session", N_("one of the pair's dates"))
    verdict, minutes = _verdict(given), _minutes_or_none(given, "minutes")
    note = given.get("note", "")

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> object:
        session = _session(tx, pair, session_id)
        if session.start > now:
            raise FaultsError([Fault("session", N_("a date that is past"), session_id)])
        word = telling.correction_told(verdict, minutes, now)
        return telling.correct(tx, app, session, word, note=note, by=by)

    return tell


def _record(given: Given, by: str) -> Telling:
    day, at = _day(given, "day"), _clock(given, "at")
    minutes, note = _minutes_or_none(given, "minutes"), given.get("note", "")

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> object:
        span = telling.span_told(tx, pair, day, at, minutes, now)
        return telling.record_meeting(tx, app, pair, span, now, note=note, by=by)

    return tell


# --- how often one pair meets --------------------------------------------------------------


def _cadence(given: Given, by: str) -> Telling:
    wanted = {
        "interval_weeks": _number_or_none(given, "interval_weeks"),
        "occurrences": _number_or_none(given, "occurrences"),
        "minutes": _minutes_or_none(given, "minutes"),
    }
    hours = {name: _clock_or_none(given, name) for name in ("earliest", "latest")}
    days = _read(given, "weekdays", _weekdays, gettext("days such as %(days)s", days=_DAY_EXAMPLE))

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> object:
        mine = rule_of(tx, pair).cadence
        bounds = parsed_rule(tx.rules.current(pair.program_id).body).cadence
        changed = _changed(mine, wanted, hours, days)
        if faults := list(_beyond(changed, bounds)):
            raise FaultsError(faults, remedy=N_("Stay within the program's rule, or change that."))
        return orders.apply_rule(
            app, tx, pair, ProgramRule(cadence=changed).to_body()["cadence"], by
        )

    return tell


def _changed(
    mine: CadenceRule,
    wanted: Mapping[str, int | None],
    hours: Mapping[str, time | None],
    days: frozenset[int] | None,
) -> CadenceRule:
    """The pair's cadence with what was asked for; what was left out stays.

    A minimum that the new number of dates cannot reach is lowered to it.
    """
    dates = wanted["occurrences"] or mine.occurrences
    minutes = wanted["minutes"]
    minimum = None if mine.minimum_held is None else min(mine.minimum_held, dates)
    try:
        return replace(
            mine,
            interval_weeks=wanted["interval_weeks"] or mine.interval_weeks,
            occurrences=dates,
            duration=timedelta(minutes=minutes) if minutes else mine.duration,
            earliest_local=hours["earliest"] or mine.earliest_local,
            latest_local=hours["latest"] or mine.latest_local,
            weekdays=days or mine.weekdays,
            minimum_held=minimum,
        )
    except InvalidRuleError as error:
        raise FaultsError([Fault(_FIELDS.get(error.field, error.field), error.expected)]) from None


_FIELDS: Mapping[str, str] = MappingProxyType(
    {"duration": "minutes", "earliest_local": "earliest", "latest_local": "latest"}
)


def _beyond(changed: CadenceRule, bounds: CadenceRule) -> Iterator[Fault]:
    """Where one pair's cadence leaves what the program allows everybody."""
    if changed.earliest_local < bounds.earliest_local:
        yield Fault("earliest", gettext("%(clock)s or later", clock=clock(bounds.earliest_local)))
    if changed.latest_local > bounds.latest_local:
        yield Fault("latest", gettext("%(clock)s or earlier", clock=clock(bounds.latest_local)))
    if not changed.weekdays <= bounds.weekdays:
        yield Fault("weekdays", gettext("some of %(days)s", days=days_in_words(bounds.weekdays)))
    if changed.duration > LONGEST_MEETING:
        yield Fault(
            "minutes", gettext("%(most)s at most", most=LONGEST_MEETING // timedelta(minutes=1))
        )


def days_in_words(weekdays: Iterable[int]) -> str:
    """Weekdays as the field of a pair's cadence has them: ``Mon Tue``."""
    return " ".join(WEEKDAYS[day].capitalize() for day in sorted(weekdays))


def _weekdays(text: str) -> frozenset[int]:
    named = [word[:3].lower() for word in re.split(r"[\s,;]+", text) if word]
    return frozenset(WEEKDAYS.index(name) for name in named)


_DAY_EXAMPLE = days_in_words((0, 1, 3))

_TELLINGS: Mapping[PairAct, Callable[[Given, str], Telling]] = MappingProxyType(
    {
        PairAct.CHANGE_HOUR: _change_hour,
        PairAct.OFFER_HOURS: _offer_hours,
        PairAct.OFFER_DATES: _offer_dates,
        PairAct.MOVE: _move,
        PairAct.SKIP: _skip,
        PairAct.PAUSE: _pause,
        PairAct.RESUME: _resume,
        PairAct.SWAP_ROLES: _swap_roles,
        PairAct.CADENCE: _cadence,
        PairAct.CORRECT: _correct,
        PairAct.RECORD: _record,
        PairAct.BOOK_AGAIN: _book_again,
        PairAct.ADOPT: _adopt,
        PairAct.END: _end,
    }
)


# --- fields --------------------------------------------------------------------------------


def _session(tx: Transaction, pair: Pair, session_id: str) -> Session:
    session = tx.sessions.get(session_id)
    if session is None or session.pair_id != pair.id:
        raise FaultsError([Fault("session", N_("one of the pair's dates"), session_id)])
    return session


def _required(given: Given, name: str, expected: str) -> str:
    value = given.get(name, "").strip()
    if not value:
        raise FaultsError([Fault(name, expected)])
    return value


def group_session_in(given: Given) -> GroupSession:
    """The group session that a form tells of.

    Raises:
        FaultsError: a field is missing or cannot be meant.
    """
    minutes = _minutes_or_none(given, "minutes")
    if minutes is None:
        raise FaultsError([Fault("minutes", N_("minutes, a whole number"))])
    day, start = _day(given, "day"), _clock(given, "start")
    return GroupSession(title=given.get("title", ""), day=day, start=start, minutes=minutes)


def _day(given: Given, name: str) -> date:
    day = _day_or_none(given, name)
    if day is None:
        raise FaultsError([Fault(name, N_("a date"))])
    return day


def _day_or_none(given: Given, name: str) -> date | None:
    return _read(given, name, day_in, N_("a date such as 2027-03-21"))


def _clock(given: Given, name: str) -> time:
    at = _clock_or_none(given, name)
    if at is None:
        raise FaultsError([Fault(name, N_("a time"))])
    return at


def _clock_or_none(given: Given, name: str) -> time | None:
    return _read(given, name, _hour_and_minute, N_("a time such as 14:30"))


def _hour_and_minute(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a wall clock has no zone


def _number_or_none(given: Given, name: str) -> int | None:
    return _read(given, name, _above_nought, N_("a whole number above nought"))


def _minutes_or_none(given: Given, name: str) -> int | None:
    return _read(given, name, _above_nought, N_("minutes, a whole number"))


def _above_nought(text: str) -> int:
    number = int(text)
    if not 0 < number < 100_000:
        raise ValueError(text)
    return number


def _verdict(given: Given) -> VerdictKind:
    expected = gettext("one of %(choices)s", choices=", ".join(CORRECTED_TO))
    value = _required(given, "verdict", expected)
    if value not in CORRECTED_TO:
        raise FaultsError([Fault("verdict", expected, value)])
    return VerdictKind(value)


CORRECTED_TO: Mapping[str, str] = MappingProxyType(
    {
        VerdictKind.HELD.value: "held",
        VerdictKind.SHORT.value: "short",
        VerdictKind.NOT_HELD.value: "not held",
    }
)
"""What a date can be corrected to, in words."""


def _read(given: Given, name: str, reader: Callable[[str], T], expected: str) -> T | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        return reader(text)
    except ValueError:
        raise FaultsError([Fault(name, expected, text)]) from None
