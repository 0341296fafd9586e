"""*Needs you*, the start page of coordinators: one row for each thing handed over to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel.dates import format_date

from integrations.days import require_near
from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext, locale
from integrations.ports import Transaction
from integrations.records import Need, Pair, Program
from integrations.web.access import Viewer, Who
from integrations.web.console.outcomes import look_at, said_of
from integrations.web.console.saying import by_field
from integrations.web.forms import day_or_none
from integrations.web.page import Act, Go, NoSuchPageError, Page, Shown, Visit, program_of
from integrations.web.paging import Listed, offset_in
from integrations.workflows.app import App
from integrations.workflows.booking.beginning import waiting_to_begin
from integrations.workflows.messages.words import is_english
from integrations.workflows.ordering import at_once, ready_acts
from integrations.workflows.ordering.mails_caused import Telling
from integrations.workflows.telling import needs
from integrations.workflows.telling.need_lines import NeedLine, lines_of
from scheduling.changes.acts import ReadyAct

PATH = "/needs"
_AT_ONCE = 25
_LONGEST_NOTE = 2_000

MAILS: Mapping[ReadyAct, str] = MappingProxyType(
    {
        ReadyAct.OFFER_HOURS: N_("mails both five hours to pick from"),
        ReadyAct.LEAVE_OUT: N_("mails both one cancellation"),
        ReadyAct.PAUSE: N_("mails both a note, and a cancellation for each date inside"),
        ReadyAct.END: N_("mails both that there are no further dates"),
        ReadyAct.BOOK_AGAIN: N_("mails both a new invitation"),
        ReadyAct.TALK: N_("mails nobody"),
        ReadyAct.RECORD_MEETING: N_("mails nobody"),
        ReadyAct.LOWER_MINIMUM: N_("mails nobody"),
        ReadyAct.PAIR_AGAIN: N_("invites the new pair once it is booked"),
        ReadyAct.CONFIRM_IDENTITY: N_("mails nobody"),
    }
)
"""Whom an act of a row mails; how many exactly is said before anybody says yes."""
ELSEWHERE = MappingProxyType({ReadyAct.PAIR_AGAIN: "again", ReadyAct.CONFIRM_IDENTITY: "identity"})
"""Acts with a page of their own under the pair's."""
_DATES = MappingProxyType(
    {
        ReadyAct.PAUSE: (
            N_("Last day of the pause"),
            True,
            N_("It is included; the hour goes on after."),
        ),
        ReadyAct.RECORD_MEETING: (
            N_("The day on which they met"),
            False,
            N_("Leave it empty for their last date of which nothing is on record."),
        ),
    }
)
"""Acts that ask for a day: its label, whether it has to be given, and a hint."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An act of a row as a link to where it is looked at before it is done."""

    words: str
    mails: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as the page shows it."""

    line: NeedLine
    program: Program
    zone: str
    pair_path: str
    owner: str | None
    is_mine: bool
    ready: tuple[Ready, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are asked for."""

    program_id: str | None
    show: str

    @classmethod
    def of(cls, visit: Visit) -> Choice:
        """What the address asks for."""
        program, show = visit.query.get("program", ""), visit.query.get("show", "")
        mine = program if program in visit.viewer.coordinates else None
        return cls(mine, show if show in ("mine", "put_off") else "")

    def takes(self, need: Need, viewer: Viewer, now: datetime) -> bool:
        """Whether a row is asked for."""
        is_put_off = need.snoozed_until is not None and need.snoozed_until > now
        if self.show == "put_off":
            return is_put_off
        return not is_put_off and (self.show != "mine" or need.owner == viewer.directory_id)


async def show_needs(visit: Visit) -> Shown:
    """Every row of the viewer's programs that waits, oldest first."""
    choice, offset = Choice.of(visit), offset_in(visit.query, _AT_ONCE)

    def read(tx: Transaction) -> Shown:
        programs = {choice.program_id} if choice.program_id else visit.viewer.coordinates
        found = tx.needs.of_programs(programs)
        taken = [need for need in found if choice.takes(need, visit.viewer, visit.now)]
        rows = _rows(tx, visit, taken[offset : offset + _AT_ONCE])
        counts = {
            show: sum(Choice(None, show).takes(need, visit.viewer, visit.now) for need in found)
            for show in ("", "mine", "put_off")
        }
        query = {"program": choice.program_id or "", "show": choice.show}
        return Shown(
            {
                "rows": rows,
                "to_begin": waiting_to_begin(tx, programs, visit.now),
                "wishing": _wishing(tx, programs),
                "choice": choice,
                "counts": counts,
                "listed": Listed(
                    path=PATH,
                    query=query,
                    offset=offset,
                    shown=len(rows),
                    total=len(taken),
                    at_once=_AT_ONCE,
                ),
            }
        )

    return await visit.app.store.run(read)


