"""A private appointment blocks like any other, and nothing else of it is ever kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from simulator.people import Appointment
from tests.support.world import Empty, book_all, firm_of, virtually

pytestmark = pytest.mark.acceptance(6)

TITLE = "Confidential talk about leaving for Whitstable"


@virtually
async def test_a_private_appointment_blocks_and_leaves_no_title_behind(empty: Empty) -> None:
    """Private time blocks like any other time; its title, place and mark reach neither the
    store nor the invitation (what is logged is watched over by every test)."""
    world = empty.world(firm_of(6))
    pair = world.firm.pairs[0]
    mentee = next(person for person in world.firm.people if person.id == pair.mentee)
    first, last = date(2027, 1, 11), date(2027, 5, 14)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        world.tenant.book_appointment(
            mentee.mail,
            Appointment(
                datetime(day.year, day.month, day.day, 8),  # noqa: DTZ001 - wall clock
                datetime(day.year, day.month, day.day, 13),  # noqa: DTZ001
                mentee.office.zone,
                "busy",
                TITLE,
                private=True,
            ),
        )
    world.tenant.behaviour.default_sharing = "details"
    app = await world.begin()
    await enrol(app, world.roster)
    await plan_enrolled(app)
    await book_all(app)
    await app.close()

    shown = world.tenant.occurrences_of(
        mentee.mail,
        datetime.fromisoformat("2027-01-11T00:00Z"),
        datetime.fromisoformat("2027-05-14T00:00Z"),
    )
    private = [one for one in shown if one.subject == TITLE]
    ours = [one for one in shown if one.join_url]
    assert len(private) > 100
    for mine in ours:
        assert not any(mine.start < p.end and p.start < mine.end for p in private)
    remembered = world.store_file.read_bytes()
    assert TITLE.encode() not in remembered
    assert b"Whitstable" not in remembered
    assert not any("Whitstable" in mail.subject for mail in world.tenant.mail_log)
    assert world.tenant.complaints == []
