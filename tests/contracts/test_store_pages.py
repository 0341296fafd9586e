"""What the pages need comes back as it was written, and is found by person, pair and program."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

import pytest

from integrations.page_records import (
    Aim,
    Confirmation,
    Goal,
    KeptAnswer,
    Preference,
    Risk,
    RuleTotals,
    StaffMember,
    StaffRole,
    Standing,
    TriedPair,
    TriedRule,
    TryState,
    Wave,
    WaveState,
    WebSession,
)
from integrations.ports import Records, Store, Transaction
from integrations.records import PairState
from tests.support.stores import MINUTE, NOW, enrol, pair, session

R = TypeVar("R")

SIGNED_IN = WebSession(
    id="hash",
    directory_id="account",
    mail="ana@firm.example",
    name="Ana",
    roles=("Administrator",),
    created_at=NOW,
    seen_at=NOW,
    expires_at=NOW + timedelta(hours=8),
)
COORDINATOR = StaffMember(
    program_id="p",
    directory_id="account",
    role=StaffRole.COORDINATOR,
    mail="ana@firm.example",
    name="Ana",
    added_at=NOW,
    added_by="command line",
)
WAVE = Wave(
    id="w1",
    program_id="p",
    name="London",
    pair_ids=("p1", "p2"),
    state=WaveState.RUNNING,
    mails_confirmed=4,
    created_at=NOW,
    created_by="account",
)


def known(tx: Transaction) -> str:
    """Two pairs with a session each; their program's id."""
    enrol(tx)
    tx.pairs.add(pair("p2", mentor_id="sam", mentee_id="mia"))
    tx.sessions.put_many([session("p1.0"), session("p2.0", pair_id="p2")])
    return tx.pairs.require("p1").program_id


def comes_back(table: Records[R], key: str, record: R) -> None:
    table.put(record)
    assert table.get(key) == record


TRIED = TriedRule(
    program_id="p",
    id="trial",
    rule={"cadence": {}},
    version=1,
    pairs=2,
    state=TryState.RUNNING,
    begun_at=NOW,
    begun_by="account",
    work_id="work",
)
TRIED_PAIR = TriedPair(
    program_id="p",
    pair_id="p1",
    dates_before=9,
    moved_before=1,
    dates_after=None,
    moved_after=None,
    changed=0,
    mails=0,
    why="somebody's calendar cannot be read now",
    looked_at=NOW,
    journal_seq=7,
)


async def test_each_record_comes_back_as_it_was_written(store: Store) -> None:
    def write(tx: Transaction) -> None:
        program = known(tx)
        staff = replace(COORDINATOR, program_id=program)
        wave = replace(WAVE, program_id=program)
        standing = Standing(
            pair_id="p1",
            program_id=program,
            state=PairState.BOOKED,
            risk=Risk.AT_RISK,
            next_start=NOW,
            last_met=date(2027, 3, 1),
            updated_at=NOW,
        )
        preference = Preference(
            person_id="mia", body={"office_days": ["mon"]}, set_at=NOW, set_by="mia"
        )
        comes_back(tx.web_sessions, "hash", SIGNED_IN)
        comes_back(tx.staff, f"{program}/account/coordinator", staff)
        comes_back(tx.waves, "w1", wave)
        comes_back(tx.goals, "p1/mia", Goal(pair_id="p1", person_id="mia", text="learn"))
        comes_back(tx.aims, "p1.0", Aim(session_id="p1.0", text="spreadsheets"))
        comes_back(tx.confirmations, "p1/mia", Confirmation(pair_id="p1", person_id="mia", at=NOW))
        comes_back(tx.preferences, "mia", preference)
        comes_back(tx.standings, "p1", standing)
        comes_back(tx.tried_rules, program, replace(TRIED, program_id=program, ended_at=NOW))
        comes_back(tx.tried_pairs, f"{program}/p1", replace(TRIED_PAIR, program_id=program))

    await store.run(write)


async def test_a_tried_rule_is_forgotten_with_all_that_it_came_to(store: Store) -> None:
    def write(tx: Transaction) -> None:
        program = known(tx)
        tx.tried_rules.add(replace(TRIED, program_id=program))
        one = replace(TRIED_PAIR, program_id=program)
        tx.tried_pairs.put_many([one, more := replace(one, pair_id="p2", changed=3)])
        assert tx.tried_pairs.of_program(program) == [more, one]
        assert (tx.tried_pairs.count(program), tx.tried_pairs.count("another")) == (2, 0)
        tx.tried_rules.forget(program)
        assert (tx.tried_rules.all(), tx.tried_pairs.all()) == ([], [])

    await store.run(write)


