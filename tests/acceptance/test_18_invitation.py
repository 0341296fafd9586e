"""What people are told when they are invited, once and for good."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from integrations.ports import Transaction
from integrations.records import Pair, SessionState
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.messages.texts import set_text
from integrations.workflows.planning.plan import plan_enrolled
from tests.acceptance.oracle import (
    Listening,
    Memory,
    assert_booked_once,
    begin_listening,
    remembered,
)
from tests.support.world import Empty, World, book_all, firm_of, virtually

pytestmark = pytest.mark.acceptance(18)

PAGES = "https://mentoring.firm.example/pairs"
CONTACT = {"name": "Mira Holm", "phone": "+1 212 555 0100", "mail": "mira.holm@firm.example"}
AIMS = "wants to learn negotiating"
GOALS = "hopes for a partnership next spring"
RESOURCES = "https://intranet.firm.example/good-starts"
STANDING_LINES = (
    "have an hour together every other week",
    "Meet on Teams (link and dial-in below)",
    "No reason is needed.",
    "Declining one date simply looks for another hour. Not answering is fine, too.",
    "If you keep this calendar for somebody, you are welcome to do all this for them.",
    "You tell us whether you met. Nothing said is recorded.",
)
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def _with_aims(roster: bytes) -> bytes:
    """The roster with an aim and a goal beside every pair."""
    reader = csv.DictReader(io.StringIO(roster.decode()))
    columns = dict.fromkeys([*(reader.fieldnames or ()), "focus", "note"])
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns))
    writer.writeheader()
    writer.writerows({**row, "focus": AIMS, "note": GOALS} for row in reader)
    return out.getvalue().encode()


async def _prepare(world: World, app: App) -> None:
    await enrol(app, _with_aims(world.roster))

    def mixed(tx: Transaction) -> None:
        for program in tx.programs.all():
            links = {"resources": RESOURCES}
            tx.programs.put(replace(program, mixed=True, contact=CONTACT, links=links))

    await app.store.run(mixed)
    await plan_enrolled(app)


@dataclass(frozen=True)
class Invitation:
    """What stands in the calendars of one pair."""

    pair: Pair
    subject: str
    text: str
    html: str


def _invitations(world: World, memory: Memory) -> list[Invitation]:
    """Each pair's event as the organizer's calendar holds it, words without markup."""
    found = []
    for pair_id, booking in memory.bookings.items():
        event, _ = world.tenant._event_of(booking.event_id)
        html = event.fields["body"]["content"]
        words = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))
        found.append(Invitation(memory.pairs[pair_id], event.fields["subject"], words, html))
    return found


def _writes_of_bodies(listening: Listening) -> list[tuple[str, Mapping[str, Any]]]:
    """Method and JSON of each write to an event that could change its words."""
    return [
        (request.method, json.loads(request.content))
        for _, request in listening.requests
        if _is_event_write(request) and request.content
    ]


def _is_event_write(request: httpx.Request) -> bool:
    return request.method in ("POST", "PATCH") and "/events" in request.url.path


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def _long(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B %Y}"


async def _booked(
    empty: Empty, pairs: int = 8, *, text: str | None = None
) -> tuple[World, Memory, Listening]:
    world = empty.world(firm_of(pairs))
    app, listening = await begin_listening(world, page_url=PAGES)
    await _prepare(world, app)
    if text is not None:
        (program,) = await app.store.run(lambda tx: tx.programs.all())
        await app.store.run(lambda tx: set_text(tx, program.id, "invitation", text))
    await book_all(app)
    memory = await remembered(world)
    memory = await assert_booked_once(world, set(memory.pairs) - memory.without_slot())
    await app.close()
    return world, memory, listening


@virtually
async def test_the_one_invitation_says_all_that_people_need(empty: Empty) -> None:
    """In mixed mode the series invitation says weekday, hour with zone, first and last date, who
    leads by turn, how many dates lie at another hour and that the calendar is right, the join
    link with dial-in, the contact, how to move a date, and one plain link to the pair's page."""
    world, memory, _ = await _booked(empty)
    in_english = [one for one in _invitations(world, memory) if not _is_german(memory, one.pair)]
    assert len(in_english) >= 4
    for invitation in in_english:
        pair, text = invitation.pair, invitation.text
        booking, sessions = memory.bookings[pair.id], memory.sessions[pair.id]
        assert booking.join_url
        zone, first, last = booking.zone, sessions[0].series_start, sessions[-1].series_start
        mentor, mentee = (memory.people[p].name for p in (pair.mentor_id, pair.mentee_id))
        assert f"{mentor} and {mentee}" in text
        weekday = f"{first.astimezone(ZoneInfo(zone)):%A}s"
        place = zone.rpartition("/")[2].replace("_", " ")
        assert f"{weekday} {_clock(first, zone)} {place}" in text
        assert f"{_long(first, zone)} to {_long(last, zone)}" in text
        assert f"{mentor} leads the 1st, 3rd, 5th" in text
        assert f"{mentee} the 2nd, 4th, 6th" in text
        moved = sum(session.moved for session in sessions)
        assert ("at another hour" in text) == bool(moved)
        if moved:
            assert f"{NUMBERS[moved]} date" in text
        taken_out = sum(session.state is SessionState.SKIPPED for session in sessions)
        assert ("no common hour" in text) == bool(taken_out)
        assert "Your calendar is always right" in text
        assert booking.join_url in unescape(invitation.html)
        assert "Conference ID" in text
        assert all(part in text for part in CONTACT.values())
        assert "Propose New Time" in text
        assert [line for line in STANDING_LINES if line not in text] == []
        assert re.findall(rf'<a href="([^"]*)">{re.escape(RESOURCES)}</a>', invitation.html) == [
            RESOURCES
        ]
        page = f"{PAGES}/{pair.id}"
        assert re.findall(rf"{re.escape(PAGES)}\S*?(?=[\"<])", invitation.html) == [page, page]
        assert "?" not in page, "a plain link: nothing in it signs anybody in"
    assert any(s.moved for of_pair in memory.sessions.values() for s in of_pair), "nothing moved"