def _wishing(tx: Transaction, programs: Iterable[str]) -> list[tuple[Program, int]]:
    """Programs in which people wait for a pairing, with how many do."""
    counted = Counter(wish.program_id for wish in tx.wishes.waiting(programs))
    return [(tx.programs.require(key), counted[key]) for key in sorted(counted)]


def _rows(tx: Transaction, visit: Visit, found: list[Need]) -> list[Row]:
    lines = lines_of(tx, found, visit.now, None, visit.app.options.zone)
    programs = {line.program_id: tx.programs.require(line.program_id) for line in lines}
    staff = {
        member.directory_id: member.name
        for program_id in programs
        for member in tx.staff.of_program(program_id)
    }
    return [_row(visit, line, programs[line.program_id], staff) for line in lines]


def _row(visit: Visit, line: NeedLine, program: Program, staff: Mapping[str, str]) -> Row:
    need, pair_path = line.need, f"/programs/{program.id}/pairs/{line.need.pair_id}"
    is_mine = need.owner == visit.viewer.directory_id
    owner = None if need.owner is None else staff.get(need.owner, gettext("somebody"))
    return Row(
        line=line,
        program=program,
        zone=program.zone or visit.app.options.zone,
        pair_path=pair_path,
        owner=owner,
        is_mine=is_mine,
        ready=tuple(
            Ready(words, gettext(MAILS[act]), _path_of(act, need, pair_path))
            for act, words in line.ready
        ),
    )


def _path_of(act: ReadyAct, need: Need, pair_path: str) -> str:
    if act in ELSEWHERE:
        return f"{pair_path}/{ELSEWHERE[act]}?need={need.id}"
    return f"{PATH}/{need.id}/act?act={act.value}"


# --- one act of one row --------------------------------------------------------------------


async def show_act(visit: Visit) -> Shown | Go:
    """What an act of a row would do, and the yes to it."""
    need, act = _need(visit), _act(visit.query.get("act", ""))
    if act in ELSEWHERE:
        return Go(_path_of(act, need, _pair_path(visit)))
    day = visit.query.get("until", "")
    is_asked = act not in _DATES or bool(day) or ("until" in visit.query and not _DATES[act][1])
    return await _looked_at(visit, need, act, day, is_asked=is_asked)


async def _looked_at(
    visit: Visit, need: Need, act: ReadyAct, day: str, *, is_asked: bool, more: str | None = None
) -> Shown:
    faults: dict[str, str] = {}
    told = None
    if is_asked:
        try:
            telling = telling_of_row(visit, need, act, day_or_none(day, "until"))
            told = await look_at(visit, need.pair_id, telling)
        except FaultsError as error:
            faults = by_field(error)
    line = await visit.app.store.run(
        lambda tx: lines_of(tx, [need], visit.now, None, visit.app.options.zone)[0]
    )
    return Shown(
        {
            "line": line,
            "act": act,
            "words": dict(line.ready).get(act, act.value),
            "asks": _DATES.get(act),
            "until": day,
            "faults": faults,
            "told": told,
            "more": more,
            "zone": _zone(visit),
            "pair_path": _pair_path(visit),
        },
        status=400 if faults else 200,
    )


async def do_act(visit: Visit) -> Shown | Go:
    """Do what a row offers, if it mails no more than was said."""
    need, act = _need(visit), _act(visit.form.get("act"))
    day = visit.form.get("until")
    try:
        telling = telling_of_row(visit, need, act, day_or_none(day, "until"))
        told = await look_at(visit, need.pair_id, telling)
        if told.count > _number(visit.form.get("mails")):
            more = gettext(
                "Meanwhile it would cause more mails than were shown. Please look again."
            )
            shown = await _looked_at(visit, need, act, day, is_asked=True, more=more)
            return Shown(shown.data, status=409)
        with visit.app.graph.person_waiting():
            outcome = await at_once.act_on_need(
                visit.app,
                need.id,
                act.value,
                until=day_or_none(day, "until"),
                by=visit.viewer.directory_id,
            )
    except FaultsError:
        return await _looked_at(visit, need, act, day, is_asked=True)
    return Go(PATH, said_of(outcome))


