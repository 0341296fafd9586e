"""The pairs of a program: searched, filtered, sorted, and acted on many at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.blockers import BLOCKERS
from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext, ngettext
from integrations.page_records import Risk, Wave, WaveState
from integrations.ports import Transaction
from integrations.records import PairState, Program
from integrations.standing_records import SORTS, PairRow, PairSearch
from integrations.web.access import Who
from integrations.web.faults import expected_in
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.web.paging import AT_ONCE, Listed, offset_in
from integrations.workflows.messages.words import place_of
from integrations.workflows.ordering.bulk_acts import (
    BulkAct,
    BulkPreview,
    carry_out_bulk,
    preview_bulk,
)
from integrations.workflows.reporting.adherence import FORECASTS
from integrations.workflows.showing.standings import bring_up_to_date

_LONGEST_SEARCH = 80
_UNCONFIRMED = {0: N_("start page not confirmed"), 1: N_("start page confirmed by one")}
_OPEN_WAVES = frozenset({WaveState.RUNNING, WaveState.STOPPED})
_STATES = {
    PairState.ENROLLED: N_("enrolled"),
    PairState.PLANNED: N_("planned"),
    PairState.BOOKING: N_("booking"),
    PairState.BOOKED: N_("booked"),
    PairState.PAUSED: N_("paused"),
    PairState.COMPLETED: N_("completed"),
    PairState.WITHDRAWN: N_("withdrawn"),
}
RISKS = (
    ("at_risk", N_("at risk")),
    ("blocked", N_("blocked")),
    ("on_track", N_("on track")),
    ("over", N_("over")),
)
ACTS = (
    (BulkAct.PAUSE.value, N_("Pause until a date")),
    (BulkAct.RESUME.value, N_("Resume")),
    (BulkAct.END.value, N_("End")),
    (BulkAct.MOVE_TO_WAVE.value, N_("Move to another wave")),
    (BulkAct.GROUP_SESSION.value, N_("Record a group session")),
)
_GIVEN = ("first", "until", "wave", "title", "day", "start", "minutes")
_DONE: Mapping[BulkAct, Callable[[int], str]] = {
    BulkAct.PAUSE: lambda n: ngettext(
        "%(num)s pair is being paused.", "%(num)s pairs are being paused.", n
    ),
    BulkAct.RESUME: lambda n: ngettext(
        "%(num)s pair is being resumed.", "%(num)s pairs are being resumed.", n
    ),
    BulkAct.END: lambda n: ngettext(
        "%(num)s pair is being ended.", "%(num)s pairs are being ended.", n
    ),
    BulkAct.MOVE_TO_WAVE: lambda n: ngettext(
        "%(num)s pair is being moved to the wave.", "%(num)s pairs are being moved to the wave.", n
    ),
    BulkAct.GROUP_SESSION: lambda n: ngettext(
        "The group session is on record for %(num)s pair.",
        "The group session is on record for %(num)s pairs.",
        n,
    ),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """What the list needs of the store. ``flagged`` says of booked pairs who has not
    confirmed."""

    rows: list[PairRow]
    total: int
    offices: list[str]
    groups: list[str]
    waves: list[Wave]
    flagged: Mapping[str, str]


async def show_pairs(visit: Visit) -> Shown:
    """The pairs asked for, a stretch of them at a time."""
    program = program_of(visit)
    await bring_up_to_date(visit.app)
    wanted = wanted_in(visit.query, program.id)
    offset = offset_in(visit.query)
    found = await visit.app.store.run(lambda tx: _look(tx, program, wanted, offset))
    if offset and not found.rows:
        # The list has become shorter than where somebody was.
        offset = 0
        found = await visit.app.store.run(lambda tx: _look(tx, program, wanted, 0))
    listed = Listed(
        path=f"/programs/{program.id}/pairs",
        query={k: v for k, v in visit.query.items() if k != "part"},
        offset=offset,
        shown=len(found.rows),
        total=found.total,
        sort=wanted.sort,
    )
    return Shown(
        {
            "program": program,
            "found": found,
            "listed": listed,
            "asked": visit.query,
            "is_filtered": wanted != PairSearch(program_id=program.id, sort=wanted.sort),
            "states": [(state.value, gettext(words)) for state, words in _STATES.items()],
            "risks": [(code, gettext(words)) for code, words in RISKS],
            "forecasts": [(code, gettext(words)) for code, words in FORECASTS.items()],
            "acts": [(code, gettext(words)) for code, words in ACTS],
            "offices": [(name, name) for name in found.offices],
            "groups": [(name, name) for name in found.groups],
            "waves": [(wave.id, wave.name) for wave in found.waves],
            "held_up": {code: gettext(kind.words) for code, kind in BLOCKERS.items()},
        }
    )


def wanted_in(query: Mapping[str, str], program_id: str) -> PairSearch:
    """What the address asks for; whatever cannot be meant is no condition."""
    sort = query.get("sort", "")
    risk, state, forecast = (query.get(name, "") for name in ("risk", "state", "forecast"))
    return PairSearch(
        program_id=program_id,
        words=tuple(query.get("q", "")[:_LONGEST_SEARCH].split()),
        risk=Risk(risk) if risk in set(Risk) else None,
        state=PairState(state) if state in set(PairState) else None,
        forecast=forecast if forecast in FORECASTS else None,
        office=query.get("office") or None,
        practice_group=query.get("group") or None,
        needs=query.get("needs") == "yes",
        unconfirmed=query.get("unconfirmed") == "yes",
        sort=sort if sort.removeprefix("-") in SORTS else "risk",
    )


def _look(tx: Transaction, program: Program, wanted: PairSearch, offset: int) -> _Found:
    rows, total = tx.standings.page(wanted, offset=offset, limit=AT_ONCE)
    offices, groups = tx.standings.groups(program.id)
    booked = [r.standing.pair_id for r in rows if r.standing.state is PairState.BOOKED]
    confirmed = tx.confirmations.of_pairs(booked)
    waves = [w for w in tx.waves.of_program(program.id) if w.state in _OPEN_WAVES]
    flagged = {
        pair_id: gettext(_UNCONFIRMED.get(len(confirmed[pair_id]), "")) for pair_id in booked
    }
    return _Found(rows, total, offices, groups, waves, flagged)


async def look_first(visit: Visit) -> Shown:
    """What an act would do to each of the chosen pairs; nothing is done yet."""
    program = program_of(visit)
    act, given, pair_ids = _asked(visit)
    seen, faults = None, {}
    try:
        seen = await preview_bulk(
            visit.app, program.id, pair_ids, act, given, by=visit.viewer.directory_id
        )
    except FaultsError as error:
        faults = {f.where: _fault(f) for f in error.faults}
    data = await _of_bulk(visit, program, act, given, pair_ids)
    return Shown({**data, "seen": seen, "faults": faults}, status=400 if faults else 200)


async def go_back(visit: Visit) -> Go:
    """Nobody chose anything: back to the list."""
    return Go(f"/programs/{program_of(visit).id}/pairs")


async def do_it(visit: Visit) -> Shown | Go:
    """Carry the act out, if it causes no more mails than were shown."""
    program = program_of(visit)
    act, given, pair_ids = _asked(visit)
    mails = visit.form.get("mails")
    try:
        done = await carry_out_bulk(
            visit.app,
            program.id,
            pair_ids,
            act,
            given,
            mails=int(mails) if mails.isdecimal() else 0,
            by=visit.viewer.directory_id,
        )
    except FaultsError:
        return await look_first(visit)
    return Go(f"/programs/{program.id}/pairs", said=_said(done))


def _said(done: BulkPreview) -> str:
    number, left = len(done.affected), len(done.rows) - len(done.affected)
    said = _DONE[done.act](number)
    if not left:
        return said
    return f"{said} " + gettext("%(left)s could not be, and stay as they are.", left=left)


def _asked(visit: Visit) -> tuple[BulkAct, dict[str, str], list[str]]:
    """The act, its fields, and the pairs; of an act that there is not, pausing is taken."""
    form = visit.form
    named = form.get("act")
    act = BulkAct(named) if named in set(BulkAct) else BulkAct.PAUSE
    given = {name: form.get(name) for name in _GIVEN if form.get(name)}
    return act, given, form.all("pair")


async def _of_bulk(
    visit: Visit, program: Program, act: BulkAct, given: Mapping[str, str], pair_ids: list[str]
) -> dict[str, object]:
    waves = await visit.app.store.run(lambda tx: tx.waves.of_program(program.id))
    return {
        "program": program,
        "act": act.value,
        "acts": {code: gettext(words) for code, words in ACTS},
        "given": given,
        "pair_ids": pair_ids,
        "place": place_of(program.zone),
        "waves": [(w.id, w.name) for w in waves if w.state in _OPEN_WAVES],
    }


_FIELDS = {
    "until": N_("Last day"),
    "first": N_("First day"),
    "wave": N_("Wave"),
    "title": N_("Name"),
    "day": N_("Day"),
    "start": N_("Began at"),
    "minutes": N_("Minutes"),
    "pairs": N_("Pairs"),
}


def _fault(fault: Fault) -> str:
    name = gettext(_FIELDS.get(fault.where, fault.where.capitalize()))
    return gettext("%(field)s: please give %(expected)s", field=name, expected=expected_in(fault))


PAGES = (
    Page(
        path="/programs/{program}/pairs",
        who=Who.COORDINATOR,
        show=show_pairs,
        template="console/pairs.html",
        title=N_("Pairs"),
        section="pairs",
    ),
    Page(
        path="/programs/{program}/many",
        who=Who.COORDINATOR,
        show=go_back,
        template="console/pairs_many.html",
        title=N_("Many pairs at once"),
        section="pairs",
        acts=(
            Act(path="/programs/{program}/many", do=look_first),
            Act(path="/programs/{program}/many/do", do=do_it),
        ),
    ),
)
