"""Lists of pairs as they stand: found, filtered, sorted and counted the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations.page_records import Confirmation, Risk, Standing
from integrations.ports import Store, Transaction
from integrations.records import JournalEntry, PairState, Program, SessionState
from integrations.standing_records import PairSearch, ProgramWeek, StandingCount
from tests.support.stores import MINUTE, NOW, enrol, pair, person, session

ALL = PairSearch(program_id="prog", sort="name")


def standing(pair_id: str, **facts: Any) -> Standing:
    """A booked pair on track that has met nobody yet."""
    given: dict[str, Any] = {"program_id": "prog", "updated_at": NOW, "required": 8}
    given |= {"state": PairState.BOOKED, "risk": Risk.ON_TRACK, "forecast": "on_course"}
    return Standing(pair_id=pair_id, **(given | facts))


def three_pairs(tx: Transaction) -> None:
    """Ana Quist / Øyvind Berg (London), Ben Ode / Sam, Mia / Zoe (Oslo), each another way."""
    enrol(tx)
    names = {"ana": "Ana Quist", "oyvind": "Øyvind Berg", "ben": "Ben Ode", "zoe": "Zoe"}
    tx.participants.put_many([replace(person(key), name=name) for key, name in names.items()])
    tx.pairs.put_many(
        [
            pair("p1", mentor_id="ana", mentee_id="oyvind", office="London", roster_id="R_1"),
            pair("p2", mentor_id="ben", mentee_id="sam", practice_group="Tax"),
            pair("p3", mentor_id="mia", mentee_id="zoe", office="Oslo"),
        ]
    )
    both = [("p1", "ana"), ("p1", "oyvind"), ("p2", "sam")]
    tx.confirmations.put_many([Confirmation(pair_id=p, person_id=who, at=NOW) for p, who in both])
    tx.standings.put_many(
        [
            standing("p1", held=3, longest_gap_days=14, next_start=NOW, needs=2),
            standing("p2", risk=Risk.BLOCKED, held=8, forecast="reached"),
            standing("p3", risk=Risk.AT_RISK, state=PairState.PAUSED, last_met=date(2026, 3, 1)),
        ]
    )


async def found(store: Store, **wanted: Any) -> list[str]:
    """The ids of the pairs wanted, in order."""

    def look(tx: Transaction) -> list[str]:
        three_pairs(tx)
        rows, total = tx.standings.page(replace(ALL, **wanted))
        assert total == len(rows)
        return [row.standing.pair_id for row in rows]

    return await store.run(look)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, ["p1", "p2", "p3"]),
        ({"words": ("QUIST",)}, ["p1"]),
        ({"words": ("øyvind",)}, ["p1"]),
        ({"words": ("ben@example",)}, ["p2"]),
        ({"words": ("r_1",)}, ["p1"]),
        ({"words": ("R%1",)}, []),
        ({"words": ("mia", "zoe")}, ["p3"]),
        ({"words": ("mia", "ana")}, []),
        ({"words": ("tax",)}, ["p2"]),
        ({"risk": Risk.BLOCKED}, ["p2"]),
        ({"state": PairState.PAUSED}, ["p3"]),
        ({"forecast": "reached"}, ["p2"]),
        ({"office": "Oslo"}, ["p3"]),
        ({"practice_group": "Tax"}, ["p2"]),
        ({"needs": True}, ["p1"]),
        ({"unconfirmed": True}, ["p2"]),
        ({"running": True, "office": "London"}, ["p1"]),
        ({"program_id": "another"}, []),
    ],
)
async def test_pairs_are_found_by_what_is_asked_of_them(
    store: Store, wanted: dict[str, Any], ids: list[str]
) -> None:
    assert await found(store, **wanted) == ids


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("-name", ["p3", "p2", "p1"]),
        ("risk", ["p2", "p3", "p1"]),
        ("-held", ["p2", "p1", "p3"]),
        ("-gap", ["p1", "p2", "p3"]),
        ("next", ["p1", "p2", "p3"]),
        ("-next", ["p1", "p2", "p3"]),
        ("met", ["p3", "p1", "p2"]),
        ("office", ["p1", "p3", "p2"]),
        ("-needs", ["p1", "p2", "p3"]),
        ("state", ["p1", "p2", "p3"]),
        ("mentee", ["p2", "p3", "p1"]),
    ],
)
async def test_pairs_stand_in_the_order_asked_for_and_those_with_nothing_there_last(
    store: Store, sort: str, ids: list[str]
) -> None:
    assert await found(store, sort=sort) == ids


async def test_a_page_is_a_stretch_of_all_that_is_found(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        rows, total = tx.standings.page(ALL, offset=1, limit=1)
        assert ([row.mentor for row in rows], total) == (["Ben Ode"], 3)
        assert tx.standings.page(ALL, offset=9, limit=5) == ([], 3)
        assert tx.standings.ids(replace(ALL, words=("o",), sort="-name")) == ["p3", "p2", "p1"]

    await store.run(look)


async def test_a_row_tells_who_the_two_are_and_how_they_stand(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        (row,), _ = tx.standings.page(replace(ALL, words=("ana",)))
        assert row.standing == tx.standings.require("p1")
        assert (row.mentor, row.mentee, row.mentor_id) == ("Ana Quist", "Øyvind Berg", "ana")
        assert (row.office, row.practice_group, row.roster_id) == ("London", None, "R_1")

    await store.run(look)


def test_an_order_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="shoe size"):
        replace(ALL, sort="-shoe size")


async def test_counts_sum_what_pairs_of_one_kind_hold(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        tx.standings.put(standing("p3", held=4, needs=1, still_possible=2))
        blocked, on_track = sorted(tx.standings.counts("prog"), key=lambda c: c.risk)
        assert blocked == StandingCount(
            PairState.BOOKED, Risk.BLOCKED, "reached", 1, 8, 8, 0, 0, 1, 1, 1
        )
        assert on_track == StandingCount(
            PairState.BOOKED, Risk.ON_TRACK, "on_course", 2, 7, 16, 2, 3, 2, 1, 0
        )
        assert tx.standings.counts("another") == []

    await store.run(look)


async def test_groups_are_those_that_pairs_are_of(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        assert tx.standings.groups("prog") == (["London", "Oslo"], ["Tax"])

    await store.run(look)


async def test_dates_are_counted_by_start_and_verdict_without_those_taken_out(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        start = datetime(2026, 3, 30, 8, tzinfo=UTC)
        gone = SessionState.CANCELLED
        tx.sessions.put_many(
            [
                session("p1.0", "p1", verdict="held"),
                session("p2.0", "p2", verdict="held"),
                session("p3.0", "p3"),
                session("p3.1", "p3", 1, state=gone),
                session("p3.2", "p3", 2, state=gone, verdict="held", start=start + MINUTE),
            ]
        )
        counted = sorted(tx.standings.dates("prog"), key=str)
        assert counted == [(start, "held", 2), (start, None, 1), (start + MINUTE, "held", 1)]

    await store.run(look)


async def test_weeks_are_replaced_as_a_whole_program_by_program(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        tx.programs.add(Program(id="other", name="Other", zone="UTC"))
        first, second = date(2026, 3, 23), date(2026, 3, 30)
        kept = ProgramWeek("other", first, 1, 2, 3, 4)
        tx.standings.replace_weeks("other", [kept])
        tx.standings.replace_weeks(
            "prog", [ProgramWeek("prog", second), ProgramWeek("prog", first)]
        )
        tx.standings.replace_weeks("prog", [ProgramWeek("prog", second, 5)])
        assert tx.standings.weeks("prog") == [ProgramWeek("prog", second, 5)]
        assert tx.standings.weeks("other") == [kept]
        tx.standings.replace_weeks("prog", [])
        assert tx.standings.weeks("prog") == []

    await store.run(look)


async def test_the_journal_tells_whom_its_new_entries_are_about(store: Store) -> None:
    def look(tx: Transaction) -> None:
        entry = JournalEntry(at=NOW, code="planned", pair_id="p1")
        tx.journal.write(entry, replace(entry, pair_id=None, person_id="mia"), entry)
        touched = tx.journal.touched(after=1, limit=1)
        assert [(t.seq, t.pair_id, t.person_id) for t in touched] == [(2, None, "mia")]

    await store.run(look)


async def test_the_newest_entries_are_those_of_a_program_and_of_its_pairs(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        later = NOW + timedelta(hours=1)
        tx.journal.write(
            JournalEntry(at=NOW, code="program_announced", program_id="prog"),
            JournalEntry(at=NOW, code="order_given", pair_id="p1"),
            JournalEntry(at=NOW, code="planned", program_id="prog", pair_id="p2"),
            JournalEntry(at=NOW, code="planned", program_id="another", pair_id="x"),
            JournalEntry(at=later, code="mailbox_checked", mailbox_id="box"),
        )

        def seqs(**wanted: Any) -> list[int | None]:
            return [entry.seq for entry in tx.journal.newest("prog", **wanted)]

        assert seqs() == [3, 2, 1]
        assert seqs(limit=2) == [3, 2]
        assert seqs(before=2) == [1]
        assert seqs(pair_id="p1") == [2]
        assert seqs(pair_id="x") == []

    await store.run(look)


async def test_a_list_goes_on_after_a_pair_whatever_is_added_before_it(store: Store) -> None:
    def look(tx: Transaction) -> None:
        three_pairs(tx)
        everybody = replace(ALL, sort="id")
        ids = tx.standings.ids(everybody)
        first, more = tx.standings.after(everybody, None, limit=1)
        assert ([row.standing.pair_id for row in first], more) == (ids[:1], True)
        rest, more = tx.standings.after(everybody, ids[0])
        assert ([row.standing.pair_id for row in rest], more) == (ids[1:], False)
        # It need not be among those wanted any more.
        none_wanted = replace(everybody, words=("nobody has this name",))
        assert tx.standings.after(none_wanted, ids[0]) == ([], False)
        assert tx.standings.after(everybody, "a pair of another program") == ([], False)

    await store.run(look)
