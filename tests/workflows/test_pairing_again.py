"""A pair made anew: the old one ends in neutral words and stays on record, the new one follows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.ordering.at_once import reconcile_pairs
from integrations.workflows.ordering.mails_caused import mails_caused
from integrations.workflows.ordering.orders import withdraw
from integrations.workflows.ordering.pairing_again import NewPartner, pair_again
from tests.support.world import Empty, quietly
from tests.workflows.changes.reconciling import mails, now
from tests.workflows.changes.stage import HOUR, Stage, on_stage

MONDAY = datetime(2027, 2, 22, 15, tzinfo=UTC)


async def _someone_new(stage: Stage) -> str:
    """Somebody of the firm who is in no pair with either of the two."""
    second = await stage.read(lambda tx: tx.pairs.all()[1])
    people = await stage.read(lambda tx: tx.participants.many([second.mentor_id]))
    return people[second.mentor_id].mail


@pytest.mark.acceptance(31)
def test_the_one_who_stays_is_planned_with_somebody_new_and_the_old_pair_stays_on_record(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        case, began = await stage.case(), now()
        past = [(s.id, s.start, s.state) for s in case.sessions if s.start < began]
        caused = await mails_caused(app, case.pair.id, lambda a, tx, p, at: withdraw(tx, p, at))
        mail = await _someone_new(stage)
        new_id = await pair_again(
            app, case.pair.id, NewPartner(stays=case.mentee.id, mail=mail), by="dir-1"
        )
        await reconcile_pairs(app, case.pair.id)

        def read(tx: Transaction) -> tuple[Pair, Pair, int]:
            return (
                tx.pairs.require(case.pair.id),
                tx.pairs.require(new_id),
                len(tx.sessions.of_pair(new_id)),
            )

        old, new, dates = await stage.read(read)
        assert (old.state, new.state) == (PairState.WITHDRAWN, PairState.PLANNED)
        assert (new.mentee_id, new.predecessor_id) == (case.mentee.id, old.id)
        assert new.start_date == date(2027, 2, 23)
        assert dates >= 8
        kept = await stage.read(lambda tx: tx.sessions.of_pair(old.id))
        assert [(s.id, s.start, s.state) for s in kept if s.start < began] == past != []
        graph = [kind for kind, _ in mails(stage, began)]
        assert graph == [m.kind for m in caused.mails if not m.is_own] != []
        words = {m.comment for m in stage.world.tenant.mail_log if m.at >= began}
        assert not any(case.mentor.name in (comment or "") for comment in words)
        story = await stage.read(
            lambda tx: tx.journal.read(pair_id=case.pair.id, code="paired_again")
        )
        assert [line.data for line in story] == [{"by": "dir-1", "successor": new_id}]
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_a_leavers_row_closes_when_the_other_one_is_paired_again(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        case = await stage.case()
        stage.world.tenant.change_person(case.mentor.mail, enabled=False)
        await _morning(app)
        assert [need.code for need in (await stage.case()).needs] == ["leaver"]
        gone = NewPartner(stays=case.mentor.id, mail=await _someone_new(stage))
        with pytest.raises(FaultsError, match="still with the firm"):
            await pair_again(app, case.pair.id, gone, by="dir-1")
        stays = NewPartner(stays=case.mentee.id, mail=await _someone_new(stage))
        await pair_again(app, case.pair.id, stays, by="dir-1")
        assert (await stage.case()).needs == []
        await app.close()

    on_stage(empty, play, at=MONDAY)


@pytest.mark.parametrize(
    ("whom", "expected"),
    [
        ("nobody", "an address of the directory"),
        ("the other one", "somebody other than the two"),
        ("herself", "somebody other than the two"),
    ],
)
def test_who_cannot_be_paired_changes_nothing(empty: Empty, whom: str, expected: str) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        case, began = await stage.case(), now()
        mail = {
            "nobody": "nobody@firm.example",
            "the other one": case.mentor.mail,
            "herself": case.mentee.mail,
        }[whom]
        pairs = await stage.read(lambda tx: tx.pairs.all())
        with pytest.raises(FaultsError, match=expected):
            await pair_again(
                app, case.pair.id, NewPartner(stays=case.mentee.id, mail=mail), by="dir-1"
            )
        assert await stage.read(lambda tx: tx.pairs.all()) == pairs
        assert mails(stage, began) == []
        await app.close()

    on_stage(empty, play, at=MONDAY)


async def _morning(app: App) -> None:
    """The nightly check of accounts, and what becomes due by it."""
    await app.store.run(lambda tx: tx.work.schedule("check_people", "firm", now()))
    for kinds in (("check_people",), ("reconcile_pair",)):
        await build_worker(app).run(
            until_quiet=True, progress=quietly, kinds=kinds, until=now() + HOUR
        )
