"""*Needs you*: what waits for a coordinator, and what becomes of each row."""

from __future__ import annotations

from collections.abc import Callable

from integrations.api_client.models import (
    Done,
    NeedAnswer,
    NeedChanged,
    NeedsPage,
    Preview,
    ReadyActShown,
)
from integrations.api_client.orders import NeedAct, NeedActYes, NeedsAsked, Note, Snooze
from integrations.api_client.shapes import Shape
from integrations.errors import Fault, FaultsError
from integrations.ports import Transaction
from integrations.records import Json, Need
from integrations.web.access import Who
from integrations.web.api.acts import carried_out, gone_on, previewed
from integrations.web.api.cursors import stretch, values_in
from integrations.web.api.endpoint import Call, Do, Endpoint
from integrations.web.console.needs import ELSEWHERE, Choice, morning_of, telling_of_row
from integrations.web.page import NoSuchPageError
from integrations.workflows.ordering.mails_caused import Telling
from integrations.workflows.telling import needs
from integrations.workflows.telling.need_lines import NeedLine, lines_of
from scheduling.changes.acts import ReadyAct

PATH = "/needs/{need}"


async def show_needs(call: Call) -> NeedsPage:
    """A stretch of the rows of the caller's programs, oldest first."""
    visit, asked = call.visit, call.query
    mine = visit.viewer.coordinates
    choice = Choice(None, "" if asked.show == "waiting" else asked.show)
    after = values_in(asked.cursor, str, str)

    def look(tx: Transaction) -> tuple[list[NeedLine], str | None]:
        programs = mine if asked.program is None else mine & {asked.program}
        found = [
            need
            for need in tx.needs.of_programs(programs)
            if choice.takes(need, visit.viewer, visit.now)
        ]
        here, following = stretch(sorted(found, key=_place), _place, after, asked.limit)
        return lines_of(tx, here, visit.now, None, visit.app.options.zone), following

    lines, following = await visit.app.store.run(look)
    return NeedsPage(items=[_row(call, line) for line in lines], next=following)


def _place(need: Need) -> tuple[str, ...]:
    return need.raised_at.isoformat(), need.id


async def show_need(call: Call) -> NeedAnswer:
    """One row."""
    visit, need = call.visit, _need(call)
    line = await visit.app.store.run(
        lambda tx: needs.need_line(tx, need.id, visit.now, default_zone=visit.app.options.zone)
    )
    return _row(call, line)


def _row(call: Call, line: NeedLine) -> NeedAnswer:
    need = line.need
    return NeedAnswer(
        id=need.id,
        code=need.code,
        program=line.program_id,
        pair=need.pair_id,
        date=need.session_id,
        names=line.names,
        words=line.words,
        raised_at=need.raised_at,
        ready=[ReadyActShown(act=act.value, words=words) for act, words in line.ready],
        is_mine=need.owner == call.visit.viewer.directory_id,
        is_taken=need.owner is not None,
        snoozed_until=need.snoozed_until,
        note=line.note,
    )


# --- what a row offers ---------------------------------------------------------------------


async def preview_act(call: Call) -> Preview:
    """What an act of a row would do."""
    return await previewed(call, _need(call).pair_id, _telling(call))


async def do_act(call: Call) -> Done:
    """Do what a row offers."""
    return await carried_out(call, _need(call).pair_id, _telling(call))


def _telling(call: Call) -> Telling:
    word, here = call.body.act, [act for act in ReadyAct if act not in ELSEWHERE]
    if word not in here:
        raise FaultsError(
            [Fault("act", f"one of {', '.join(here)}")],
            remedy="Choose an act that the row offers; two of them have pages of their own.",
        )
    return telling_of_row(call.visit, _need(call), ReadyAct(word), call.body.until)


# --- whose it is, when it comes back, what is noted ----------------------------------------


async def take(call: Call) -> NeedChanged:
    """The caller looks after the row."""
    by, now = call.visit.viewer.directory_id, call.visit.now
    return await _acted_on(call, "taken", lambda tx, need: needs.take(tx, need.id, by, now))


async def snooze(call: Call) -> NeedChanged:
    """Put the row off until the morning of a day."""
    by, now = call.visit.viewer.directory_id, call.visit.now
    at = morning_of(call.visit, call.body.until)
    return await _acted_on(
        call, "snoozed", lambda tx, need: needs.snooze(tx, need.id, at, now, by=by)
    )


async def note(call: Call) -> NeedChanged:
    """Keep words with the row."""
    by, now, text = call.visit.viewer.directory_id, call.visit.now, call.body.note
    return await _acted_on(
        call, "noted", lambda tx, need: needs.note(tx, need.id, text, now, by=by)
    )


async def done(call: Call) -> NeedChanged:
    """Nobody has to do anything about the row any more."""
    by, now = call.visit.viewer.directory_id, call.visit.now
    return await _acted_on(call, "done", lambda tx, need: needs.done(tx, need.id, now, by=by))


async def _acted_on(
    call: Call, change: str, tell: Callable[[Transaction, Need], object]
) -> NeedChanged:
    need = _need(call)

    def keep(tx: Transaction) -> None:
        tell(tx, need)
        call.mark(tx, {"change": change})

    await call.visit.app.store.run(keep)
    return NeedChanged(need=need.id, change=change)


async def changed_before(call: Call, done: Json) -> NeedChanged:
    """What was changed before this process was there."""
    return NeedChanged(need=_need(call).id, change=done["change"])


def _need(call: Call) -> Need:
    if call.visit.need is None:
        raise NoSuchPageError("no such row")
    return call.visit.need


def _change(name: str, do: Do, summary: str, body: type[Shape] | None = None) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"{PATH}/{name}",
        who=Who.COORDINATOR,
        do=do,
        body=body,
        answer=NeedChanged,
        summary=summary,
        tag="Needs you",
        go_on=changed_before,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/needs",
        who=Who.COORDINATOR_OF_ANY,
        do=show_needs,
        query=NeedsAsked,
        answer=NeedsPage,
        summary="What waits for a coordinator, oldest first",
        tag="Needs you",
    ),
    Endpoint(
        method="GET",
        path=PATH,
        who=Who.COORDINATOR,
        do=show_need,
        answer=NeedAnswer,
        summary="One row",
        tag="Needs you",
    ),
    _change("take", take, "Look after the row oneself"),
    _change("snooze", snooze, "Put the row off until a day", Snooze),
    _change("note", note, "Keep words with the row", Note),
    _change("done", done, "Nothing is to be done about it any more"),
    Endpoint(
        method="POST",
        path=f"{PATH}/act/preview",
        who=Who.COORDINATOR,
        do=preview_act,
        body=NeedAct,
        answer=Preview,
        summary="What an act that the row offers would do",
        tag="Needs you",
    ),
    Endpoint(
        method="POST",
        path=f"{PATH}/act",
        who=Who.COORDINATOR,
        do=do_act,
        body=NeedActYes,
        answer=Done,
        summary="Do what the row offers",
        tag="Needs you",
        go_on=gone_on,
    ),
)
