"""Due work: scheduled once, claimed by one, lost by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime

import pytest

from integrations.ports import Store, Transaction
from integrations.records import Work, WorkState
from tests.support.stores import MINUTE, NOW


@pytest.fixture
async def work_id(store: Store) -> str:
    """Open work that is due at ``NOW``."""
    return (await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW))).id


async def claimed(store: Store, work_id: str, holder: str, now: datetime = NOW) -> Work | None:
    """The row if ``holder`` got it for a minute."""
    return await store.run(lambda tx: tx.work.claim(work_id, holder, now, MINUTE))


async def stored(store: Store, work_id: str) -> Work:
    return await store.run(lambda tx: tx.work.require(work_id))


async def test_scheduling_twice_keeps_one_row_and_the_earlier_time(
    store: Store, work_id: str
) -> None:
    def write(tx: Transaction) -> list[Work]:
        tx.work.schedule("plan", "p1", NOW + MINUTE)
        tx.work.schedule("plan", "p1", NOW - MINUTE)
        return tx.work.all()

    rows = await store.run(write)
    assert [(row.id, row.due_at) for row in rows] == [(work_id, NOW - MINUTE)]


async def test_many_subjects_are_scheduled_as_each_would_be(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "one")

    def write(tx: Transaction) -> list[Work]:
        tx.work.schedule("plan", "p2", NOW + 5 * MINUTE)
        tx.work.schedule("plan", "p3", NOW - MINUTE)
        tx.work.schedule_all("plan", ["p4", "p3", "p1", "p2", "p4"], NOW + MINUTE)
        tx.work.schedule_all("plan", [], NOW)
        return tx.work.all()

    rows = {row.subject: row for row in await store.run(write)}
    assert {subject: row.due_at - NOW for subject, row in rows.items()} == {
        "p1": 0 * MINUTE,
        "p2": MINUTE,
        "p3": -MINUTE,
        "p4": MINUTE,
    }
    assert rows["p1"].again_at == NOW + MINUTE


async def test_kinds_and_subjects_have_rows_of_their_own(store: Store, work_id: str) -> None:
    await store.run(lambda tx: tx.work.schedule("book", "p1", NOW))
    await store.run(lambda tx: tx.work.schedule("plan", "p2", NOW))
    assert await store.run(lambda tx: tx.work.count()) == {
        ("book", "open"): 1,
        ("plan", "open"): 2,
    }


async def test_due_work_comes_oldest_first_and_no_more_than_asked(store: Store) -> None:
    def write(tx: Transaction) -> None:
        for minutes, subject in ((0, "c"), (-1, "b"), (-2, "a"), (1, "later")):
            tx.work.schedule("plan", subject, NOW + minutes * MINUTE)
        tx.work.schedule("book", "a", NOW - MINUTE)

    await store.run(write)

    async def subjects(**options: object) -> list[str]:
        found = await store.run(lambda tx: tx.work.due(NOW, **options))  # type: ignore[arg-type]
        return [each.subject for each in found]

    assert await subjects(kinds=["plan"]) == ["a", "b", "c"]
    assert await subjects(kinds=["plan"], limit=2) == ["a", "b"]
    assert sorted(await subjects()) == ["a", "a", "b", "c"]


async def test_only_one_of_two_claimants_gets_the_row(store: Store, work_id: str) -> None:
    first = await claimed(store, work_id, "ann")
    assert first is not None
    assert (first.claimed_by, first.claimed_until, first.attempts) == ("ann", NOW + MINUTE, 1)
    assert await claimed(store, work_id, "bob") is None
    assert await store.run(lambda tx: tx.work.due(NOW)) == []


async def test_work_that_is_not_due_is_not_claimed(store: Store, work_id: str) -> None:
    assert await claimed(store, work_id, "ann", NOW - MINUTE) is None


async def test_work_that_does_not_exist_is_not_claimed(store: Store) -> None:
    assert await claimed(store, "nothing", "ann") is None


async def test_a_claim_that_ran_out_is_taken_over_and_its_holder_learns(
    store: Store, work_id: str
) -> None:
    await claimed(store, work_id, "ann")
    taken = await claimed(store, work_id, "bob", NOW + MINUTE)
    assert taken is not None
    assert taken.attempts == 2
    until = NOW + 5 * MINUTE
    assert not await store.run(lambda tx: tx.work.extend(work_id, "ann", until))
    assert not await store.run(lambda tx: tx.work.finish(work_id, "ann"))
    assert not await store.run(lambda tx: tx.work.postpone(work_id, "ann", until))
    assert await stored(store, work_id) == taken


async def test_a_claim_ends_at_its_instant_not_before(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    almost = NOW + MINUTE - MINUTE / 60_000_000
    assert await claimed(store, work_id, "bob", almost) is None
    assert await claimed(store, work_id, "bob", NOW + MINUTE) is not None


async def test_an_extended_claim_holds_longer(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    assert await store.run(lambda tx: tx.work.extend(work_id, "ann", NOW + 3 * MINUTE))
    assert await claimed(store, work_id, "bob", NOW + 2 * MINUTE) is None


async def test_finished_work_is_done_and_not_due(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    assert await store.run(lambda tx: tx.work.finish(work_id, "ann"))
    assert (await stored(store, work_id)).state is WorkState.DONE
    assert await store.run(lambda tx: tx.work.due(NOW + 9 * MINUTE)) == []
    assert await store.run(lambda tx: tx.work.next_due_at()) is None
    assert not await store.run(lambda tx: tx.work.finish(work_id, "ann"))


async def test_finished_work_opens_again_when_scheduled(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.finish(work_id, "ann"))
    later = NOW + MINUTE
    opened = await store.run(lambda tx: tx.work.schedule("plan", "p1", later))
    assert opened == Work(id=work_id, kind="plan", subject="p1", due_at=later)


async def test_a_wake_up_that_comes_during_the_work_is_not_lost(store: Store, work_id: str) -> None:
    """The holder has read already what the wake-up is about: it must look once more."""
    await claimed(store, work_id, "ann")
    news_at = NOW + MINUTE / 2
    await store.run(lambda tx: tx.work.schedule("plan", "p1", news_at))
    assert await store.run(lambda tx: tx.work.finish(work_id, "ann"))
    again = Work(id=work_id, kind="plan", subject="p1", due_at=news_at)
    assert await stored(store, work_id) == again


async def test_of_several_wake_ups_during_the_work_the_earliest_counts(
    store: Store, work_id: str
) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW + 3 * MINUTE))
    await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW + 2 * MINUTE))
    await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW + 4 * MINUTE))
    await store.run(lambda tx: tx.work.finish(work_id, "ann"))
    assert (await stored(store, work_id)).due_at == NOW + 2 * MINUTE


async def test_postponed_work_waits_and_says_why(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    later = NOW + 5 * MINUTE
    assert await store.run(
        lambda tx: tx.work.postpone(work_id, "ann", later, error="ThrottledError")
    )
    row = await stored(store, work_id)
    assert (row.due_at, row.attempts, row.last_error) == (later, 1, "ThrottledError")
    assert row.claimed_by is None
    assert await claimed(store, work_id, "bob", NOW + 4 * MINUTE) is None
    assert await claimed(store, work_id, "bob", later) is not None


async def test_a_forgiven_attempt_is_not_counted(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.postpone(work_id, "ann", NOW, forgive=1))
    assert (await stored(store, work_id)).attempts == 0


async def test_a_wake_up_during_the_work_beats_a_later_postponement(
    store: Store, work_id: str
) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW + MINUTE))
    await store.run(lambda tx: tx.work.postpone(work_id, "ann", NOW + 60 * MINUTE))
    row = await stored(store, work_id)
    assert (row.due_at, row.again_at) == (NOW + MINUTE, None)


async def test_poisoned_work_stays_aside_until_revived(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.poison(work_id, "RefusedError"))
    asked = await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW))
    assert (asked.state, asked.last_error) == (WorkState.POISON, "RefusedError")
    assert await claimed(store, work_id, "bob", NOW + 9 * MINUTE) is None
    assert await store.run(lambda tx: tx.work.count()) == {("plan", "poison"): 1}
    await store.run(lambda tx: tx.work.revive(work_id, NOW + MINUTE))
    row = await stored(store, work_id)
    assert (row.state, row.due_at, row.attempts) == (WorkState.OPEN, NOW + MINUTE, 0)


async def test_only_poisoned_work_is_revived(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    before = await stored(store, work_id)
    await store.run(lambda tx: tx.work.revive(work_id, NOW + 9 * MINUTE))
    assert await stored(store, work_id) == before


async def test_taken_up_work_is_open_whatever_it_was_before(store: Store, work_id: str) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.poison(work_id, "RefusedError"))
    taken = await store.run(lambda tx: tx.work.take_up("plan", "p1", NOW + MINUTE))
    assert taken == await stored(store, work_id)
    assert (taken.state, taken.due_at, taken.attempts) == (WorkState.OPEN, NOW + MINUTE, 0)
    new = await store.run(lambda tx: tx.work.take_up("plan", "p2", NOW))
    assert (new.state, new.due_at) == (WorkState.OPEN, NOW)
    again = await store.run(lambda tx: tx.work.take_up("plan", "p2", NOW + MINUTE))
    assert again == new, "what is open keeps the earlier time"


async def test_the_next_row_is_due_when_it_can_be_claimed(store: Store, work_id: str) -> None:
    await store.run(lambda tx: tx.work.schedule("book", "p1", NOW + 2 * MINUTE))
    assert await store.run(lambda tx: tx.work.next_due_at()) == NOW
    await claimed(store, work_id, "ann")
    assert await store.run(lambda tx: tx.work.next_due_at()) == NOW + MINUTE
    assert await store.run(lambda tx: tx.work.next_due_at(kinds=["book"])) == NOW + 2 * MINUTE


async def test_a_claim_on_another_row_of_the_subject_is_told(store: Store, work_id: str) -> None:
    def until(*kinds: str, subject: str = "p1") -> Awaitable[datetime | None]:
        return store.run(lambda tx: tx.work.claimed_until(kinds, subject, NOW))

    assert await until("plan") is None
    await claimed(store, work_id, "ann")
    assert await until("plan", "book") == NOW + MINUTE
    assert await until("book") is None
    assert await until("plan", subject="p2") is None


async def test_a_claim_that_ran_out_or_was_given_back_is_not_told(
    store: Store, work_id: str
) -> None:
    await claimed(store, work_id, "ann")
    later = NOW + MINUTE
    assert await store.run(lambda tx: tx.work.claimed_until(["plan"], "p1", later)) is None
    await store.run(lambda tx: tx.work.postpone(work_id, "ann", NOW))
    assert await store.run(lambda tx: tx.work.claimed_until(["plan"], "p1", NOW)) is None


async def test_of_two_who_claim_rows_of_one_subject_at_once_one_is_told(store: Store) -> None:
    """Each claims a row of its own and asks about the other's; both going on would be a fault."""
    for subject in (f"p{n}" for n in range(10)):
        rows = {
            kind: await store.run(lambda tx, k=kind, s=subject: tx.work.schedule(k, s, NOW))  # type: ignore[misc]
            for kind in ("plan", "book")
        }

        async def goes_on(mine: Work, other: Work) -> bool:
            def claim(tx: Transaction) -> bool:
                tx.work.claim(mine.id, mine.kind, NOW, MINUTE)
                return tx.work.claimed_until([other.kind], mine.subject, NOW) is None

            return await store.run(claim)

        both = await asyncio.gather(
            goes_on(rows["plan"], rows["book"]), goes_on(rows["book"], rows["plan"])
        )
        assert sorted(both) == [False, True]


async def test_rows_given_back_for_one_reason_are_hurried_and_no_others(
    store: Store, work_id: str
) -> None:
    await claimed(store, work_id, "ann")
    await store.run(lambda tx: tx.work.postpone(work_id, "ann", NOW + 9 * MINUTE, error="withheld"))
    other = await store.run(lambda tx: tx.work.schedule("book", "p2", NOW))
    await claimed(store, other.id, "ann")
    await store.run(lambda tx: tx.work.postpone(other.id, "ann", NOW + 9 * MINUTE, error="wrong"))
    soon = NOW + MINUTE
    assert await store.run(lambda tx: tx.work.hurry("withheld", soon)) == 1
    assert (await stored(store, work_id)).due_at == soon
    assert (await stored(store, other.id)).due_at == NOW + 9 * MINUTE
    assert await store.run(lambda tx: tx.work.hurry("withheld", soon + MINUTE)) == 0
    assert (await stored(store, work_id)).due_at == soon, "nothing is put off by it"
