"""Wishes for a pairing: one's own, and those that wait for a coordinator."""

from __future__ import annotations

from integrations.api_client.models import (
    OwnWishes,
    ProgramRef,
    WishAnswer,
    WishApproved,
    WishesPage,
    WishStands,
)
from integrations.api_client.orders import Listed, WishApproval, WishAsked, WishNamed
from integrations.page_records import Wish, WishState
from integrations.ports import Transaction
from integrations.records import Json
from integrations.web.access import Who
from integrations.web.api.cursors import stretch, values_in
from integrations.web.api.endpoint import Call, Endpoint
from integrations.web.page import program_of
from integrations.web.wishing import wisher_of
from integrations.workflows.enrolment import wishes

_MINE, _THEIRS = "/wishes", "/programs/{program}/wishes"


async def show_own(call: Call) -> OwnWishes:
    """The caller's wishes, and where they may make one."""
    visit = call.visit

    def look(tx: Transaction) -> OwnWishes:
        found = wishes.programs_to_ask(tx, wisher_of(tx, visit.viewer))
        return OwnWishes(
            programs=[
                ProgramRef(id=p.id, name=p.name, zone=p.zone, state=p.state.value) for p in found
            ],
            items=[_shown(wish) for wish in tx.wishes.of_person(visit.viewer.directory_id)],
        )

    return await visit.app.store.run(look)


async def do_ask(call: Call) -> WishStands:
    """Put a wish of the caller's on a program's list."""
    visit, asked = call.visit, call.body

    def keep(tx: Transaction) -> Wish:
        wisher = wisher_of(tx, visit.viewer)
        wish = wishes.ask(tx, visit.app, wisher, asked.program, asked.role, asked.partner or "")
        call.mark(tx, {"wish": wish.id})
        return wish

    # Without names: what is answered is kept for whoever asks again.
    wish = await visit.app.store.run(keep)
    return WishStands(wish=wish.id, state=wish.state.value)


async def asked_before(call: Call, done: Json) -> WishStands:
    """The wish that was kept before this process was there."""
    return WishStands(wish=done["wish"], state=WishState.WAITING.value)


async def do_take_back(call: Call) -> WishStands:
    """The caller wishes no longer."""
    visit, wish_id = call.visit, call.body.wish

    def keep(tx: Transaction) -> None:
        wishes.take_back(tx, visit.app, wish_id, wisher_of(tx, visit.viewer))
        call.mark(tx, {"state": WishState.TAKEN_BACK.value})

    await visit.app.store.run(keep)
    return WishStands(wish=wish_id, state=WishState.TAKEN_BACK.value)


async def show_waiting(call: Call) -> WishesPage:
    """Who waits in the program, oldest first."""
    program = program_of(call.visit)
    found = await call.visit.app.store.run(lambda tx: wishes.waiting(tx, program.id))
    after = values_in(call.query.cursor, str, str)
    here, following = stretch(found, _place, after, call.query.limit)
    return WishesPage(items=[_shown(wish) for wish in here], next=following)


def _place(wish: Wish) -> tuple[str, ...]:
    return wish.asked_at.isoformat(), wish.id


async def do_approve(call: Call) -> WishApproved:
    """Enrol and plan the two."""
    visit, asked = call.visit, call.body
    pair = await wishes.approve(
        visit.app,
        program_of(visit).id,
        asked.wish,
        asked.partner,
        asked.starts,
        by=visit.viewer.directory_id,
        also=lambda tx, pair_id: call.mark(tx, {"pair": pair_id}),
    )
    return WishApproved(wish=asked.wish, pair=pair)


async def approved_before(call: Call, done: Json) -> WishApproved:
    """What was approved before this process was there; the pair is planned with the others."""
    return WishApproved(wish=call.body.wish, pair=done["pair"])


async def do_decline(call: Call) -> WishStands:
    """Not now."""
    visit, wish_id, by = call.visit, call.body.wish, call.visit.viewer.directory_id

    def keep(tx: Transaction) -> None:
        wishes.decline(tx, visit.app, program_of(visit).id, wish_id, by)
        call.mark(tx, {"state": WishState.DECLINED.value})

    await visit.app.store.run(keep)
    return WishStands(wish=wish_id, state=WishState.DECLINED.value)


async def settled_before(call: Call, done: Json) -> WishStands:
    """What became of the wish before this process was there."""
    return WishStands(wish=call.body.wish, state=done["state"])


def _shown(wish: Wish) -> WishAnswer:
    return WishAnswer(
        id=wish.id,
        program=wish.program_id,
        mail=wish.mail,
        name=wish.name,
        role=wish.role,
        partner=wish.partner_mail,
        state=wish.state.value,
        asked_at=wish.asked_at,
        settled_at=wish.settled_at,
        pair=wish.pair_id,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=_MINE,
        who=Who.SIGNED_IN,
        do=show_own,
        answer=OwnWishes,
        summary="Your wishes for a pairing, and programs in which you may ask",
        tag="You",
    ),
    Endpoint(
        method="POST",
        path=_MINE,
        who=Who.SIGNED_IN,
        do=do_ask,
        body=WishAsked,
        answer=WishStands,
        summary="Ask for a pairing, or wait for one",
        tag="You",
        go_on=asked_before,
    ),
    Endpoint(
        method="POST",
        path=f"{_MINE}/take-back",
        who=Who.SIGNED_IN,
        do=do_take_back,
        body=WishNamed,
        answer=WishStands,
        summary="Take back a wish of yours",
        tag="You",
        go_on=settled_before,
    ),
    Endpoint(
        method="GET",
        path=_THEIRS,
        who=Who.COORDINATOR,
        do=show_waiting,
        query=Listed,
        answer=WishesPage,
        summary="Who waits for a pairing in a program, oldest first",
        tag="Wishes",
    ),
    Endpoint(
        method="POST",
        path=f"{_THEIRS}/approve",
        who=Who.COORDINATOR,
        do=do_approve,
        body=WishApproval,
        answer=WishApproved,
        summary="Enrol and plan the two; they are booked with the program",
        tag="Wishes",
        go_on=approved_before,
    ),
    Endpoint(
        method="POST",
        path=f"{_THEIRS}/decline",
        who=Who.COORDINATOR,
        do=do_decline,
        body=WishNamed,
        answer=WishStands,
        summary="Not now; without a reason",
        tag="Wishes",
        go_on=settled_before,
    ),
)
