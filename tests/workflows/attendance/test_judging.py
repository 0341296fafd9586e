"""A date is judged by what the store has of it: words of both sides, working days, places."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.attendance_records import KeptReport, KeptStatement
from integrations.ports import Transaction
from integrations.records import Session
from integrations.workflows.app import App
from integrations.workflows.attendance.judging import judge_session
from integrations.workflows.attendance.modes import set_mode
from integrations.workflows.attendance.telling import state
from integrations.workflows.changes.case import Case
from integrations.workflows.rulebook.rule_previews import apply_rule
from integrations.workflows.rulebook.rules import OfficeHolidays, ProgramRule
from scheduling.attendance.evidence import EvidenceMode
from scheduling.attendance.verdict import Judgement
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import DAY, Stage, on_stage

# A Wednesday in New York; Presidents' Day is the Monday after.
SAID = datetime(2027, 2, 10, 21, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PART_TIME = {day: [["09:00", "13:00"]] for day in ("mon", "wed", "thu")}


@dataclass
class Court:
    """A date that ended an hour ago, and what is said of it."""

    stage: Stage
    app: App
    case: Case
    session: Session

    async def says(self, person: str, said: str) -> Judgement:
        """Keep somebody's word now."""
        at = virtual_now()
        statement = KeptStatement(
            id=f"{person}-{at:%d%H%M%S}",
            session_id=self.session.id,
            person_id=person,
            said=said,
            at=at,
            via="test",
        )
        return await self.app.store.run(lambda tx: state(tx, self.app, statement))

    async def judged(self) -> tuple[str, bool | None]:
        """The verdict now, and whether it counts."""
        at = virtual_now()
        found = await self.app.store.run(
            lambda tx: judge_session(tx, self.app, self.session.id, at)
        )
        assert found is not None
        return found.verdict.value, found.counts

    async def at(self, moment: datetime) -> None:
        """Let time pass."""
        await self.app.clock.sleep(moment - virtual_now())


def in_court(empty: Empty, play: Callable[[Court], Coroutine[None, None, None]]) -> None:
    """Play before the pair's third date, which ended at 20:00 UTC."""

    async def run(stage: Stage) -> None:
        app = await stage.world.begin(
            public_url="https://tandem.firm.example", signing_keys="k" * 32
        )
        case = await stage.case()
        session = max((s for s in case.sessions if s.end <= SAID), key=lambda s: s.end)
        await play(Court(stage, app, case, session))
        await app.close()

    on_stage(empty, run, at=SAID)


@pytest.mark.acceptance(36)
@pytest.mark.parametrize("leads", [True, False], ids=["the mentor says so", "the mentee says so"])
@pytest.mark.parametrize("objects", [True, False])
def test_the_other_one_has_five_working_days_of_their_own_to_object(
    empty: Empty, leads: bool, objects: bool
) -> None:
    """The other works Mondays, Wednesdays and Thursdays, and 15 February is a holiday: the five
    days are Thu 11, Wed 17, Thu 18, Mon 22 and Wed 24 February."""

    async def play(court: Court) -> None:
        one, other = court.case.people if leads else court.case.people[::-1]

        def arrange(tx: Transaction) -> None:
            tx.participants.put(replace(other, hours=PART_TIME))
            rule = ProgramRule.from_body(tx.rules.current(court.case.program.id).body)
            holidays = {str(other.office): OfficeHolidays(country="US")}
            new = rule.model_copy(update={"holidays": holidays})
            apply_rule(court.app, tx, court.case.program.id, new)
            pair = tx.pairs.require(court.case.pair.id)
            tx.pairs.put(replace(pair, rule_id=tx.rules.current(pair.program_id).id))

        await court.app.store.run(arrange)
        word = await court.says(one.id, "met")
        last = datetime(2027, 2, 24, 21, tzinfo=UTC)
        assert (word.verdict.value, word.look_again_at) == ("pending", last)
        await court.at(last - SECOND)
        assert await court.judged() == ("pending", None)
        if objects:
            assert (await court.says(other.id, "objects")).verdict.value == "disputed"
        await court.at(last)
        assert await court.judged() == (("disputed", None) if objects else ("held", True))
        session = await court.stage.read(lambda tx: tx.sessions.require(court.session.id))
        assert session.held is (None if objects else True)
        versions = await court.stage.read(lambda tx: tx.verdicts.of_session(court.session.id))
        assert [v.verdict for v in versions] == ["pending", "disputed" if objects else "held"]

    in_court(empty, play)


@pytest.mark.acceptance(36)
def test_an_objection_that_comes_after_the_days_is_heard_all_the_same(empty: Empty) -> None:
    async def play(court: Court) -> None:
        one, other = court.case.people
        await court.says(one.id, "met")
        await court.at(SAID + 8 * DAY)
        assert await court.judged() == ("held", True)
        assert (await court.says(other.id, "objects")).verdict.value == "disputed"
        session = await court.stage.read(lambda tx: tx.sessions.require(court.session.id))
        assert session.held is None

    in_court(empty, play)


@pytest.mark.parametrize(
    ("place", "verdict"), [("Teams", "not_held"), (None, "not_held"), ("Room 4", "pending")]
)
def test_who_meets_somewhere_is_not_absent_for_not_being_on_teams(
    empty: Empty, place: str | None, verdict: str
) -> None:
    """Rosters call the place of who has none "Teams": that was taken for a room."""

    async def play(court: Court) -> None:
        mentor = court.case.mentor
        start, end = court.session.start, court.session.end
        alone = {
            "person": mentor.id,
            "kind": "member",
            "spans": [[start.isoformat(), end.isoformat()]],
        }
        report = KeptReport(
            id="r",
            pair_id=court.case.pair.id,
            meeting_id="m",
            start=start,
            end=end,
            fetched_at=SAID,
            session_id=court.session.id,
            presences=(alone,),
        )

        def arrange(tx: Transaction) -> None:
            at = start - DAY
            program = court.case.program.id
            set_mode(tx, program, EvidenceMode.TEAMS, at, people_told=True, by="coordinator")
            tx.pairs.put(replace(court.case.pair, place=place))
            tx.reports.put_many([report])

        await court.app.store.run(arrange)
        await court.at(SAID + 2 * DAY)
        assert (await court.judged())[0] == verdict

    in_court(empty, play)
