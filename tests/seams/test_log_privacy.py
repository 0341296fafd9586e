"""The suite's own check of logs can fail, and does hear what the product says."""

from __future__ import annotations

import logging

from integrations.logs import JsonLines, log_event
from tests.acceptance.oracle import planned_world
from tests.support.log_privacy import is_told, records_heard
from tests.support.world import Empty, book_all, firm_of, virtually


def test_names_addresses_and_links_of_invented_firms_are_recognised() -> None:
    for person in firm_of(6).people:
        assert is_told(person.name)
        assert is_told(f"could not read {person.mail}")
    titles = {one.subject for person in firm_of(24).people for one in person.appointments}
    assert len([title for title in titles if " " in title and is_told(f"moved {title}")]) > 20
    assert is_told("https://teams.microsoft.com/l/meetup-join/19%3ameeting")
    assert not is_told('{"event": "graph call", "mailbox_ids": ["b0504b35-c763-4210"]}')


def test_a_line_as_the_product_writes_it_shows_what_its_fields_hold() -> None:
    record = logging.LogRecord("integrations.x", logging.INFO, "", 0, "event", None, None)
    record.tandem_event, record.tandem_fields = "found", {"who": firm_of(6).people[0].mail}
    assert is_told(JsonLines().format(record))


@virtually
async def test_a_booking_run_is_heard(empty: Empty) -> None:
    """One record a Graph call at the least; whether one tells of somebody, the suite checks."""
    before = records_heard()
    world = await planned_world(empty, 6)
    app = await world.begin()
    await book_all(app)
    await app.close()
    assert records_heard() - before >= len(world.tenant.calls) - 1


def test_library_loggers_say_nothing_that_quotes_a_url() -> None:
    before = records_heard()
    for name in ("httpx", "msal.authority", "urllib3.connectionpool", "kiota_http"):
        logging.getLogger(name).warning("GET https://graph.example/users/ada@firm.example")
    assert records_heard() == before
    log_event(logging.getLogger("integrations.test"), "heard")
    assert records_heard() == before + 1
