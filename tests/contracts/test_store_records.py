"""Every table gives back what was put into it, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from integrations.ports import Store, Transaction
from integrations.records import (
    Mailbox,
    Note,
    Pair,
    PairState,
    Program,
    ProgramState,
    Rule,
    SessionState,
    Work,
)
from tests.support.stores import MINUTE, NOW, booking, enrol, intent, pair, person, session

FULL_PERSON = person(
    "zoë",
    office="Köln",
    zone="Europe/Berlin",
    zone_is_guessed=True,
    hours={"mon": [["09:00", "17:30"]], "tue": []},
    hours_source="mailbox",
    hours_are_bound=True,
    enabled=False,
    guest=True,
    timekeeper="0042",
    settings_read_at=NOW,
    language="de-AT",
    time_format="hh:mm tt",
)
FULL_PAIR = pair(
    "p2",
    roster_id="7",
    state=PairState.BOOKED,
    mailbox_id="box",
    generation=3,
    office="Köln",
    practice_group="Tax",
    assistants=("ada", "bo"),
    focus="AI",
    place="Room 3",
    series={"zone": "Europe/Berlin", "weekday": 0, "start": "09:00", "phase": 1},
    calendars_read_at=NOW,
    planned_at=NOW + timedelta(microseconds=1),
)


@pytest.fixture
async def enrolled(store: Store) -> Store:
    """A store with one pair."""
    await store.run(enrol)
    return store


async def test_a_person_comes_back_with_every_field(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.participants.add(FULL_PERSON))
    assert await enrolled.run(lambda tx: tx.participants.get("zoë")) == FULL_PERSON


async def test_a_pair_comes_back_with_every_field(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.pairs.add(FULL_PAIR))
    assert await enrolled.run(lambda tx: tx.pairs.get("p2")) == FULL_PAIR


async def test_a_pair_that_was_not_planned_has_no_series(enrolled: Store) -> None:
    assert (await enrolled.run(lambda tx: tx.pairs.require("p1"))).series is None


async def test_a_session_comes_back_with_every_field(enrolled: Store) -> None:
    full = session("s1", moved=True, reason={"code": "busy"}, event_id="e", etag='W/"2"')
    await enrolled.run(lambda tx: tx.sessions.add(full))
    assert await enrolled.run(lambda tx: tx.sessions.get("s1")) == full


async def test_an_intent_comes_back_with_every_field(enrolled: Store) -> None:
    full = intent(
        "i1",
        session_id="s1",
        event_id="e",
        etag="x",
        transaction_id="t",
        before={"start": "a"},
        after={"start": "b"},
        mails=({"person": "mia", "kind": "invitation"},),
        send_at=NOW,
        sent_at=NOW,
    )
    await enrolled.run(lambda tx: tx.intents.add(full))
    assert await enrolled.run(lambda tx: tx.intents.get("i1")) == full


async def test_programs_rules_notes_and_mailboxes_come_back(enrolled: Store) -> None:
    program = Program(
        id="z", name="Z", zone="Asia/Tokyo", state=ProgramState.RUNNING, mixed=True, links={"a": 1}
    )
    rule = Rule(id="r", program_id="z", version=1, body={"interval_weeks": 2}, created_at=NOW)
    note = Note(pair_id="p1", text="prefers mornings")
    mailbox = Mailbox(id="b2", address="b2@example.com", checked_on=date(2026, 3, 29))

    def write(tx: Transaction) -> None:
        tx.programs.add(program)
        tx.rules.add(rule)
        tx.notes.add(note)
        tx.mailboxes.add(mailbox)

    await enrolled.run(write)
    assert await enrolled.run(lambda tx: tx.programs.get("z")) == program
    assert await enrolled.run(lambda tx: tx.rules.get("r")) == rule
    assert await enrolled.run(lambda tx: tx.notes.get("p1")) == note
    assert await enrolled.run(lambda tx: tx.mailboxes.get("b2")) == mailbox


async def test_what_is_not_there_is_none_or_a_lookup_error(store: Store) -> None:
    assert await store.run(lambda tx: tx.pairs.get("nobody")) is None
    with pytest.raises(LookupError, match="nobody"):
        await store.run(lambda tx: tx.pairs.require("nobody"))


async def test_adding_twice_is_refused_and_the_first_stays(enrolled: Store) -> None:
    with pytest.raises(ValueError, match="p1"):
        await enrolled.run(lambda tx: tx.pairs.add(pair("p1", focus="other")))
    assert (await enrolled.run(lambda tx: tx.pairs.require("p1"))).focus is None


async def test_many_are_added_together_or_none_of_them_is(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.pairs.add_all([]))
    await enrolled.run(lambda tx: tx.pairs.add_all([pair("p2"), pair("p3")]))
    with pytest.raises(ValueError, match="refuses"):
        await enrolled.run(lambda tx: tx.pairs.add_all([pair("p4"), pair("p1", focus="other")]))
    kept = await enrolled.run(lambda tx: tx.pairs.all())
    assert sorted((each.id, each.focus) for each in kept) == [
        ("p1", None),
        ("p2", None),
        ("p3", None),
    ]


async def test_a_refused_add_leaves_the_transaction_usable(enrolled: Store) -> None:
    def write(tx: Transaction) -> None:
        with pytest.raises(ValueError, match="p1"):
            tx.pairs.add(pair("p1"))
        tx.pairs.add(pair("p2"))

    await enrolled.run(write)
    assert await enrolled.run(lambda tx: tx.pairs.get("p2")) == pair("p2")


async def test_putting_replaces_the_record_with_the_same_key(enrolled: Store) -> None:
    changed = pair("p1", state=PairState.PLANNED, focus="AI")
    await enrolled.run(lambda tx: tx.pairs.put(changed))
    assert await enrolled.run(lambda tx: tx.pairs.all()) == [changed]


async def test_all_is_in_the_order_of_the_keys(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.pairs.put_many([pair("p3"), pair("p0")]))
    ids = [each.id for each in await enrolled.run(lambda tx: tx.pairs.all())]
    assert ids == ["p0", "p1", "p3"]


async def test_instants_come_back_in_utc_whatever_zone_they_had(enrolled: Store) -> None:
    there = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    await enrolled.run(lambda tx: tx.pairs.put(pair("p1", planned_at=there)))
    stored = (await enrolled.run(lambda tx: tx.pairs.require("p1"))).planned_at
    assert stored == there
    assert stored is not None
    assert stored.tzinfo is UTC


async def test_a_naive_instant_is_refused(enrolled: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="needs a zone"):
        await enrolled.run(lambda tx: tx.pairs.put(pair("p1", planned_at=naive)))


async def test_a_pair_of_nobody_is_refused_when_the_transaction_commits(enrolled: Store) -> None:
    with pytest.raises(ValueError, match="refuses"):
        await enrolled.run(lambda tx: tx.pairs.add(pair("p9", mentor_id="ghost")))
    assert await enrolled.run(lambda tx: tx.pairs.get("p9")) is None


async def test_records_may_be_written_before_those_they_refer_to(enrolled: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.pairs.add(pair("p9", mentor_id="new"))
        tx.participants.add(person("new"))

    await enrolled.run(write)
    assert await enrolled.run(lambda tx: tx.pairs.get("p9")) is not None


async def test_the_current_rule_is_the_newest_version(enrolled: Store) -> None:
    rules = [
        Rule(id=f"r{n}", program_id="prog", version=n, body={}, created_at=NOW) for n in (2, 10, 9)
    ]
    await enrolled.run(lambda tx: tx.rules.put_many(rules))
    assert (await enrolled.run(lambda tx: tx.rules.current("prog"))).version == 10


async def test_a_program_without_a_rule_has_no_current_one(enrolled: Store) -> None:
    with pytest.raises(LookupError):
        await enrolled.run(lambda tx: tx.rules.current("prog"))


async def test_people_are_found_by_address_in_whatever_case(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.participants.put(person("zoë", mail="ZOË@Example.com")))
    found = await enrolled.run(lambda tx: tx.participants.by_mail(["zoë@EXAMPLE.com", "x@y"]))
    assert {mail: each.id for mail, each in found.items()} == {"zoë@example.com": "zoë"}


async def test_people_are_found_by_their_ids_however_many(enrolled: Store) -> None:
    crowd = [person(f"n{number}") for number in range(1201)]
    await enrolled.run(lambda tx: tx.participants.put_many(crowd))
    asked = [each.id for each in crowd] + ["nobody", "n0"]
    found = await enrolled.run(lambda tx: tx.participants.many(asked))
    assert found == {each.id: each for each in crowd}
    shown = await enrolled.run(lambda tx: tx.participants.shown(asked))
    assert {each: (one.name, one.mail, one.gone) for each, one in shown.items()} == {
        each.id: (each.name, each.mail, each.gone) for each in crowd
    }


async def test_two_people_never_share_one_directory_account(enrolled: Store) -> None:
    with pytest.raises(ValueError, match="refuses"):
        await enrolled.run(lambda tx: tx.participants.put(person("twin", directory_id="dir-mia")))


async def test_pairs_are_found_by_state_and_program(enrolled: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.programs.add(Program(id="other", name="Other", zone="Europe/London"))
        tx.pairs.put(pair("p2", state=PairState.BOOKED))
        tx.pairs.put(pair("p0", state=PairState.BOOKED, program_id="other"))
        tx.pairs.put(pair("p3", state=PairState.PAUSED))

    await enrolled.run(write)

    def ids(found: list[Pair]) -> list[str]:
        return [each.id for each in found]

    booked, paused = PairState.BOOKED, PairState.PAUSED
    assert ids(await enrolled.run(lambda tx: tx.pairs.in_state(booked))) == ["p0", "p2"]
    assert ids(await enrolled.run(lambda tx: tx.pairs.in_state(booked, paused))) == [
        "p0",
        "p2",
        "p3",
    ]
    in_program = await enrolled.run(lambda tx: tx.pairs.in_state(booked, program_id="prog"))
    assert ids(in_program) == ["p2"]
    assert await enrolled.run(lambda tx: tx.pairs.count_by_state()) == {
        PairState.ENROLLED: 1,
        booked: 2,
        paused: 1,
    }
    assert await enrolled.run(lambda tx: tx.pairs.count_by_state("other")) == {booked: 1}


async def test_pairs_are_found_by_either_of_their_people_and_once(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.participants.put(person("ann")))
    await enrolled.run(lambda tx: tx.pairs.put(pair("p2", mentor_id="ann", mentee_id="mia")))
    of_mia = await enrolled.run(lambda tx: tx.pairs.of_people(["mia", "sam"]))
    assert [each.id for each in of_mia] == ["p1", "p2"]
    of_ann = await enrolled.run(lambda tx: tx.pairs.of_people(["ann"]))
    assert [each.id for each in of_ann] == ["p2"]


async def test_pairs_are_counted_by_the_mailbox_that_organizes_them(enrolled: Store) -> None:
    organized = [pair(f"q{number}", mailbox_id="box") for number in range(3)]
    await enrolled.run(lambda tx: tx.pairs.put_many(organized))
    assert await enrolled.run(lambda tx: tx.pairs.count_by_mailbox()) == {"box": 3}


async def test_mailboxes_that_organize_are_found_by_state_and_program(enrolled: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.programs.add(Program(id="other", name="Other", zone="Europe/London"))
        tx.mailboxes.add(Mailbox(id="second", address="second@example.com"))
        booked, over = PairState.BOOKED, PairState.COMPLETED
        tx.pairs.put_many(
            [
                pair("q1", mailbox_id="box", state=booked),
                pair("q2", mailbox_id="box", state=booked),
                pair("q3", mailbox_id="second", state=over),
                pair("q4", mailbox_id="second", state=booked, program_id="other"),
                pair("q5", mailbox_id=None, state=booked),
            ]
        )

    def ask(tx: Transaction) -> list[frozenset[str]]:
        booked, over = PairState.BOOKED, PairState.COMPLETED
        return [
            tx.pairs.organizers(booked),
            tx.pairs.organizers(booked, program_ids=["prog"]),
            tx.pairs.organizers(booked, over, program_ids=["prog"]),
            tx.pairs.organizers(booked, program_ids=[]),
            tx.pairs.organizers(PairState.PAUSED),
        ]

    await enrolled.run(write)
    both = {"box", "second"}
    assert await enrolled.run(ask) == [both, {"box"}, both, set(), set()]


async def test_bookings_are_keyed_by_pair_and_generation(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.pairs.add(pair("a/b")))
    both = [booking("a/b", 2), booking("a/b", 10)]
    await enrolled.run(lambda tx: tx.bookings.put_many(list(reversed(both))))
    assert await enrolled.run(lambda tx: tx.bookings.get("a/b/10")) == both[1]
    assert await enrolled.run(lambda tx: tx.bookings.of_pair("a/b")) == both


async def test_sessions_of_pairs_are_in_the_order_of_their_windows(enrolled: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.pairs.add(pair("p2"))
        tx.sessions.put_many([session("x", "p1", 1), session("y", "p1", 0)])

    await enrolled.run(write)
    found = await enrolled.run(lambda tx: tx.sessions.of_pairs(["p2", "p1"]))
    assert {key: [each.id for each in many] for key, many in found.items()} == {
        "p1": ["y", "x"],
        "p2": [],
    }
    assert await enrolled.run(lambda tx: tx.sessions.of_pair("p1")) == found["p1"]


async def test_planning_again_replaces_what_was_only_planned(enrolled: Store) -> None:
    kept = session("kept", window=0, state=SessionState.SCHEDULED)
    await enrolled.run(lambda tx: tx.sessions.put_many([kept, session("old", window=1)]))
    again = [session("old", window=1, start=NOW), session("new", window=2)]
    await enrolled.run(lambda tx: tx.sessions.replace_planned("p1", again))
    assert await enrolled.run(lambda tx: tx.sessions.of_pair("p1")) == [kept, *again]


async def test_planning_again_never_overwrites_a_scheduled_session(enrolled: Store) -> None:
    kept = session("kept", state=SessionState.SCHEDULED)
    await enrolled.run(lambda tx: tx.sessions.add(kept))
    with pytest.raises(ValueError, match="kept"):
        await enrolled.run(lambda tx: tx.sessions.replace_planned("p1", [session("kept")]))
    assert await enrolled.run(lambda tx: tx.sessions.of_pair("p1")) == [kept]


async def test_planning_refuses_the_sessions_of_another_pair(enrolled: Store) -> None:
    with pytest.raises(ValueError, match="not of pair"):
        await enrolled.run(lambda tx: tx.sessions.replace_planned("p1", [session("s", "p2")]))


@pytest.mark.slow
async def test_ten_thousand_pairs_and_their_sessions_fit_into_one_transaction(
    enrolled: Store,
) -> None:
    """No statement grows with the number of records, so none exceeds what a database takes."""
    pairs = [pair(f"x{number:05}") for number in range(10_000)]
    sessions = [
        session(f"{each.id}-{window}", each.id, window) for each in pairs for window in range(9)
    ]

    def write(tx: Transaction) -> None:
        tx.pairs.put_many(pairs)
        tx.sessions.put_many(sessions)

    await enrolled.run(write)
    found = await enrolled.run(lambda tx: tx.sessions.of_pairs(each.id for each in pairs))
    assert [each for each in found.values() if len(each) != 9] == []
    assert found["x09999"] == sessions[-9:]


async def test_putting_nothing_changes_nothing(enrolled: Store) -> None:
    await enrolled.run(lambda tx: tx.pairs.put_many([]))
    assert [each.id for each in await enrolled.run(lambda tx: tx.pairs.all())] == ["p1"]


async def test_work_with_a_key_of_its_own_is_kept_as_it_is(store: Store) -> None:
    own = Work(id="w", kind="plan", subject="p1", due_at=NOW)
    await store.run(lambda tx: tx.work.add(own))
    assert await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW + MINUTE)) == own


async def test_a_mailbox_record_read_earlier_undoes_neither_wait_nor_pace(
    enrolled: Store,
) -> None:
    """A check of a mailbox reads it, calls Graph for a while and puts it back."""
    read = await enrolled.run(lambda tx: tx.mailboxes.require("box"))
    await enrolled.run(lambda tx: tx.mailboxes.defer("box", NOW + MINUTE))
    checked = replace(read, checked_on=NOW.date())
    await enrolled.run(lambda tx: tx.mailboxes.put(checked))
    assert await enrolled.run(lambda tx: tx.mailboxes.get("box")) == replace(
        checked, not_before=NOW + MINUTE
    )
