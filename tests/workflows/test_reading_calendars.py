"""Who reads whose free/busy, and in how many calls."""

from __future__ import annotations

from dataclasses import replace

from tests.support.world import Empty, World, enrolled, firm_of, least_rights, virtually


@virtually
async def test_everybody_is_read_through_their_own_mailbox_where_settings_say_so(
    empty: Empty,
) -> None:
    firm = firm_of(3)
    world = empty.world(firm)
    rights = least_rights(firm)
    world.tenant.register_app(replace(rights, roles={**rights.roles, "Calendars.ReadBasic": None}))
    app = await world.begin(free_busy_reader="own_mailbox")
    await enrolled(world, app)
    readers = {call.mailbox for call in world.tenant.calls if "getSchedule" in call.path}
    people = {mail for pair in firm.pairs for mail in _mails(world, pair.mentor, pair.mentee)}
    assert readers == people
    assert world.tenant.complaints == []
    await app.close()


@virtually
async def test_two_program_mailboxes_share_the_reading(empty: Empty) -> None:
    firm = firm_of(60)
    world = empty.world(firm)
    app = await world.begin()
    await enrolled(world, app)
    calls = [call for call in world.tenant.calls if "getSchedule" in call.path]
    assert {call.mailbox for call in calls} == {box.mail for box in firm.program_mailboxes}
    people = await world.read(lambda tx: len(tx.participants.all()))
    assert len(calls) == -(-people // 20) * 3
    await app.close()


def _mails(world: World, *ids: str) -> list[str]:
    return [person.mail for person in world.firm.people if person.id in ids]
