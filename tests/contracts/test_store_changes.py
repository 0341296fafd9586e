"""What keeping a series alive remembers comes back as it was, and is found by what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from integrations.ports import Store, Transaction
from integrations.records import (
    JournalEntry,
    Need,
    NeedNote,
    Order,
    OutboxMail,
    SessionState,
    Subscription,
)
from tests.support.stores import MINUTE, NOW, booking, enrol, pair, session

NEED = Need(id="n1", key="declined:p1.3", pair_id="p1", code="declined", raised_at=NOW)
SCHEDULED = SessionState.SCHEDULED


async def test_every_field_of_a_changed_session_comes_back(store: Store) -> None:
    changed = session(
        "p1.3",
        generation=2,
        planned_start=NOW,
        single=True,
        make_up=True,
        moves=2,
        declines=1,
        moved_by_person=True,
        answered=({"event": "e", "person": "mia", "proposed": "", "at": ""},),
        conflicts=({"person": "sam", "looks": 2},),
        told=("sam:hour_is_off",),
        cause="declined",
        seen="digest",
        held=False,
        replies="accepted none",
    )

    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.sessions.add(changed)

    await store.run(write)
    assert await store.run(lambda tx: tx.sessions.require("p1.3")) == changed


async def test_answers_are_noted_where_a_date_stands_as_it_did_and_nothing_else_is(
    store: Store,
) -> None:
    stands, moved, gone = (session(f"p1.{number}", state=SCHEDULED) for number in range(3))
    read = [replace(one, replies="accepted none", moves=7) for one in (stands, moved, gone)]
    later = replace(moved, start=moved.start + MINUTE)
    cancelled = replace(gone, state=SessionState.CANCELLED)

    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.sessions.put_many([stands, later, cancelled])
        tx.sessions.note_replies(read)
        tx.sessions.note_replies([])

    await store.run(write)
    noted = await store.run(lambda tx: tx.sessions.of_pair("p1"))
    assert noted == [replace(stands, replies="accepted none"), later, cancelled]


async def test_every_field_of_a_changed_pair_comes_back(store: Store) -> None:
    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.pairs.put(changed)

    changed = pair(
        "p1",
        windows_from=date(2026, 4, 6),
        booked_at=NOW,
        reconciled_at=NOW,
        withdrawn=True,
        pause={"first": "2026-03-03", "last": "2026-03-21"},
        past_pauses=({"first": "2026-01-01", "last": "2026-01-02"},),
        series_declines=({"person": "sam", "since": NOW.isoformat()},),
        offer={"to": ["mia"], "hours": []},
        said=("conflict_waits:p1.3:",),
    )
    await store.run(write)
    assert await store.run(lambda tx: tx.pairs.require("p1")) == changed


async def test_sessions_and_series_are_found_by_their_events(store: Store) -> None:
    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.bookings.put(booking())
        tx.sessions.put_many([session("p1.0", event_id="occurrence-0"), session("p1.1")])

    await store.run(write)
    sessions = await store.run(lambda tx: tx.sessions.by_events(["occurrence-0", "nobody's"]))
    series = await store.run(lambda tx: tx.bookings.by_events(["event-p1-1", "nobody's"]))
    assert [each.id for each in sessions] == ["p1.0"]
    assert [(each.pair_id, each.generation) for each in series] == [("p1", 1)]


async def test_only_scheduled_sessions_that_start_in_the_stretch_are_given(store: Store) -> None:
    def write(tx: Transaction) -> None:
        enrol(tx)
        starts = {"early": -1, "first": 0, "middle": 5, "end": 10}
        for key, minutes in starts.items():
            at = NOW + minutes * MINUTE
            end = at + timedelta(hours=1)
            tx.sessions.add(session(key, state=SCHEDULED, start=at, end=end))
        tx.sessions.add(session("planned", start=NOW + MINUTE, end=NOW + 9 * MINUTE))

    await store.run(write)
    found = await store.run(lambda tx: tx.sessions.starting(NOW, NOW + 10 * MINUTE))
    assert [each.id for each in found] == ["first", "middle"]


async def test_generations_stand_in_order_whatever_their_windows(store: Store) -> None:
    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.sessions.add(session("new", window=0, generation=2))
        tx.sessions.add(session("old", window=7))

    await store.run(write)
    found = await store.run(lambda tx: tx.sessions.of_pair("p1"))
    assert [each.id for each in found] == ["old", "new"]


async def test_a_need_is_raised_once_until_it_is_closed(store: Store) -> None:
    def write(tx: Transaction) -> list[bool]:
        enrol(tx)
        raised = [tx.needs.raise_once(NEED), tx.needs.raise_once(replace(NEED, id="n2"))]
        closed = tx.needs.close("p1", NEED.key, "left_out", NOW + MINUTE)
        assert closed == replace(NEED, closed_at=NOW + MINUTE, outcome="left_out")
        return [*raised, tx.needs.raise_once(replace(NEED, id="n3"))]

    assert await store.run(write) == [True, False, True]
    assert [each.id for each in await store.run(lambda tx: tx.needs.open(["p1"]))] == ["n3"]
    assert await store.run(lambda tx: tx.needs.open(["p2"])) == []


async def test_closing_a_need_that_is_not_open_says_so(store: Store) -> None:
    await store.run(enrol)
    assert await store.run(lambda tx: tx.needs.close("p1", "no such", "done", NOW)) is None


async def test_a_note_stands_with_its_need(store: Store) -> None:
    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.needs.add(NEED)
        tx.need_notes.put(NeedNote(need_id="n1", text="will call"))

    await store.run(write)
    assert (await store.run(lambda tx: tx.need_notes.require("n1"))).text == "will call"


async def test_a_subscription_is_found_by_its_id_until_it_is_removed(store: Store) -> None:
    known = Subscription(
        id="sub", mailbox_id="box", client_state="secret", expires_at=NOW, created_at=NOW
    )

    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.subscriptions.put(known)

    await store.run(write)
    assert await store.run(lambda tx: tx.subscriptions.many(["sub", "other"])) == {"sub": known}
    assert await store.run(lambda tx: tx.subscriptions.remove("sub"))
    assert not await store.run(lambda tx: tx.subscriptions.remove("sub"))


async def test_a_mail_that_did_not_go_out_waits_again(store: Store) -> None:
    mail = OutboxMail(person_id="mia", purpose="closing", session_id="p1.3", due_at=NOW)
    later = NOW + 10 * MINUTE

    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.outbox.add(mail)
        assert tx.outbox.mark_sent(mail, NOW)
        tx.outbox.mark_waiting(mail, later)

    await store.run(write)
    assert await store.run(lambda tx: tx.outbox.next_due_at()) == later
    assert await store.run(lambda tx: tx.outbox.due(NOW)) == []
    (waiting,) = await store.run(lambda tx: tx.outbox.due(later))
    assert (waiting.sent_at, waiting.attempts) == (None, 1)


async def test_a_mail_given_up_is_never_due(store: Store) -> None:
    mail = OutboxMail(
        person_id="contact:prog", purpose="needs_you", session_id="2026-03-30", due_at=NOW
    )

    def write(tx: Transaction) -> None:
        tx.outbox.add(mail)
        tx.outbox.drop(mail, "cause_gone")

    await store.run(write)
    assert await store.run(lambda tx: (tx.outbox.due(NOW), tx.outbox.next_due_at())) == ([], None)
    assert not await store.run(lambda tx: tx.outbox.mark_sent(mail, NOW))


async def test_mails_are_found_by_the_mailbox_they_leave_from(store: Store) -> None:
    mails = [
        OutboxMail(
            person_id="mia",
            purpose="closing",
            session_id=box,
            due_at=NOW + at * MINUTE,
            mailbox_id=box,
        )
        for at, box in enumerate(("box1", "box2"))
    ]

    def write(tx: Transaction) -> None:
        enrol(tx)
        for mail in mails:
            tx.outbox.add(mail)

    await store.run(write)
    later = NOW + 10 * MINUTE
    assert await store.run(lambda tx: tx.outbox.due(later, mailbox_id="box2")) == [mails[1]]
    assert await store.run(lambda tx: tx.outbox.due(later)) == mails
    assert await store.run(lambda tx: tx.outbox.next_due_at("box2")) == NOW + MINUTE
    assert await store.run(lambda tx: tx.outbox.next_due_at("box3")) is None


async def test_the_journal_tells_a_persons_mails_since_an_instant(store: Store) -> None:
    def entry(minutes: int, person: str, code: str = "mail") -> JournalEntry:
        return JournalEntry(at=NOW + minutes * MINUTE, code=code, person_id=person)

    entries = [entry(-1, "mia"), entry(0, "mia"), entry(1, "sam"), entry(2, "mia", "told")]
    await store.run(lambda tx: tx.journal.write(*entries))
    found = await store.run(lambda tx: tx.journal.of_person_since(["mia"], "mail", NOW))
    assert [each.at for each in found] == [NOW]


async def test_orders_stay_open_in_the_order_they_were_given_until_settled(store: Store) -> None:
    first = Order(id="z", pair_id="p1", kind="skip", given_at=NOW, data={"session": "p1.3"})
    second = replace(first, id="a", given_at=NOW + MINUTE, given_by="mia")

    def write(tx: Transaction) -> None:
        enrol(tx)
        tx.orders.add(second)
        tx.orders.add(first)

    await store.run(write)
    assert await store.run(lambda tx: tx.orders.open("p1")) == [first, second]
    assert await store.run(lambda tx: tx.orders.settle("z", "left_out", NOW + MINUTE))
    assert not await store.run(lambda tx: tx.orders.settle("z", "left_out", NOW + MINUTE))
    assert [each.id for each in await store.run(lambda tx: tx.orders.open("p1"))] == ["a"]


async def test_the_journal_knows_its_newest_number(store: Store) -> None:
    assert await store.run(lambda tx: tx.journal.last_seq()) == 0
    await store.run(lambda tx: tx.journal.write(JournalEntry(at=NOW, code="told")))
    last = await store.run(lambda tx: tx.journal.last_seq())
    assert [each.seq for each in await store.run(lambda tx: tx.journal.read(after=last - 1))] == [
        last
    ]
    assert await store.run(lambda tx: tx.journal.read(after=last)) == []