def telling_of_row(visit: Visit, need: Need, act: ReadyAct, until: date | None) -> Telling:
    """What is told Tandem when the viewer does what a row offers."""
    by = visit.viewer.directory_id

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> object:
        def carry_out(tx: Transaction, need: Need, order: str) -> None:
            ready_acts.carry_out(app, tx, need, order, until=until, by=by)

        return needs.act(tx, need.id, act, now, by=by, carry_out=carry_out)

    return tell


def _act(word: str) -> ReadyAct:
    if word not in set(ReadyAct):
        raise FaultsError([Fault("act", N_("an act that the row offers"), word)])
    return ReadyAct(word)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


# --- whose it is, when it comes back, what is noted ----------------------------------------


async def take(visit: Visit) -> Go:
    """The viewer looks after the row."""
    by = visit.viewer.directory_id
    await _change(visit, lambda tx, need: needs.take(tx, need.id, by, visit.now))
    return Go(PATH, gettext("You look after this row now."))


async def snooze(visit: Visit) -> Go:
    """Put the row off until the morning of a day to come."""
    day = day_or_none(visit.form.get("until"), "until")
    at = morning_of(visit, day)
    by = visit.viewer.directory_id
    await _change(visit, lambda tx, need: needs.snooze(tx, need.id, at, visit.now, by=by))
    return Go(PATH, _put_off_until(at))


def _put_off_until(at: datetime) -> str:
    pattern = "EEEE d MMMM" if is_english() else "EEEE, d. MMMM"
    return gettext("Put off until %(day)s.", day=format_date(at, pattern, locale=locale()))


def morning_of(visit: Visit, day: date | None) -> datetime:
    """When a row comes back that is put off until a day.

    Raises:
        FaultsError: there is no day, or it is none to come, or too far ahead.
    """
    today = visit.now.astimezone(ZoneInfo(_zone(visit))).date()
    if day is None or day <= today:
        raise FaultsError(
            [
                Fault(
                    "until",
                    gettext("a date after %(day)s", day=today),
                    None if day is None else str(day),
                    today,
                )
            ],
            remedy=gettext("Choose the day on which the row is to come back."),
        )
    require_near("until", day, today)
    return datetime.combine(day, time(0), ZoneInfo(_zone(visit)))


async def note(visit: Visit) -> Go:
    """Keep the viewer's own words with the row."""
    text, by = visit.form.get("note"), visit.viewer.directory_id
    if len(text) > _LONGEST_NOTE:
        expected = gettext("%(number)s characters at most", number=_LONGEST_NOTE)
        raise FaultsError(
            [Fault("note", expected, str(len(text)))], remedy=gettext("Make it shorter.")
        )
    await _change(visit, lambda tx, need: needs.note(tx, need.id, text, visit.now, by=by))
    return Go(PATH, gettext("Noted.") if text else gettext("The note is gone."))


async def done(visit: Visit) -> Go:
    """Nobody has to do anything about the row any more."""
    by = visit.viewer.directory_id
    await _change(visit, lambda tx, need: needs.done(tx, need.id, visit.now, by=by))
    return Go(PATH, gettext("The row is done."))


async def _change(visit: Visit, change: Callable[[Transaction, Need], object]) -> None:
    need = _need(visit)
    await visit.app.store.run(lambda tx: change(tx, need))


def _need(visit: Visit) -> Need:
    if visit.need is None:
        raise NoSuchPageError("no such row")
    return visit.need


def _zone(visit: Visit) -> str:
    return program_of(visit).zone or visit.app.options.zone


def _pair_path(visit: Visit) -> str:
    return f"/programs/{program_of(visit).id}/pairs/{_need(visit).pair_id}"


_ROW = PATH + "/{need}"
PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR_OF_ANY,
        show=show_needs,
        template="console/needs.html",
        title=N_("Needs you"),
        section="needs",
    ),
    Page(
        path=f"{_ROW}/act",
        who=Who.COORDINATOR,
        show=show_act,
        template="console/need_act.html",
        title=N_("Before you say yes"),
        section="needs",
        acts=(
            Act(path=f"{_ROW}/act", do=do_act),
            Act(path=f"{_ROW}/take", do=take),
            Act(path=f"{_ROW}/snooze", do=snooze),
            Act(path=f"{_ROW}/note", do=note),
            Act(path=f"{_ROW}/done", do=done),
        ),
    ),
)
