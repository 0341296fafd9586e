"""The probe tells what a tenant does, recommends what follows from it, and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from integrations.errors import FaultsError, ReadOnlyModeError
from integrations.settings import Settings
from integrations.workflows.enrolment.enrol import sync_mailboxes
from integrations.workflows.probe import (
    Answer,
    NobodyAsked,
    Question,
    clean_up,
    probe,
    recommended,
)
from simulator.virtual_time import run_virtually, virtual_now
from tests.support.world import START, Empty, World, dies, firm_of, least_rights

Switches = Callable[[World], None]


@dataclass
class Obliging:
    """Volunteers who do what they are asked, in the simulated tenant, and count their mails."""

    world: World

    async def updates_counted(self, address: str) -> int | None:
        mails = self.world.tenant.mail_log
        return sum(m.kind == "update" and m.recipient == address for m in mails)

    async def declines(self, address: str, at: datetime) -> bool:
        series = next(e for e in self.world.tenant.events_of(address) if e.is_series)
        self.world.tenant.answer(address, series.id, "declined", day=at.date())
        return True

    async def meet(self, join_url: str) -> datetime | None:
        now = virtual_now()
        for person in _volunteers(self.world):
            self.world.tenant.attend(person, join_url, now - timedelta(minutes=3), now)
        return now


def _volunteers(world: World) -> list[str]:
    pair = world.firm.pairs[0]
    mails = {person.id: person.mail for person in world.firm.people}
    return [mails[pair.mentor], mails[pair.mentee]]


def _world(empty: Empty) -> World:
    world = empty.world(firm_of(1))
    world.tenant.register_app(least_rights(world.firm, reads_reports=True))
    return world


async def _probed(world: World) -> dict[Question, Answer]:
    app = await world.begin()
    await sync_mailboxes(app)
    answers = await probe(app, _volunteers(world), Obliging(world))
    await app.close()
    return {answer.question: answer for answer in answers}


def _leftovers(world: World) -> list[str]:
    people = [*_volunteers(world), world.firm.program_mailboxes[0].mail]
    return [
        e.subject for mail in people for e in world.tenant.events_of(mail) if "Tandem" in e.subject
    ]


def _turn(**switches: object) -> Switches:
    def turn(world: World) -> None:
        for name, value in switches.items():
            assert hasattr(world.tenant.behaviour, name)
            setattr(world.tenant.behaviour, name, value)

    return turn


READER, PACE = "TANDEM_FREE_BUSY_READER", "TANDEM_MAILS_PER_MINUTE"
MANY_MINUTES = timedelta(minutes=45)
ROWS = [
    (Question.SCOPE, _turn(default_sharing="none"), "refused", {READER: "own_mailbox"}),
    (Question.OWN_BLOCK, _turn(unanswered_shown_as="busy"), "busy", {}),
    (Question.OWN_BLOCK, _turn(unanswered_shown_as="absent"), "absent", {}),
    (Question.UPDATE_MAILS, _turn(mails_per_update=2), "2", {PACE: "14"}),
    (
        Question.DUPLICATE,
        _turn(duplicate_transaction_status=400, duplicate_names_existing_event=False),
        "refused_400",
        {},
    ),
    (Question.DUPLICATE, _turn(deleting_frees_transaction_id=True), "refused_409_named_freed", {}),
    (Question.ONE_DATE, _turn(answers_to_dates="master"), "on_the_series", {}),
    (Question.ONE_DATE, _turn(answer_makes_exception=True), "on_the_date_as_exception", {}),
    (Question.TRUNCATION, _turn(truncating_keeps_exceptions=True), "exceptions_kept", {}),
    (
        Question.REPORT_DELAY,
        _turn(report_delay=MANY_MINUTES, report_delay_most=MANY_MINUTES),
        "late",
        {"TANDEM_ATTENDANCE_SCHEDULE": "0 */15 * * * *"},
    ),
]
USUAL = {
    Question.SCOPE: "readable",
    Question.OWN_BLOCK: "tentative",
    Question.UPDATE_MAILS: "1",
    Question.DUPLICATE: "refused_409_named",
    Question.ONE_DATE: "on_the_date",
    Question.TRUNCATION: "exceptions_dropped",
    Question.REPORT_DELAY: "soon",
}


def test_a_tenant_as_most_are_gets_the_usual_answers_and_is_left_as_it_was(empty: Empty) -> None:
    async def live() -> None:
        world = _world(empty)
        answers = await _probed(world)
        assert {question: answer.found for question, answer in answers.items()} == USUAL
        assert recommended(answers.values()) == {PACE: "29", READER: "program_mailbox"}
        assert _leftovers(world) == []
        sent = [m for m in world.tenant.mail_log if m.by == "app"]
        strangers = {m.recipient for m in sent} - set(_volunteers(world))
        assert strangers == set()
        assert world.tenant.complaints == []

    run_virtually(START, live())


@pytest.mark.parametrize(("question", "turn", "found", "settings"), ROWS)
def test_what_the_tenant_does_otherwise_changes_answer_and_settings(
    question: Question, turn: Switches, found: str, settings: dict[str, str], empty: Empty
) -> None:
    async def live() -> None:
        world = _world(empty)
        turn(world)
        answers = await _probed(world)
        assert answers[question].found == found != USUAL[question]
        assert settings.items() <= recommended(answers.values()).items()
        assert settings or answers[question].settings == {}
        assert _leftovers(world) == []

    run_virtually(START, live())


def test_what_is_recommended_are_settings_that_tandem_takes(empty: Empty) -> None:
    given = [settings for _, _, _, settings in ROWS if settings]
    for settings in given:
        assert Settings.from_environ(settings)


@pytest.mark.parametrize("point", [39, 45, 60, 75])
def test_what_a_killed_probe_leaves_is_taken_out_by_the_next(empty: Empty, point: int) -> None:
    async def live() -> None:
        world = _world(empty)
        first = await world.begin(dies_at=point)
        await sync_mailboxes(first)
        assert await dies(probe(first, _volunteers(world), NobodyAsked()))
        assert _leftovers(world) != []
        heir = await world.begin()
        await sync_mailboxes(heir)
        answers = await probe(heir, _volunteers(world), NobodyAsked())
        assert len(answers) == len(Question)
        assert _leftovers(world) == []
        (box,) = await heir.store.run(lambda tx: tx.mailboxes.all())
        assert await clean_up(heir, box) == 0
        await heir.close()

    run_virtually(START, live())


def test_in_read_only_mode_it_ends_with_that_and_has_made_nothing(empty: Empty) -> None:
    world = _world(empty)

    async def live() -> None:
        app = await world.build(dies_at=None, read_only="on")
        await sync_mailboxes(app)
        with pytest.raises(ReadOnlyModeError):
            await probe(app, _volunteers(world), NobodyAsked())
        await app.close()
        assert all(world.tenant.events_of(person.mail) == [] for person in world.firm.people)
        assert world.tenant.mail_log == []

    run_virtually(START, live())


def test_volunteers_are_two_different_people_of_the_directory(empty: Empty) -> None:
    async def live() -> None:
        world = _world(empty)
        app = await world.begin()
        await sync_mailboxes(app)
        one = _volunteers(world)[0]
        for wrong in ([one, one], [one, "nobody@firm.example"]):
            with pytest.raises(FaultsError):
                await probe(app, wrong, NobodyAsked())
        assert world.tenant.mail_log == []
        await app.close()

    run_virtually(START, live())
