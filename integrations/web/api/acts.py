"""A coordinator's acts on a pair: what an act would do, and doing it, as on the console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic import create_model

from integrations.api_client import orders
from integrations.api_client.models import (
    CausedMails,
    Done,
    DoneLine,
    FoundSeries,
    Hour,
    Hours,
    Preview,
    SeriesFound,
)
from integrations.api_client.orders import Act, Yes
from integrations.ports import Transaction
from integrations.records import Json, Pair
from integrations.web.access import Who
from integrations.web.api.endpoint import Call, Endpoint, Mark
from integrations.web.api.pairs import PATH
from integrations.web.api.problems import ApiError
from integrations.web.console.outcomes import Foretold, look_at
from integrations.web.console.pair_forms import FORMS
from integrations.web.page import pair_of
from integrations.workflows.app import App
from integrations.workflows.ordering import at_once
from integrations.workflows.ordering.adopting import series_to_adopt
from integrations.workflows.ordering.mails_caused import Telling
from integrations.workflows.ordering.pair_acts import PairAct, telling_of
from integrations.workflows.ordering.regular_hours import regular_hours

SHAPES: Mapping[PairAct, type[Act]] = MappingProxyType(
    {
        PairAct.CHANGE_HOUR: orders.ChangeHour,
        PairAct.OFFER_HOURS: Act,
        PairAct.OFFER_DATES: orders.OfDate,
        PairAct.MOVE: orders.Move,
        PairAct.SKIP: orders.Skip,
        PairAct.PAUSE: orders.Pause,
        PairAct.RESUME: Act,
        PairAct.SWAP_ROLES: orders.SwapRoles,
        PairAct.CADENCE: orders.Cadence,
        PairAct.CORRECT: orders.Correct,
        PairAct.RECORD: orders.Record,
        PairAct.BOOK_AGAIN: Act,
        PairAct.ADOPT: orders.Adopt,
        PairAct.END: Act,
    }
)


async def previewed(call: Call, pair_id: str, telling: Telling) -> Preview:
    """What a telling would cause; nothing is kept."""
    return _shown(await look_at(call.visit, pair_id, telling))


def _shown(told: Foretold) -> Preview:
    return Preview(
        mails=told.count,
        caused=[
            CausedMails(to=m.to, what=m.what, date=m.start, at=m.at, count=m.count)
            for m in told.mails
        ],
        decided=list(told.decided),
        waits_until=told.waits_until,
        is_certain=told.is_certain,
    )


async def carried_out(call: Call, pair_id: str, telling: Telling) -> Done:
    """Do it if it mails no more than the caller named, and say what came of it.

    Raises:
        ApiError: it would cause more mails.
    """
    told = await look_at(call.visit, pair_id, telling)
    if told.count > call.body.mails:
        raise ApiError("more_mails", f"It would cause {told.count} mails.", mails=told.count)
    with call.visit.app.graph.person_waiting():
        outcome = await at_once.tell_pair(call.visit.app, pair_id, _marked(telling, call.mark))
    return _done(pair_id, outcome)


def _marked(telling: Telling, mark: Mark) -> Telling:
    """The telling, which keeps in its own transaction that it was told."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> object:
        last = tx.journal.last_seq()
        told = telling(app, tx, pair, now)
        mark(tx, {"pair": pair.id, "after": last})
        return told

    return tell


async def gone_on(call: Call, done: Json) -> Done:
    """Go on with what was told before this process was there, and say what came of it."""
    with call.visit.app.graph.person_waiting():
        outcome = await at_once.go_on(call.visit.app, [done["pair"]], done["after"])
    return _done(done["pair"], outcome)


def _done(pair_id: str, outcome: at_once.Outcome) -> Done:
    return Done(
        pair=pair_id,
        lines=[DoneLine(seq=line.seq, at=line.at, code=line.code) for line in outcome.lines],
        waits=list(outcome.waits),
    )


@dataclass(frozen=True, slots=True)
class _OfPair:
    """One act on a pair, looked at and done."""

    act: PairAct

    async def preview(self, call: Call) -> Preview:
        return await previewed(call, pair_of(call.visit).id, self._telling(call))

    async def do(self, call: Call) -> Done:
        return await carried_out(call, pair_of(call.visit).id, self._telling(call))

    def _telling(self, call: Call) -> Telling:
        return telling_of(self.act, call.body.fields(), call.visit.viewer.directory_id)


def _endpoints() -> Iterator[Endpoint]:
    for act, shape in SHAPES.items():
        one, form, path = _OfPair(act), FORMS[act], f"{PATH}/{act.value.replace('_', '-')}"
        looked_at = Endpoint(
            method="POST",
            path=f"{path}/preview",
            who=Who.COORDINATOR,
            do=one.preview,
            body=shape,
            answer=Preview,
            summary=f"{form.label}: what it would do",
            tag="Acts on a pair",
            about=f"Mails: {form.mails}.",
        )
        yield looked_at
        name = f"{shape.__name__}Yes"
        yield replace(
            looked_at,
            path=path,
            do=one.do,
            body=_YES.setdefault(name, _with_yes(name, shape)),
            answer=Done,
            summary=form.label,
            go_on=gone_on,
        )


def _with_yes(name: str, shape: type[Act]) -> type[Act]:
    bases: tuple[type[Any], ...] = (shape, Yes)
    return create_model(name, __base__=bases)


async def show_hours(call: Call) -> Hours:
    """Regular hours that suit both now; calendars are read while the caller waits."""
    with call.visit.app.graph.person_waiting():
        found = await regular_hours(call.visit.app, pair_of(call.visit).id)
    return Hours(items=[Hour(key=hour.key, words=hour.words) for hour in found])


async def show_series(call: Call) -> FoundSeries:
    """Series of the two in program mailboxes; calendars are read while the caller waits."""
    with call.visit.app.graph.person_waiting():
        found = await series_to_adopt(call.visit.app, pair_of(call.visit).id)
    return FoundSeries(
        items=[SeriesFound(key=one.key, words=one.words, refusal=one.refusal) for one in found]
    )


_YES: dict[str, type[Act]] = {}
ENDPOINTS = (
    Endpoint(
        method="GET",
        path=f"{PATH}/hours",
        who=Who.COORDINATOR,
        do=show_hours,
        answer=Hours,
        summary="Regular hours that suit both now",
        tag="Acts on a pair",
    ),
    Endpoint(
        method="GET",
        path=f"{PATH}/existing-series",
        who=Who.COORDINATOR,
        do=show_series,
        answer=FoundSeries,
        summary="Series that the two have already",
        tag="Acts on a pair",
    ),
    *_endpoints(),
)