async def test_what_a_tried_rule_comes_to_is_summed_up_and_read_in_stretches(
    store: Store,
) -> None:
    def write(tx: Transaction) -> None:
        program = known(tx)
        tx.tried_rules.add(replace(TRIED, program_id=program))
        assert tx.tried_pairs.totals(program) == RuleTotals()
        assert tx.tried_pairs.first_seq(program) is None
        assert tx.tried_pairs.looked_from(program, without=()) is None
        first = replace(
            TRIED_PAIR,
            program_id=program,
            dates_before=9,
            moved_before=2,
            dates_after=6,
            moved_after=1,
            changed=3,
            mails=4,
            looked_at=NOW,
            journal_seq=7,
        )
        unread = replace(
            first,
            pair_id="p2",
            dates_before=0,
            moved_before=0,
            dates_after=None,
            moved_after=None,
            changed=0,
            mails=0,
            looked_at=NOW - timedelta(minutes=5),
            journal_seq=5,
        )
        tx.tried_pairs.put_many([first, unread])
        assert tx.tried_pairs.totals(program) == RuleTotals(
            pairs=2,
            unknown=1,
            placed_before=1,
            placed_after=1,
            dates_before=9,
            dates_after=6,
            moved_before=2,
            moved_after=1,
            changed=3,
            mails=4,
        )
        assert tx.tried_pairs.totals("another") == RuleTotals()
        assert tx.tried_pairs.of_program(program, limit=1) == [first]
        assert tx.tried_pairs.of_program(program, offset=1, limit=1) == [unread]
        assert tx.tried_pairs.ids(program) == {"p1", "p2"}
        assert tx.tried_pairs.seqs(program, ["p2", "p9"]) == {"p2": 5}
        assert tx.tried_pairs.first_seq(program) == 5
        assert tx.tried_pairs.looked_from(program, without=()) == NOW - timedelta(minutes=5)
        assert tx.tried_pairs.looked_from(program, without={"p2"}) == NOW
        assert tx.tried_pairs.looked_from(program, without={"p1", "p2"}) is None

    await store.run(write)


async def test_a_kept_answer_comes_back_and_is_forgotten_from_its_last_instant_on(
    store: Store,
) -> None:
    begun = KeptAnswer(
        id="hash",
        asked="digest",
        holder="worker",
        claimed_until=NOW + MINUTE,
        expires_at=NOW + timedelta(days=1),
    )
    answered = replace(begun, done={"pair": "p1", "after": 7}, status=200, body={"mails": 2})

    def write(tx: Transaction) -> None:
        comes_back(tx.kept_answers, "hash", begun)
        tx.kept_answers.put(answered)
        assert tx.kept_answers.get("hash") == answered
        assert tx.kept_answers.remove_expired(begun.expires_at - MINUTE) == 0
        assert tx.kept_answers.remove_expired(begun.expires_at) == 1

    await store.run(write)


async def test_signing_a_person_out_ends_all_of_their_sessions_alone(store: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.web_sessions.put(SIGNED_IN)
        tx.web_sessions.put(replace(SIGNED_IN, id="second"))
        other = replace(SIGNED_IN, id="other", directory_id="another")
        tx.web_sessions.put(other)
        assert tx.web_sessions.end_of_person("account") == 2
        assert tx.web_sessions.all() == [other]

    await store.run(write)


@pytest.mark.parametrize(("later", "left"), [(-MINUTE, 1), (timedelta(0), 0)])
async def test_a_session_is_forgotten_from_its_last_instant_on(
    store: Store, later: timedelta, left: int
) -> None:
    def write(tx: Transaction) -> None:
        tx.web_sessions.put(SIGNED_IN)
        tx.web_sessions.remove_expired(SIGNED_IN.expires_at + later)
        assert len(tx.web_sessions.all()) == left

    await store.run(write)


async def test_staff_are_found_by_account_and_by_program(store: Store) -> None:
    def write(tx: Transaction) -> None:
        program = known(tx)
        one = replace(COORDINATOR, program_id=program)
        two = replace(one, role=StaffRole.SPONSOR)
        three = replace(one, directory_id="another")
        tx.staff.put_many([one, two, three])
        assert tx.staff.of_person("account") == [one, two]
        assert tx.staff.of_program(program) == [one, two, three]
        assert tx.staff.of_program("another") == []

    await store.run(write)


async def test_waves_of_a_program_stand_newest_first(store: Store) -> None:
    def write(tx: Transaction) -> None:
        program = known(tx)
        older = replace(WAVE, program_id=program)
        newer = replace(older, id="w2", created_at=NOW + MINUTE)
        tx.waves.put_many([older, newer])
        assert tx.waves.of_program(program) == [newer, older]

    await store.run(write)


async def test_goals_aims_and_confirmations_are_found_by_what_they_are_about(store: Store) -> None:
    def write(tx: Transaction) -> None:
        known(tx)
        goal = Goal(pair_id="p1", person_id="sam", text="teach")
        aim = Aim(session_id="p2.0", text="contracts")
        confirmed = Confirmation(pair_id="p2", person_id="sam", at=NOW)
        tx.goals.put(goal)
        tx.aims.put(aim)
        tx.confirmations.put(confirmed)
        assert tx.goals.of_pair("p1") == {"sam": goal}
        assert tx.goals.of_pair("p2") == {}
        assert tx.aims.of_sessions(["p1.0", "p2.0"]) == {"p2.0": aim}
        assert tx.confirmations.of_pairs(["p1", "p2"]) == {"p1": {}, "p2": {"sam": confirmed}}

    await store.run(write)


async def test_preferences_of_many_people_leave_out_who_has_none(store: Store) -> None:
    def write(tx: Transaction) -> None:
        known(tx)
        mine = Preference(person_id="mia", body={"place": "either"}, set_at=NOW, set_by="mia")
        tx.preferences.put(mine)
        assert tx.preferences.many(["mia", "sam"]) == {"mia": mine}

    await store.run(write)
