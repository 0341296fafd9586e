"""A mailbox that is not there holds up its own pair, visibly, and nobody asks for it in a storm."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.blockers import BLOCKERS
from integrations.records import PairState
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.rounds import planning_round
from simulator.people import Firm, FirmPerson
from tests.acceptance.oracle import (
    GET_SCHEDULE,
    SETTINGS,
    assert_booked_once,
    assert_untouched,
    calls,
    remembered,
    with_people,
)
from tests.support.world import Empty, book_all, firm_of, virtually

pytestmark = pytest.mark.acceptance(13)

TROUBLES = {
    "missing": "no_mailbox",
    "softDeleted": "no_mailbox",
    "onPremises": "no_mailbox",
    "disabled": "account_disabled",
    "guest": "guest",
}


def _in_trouble(person: FirmPerson, trouble: str) -> FirmPerson:
    match trouble:
        case "disabled":
            return replace(person, enabled=False)
        case "guest":
            return replace(person, guest=True, mailbox="missing", mail="outside@client.example")
        case "missing" | "softDeleted" | "onPremises":
            return replace(person, mailbox=trouble)
    raise ValueError(trouble)


def _troubled_firm(firm: Firm) -> tuple[Firm, dict[str, str]]:
    """The firm with each trouble upon one mentor, and what each trouble's person is called."""
    people = {person.id: person for person in firm.people}
    victims: list[FirmPerson] = []
    for pair in firm.pairs:
        if all(people[pair.mentor].id != victim.id for victim in victims):
            victims.append(people[pair.mentor])
    changed = [_in_trouble(v, t) for v, t in zip(victims, TROUBLES, strict=False)]
    assert len(changed) == len(TROUBLES)
    return with_people(firm, *changed), {
        trouble: person.name for trouble, person in zip(TROUBLES, changed, strict=True)
    }


@virtually
async def test_missing_mailboxes_are_enrolled_named_with_a_remedy_and_asked_for_sparingly(
    empty: Empty,
) -> None:
    """Enrolment succeeds with a visible blocker naming the person and the remedy; a day of hourly
    planning asks for each such mailbox at most once an hour."""
    firm, names = _troubled_firm(firm_of(10))
    world = empty.world(firm)
    app = await world.begin()
    enrolment = await enrol(app, world.roster)
    assert (enrolment.added, enrolment.blocked) == (10, len(TROUBLES))
    await plan_enrolled(app)
    await book_all(app)

    memory = await remembered(world)
    told = {(b.who, b.code): (b.words, b.remedies) for line in memory.lines for b in line.blockers}
    for trouble, code in TROUBLES.items():
        kind = BLOCKERS[code]
        assert told[names[trouble], code] == (kind.words, (kind.remedy,))
    troubled = {person.mail for person in firm.people if person.name in names.values()}
    held_up = set().union(*(memory.pairs_of(mail) for mail in troubled))
    assert memory.in_state(PairState.ENROLLED) == held_up
    await assert_booked_once(world, set(memory.pairs) - held_up)
    for mail in troubled:
        assert_untouched(world, mail)

    world.tenant.calls.clear()
    for _ in range(24):
        await app.clock.sleep(timedelta(hours=1))
        await planning_round(app)
    asked = Counter(call.mailbox for call in calls(world, "GET", SETTINGS))
    unlicensed = {
        p.mail
        for p in firm.people
        if p.mailbox != "licensed" and p.mail in troubled and not p.guest
    }
    assert {mail: asked[mail] for mail in unlicensed} == dict.fromkeys(unlicensed, 24)
    assert all(asked[mail] == 0 for mail in troubled - unlicensed), "no look can help them"
    windows = 3
    assert len(calls(world, "POST", GET_SCHEDULE)) <= 24 * windows
    assert len(world.tenant.calls) <= 24 * (windows + 1 + len(unlicensed)) + 2 * 20
    await assert_booked_once(world, set(memory.pairs) - held_up)
    await app.close()


@virtually
async def test_a_mailbox_that_was_given_later_is_planned_by_the_next_round(empty: Empty) -> None:
    """The blocker clears itself once the remedy was applied."""
    firm, names = _troubled_firm(firm_of(10))
    world = empty.world(firm)
    app = await world.begin()
    await enrol(app, world.roster)
    await plan_enrolled(app)
    healed = next(person for person in firm.people if person.name == names["missing"])
    world.tenant.change_person(healed.mail, mailbox="licensed")
    await planning_round(app)
    await book_all(app)

    memory = await remembered(world)
    assert [b for b in memory.blockers if b.subject_id in memory.people and b.code == "no_mailbox"]
    theirs = memory.pairs_of(healed.mail)
    assert theirs <= memory.in_state(PairState.BOOKED)
    assert not [
        b
        for line in memory.lines
        if line.id in theirs
        for b in line.blockers
        if b.who == healed.name
    ]
    await assert_booked_once(world, memory.in_state(PairState.BOOKED))
    await app.close()
