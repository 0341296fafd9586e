"""Intents, blockers, outbox, journal, switches and mail pace keep their promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from integrations.ports import Store, Transaction
from integrations.records import Blocker, BlockerScope, IntentState, JournalEntry, OutboxMail
from integrations.store import SqlStore
from tests.support.stores import MINUTE, NOW, enrol, intent

PAIR, PERSON = BlockerScope.PAIR, BlockerScope.PERSON
DONE, DROPPED, SENDING = IntentState.DONE, IntentState.DROPPED, IntentState.SENDING


def no_slot(**facts: object) -> Blocker:
    given: dict[str, object] = {"scope": PAIR, "subject_id": "p1", "code": "no-slot", "since": NOW}
    return Blocker(**(given | facts))  # type: ignore[arg-type]


# --- intents -----------------------------------------------------------------------------


async def test_an_act_never_has_two_open_intents(store: Store) -> None:
    await store.run(lambda tx: tx.intents.add(intent("i1")))
    with pytest.raises(ValueError, match="i2"):
        await store.run(lambda tx: tx.intents.add(intent("i2")))
    with pytest.raises(ValueError, match="refuses"):
        await store.run(lambda tx: tx.intents.put(intent("i2", state=SENDING)))
    assert [each.id for each in await store.run(lambda tx: tx.intents.all())] == ["i1"]


@pytest.mark.parametrize("state", [DONE, DROPPED])
async def test_a_settled_intent_makes_room_for_another(store: Store, state: IntentState) -> None:
    def write(tx: Transaction) -> None:
        tx.intents.add(intent("i1"))
        tx.intents.settle("i1", state, "verified", NOW + MINUTE)
        tx.intents.add(intent("i2"))

    await store.run(write)
    settled = await store.run(lambda tx: tx.intents.require("i1"))
    assert (settled.state, settled.outcome, settled.settled_at) == (state, "verified", NOW + MINUTE)
    assert [each.id for each in await store.run(lambda tx: tx.intents.open())] == ["i2"]


async def test_an_act_is_known_by_its_newest_intent_that_was_not_dropped(store: Store) -> None:
    def write(tx: Transaction) -> None:
        for number, state in enumerate((DONE, DONE, DROPPED)):
            at = NOW + number * MINUTE
            tx.intents.add(intent(f"i{number}", state=state, created_at=at))

    await store.run(write)
    found = await store.run(lambda tx: tx.intents.by_key("book/p1/1"))
    assert found is not None
    assert found.id == "i1"
    assert await store.run(lambda tx: tx.intents.by_key("book/p2/1")) is None


async def test_open_intents_come_oldest_first_and_by_pair(store: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.intents.add(intent("i1", "c", created_at=NOW + MINUTE))
        tx.intents.add(intent("i2", "b", state=SENDING))
        tx.intents.add(intent("i3", "a", pair_id="p2", created_at=NOW + 2 * MINUTE))
        tx.intents.add(intent("i4", "d", state=DONE))

    await store.run(write)
    assert [i.id for i in await store.run(lambda tx: tx.intents.open())] == ["i2", "i1", "i3"]
    assert [i.id for i in await store.run(lambda tx: tx.intents.open("p1"))] == ["i2", "i1"]
    assert len(await store.run(lambda tx: tx.intents.of_pair("p1"))) == 3


async def test_recent_intents_are_the_open_ones_and_those_settled_since(store: Store) -> None:
    def write(tx: Transaction) -> None:
        for name, pair, settled in (
            ("long ago", "p1", NOW - MINUTE),
            ("just now", "p1", NOW),
            ("theirs", "p2", None),
        ):
            tx.intents.add(intent(name, name, pair_id=pair))
            if settled is not None:
                tx.intents.settle(name, DONE, "verified", settled)
        tx.intents.add(intent("open", "open", created_at=NOW - MINUTE))

    await store.run(write)
    recent = await store.run(lambda tx: tx.intents.recent(["p1", "p2", "p3"], NOW))
    assert {pair: [i.id for i in found] for pair, found in recent.items()} == {
        "p1": ["open", "just now"],
        "p2": ["theirs"],
        "p3": [],
    }


async def test_an_intent_is_settled_once(store: Store) -> None:
    await store.run(lambda tx: tx.intents.add(intent("i1")))
    await store.run(lambda tx: tx.intents.settle("i1", DONE, "sent", NOW))
    with pytest.raises(LookupError, match="i1"):
        await store.run(lambda tx: tx.intents.settle("i1", DROPPED, "gone", NOW))
    with pytest.raises(ValueError, match="sending"):
        await store.run(lambda tx: tx.intents.settle("i1", SENDING, "x", NOW))
    assert (await store.run(lambda tx: tx.intents.require("i1"))).outcome == "sent"


# --- blockers ----------------------------------------------------------------------------


async def test_a_blocker_set_again_renews_its_data_and_stays_as_old_as_it_is(store: Store) -> None:
    assert await store.run(lambda tx: tx.blockers.set(no_slot()))
    later = no_slot(since=NOW + MINUTE, data={"dates": 3})
    assert not await store.run(lambda tx: tx.blockers.set(later))
    assert await store.run(lambda tx: tx.blockers.open()) == [no_slot(data={"dates": 3})]


async def test_a_cleared_blocker_may_come_back_as_a_new_one(store: Store) -> None:
    await store.run(lambda tx: tx.blockers.set(no_slot()))
    assert await store.run(lambda tx: tx.blockers.clear(PAIR, "p1", NOW)) == ["no-slot"]
    assert await store.run(lambda tx: tx.blockers.clear(PAIR, "p1", NOW)) == []
    assert await store.run(lambda tx: tx.blockers.open()) == []
    again = no_slot(since=NOW + MINUTE)
    assert await store.run(lambda tx: tx.blockers.set(again))
    assert await store.run(lambda tx: tx.blockers.open()) == [again]


async def test_clearing_some_codes_leaves_the_others(store: Store) -> None:
    def write(tx: Transaction) -> None:
        for code in ("a", "b", "c"):
            tx.blockers.set(no_slot(code=code))
        tx.blockers.set(no_slot(code="a", subject_id="p2"))

    await store.run(write)
    assert await store.run(lambda tx: tx.blockers.clear(PAIR, "p1", NOW, "c", "a", "x")) == [
        "a",
        "c",
    ]
    left = await store.run(lambda tx: tx.blockers.open())
    assert [(each.subject_id, each.code) for each in left] == [("p1", "b"), ("p2", "a")]


async def test_open_blockers_are_found_by_scope_and_subject_oldest_first(store: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.blockers.set(no_slot(since=NOW + MINUTE))
        tx.blockers.set(no_slot(subject_id="p2"))
        tx.blockers.set(no_slot(scope=PERSON, code="left"))

    await store.run(write)
    both = await store.run(lambda tx: tx.blockers.open(PAIR, ["p1", "p2", "p3"]))
    assert [each.subject_id for each in both] == ["p2", "p1"]
    assert [b.code for b in await store.run(lambda tx: tx.blockers.open(PERSON))] == ["left"]
    assert await store.run(lambda tx: tx.blockers.open(PAIR, [])) == []


# --- outbox ------------------------------------------------------------------------------


@pytest.fixture
async def mail(store: Store) -> OutboxMail:
    """A mail that waits in the store."""
    waiting = OutboxMail(person_id="mia", purpose="reminder", session_id="s1", due_at=NOW)
    await store.run(enrol)
    assert await store.run(lambda tx: tx.outbox.add(waiting))
    return waiting


async def test_a_mail_is_added_once_per_person_purpose_and_session(
    store: Store, mail: OutboxMail
) -> None:
    assert not await store.run(lambda tx: tx.outbox.add(replace(mail, due_at=NOW - MINUTE)))
    assert await store.run(lambda tx: tx.outbox.due(NOW)) == [mail]
    assert await store.run(lambda tx: tx.outbox.due(NOW - MINUTE)) == []
    assert await store.run(lambda tx: tx.outbox.add(replace(mail, session_id="s2")))
    assert len(await store.run(lambda tx: tx.outbox.due(NOW, limit=1))) == 1


async def test_a_mail_is_marked_by_one_sender_only_and_never_due_again(
    store: Store, mail: OutboxMail
) -> None:
    assert await store.run(lambda tx: tx.outbox.mark_sent(mail, NOW))
    assert not await store.run(lambda tx: tx.outbox.mark_sent(mail, NOW))
    assert await store.run(lambda tx: tx.outbox.due(NOW)) == []
    assert not await store.run(lambda tx: tx.outbox.add(mail))


async def test_mails_wait_for_their_pair_until_they_are_sent(
    store: Store, mail: OutboxMail
) -> None:
    about = replace(mail, session_id="s2", pair_id="p1")
    assert await store.run(lambda tx: tx.outbox.add(about))
    assert await store.run(lambda tx: tx.outbox.waiting(["p1", "p2"])) == [about]
    assert await store.run(lambda tx: tx.outbox.waiting(["p2"])) == []
    assert await store.run(lambda tx: tx.outbox.mark_sent(about, NOW))
    assert await store.run(lambda tx: tx.outbox.waiting(["p1"])) == []


async def test_mails_that_wait_are_sent_from_another_mailbox_and_no_others(
    store: Store, mail: OutboxMail
) -> None:
    waits = replace(mail, session_id="s2", pair_id="p1", mailbox_id="box")
    gone = replace(waits, session_id="s3")
    for one in (waits, gone):
        assert await store.run(lambda tx, one=one: tx.outbox.add(one))  # type: ignore[misc]
    assert await store.run(lambda tx: tx.outbox.mark_sent(gone, NOW))
    assert await store.run(lambda tx: tx.outbox.reroute("box", "other")) == 1
    rows = await store.run(lambda tx: tx.outbox.of_pair("p1"))
    assert {(row.session_id, row.mailbox_id) for row in rows} == {("s2", "other"), ("s3", "box")}


# --- journal -----------------------------------------------------------------------------


async def test_the_journal_numbers_its_entries_in_the_order_written(store: Store) -> None:
    entries = [JournalEntry(at=NOW, code=f"c{number}", pair_id="p1") for number in range(5)]
    await store.run(lambda tx: tx.journal.write(*entries[:3]))
    await store.run(lambda tx: tx.journal.write(*entries[3:]))
    read = await store.run(lambda tx: tx.journal.read())
    assert [each.code for each in read] == ["c0", "c1", "c2", "c3", "c4"]
    numbers = [each.seq or 0 for each in read]
    assert numbers == sorted(set(numbers))
    rest = await store.run(lambda tx: tx.journal.read(after=numbers[2]))
    assert rest == read[3:]


async def test_the_journal_is_read_by_pair_code_and_in_pages(store: Store) -> None:
    entries = [
        JournalEntry(at=NOW, code="booked", pair_id="p1", data={"dates": 9}),
        JournalEntry(at=NOW, code="booked", pair_id="p2"),
        JournalEntry(at=NOW, code="moved", pair_id="p1"),
    ]
    await store.run(lambda tx: tx.journal.write(*entries))
    of_pair = await store.run(lambda tx: tx.journal.read(pair_id="p1"))
    assert [replace(each, seq=None) for each in of_pair] == [entries[0], entries[2]]
    assert len(await store.run(lambda tx: tx.journal.read(code="booked"))) == 2
    assert len(await store.run(lambda tx: tx.journal.read(limit=1))) == 1


async def test_the_journal_finds_whatever_names_one_of_some_ids(store: Store) -> None:
    account = "7f3a_1%"
    entries = [
        JournalEntry(at=NOW, code="person_gone", person_id="ann"),
        JournalEntry(at=NOW, code="wave_begun", data={"by": account, "pairs": 3}),
        JournalEntry(at=NOW, code="wave_begun", data={"by": "7f3aX1Y"}),
        JournalEntry(at=NOW, code="plan_made", pair_id="p1", data={"people": ["bob", "ann"]}),
    ]
    await store.run(lambda tx: tx.journal.write(*entries))
    found = await store.run(lambda tx: tx.journal.naming(["ann", account]))
    assert [each.code for each in found] == ["person_gone", "wave_begun", "plan_made"]
    assert found[1].data["by"] == account


@pytest.mark.parametrize("change", ["UPDATE journal SET code = 'x'", "DELETE FROM journal"])
async def test_the_database_refuses_to_change_the_journal(store: SqlStore, change: str) -> None:
    await store.run(lambda tx: tx.journal.write(JournalEntry(at=NOW, code="booked")))
    with store.engine.connect() as connection:
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(change))
        connection.rollback()
    assert len(await store.run(lambda tx: tx.journal.read())) == 1


async def test_retention_removes_only_what_is_older_than_it_declared(store: SqlStore) -> None:
    entries = [JournalEntry(at=NOW + days * timedelta(days=1), code="x") for days in (0, 1)]
    await store.run(lambda tx: tx.journal.write(*entries))
    declare = text("UPDATE store_info SET journal_kept_from = (SELECT max(at) FROM journal)")
    oldest = text("DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal)")
    with store.engine.connect() as connection:
        connection.execute(declare)
        connection.execute(oldest)
        connection.commit()
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(oldest)
        connection.rollback()
    assert [each.at for each in await store.run(lambda tx: tx.journal.read())] == [entries[1].at]


# --- switches and pace -------------------------------------------------------------------


async def test_a_switch_is_set_changed_and_taken_away(store: Store) -> None:
    def values(tx: Transaction) -> list[str | None]:
        seen = [tx.switches.get("read-only")]
        for wanted in ("on", "off", None, None):
            tx.switches.set("read-only", wanted)
            seen.append(tx.switches.get("read-only"))
        return seen

    assert await store.run(values) == [None, "on", "off", None, None]


async def test_mails_wait_for_those_before_them(store: Store) -> None:
    second = MINUTE / 60
    await store.run(enrol)

    async def place(mails: int) -> timedelta:
        at = await store.run(
            lambda tx: tx.mailboxes.pace_mails("box", mails, NOW, 2 * second, 4 * second)
        )
        return at - NOW

    assert [await place(2), await place(2), await place(1)] == [0 * second, 4 * second, 6 * second]
    paced = (await store.run(lambda tx: tx.mailboxes.require("box"))).mail_paced_until
    assert paced == NOW + 6 * second
