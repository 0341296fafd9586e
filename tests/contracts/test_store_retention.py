"""What the store lets go of, and what it keeps: on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from integrations.attendance_records import Delivery, SurveyScore
from integrations.page_records import KeptAnswer, Wave, WaveState, WebSession, Wish
from integrations.ports import Store, Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    IntentState,
    JournalEntry,
    Need,
    Order,
    OutboxMail,
    PairState,
    ProgramState,
    WorkState,
)
from integrations.store import SqlStore, tables
from integrations.store.retention import KEPT
from scheduling.attendance.surveys import Moment
from tests.contracts.test_store_attendance import LINK, VERDICT
from tests.support.stores import MINUTE, NOW, booking, enrol, intent, pair, session

DAY = timedelta(days=1)
LATER = NOW + 400 * DAY
"""When retention looks: everything of ``NOW`` is more than a year old."""
SETTLED = ("intents", "outbox", "links", "orders", "needs", "need_notes")


def mail(**facts: object) -> OutboxMail:
    """One that went out."""
    given = {"person_id": "mia", "purpose": "did_you_meet", "session_id": "p1.0", "due_at": NOW}
    sent = {"state": "sent", "sent_at": NOW, "pair_id": "p1"}
    return OutboxMail(**(given | sent | facts))  # type: ignore[arg-type]


def lived_through(tx: Transaction, state: PairState) -> None:
    """One pair with a row in each table that says how it came to where it is."""
    enrol(tx)
    tx.pairs.put(pair("p1", state=state))
    tx.sessions.put(session("p1.0"))
    tx.bookings.put(booking())
    tx.intents.add(intent("i1", state=IntentState.DONE, settled_at=NOW, outcome="done"))
    tx.outbox.add(mail())
    tx.links.add(LINK)
    tx.verdicts.put(VERDICT)
    tx.deliveries.put(Delivery(session_id="p1.0", version=1, due_at=NOW, state="sent"))
    tx.orders.add(
        Order(id="o", pair_id="p1", kind="pause", given_at=NOW, given_by="x", settled_at=NOW)
    )
    need = Need(id="n", key="k", pair_id="p1", code="x", raised_at=NOW, closed_at=NOW)
    tx.needs.add(need)
    tx.journal.write(JournalEntry(at=NOW, code="booked", program_id="prog", pair_id="p1"))


async def rows(store: SqlStore) -> dict[str, int]:
    """How many rows each table has that has any."""

    def count(tx: Transaction) -> dict[str, int]:
        connection = tx._connection  # type: ignore[attr-defined]
        found = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }
        return {name: number for name, number in found.items() if number}

    return await store.run(count)


def resting(tx: Transaction) -> list[str]:
    """Pairs at rest for more than a year."""
    return tx.retention.resting(LATER - 365 * DAY, after="", limit=10)


def test_every_table_has_a_stated_retention() -> None:
    assert set(KEPT) == set(tables.metadata.tables)


async def test_what_led_a_pair_to_its_rest_goes_and_what_is_counted_stays(store: SqlStore) -> None:
    await store.run(lambda tx: lived_through(tx, PairState.COMPLETED))
    before = await rows(store)
    assert await store.run(resting) == ["p1"]
    removed = await store.run(lambda tx: tx.retention.remove_settled(["p1"]))
    kept = await rows(store)
    assert {name for name, number in removed.items() if number} == set(SETTLED) - {"need_notes"}
    assert kept == {name: n for name, n in before.items() if name not in SETTLED}
    again = await store.run(lambda tx: tx.retention.remove_settled(["p1"]))
    assert sum(again.values()) == 0


@pytest.mark.parametrize("state", sorted(set(PairState) - {PairState.COMPLETED, "withdrawn"}))
async def test_a_pair_that_goes_on_is_never_at_rest(store: Store, state: PairState) -> None:
    await store.run(lambda tx: lived_through(tx, state))
    assert await store.run(resting) == []


@pytest.mark.parametrize(
    "left",
    [
        lambda tx: tx.journal.write(JournalEntry(at=LATER, code="x", pair_id="p1")),
        lambda tx: tx.sessions.put(session("p1.1", window=1, end=LATER)),
        lambda tx: tx.intents.add(intent("i2", "other")),
        lambda tx: tx.outbox.add(mail(purpose="closing", state="waiting", sent_at=None)),
        lambda tx: tx.orders.add(
            Order(id="o2", pair_id="p1", kind="x", given_at=NOW, given_by="x")
        ),
        lambda tx: tx.needs.add(Need(id="n2", key="k", pair_id="p1", code="x", raised_at=NOW)),
        lambda tx: tx.pairs.put(pair("p1", state=PairState.COMPLETED, start_date=LATER.date())),
    ],
    ids=["journal", "session", "intent", "mail", "order", "need", "start"],
)
async def test_a_pair_with_something_lately_or_left_is_not_at_rest(
    store: Store, left: object
) -> None:
    await store.run(lambda tx: lived_through(tx, PairState.COMPLETED))
    await store.run(left)  # type: ignore[arg-type]
    assert await store.run(resting) == []


async def test_what_passes_goes_and_what_is_open_put_aside_or_fresh_stays(store: SqlStore) -> None:
    def fill(tx: Transaction) -> None:
        for kind, at in (("old", NOW), ("fresh", LATER), ("open", NOW), ("aside", NOW)):
            work = tx.work.schedule(kind, "p1", at)
            if kind in ("old", "fresh"):
                tx.work.put(replace(work, state=WorkState.DONE))
        tx.work.poison(tx.work.schedule("aside", "p1", NOW).id, "x")
        enrol(tx)
        for wish, settled in (("old", NOW), ("fresh", LATER), ("waits", None)):
            tx.wishes.add(
                Wish(
                    id=wish, program_id=tx.programs.all()[0].id, directory_id="d", mail="m",
                    name="n", role="mentee", asked_at=NOW, settled_at=settled,
                )
            )  # fmt: skip
        for mailbox, at in (("old", NOW), ("fresh", LATER)):
            tx.permits.acquire(mailbox, "me", at, MINUTE, range(4))
            tx.mailboxes.defer(mailbox, at)
            tx.kept_answers.put(
                KeptAnswer(id=mailbox, asked="x", holder="me", claimed_until=at, expires_at=at)
            )
            tx.web_sessions.put(
                WebSession(
                    id=mailbox, directory_id="d", mail="m", name="n", roles=(),
                    created_at=at, seen_at=at, expires_at=at,
                )
            )  # fmt: skip

    await store.run(fill)
    removed = await store.run(lambda tx: tx.retention.remove_passing(LATER - 30 * DAY, 10))
    assert removed == {
        "work": 1,
        "permits": 1,
        "mailbox_gates": 1,
        "web_sessions": 1,
        "wishes": 1,
        "kept_answers": 1,
    }
    assert {wish.id for wish in await store.run(lambda tx: tx.wishes.all())} == {"fresh", "waits"}
    left = await store.run(lambda tx: {work.kind for work in tx.work.all()})
    assert left == {"fresh", "open", "aside"}


async def test_work_that_was_deleted_is_scheduled_as_work_that_was_done(store: Store) -> None:
    def done(tx: Transaction) -> None:
        tx.work.put(replace(tx.work.schedule("judge", "s", NOW), state=WorkState.DONE))

    await store.run(done)
    reopened = await store.run(lambda tx: tx.work.schedule("judge", "s", LATER))
    await store.run(done)
    await store.run(lambda tx: tx.retention.remove_passing(LATER + DAY, 10))
    assert await store.run(lambda tx: tx.work.schedule("judge", "s", LATER)) == reopened


async def test_closed_blockers_and_lists_that_went_out_go_a_batch_at_a_time(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(3):
            subject = f"p{number}"
            tx.blockers.set(
                Blocker(scope=BlockerScope.PAIR, subject_id=subject, code="x", since=NOW)
            )
            if number < 2:
                tx.blockers.clear(BlockerScope.PAIR, subject, NOW)
        tx.outbox.add(mail(person_id="contact:prog", purpose="daily_list", pair_id=None))
        tx.outbox.add(mail(person_id="wish:w1", purpose="wish_declined", pair_id=None))
        tx.outbox.add(mail())

    await store.run(fill)
    counts = [
        await store.run(lambda tx: tx.retention.remove_closed(LATER - 365 * DAY, 1))
        for _ in range(3)
    ]
    assert [count["blockers"] for count in counts] == [1, 1, 0]
    assert [count["outbox"] for count in counts] == [1, 1, 0]
    assert len(await store.run(lambda tx: tx.blockers.open())) == 1
    assert not await store.run(lambda tx: tx.outbox.add(mail())), "it would be sent again"


async def test_old_entries_go_but_those_of_pairs_and_programs_that_go_on(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        enrol(tx)
        closed = replace(tx.programs.require("prog"), id="closed", state=ProgramState.CLOSED)
        tx.programs.add(closed)
        tx.pairs.put_many([pair("p2", state=PairState.WITHDRAWN)])
        for code, facts in (
            ("of the living", {"pair_id": "p1", "program_id": "prog"}),
            ("of the ended", {"pair_id": "p2", "program_id": "prog"}),
            ("of a program", {"program_id": "prog"}),
            ("of a closed one", {"program_id": "closed"}),
            ("of the firm", {}),
        ):
            tx.journal.write(JournalEntry(at=NOW, code=code, **facts))  # type: ignore[arg-type]
        tx.journal.write(JournalEntry(at=LATER, code="of today", pair_id="p2"))

    await store.run(fill)
    removed = await store.run(lambda tx: tx.retention.remove_journal(LATER - DAY, 10))
    assert removed == {"journal": 3}
    left = {entry.code for entry in await store.run(lambda tx: tx.journal.read())}
    assert left == {"of the living", "of a program", "of today"}


async def test_a_pair_is_deleted_with_all_that_is_its_own_and_nobody_elses(store: SqlStore) -> None:
    def fill(tx: Transaction) -> None:
        lived_through(tx, PairState.COMPLETED)
        tx.participants.put(replace(tx.participants.require("mia"), id="zoe", directory_id="d-z"))
        tx.pairs.put(pair("p2", mentor_id="sam", mentee_id="zoe"))
        tx.sessions.put(session("p2.0", "p2"))
        tx.work.schedule("judge", "p1.0", NOW)
        for scope, subject in ((BlockerScope.PAIR, "p1"), (BlockerScope.PERSON, "mia")):
            tx.blockers.set(Blocker(scope=scope, subject_id=subject, code="x", since=NOW))
        tx.survey_scores.add(_score("mias", "prog", NOW, "mia"))
        tx.survey_scores.add(_score("sams", "prog", NOW, "sam"))

    await store.run(fill)
    await store.run(lambda tx: tx.retention.remove_pairs(["p1"]))
    left = await rows(store)
    assert left == {
        "store_info": 1, "programs": 1, "mailboxes": 1, "journal": 1,
        "pairs": 1, "sessions": 1, "participants": 2, "survey_scores": 1,
    }  # fmt: skip
    assert {p.id for p in await store.run(lambda tx: tx.participants.all())} == {"sam", "zoe"}


async def test_waves_and_scores_of_surveys_go_with_their_closed_program_alone(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        enrol(tx)
        closed = replace(tx.programs.require("prog"), id="closed", state=ProgramState.CLOSED)
        tx.programs.add(closed)
        for key, program, state in (
            ("goes", "closed", WaveState.DONE),
            ("stopped", "closed", WaveState.STOPPED),
            ("lives", "prog", WaveState.DONE),
        ):
            tx.waves.put(
                Wave(
                    id=key, program_id=program, name=key, pair_ids=("p1",), state=state,
                    mails_confirmed=2, created_at=NOW, created_by="x",
                )
            )  # fmt: skip

        for key, program, at in (
            ("old", "closed", NOW),
            ("new", "closed", LATER),
            ("x", "prog", NOW),
        ):
            tx.survey_scores.add(_score(key, program, at))

    await store.run(fill)
    removed = await store.run(lambda tx: tx.retention.remove_of_closed(LATER, 10))
    assert removed == {"waves": 1, "survey_scores": 1}
    assert {each.id for each in await store.run(lambda tx: tx.survey_scores.all())} == {"new", "x"}
    assert {wave.id for wave in await store.run(lambda tx: tx.waves.all())} == {"stopped", "lives"}


def _score(key: str, program: str, at: datetime, person: str | None = None) -> SurveyScore:
    return SurveyScore(
        id=key, program_id=program, question="Trust", moment=Moment.AFTER, hundredths=350,
        answers=1, person_id=person, imported_at=at, imported_by="x",
    )  # fmt: skip
