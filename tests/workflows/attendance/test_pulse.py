"""Each is asked by a mail of their own how a meeting was; coordinators alone see the answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from integrations.attendance_records import KeptPulse
from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.attendance.pulse import ask_how_it_was
from integrations.workflows.changes.case import load_case
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.sheets import sheet_of
from integrations.workflows.reporting.sponsor import WITHHELD, sponsor_tables
from integrations.workflows.showing.pair_overview import overview_of_pair
from simulator.behaviour_in_meetings import Manners
from simulator.people_in_meetings import Reply
from simulator.virtual_time import virtual_now
from tests.acceptance.attending import KEY, URL, Attending, attending
from tests.acceptance.keeping import live_unseen_until
from tests.support.world import Empty, enrolled, firm_of, virtually
from tests.workflows.changes.stage import DAY, Stage, on_stage

PULSE = f"{URL}/pulse/"
UNHAPPY = replace(Manners.none(), attends=100.0, answers_question=100.0, unhappy=100.0)


async def _ask_after_each(there: Attending) -> None:
    def change(tx: Transaction) -> None:
        for rule in tx.rules.all():
            tx.rules.put(replace(rule, body={**rule.body, "pulse_every": 1}))

    await there.app.store.run(change)


def _asked(there: Attending) -> list[tuple[str, str]]:
    """Who of the pair was mailed a link to say how it was, and the link; oldest first."""
    two = {there.junior.mail.lower(), there.senior.mail.lower()}
    return [
        (mail.recipient.lower(), found[0])
        for mail in there.stage.world.tenant.mail_log
        if (found := re.search(re.escape(PULSE) + r"[^\"<\s]+", mail.body))
        and mail.recipient.lower() in two
    ]


def _replies(there: Attending) -> list[Reply]:
    """What the simulated two do about those mails."""
    tenant, links = there.stage.world.tenant, {link for _, link in _asked(there)}
    found = tenant.gatherings.replies(PULSE, tenant.mail_log, asks="how")
    return [reply for reply in found if reply.link in links]


async def _needs(there: Attending) -> set[str]:
    rows = await there.app.store.run(lambda tx: tx.needs.open())
    return {need.key for need in rows if need.code == "low_pulse"}


def test_nobody_is_asked_where_the_program_does_not_say_so(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        stage.world.tenant.gatherings.begin(UNHAPPY)
        await live_unseen_until(there.app, there.end + 2 * DAY)
        assert (await there.session()).held is True
        assert _asked(there) == []
        await there.app.close()

    on_stage(empty, play)


def test_two_low_answers_of_one_side_need_the_coordinator_until_a_better_one(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await _ask_after_each(there)
        _, second, third, *_ = await stage.dates()
        stage.world.tenant.gatherings.begin(UNHAPPY)
        await live_unseen_until(there.app, there.end + 4 * DAY)
        first = _asked(there)
        assert sorted(who for who, _ in first) == sorted(
            p.mail.lower() for p in (there.junior, there.senior)
        )
        with there.browser() as browser:
            for _, link in first:
                assert (await browser.get(link)).status_code == 200
            assert await stage.read(lambda tx: tx.pulses.all()) == []
            wrong = await browser.post(first[0][1], data={"said": "6"})
            assert wrong.status_code == 400
            # A link of one purpose says nothing for the other.
            elsewhere = await browser.get(first[0][1].replace("/pulse/", "/met/"))
            assert elsewhere.status_code == 404
            for reply in _replies(there):
                form = {"said": reply.says or "", "text": "too little time"}
                thanks = await browser.post(reply.link, data=form, follow_redirects=True)
                assert "Thank you" in thanks.text
            again = await browser.post(first[0][1], data={"said": "5"})
            assert again.status_code == 200
        assert await _needs(there) == set()
        await live_unseen_until(there.app, second.end + 4 * DAY)
        later = _asked(there)[2:]
        assert len(later) == 2
        with there.browser() as browser:
            for who, link in later:
                said = "5" if who == there.senior.mail.lower() else "2"
                assert (await browser.post(link, data={"said": said})).status_code == 303
        assert await _needs(there) == {f"low_pulse::{there.junior.id}"}
        await _coordinator_sees(there)
        await _nothing_typed_is_journalled(there)
        await live_unseen_until(there.app, third.end + 4 * DAY)
        await _a_better_answer(there)
        assert await _needs(there) == set()
        await there.app.close()

    on_stage(empty, play)


async def _coordinator_sees(there: Attending) -> None:
    now = virtual_now()
    pair_id = await there.stage.pair_id()
    shown = await there.app.store.run(lambda tx: overview_of_pair(tx, there.app, pair_id, now))
    by_name = {side.name: [score for _, score, _ in side.said] for side in shown.pulses}
    assert set(by_name) == {there.junior.name, there.senior.name}
    assert by_name[there.senior.name][0] == 5
    assert by_name[there.junior.name][0] == 2
    assert {text for side in shown.pulses for _, _, text in side.said} == {"", "too little time"}


async def _nothing_typed_is_journalled(there: Attending) -> None:
    lines = await there.app.store.run(lambda tx: tx.journal.read())
    given = [line for line in lines if line.code == "pulse_given"]
    assert len(given) == 4
    assert not any(line.data for line in given)
    assert "too little time" not in str(lines)


async def _a_better_answer(there: Attending) -> None:
    link = next(url for who, url in _asked(there)[4:] if who == there.junior.mail.lower())
    with there.browser() as browser:
        assert (await browser.post(link, data={"said": "4"})).status_code == 303


@virtually
async def test_sponsors_see_means_of_five_pairs_and_more_alone(empty: Empty) -> None:
    world = empty.world(firm_of(6))
    app = await world.begin()
    await enrolled(world, app)
    assert len(await _tables(app)) == 1
    pairs = await app.store.run(lambda tx: sorted(pair.id for pair in tx.pairs.all()))
    for at, pair_id in enumerate(pairs[:4]):
        await _says(app, pair_id, at % 2 + 3)
    _, few = await _tables(app)
    assert {row["pairs"] for row in few} == {WITHHELD}
    assert {row["mean"] for row in few} == {None}
    await _says(app, pairs[4], 5, text="splendid")
    figures, pulse = await _tables(app)
    (whole,) = [row for row in pulse if row["breakdown"] == "whole"]
    assert (whole["pairs"], whole["answers"], str(whole["mean"])) == (5, 5, "3.8")
    assert len(figures) > 1
    assert "splendid" not in str(pulse)
    program = await app.store.run(lambda tx: tx.programs.all()[0])
    sheet = await app.store.run(lambda tx: sheet_of(tx, program, virtual_now(), "UTC"))
    assert sheet.pulse == {"pairs": 5, "answers": 5, "mean": "3.8"}
    await app.close()


async def _tables(app: App) -> list[list[dict[str, Any]]]:
    return await app.store.run(
        lambda tx: [
            [dict(row) for row in each.records()]
            for each in sponsor_tables(histories(tx, virtual_now(), None, "UTC"))
        ]
    )


async def _says(app: App, pair_id: str, score: int, text: str = "") -> None:
    def record(tx: Transaction) -> None:
        pair = tx.pairs.require(pair_id)
        program = tx.programs.all()[0].id
        for other in tx.pairs.all():
            tx.pairs.put(replace(other, program_id=program))
        session = tx.sessions.of_pair(pair_id)[0]
        tx.pulses.add(
            KeptPulse(
                id=f"pulse-{pair_id}",
                pair_id=pair_id,
                session_id=session.id,
                person_id=pair.mentor_id,
                score=score,
                at=virtual_now(),
                text=text,
            )
        )

    await app.store.run(record)


Facts = dict[str, bool]
_NOTHING: Facts = {}


async def _asked_after(
    stage: Stage, app: App, *held: bool, every: int, late: int = 0, mentor: Facts = _NOTHING
) -> list[int]:
    """How many were asked about each of the first dates, held or not, a few days after it.

    Each is asked about twice; ``mentor`` is what is known of that one of the two.
    """
    pair_id = await stage.pair_id()

    def play(tx: Transaction) -> list[int]:
        case = load_case(tx, pair_id, virtual_now(), default_zone="UTC")
        dates = sorted(case.sessions, key=lambda one: one.start)[: len(held)]
        rule = tx.rules.require(case.pair.rule_id or "")
        tx.rules.put(replace(rule, body={**rule.body, "pulse_every": every}))
        tx.participants.put(replace(case.mentor, **mentor))  # type: ignore[arg-type]
        for date, was in zip(dates, held, strict=True):
            tx.sessions.put(replace(date, held=was))
        for date, was in zip(dates, held, strict=True):
            at = date.end + (1 + late) * DAY
            for _ in range(2 if was else 0):
                case = load_case(tx, pair_id, at, default_zone="UTC")
                ask_how_it_was(tx, app, case, date, at)
        links = tx.links.of_sessions([date.id for date in dates])
        return [len([x for x in links[date.id] if x.purpose == "pulse"]) for date in dates]

    return await app.store.run(play)


def _asking(empty: Empty, expected: list[int], *held: bool, **facts: Any) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin(public_url=URL, signing_keys=KEY)
        assert await _asked_after(stage, app, *held, **facts) == expected
        await app.close()

    on_stage(empty, play)


def test_both_are_asked_once_after_each_so_many_meetings_that_were_held(empty: Empty) -> None:
    _asking(empty, [0, 0, 2], True, False, True, every=2)


def test_nobody_is_asked_about_what_they_would_not_remember(empty: Empty) -> None:
    _asking(empty, [0], True, every=1, late=14)


@pytest.mark.parametrize("mentor", [{"enabled": False}, {"gone": True}])
def test_who_has_left_is_not_asked(empty: Empty, mentor: Facts) -> None:
    _asking(empty, [1], True, every=1, mentor=mentor)


def test_an_earlier_meeting_that_is_judged_late_is_counted_by_its_place(empty: Empty) -> None:
    _asking(empty, [0, 2, 0], True, True, True, every=2)
