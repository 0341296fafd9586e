"""The browser of the demonstration: it opens the link of a mail, presses, and nothing twice."""

from __future__ import annotations

from dataclasses import replace

from integrations.demo.answering import Browser, Reply, links_under
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from scheduling.attendance.evidence import EvidenceMode
from simulator.transport import TenantTransport
from tests.acceptance.attending import URL, Attending, attending
from tests.acceptance.keeping import live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import now
from tests.workflows.changes.stage import DAY, Stage, on_stage


def browser_to(app: App) -> Browser:
    """A browser that reaches the app and nothing else."""

    async def opened() -> App:
        return app

    return Browser(TenantTransport(asgi_app(opened)))


async def asked(stage: Stage) -> Attending:
    """A pair of which both were asked whether they met."""
    there = await attending(stage, EvidenceMode.SELF_REPORT)
    await live_until(there.app, there.end + 4 * DAY)
    assert {mail.recipient for mail in there.questions()} == {there.junior.mail, there.senior.mail}
    return there


def test_what_is_pressed_on_the_page_is_kept_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await asked(stage)
        browser = browser_to(there.app)
        link = there.link(there.junior)
        assert link.startswith(links_under(URL))
        reply = Reply(at=now(), link=link, says="met", in_person=True)
        for _ in range(2):
            await browser.answer(reply)
        (kept,) = await stage.read(lambda tx: tx.statements.all())
        assert (kept.person_id, kept.said, kept.in_person) == (there.junior.id, "met", True)
        assert browser.pressed == 1
        assert browser.troubles == []
        await there.app.close()

    on_stage(empty, play)


def test_who_did_not_meet_ticks_nothing(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await asked(stage)
        browser = browser_to(there.app)
        reply = Reply(at=now(), link=there.link(there.senior), says="not_met", in_person=False)
        await browser.answer(reply)
        (kept,) = await stage.read(lambda tx: tx.statements.all())
        assert (kept.person_id, kept.said, kept.in_person) == (there.senior.id, "not_met", False)
        await there.app.close()

    on_stage(empty, play)


def test_a_link_that_nobody_sent_is_trouble_and_an_ended_one_is_not(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await asked(stage)
        browser = browser_to(there.app)
        good = Reply(at=now(), link=there.link(there.senior), says="met", in_person=False)
        await live_until(there.app, there.end + 12 * DAY)
        await browser.answer(good)
        assert browser.troubles == []
        await browser.answer(replace(good, link=f"{good.link}x"))
        assert browser.troubles == ["the page of a personal link answered 404"]
        assert await stage.read(lambda tx: tx.statements.all()) == []
        await there.app.close()

    on_stage(empty, play)
