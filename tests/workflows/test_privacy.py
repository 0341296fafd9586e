"""One person's data: handed over whole, and gone from every row of the store when erased."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from integrations.attendance_records import (
    CorrectionNote,
    CreditLine,
    KeptCorrection,
    KeptPulse,
    KeptReport,
    KeptStatement,
    Link,
)
from integrations.errors import NotPossibleError
from integrations.page_records import (
    Aim,
    Confirmation,
    Goal,
    Preference,
    StaffMember,
    StaffRole,
    Wave,
    WaveState,
    WebSession,
)
from integrations.ports import Transaction
from integrations.records import (
    JournalEntry,
    Need,
    NeedNote,
    Note,
    Order,
    PairState,
    Participant,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.attendance.judging import judge_session
from integrations.workflows.booking.beginning import keep_begins
from integrations.workflows.operating.privacy import GONE_WORD, TOMBSTONE, Erasure, data_of, erase
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.hours import hours_tables
from simulator.virtual_time import virtual_now
from tests.support.world import Empty, World, enrolled, firm_of, virtually

WEEK = timedelta(weeks=1)
NOT_ABOUT_THE_PERSON = {"work"}
"""Tables that point to a person by what is to be done alone."""


@dataclass
class Left:
    """A mentor who has left every pair, and all that a program leaves behind of a person."""

    world: World
    app: App
    person: Participant
    partner: Participant
    pair_id: str
    session_id: str

    async def erase(self, *, for_good: bool) -> Erasure:
        """Erase the mentor, or look what that would change."""
        now = virtual_now()
        return await self.app.store.run(
            lambda tx: erase(tx, self.person.id, now, for_good=for_good)
        )

    async def report(self) -> list[dict[str, object]]:
        """The coordinator's report of every pair."""
        later = virtual_now() + 40 * WEEK
        found = await self.app.store.run(
            lambda tx: Adherence.of(histories(tx, later, None, "UTC"), later).tables
        )
        return [dict(row) for row in found[0].records()]

    def cells(self) -> list[str]:
        """Every cell of every table of the store, as text."""
        return [cell for cells in self.cells_by_table().values() for cell in cells]

    def cells_by_table(self) -> dict[str, list[str]]:
        """Every cell of the store, as text, by the name of its table."""
        with sqlite3.connect(self.world.store_file) as store:
            names = [
                row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            found = {
                name: [str(cell) for row in store.execute(f"SELECT * FROM {name}") for cell in row]  # noqa: S608
                for name in names
            }
        store.close()
        return found

    @property
    def words(self) -> list[str]:
        """What names the mentor."""
        return [
            self.person.name,
            self.person.mail,
            self.person.directory_id,
            self.person.name.split()[-1],
        ]


def with_left(play: Callable[[Left], Awaitable[None]]) -> Callable[[Empty], None]:
    """A test with somebody who has left."""

    @virtually
    async def test(empty: Empty) -> None:
        world = empty.world(firm_of(3))
        app = await world.begin()
        await enrolled(world, app)
        await play(await _left(world, app))
        await app.close()

    test.__name__ = play.__name__
    return test


async def _left(world: World, app: App) -> Left:
    def record(tx: Transaction) -> Left:
        pair = tx.pairs.all()[0]
        person, partner = (
            tx.participants.require(pair.mentor_id),
            tx.participants.require(pair.mentee_id),
        )
        for other in tx.pairs.of_people([person.id]):
            tx.pairs.put(replace(other, state=PairState.WITHDRAWN))
        tx.pairs.put(
            replace(
                tx.pairs.require(pair.id),
                state=PairState.WITHDRAWN,
                roster_id=f"{person.name} 1",
                focus=f"what {person.name.split()[0]} knows",
                assistants=(person.mail, "desk@firm.example"),
            )
        )
        session = replace(tx.sessions.of_pair(pair.id)[0], state=SessionState.SCHEDULED)
        tx.sessions.put(session)
        ended = session.end
        text = f"{person.name} ({person.mail.upper()}) is ill; ask the desk"
        tx.notes.put(Note(pair_id=pair.id, text=text))
        tx.correction_notes.put(
            CorrectionNote(correction_id="c1", text=f"{person.name.split()[-1]} rang")
        )
        tx.corrections.add(
            KeptCorrection(
                id="c1",
                session_id=session.id,
                verdict="held",
                at=ended,
                given_by=person.directory_id,
                minutes=55,
            )
        )
        tx.statements.add(
            KeptStatement(
                id="s1",
                session_id=session.id,
                person_id=person.id,
                said="met",
                at=ended,
                via="link",
            )
        )
        tx.links.add(
            Link(
                id="secret-id",
                person_id=person.id,
                session_id=session.id,
                purpose="did_you_meet",
                issued_at=ended,
                expires_at=ended + WEEK,
            )
        )
        first = person.name.split()[0]
        for by, text in ((person, "my own word"), (partner, f"{first} is never there")):
            tx.pulses.add(
                KeptPulse(
                    id=f"pulse-{by.id}",
                    pair_id=pair.id,
                    session_id=session.id,
                    person_id=by.id,
                    score=2,
                    at=ended,
                    text=text,
                )
            )
        _on_pages(tx, pair.id, session.id, person, partner)
        tx.reports.add(
            KeptReport(
                id="r1",
                pair_id=pair.id,
                meeting_id="m",
                start=session.start,
                end=ended,
                fetched_at=ended,
                session_id=session.id,
                presences=({"person": person.id, "kind": "member", "spans": []},),
            )
        )
        tx.credit_lines.add(
            CreditLine(
                id=f"{session.id}:{person.id}:development:1",
                pair_id=pair.id,
                session_id=session.id,
                person_id=person.id,
                version=1,
                day=ended.date(),
                code="DEV",
                tenths=9,
                exported_at=ended,
            )
        )
        judge_session(tx, app, session.id, ended + WEEK)
        return Left(world, app, person, partner, pair.id, session.id)

    return await app.store.run(record)


def _on_pages(
    tx: Transaction, pair_id: str, session_id: str, person: Participant, partner: Participant
) -> None:
    """What the two left on the pages; the mentor coordinates, too."""
    now = virtual_now()
    first = person.name.split()[0]
    tx.goals.put(Goal(pair_id=pair_id, person_id=person.id, text="to argue less"))
    tx.goals.put(Goal(pair_id=pair_id, person_id=partner.id, text=f"to see it as {first} does"))
    tx.aims.put(Aim(session_id=session_id, text=f"What {first} builds"))
    tx.confirmations.put(Confirmation(pair_id=pair_id, person_id=person.id, at=now))
    hours: dict[str, object] = {
        "hours": {"mon": [["09:00", "12:00"]]},
        "office_days": [],
        "place": None,
    }
    tx.preferences.put(Preference(person_id=person.id, body=hours, set_at=now, set_by=person.id))
    tx.web_sessions.put(
        WebSession(
            id="hash",
            directory_id=person.directory_id,
            mail=person.mail,
            name=person.name,
            roles=(),
            created_at=now,
            seen_at=now,
            expires_at=now + WEEK,
        )
    )
    other = next(
        pair for pair in tx.pairs.all() if person.id not in (pair.mentor_id, pair.mentee_id)
    )
    raised = Need(id="taken", key="k", pair_id=other.id, code="no_other_hour", raised_at=now)
    tx.needs.put(replace(raised, owner=person.directory_id))
    tx.orders.put(
        Order(
            id="ordered",
            pair_id=other.id,
            kind="pause",
            data={},
            given_at=now,
            given_by=person.directory_id,
        )
    )
    program = tx.pairs.require(pair_id).program_id
    account = person.directory_id
    tx.journal.write(JournalEntry(at=now, code="program_opened", data={"by": account}))
    told = {"told_at": now.isoformat(), "told_by": account}
    tx.programs.put(replace(tx.programs.require(program), evidence=told))
    link = {"id": "guest", "mail": "", "confirmed_at": now.isoformat(), "confirmed_by": account}
    tx.participants.put(replace(tx.participants.require(partner.id), known_as=(link,)))
    tx.waves.put(
        Wave(
            id="w1",
            program_id=program,
            name="first",
            pair_ids=(other.id,),
            state=WaveState.DONE,
            mails_confirmed=2,
            created_at=now,
            created_by=account,
        )
    )
    keep_begins(tx, program, account)
    for who, by in ((person, "command line"), (partner, person.directory_id)):
        tx.staff.put(
            StaffMember(
                program_id=program,
                directory_id=who.directory_id,
                role=StaffRole.COORDINATOR,
                mail=who.mail,
                name=who.name,
                added_at=now,
                added_by=by,
            )
        )


@with_left
async def test_what_a_person_left_on_the_pages_is_handed_over_and_goes(left: Left) -> None:
    found = await left.app.store.run(lambda tx: data_of(tx, left.person.id))
    assert [goal["text"] for goal in found["goals"]] == ["to argue less"]
    assert found["preferences"][0]["body"]["hours"] == {"mon": [["09:00", "12:00"]]}
    assert [len(found[name]) for name in ("aims", "confirmations", "staff")] == [1, 1, 1]
    assert [session["id"] for session in found["web_sessions"]] == [""]
    await left.erase(for_good=True)
    pair_id, session_id = left.pair_id, left.session_id
    goals = await left.app.store.run(lambda tx: tx.goals.of_pair(pair_id))
    assert [goal.text for goal in goals.values()] == [f"to see it as {GONE_WORD} does"]
    aim = await left.app.store.run(lambda tx: tx.aims.require(session_id))
    assert aim.text == f"What {GONE_WORD} builds"
    assert await left.app.store.run(lambda tx: tx.web_sessions.all()) == []
    assert await left.app.store.run(lambda tx: tx.preferences.all()) == []
    (kept,) = await left.app.store.run(lambda tx: tx.staff.all())
    assert (kept.directory_id, kept.added_by) == (left.partner.directory_id, GONE_WORD)


@with_left
async def test_numbers_of_how_it_was_stay_and_the_word_beside_them_goes(left: Left) -> None:
    found = await left.app.store.run(lambda tx: data_of(tx, left.person.id))
    assert [pulse["text"] for pulse in found["pulses"]] == ["my own word"]
    await left.erase(for_good=True)
    kept = await left.app.store.run(lambda tx: tx.pulses.of_pairs([left.pair_id])[left.pair_id])
    by = {pulse.person_id: (pulse.score, pulse.text) for pulse in kept}
    assert by == {
        left.person.id: (2, ""),
        left.partner.id: (2, f"{GONE_WORD} is never there"),
    }


@with_left
async def test_what_a_coordinator_noted_about_a_row_of_the_pair_is_handed_over(left: Left) -> None:
    def write(tx: Transaction) -> None:
        other = next(pair.id for pair in tx.pairs.all() if pair.id != left.pair_id)
        for key, pair_id in (("mine", left.pair_id), ("theirs", other)):
            at = virtual_now()
            need = Need(id=key, pair_id=pair_id, key=key, code="shortfall", raised_at=at)
            tx.needs.raise_once(need)
            tx.need_notes.put(NeedNote(need_id=key, text=f"about {key}"))

    await left.app.store.run(write)
    found = await left.app.store.run(lambda tx: data_of(tx, left.person.id))
    assert found["need_notes"] == [{"need_id": "mine", "text": "about mine"}]


@with_left
async def test_nothing_in_the_store_names_somebody_who_was_erased(left: Left) -> None:
    assert all(any(word in cell for cell in left.cells()) for word in left.words)
    done = await left.erase(for_good=True)
    assert done.done
    tables = left.cells_by_table()
    cells = [cell.casefold() for found in tables.values() for cell in found]
    account = left.person.directory_id
    for word in left.words:
        named = [cell for cell in cells if word.casefold() in cell]
        # The journal is never changed: of whoever acted it keeps the account's id, and no more.
        assert named == ([f'{{"by":"{account}"}}'] if word == account else [])
    assert account in str(tables["journal"])
    assert any(left.partner.name.casefold() in cell for cell in cells)
    note = await left.app.store.run(lambda tx: tx.notes.require(left.pair_id))
    assert note.text == f"{GONE_WORD} ({GONE_WORD}) is ill; ask the desk"


@with_left
async def test_a_look_says_the_same_and_changes_nothing(left: Left) -> None:
    before = left.cells()
    look = await left.erase(for_good=False)
    assert left.cells() == before
    assert look.done is False
    done = await left.erase(for_good=True)
    assert done.rows == look.rows
    assert {
        "participants",
        "pairs",
        "notes",
        "correction_notes",
        "reports",
        "links",
    } <= done.rows.keys()


@with_left
async def test_erasing_keeps_every_count(left: Left) -> None:
    named = ("mentor", "mentee", "roster_id", "pair")
    before = [{k: v for k, v in row.items() if k not in named} for row in await left.report()]
    assert sum(int(str(row["held"])) for row in before) == 1
    await left.erase(for_good=True)
    after = await left.report()
    kept = [{k: v for k, v in row.items() if k not in named} for row in after]
    assert sorted(map(str, kept)) == sorted(map(str, before))
    assert TOMBSTONE in {row["mentor"] for row in after}
    lines = await left.app.store.run(lambda tx: tx.credit_lines.of_pairs([left.pair_id]))
    assert [line.tenths for line in lines[left.pair_id]] == [9]


@with_left
async def test_nobody_is_erased_out_of_a_living_pair(left: Left) -> None:
    def live(tx: Transaction) -> None:
        tx.pairs.put(replace(tx.pairs.require(left.pair_id), state=PairState.BOOKED))

    await left.app.store.run(live)
    before = left.cells()
    with pytest.raises(NotPossibleError, match="still in 1 pair"):
        await left.erase(for_good=True)
    assert left.cells() == before


@with_left
async def test_nobody_is_erased_twice(left: Left) -> None:
    await left.erase(for_good=True)
    with pytest.raises(NotPossibleError, match="erased before"):
        await left.erase(for_good=True)


@with_left
async def test_a_link_of_somebody_who_was_erased_works_no_more(left: Left) -> None:
    await left.erase(for_good=True)
    now = virtual_now()
    assert await left.app.store.run(lambda tx: tx.links.use("secret-id", now)) is False


@with_left
async def test_the_contact_of_a_program_is_told_of_and_left(left: Left) -> None:
    def contact(tx: Transaction) -> str:
        program = tx.programs.all()[0]
        tx.programs.put(replace(program, contact={"mail": left.person.mail.upper()}))
        return program.name

    name = await left.app.store.run(contact)
    assert (await left.erase(for_good=False)).contact_of == (name,)


@with_left
async def test_what_is_handed_over_is_the_persons_and_names_nobody_else(left: Left) -> None:
    data = await left.app.store.run(lambda tx: data_of(tx, left.person.id))
    said = json.dumps(data, default=str)
    assert data["person"]["mail"] == left.person.mail
    assert [s["said"] for s in data["statements"]] == ["met"]
    assert [v["verdict"] for v in data["verdicts"]] == ["held"]
    assert [line["tenths"] for line in data["credit_lines"]] == [9]
    assert "secret-id" not in said
    assert left.partner.mail not in said
    assert left.partner.name not in said


@with_left
async def test_every_table_that_knows_the_person_has_a_part_in_what_is_handed_over(
    left: Left,
) -> None:
    ids = (left.person.id, left.person.directory_id, left.person.mail, left.person.name)
    known = {
        table
        for table, cells in left.cells_by_table().items()
        if any(word in cell for cell in cells for word in ids)
    }
    data = await left.app.store.run(lambda tx: data_of(tx, left.person.id))
    parts = {name for name, found in data.items() if found}
    told_by_other_words = {
        "participants": {"person", "identities_confirmed"},
        "programs": {"told"},
        "switches": {"begins"},
    }
    for table in known - NOT_ABOUT_THE_PERSON:
        assert told_by_other_words.get(table, {table}) <= parts, table
    assert [entry["data"]["by"] for entry in data["journal"] if entry["code"] == "program_opened"]


@with_left
async def test_a_persons_hours_name_nobody_and_count_what_was_held(left: Left) -> None:
    from integrations.workflows.reporting.history import histories_of_person

    later = virtual_now() + 40 * WEEK
    summary, meetings = await left.app.store.run(
        lambda tx: hours_tables(
            left.person.id, histories_of_person(tx, later, left.person.id, "UTC")
        )
    )
    rows = [dict(row) for row in summary.records()]
    assert [
        (row["role"], row["held"], row["led"], str(row["hours"])) for row in rows if row["held"]
    ] == [("mentor", 1, 1, "0.9")]
    assert [row["label"] for row in meetings.records()] == ["held, corrected by the coordinator"]
    assert left.partner.name not in str((summary, meetings))
