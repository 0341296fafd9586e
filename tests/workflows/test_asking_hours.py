"""Asking for working hours: counted first, each person once, and nobody who has said them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import Pair, PairState, Participant
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.ordering.asking_hours import HoursAsked, ask_hours_as_seen, asking_hours
from tests.support.world import Empty, World, firm_of, quietly, virtually

PAGES = "https://tandem.firm.example/pairs"
CONTACT = {"name": "Mira Holm", "mail": "mira.holm@firm.example"}


async def _enrolled(empty: Empty) -> tuple[World, App, str]:
    """Three pairs whose mailboxes tell one range of hours; the program's id."""
    world = empty.world(firm_of(3))
    app = await world.begin(page_url=PAGES)
    await enrol(app, world.roster)
    (program,) = await world.read(lambda tx: tx.programs.all())
    await app.store.run(lambda tx: tx.programs.put(replace(program, contact=CONTACT)))
    return world, app, program.id


async def _asked(app: App, program: str, mails: int) -> HoursAsked:
    now = app.clock.now()
    return await app.store.run(lambda tx: ask_hours_as_seen(tx, program, now, mails=mails))


async def _to_ask(app: App, program: str) -> int:
    return (await app.store.run(lambda tx: asking_hours(tx, program))).mails


async def _sent(app: App) -> None:
    until = app.clock.now() + timedelta(hours=3)
    await build_worker(app).run(
        until_quiet=False, progress=quietly, kinds=("send_mails",), until=until
    )


async def _people(world: World) -> dict[str, Participant]:
    pairs = await world.read(lambda tx: tx.pairs.all())
    both = {person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)}
    return await world.read(lambda tx: tx.participants.many(both))


def _say_nine_to_three(tx: Transaction, person: Participant) -> None:
    hours = {"mon": [["09:00", "15:00"]]}
    said = replace(person, hours=hours, hours_source="person", hours_are_bound=False)
    tx.participants.put(said)


@virtually
async def test_each_person_is_asked_once_and_told_the_hours_that_are_gone_by(empty: Empty) -> None:
    world, app, program = await _enrolled(empty)
    people = await _people(world)
    assert {person.hours_source for person in people.values()} == {"mailbox"}
    assert await _to_ask(app, program) == len(people)
    assert (await _asked(app, program, len(people))).mails == len(people)
    await _sent(app)

    mails = list(world.tenant.mail_log)
    asked = Counter(mail.recipient.lower() for mail in mails)
    assert asked == Counter(person.mail.lower() for person in people.values())
    for mail in mails:
        assert mail.kind == "message"
        assert "Tandem goes by these: Mondays to " in mail.body
        assert mail.body.count(PAGES) == 2, "one link, and its words"
        assert "Mira Holm" in mail.body
    assert await _to_ask(app, program) == 0
    assert (await _asked(app, program, 0)).mails == 0
    await _sent(app)
    assert len(list(world.tenant.mail_log)) == len(people), "nobody is asked twice"
    await app.close()


@virtually
async def test_nobody_is_asked_for_more_mails_than_were_named(empty: Empty) -> None:
    world, app, program = await _enrolled(empty)
    number = await _to_ask(app, program)
    with pytest.raises(FaultsError, match=f"expected at least {number}, which it would cause"):
        await _asked(app, program, number - 1)
    pairs = await world.read(lambda tx: tx.pairs.all())
    assert [await world.read(lambda tx, p=p: tx.outbox.of_pair(p.id)) for p in pairs] == [[]] * 3  # type: ignore[misc]
    assert not await world.read(lambda tx: tx.journal.read(code="hours_asked"))
    await app.close()


@virtually
async def test_who_says_the_hours_before_the_mail_goes_out_gets_none(empty: Empty) -> None:
    world, app, program = await _enrolled(empty)
    number = await _to_ask(app, program)
    early, late = list((await _people(world)).values())[:2]
    await app.store.run(lambda tx: _say_nine_to_three(tx, early))
    assert await _to_ask(app, program) == number - 1
    await _asked(app, program, number)
    await app.store.run(lambda tx: _say_nine_to_three(tx, late))
    await _sent(app)
    written_to = {mail.recipient.lower() for mail in world.tenant.mail_log}
    assert len(written_to) == number - 2
    assert not written_to & {early.mail.lower(), late.mail.lower()}
    await app.close()


@virtually
async def test_people_of_pairs_that_are_booked_or_end_are_not_asked(empty: Empty) -> None:
    world, app, program = await _enrolled(empty)
    booked, ending, left = await world.read(lambda tx: tx.pairs.all())

    def change(tx: Transaction) -> None:
        tx.pairs.put(replace(booked, state=PairState.BOOKED))
        tx.pairs.put(replace(ending, withdrawn=True))

    await app.store.run(change)
    assert await _to_ask(app, program) == len({left.mentor_id, left.mentee_id})
    await app.close()


@virtually
async def test_who_is_in_several_pairs_is_asked_for_one_of_them(empty: Empty) -> None:
    world, app, program = await _enrolled(empty)
    first, second, _ = await world.read(lambda tx: tx.pairs.all())
    number = await _to_ask(app, program)

    def share(tx: Transaction) -> Pair:
        shared = replace(second, mentee_id=first.mentee_id)
        tx.pairs.put(shared)
        return shared

    await app.store.run(share)
    assert await _to_ask(app, program) == number - 1
    await _asked(app, program, number - 1)
    await _sent(app)
    person = (await _people(world))[first.mentee_id]
    mails = [m for m in world.tenant.mail_log if m.recipient.lower() == person.mail.lower()]
    assert len(mails) == 1
    await app.close()