@virtually
async def test_an_invitation_speaks_german_where_both_do(empty: Empty) -> None:
    """Whose mailboxes name two languages are invited in the firm's."""
    world, memory, _ = await _booked(empty)
    invitations = _invitations(world, memory)
    german = [one for one in invitations if _is_german(memory, one.pair)]
    assert 0 < len(german) < len(invitations)
    for invitation in invitations:
        is_german = "haben alle zwei Wochen eine Stunde füreinander" in invitation.text
        assert is_german == (invitation in german)


def _is_german(memory: Memory, pair: Pair) -> bool:
    return all(
        (memory.people[person].language or "").startswith("de")
        for person in (pair.mentor_id, pair.mentee_id)
    )


@virtually
async def test_an_hour_abroad_is_told_to_the_one_who_lives_there(empty: Empty) -> None:
    """The one person whose zone is not the series' reads their own hour of the first date."""
    # From a dozen pairs on, some of a firm's pairs sit on both sides of an ocean.
    world, memory, _ = await _booked(empty, 12)
    abroad = 0
    for invitation in _invitations(world, memory):
        pair, zone = invitation.pair, memory.bookings[invitation.pair.id].zone
        zones = {memory.people[p].zone for p in (pair.mentor_id, pair.mentee_id)} - {zone, None}
        first = memory.sessions[pair.id][0].series_start
        assert ("on the first date" in invitation.text) == bool(zones)
        for other in zones:
            assert other is not None
            assert f"That is {_clock(first, other)} in" in invitation.text
            abroad += 1
    assert abroad


@virtually
async def test_the_words_are_written_once_and_moves_carry_times_alone(empty: Empty) -> None:
    """A changed body can lose the join link and mails everybody: it is written with the create
    and never again; a move writes start and end, nothing else."""
    world, memory, listening = await _booked(empty)
    sent = _writes_of_bodies(listening)
    series = [body for method, body in sent if method == "POST" and body.get("attendees")]
    assert len(series) == len(memory.pairs)
    assert len({body["transactionId"] for body in series}) == len(memory.pairs)
    moves = [body for method, body in sent if method == "PATCH"]
    assert moves
    assert {frozenset(body) - {"@odata.type"} for body in moves} == {frozenset({"start", "end"})}
    assert all(
        event.join_url
        for b in world.firm.program_mailboxes
        for event in world.tenant.events_of(b.mail)
    )


@virtually
async def test_subject_and_words_are_neutral_and_hold_no_aims_or_goals(empty: Empty) -> None:
    """The subject is two family names; aims and goals stand on the pair's page only; Tandem's
    own comments on cancellations say nothing of a person."""
    world, memory, listening = await _booked(empty)
    assert all(pair.focus == AIMS for pair in memory.pairs.values())
    for invitation in _invitations(world, memory):
        family = [
            memory.people[p].name.split()[-1]
            for p in (invitation.pair.mentor_id, invitation.pair.mentee_id)
        ]
        assert invitation.subject == " / ".join(family)
    for _, request in listening.requests:
        assert AIMS.encode() not in request.content
        assert GOALS.encode() not in request.content
        assert b"mentor" not in request.content.lower().replace(PAGES.encode(), b"").replace(
            b"mentoring-", b""
        )
    for mail in world.tenant.mail_log:
        assert not [p.name for p in memory.people.values() if p.name in mail.comment]


@virtually
async def test_a_programs_own_invitation_brings_its_own_subject(empty: Empty) -> None:
    """The body was the program's, the subject of the usual text all the same."""
    own = (
        "Subject: {{ program }}: {{ names }}\n\n<p>{{ weekday }} {{ start }} {{ zone_place }}, "
        "{{ first_date }} bis {{ last_date }}: {{ page }} {{ contact }}</p>"
    )
    world, memory, _ = await _booked(empty, 2, text=own)
    for invitation in _invitations(world, memory):
        people = (
            memory.people[p].name for p in (invitation.pair.mentor_id, invitation.pair.mentee_id)
        )
        family = " / ".join(name.split()[-1] for name in people)
        assert invitation.subject.endswith(f": {family}")
        assert not invitation.subject.startswith(":")
        assert " bis " in invitation.text
        assert "have an hour together" not in invitation.text
