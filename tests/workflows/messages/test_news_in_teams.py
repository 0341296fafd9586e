"""Of a mail and a line in Teams' feed exactly one reaches the person, whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.graph.feed import ACTIVITY
from integrations.teams.manifest import ACTIVITY as DECLARED
from integrations.workflows.doctor import Finding
from integrations.workflows.doctor.news import news_checks
from integrations.workflows.messages import Notice
from integrations.workflows.messages.catalogue import MESSAGES, Channel
from integrations.workflows.telling.feed import IN_THE_FEED
from simulator.faults import Effect, Fault
from simulator.feed import Line
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage
from tests.workflows.messages.post import Post

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = datetime(2027, 2, 18, 3, tzinfo=UTC)
APP = "0f1e2d3c-4b5a-4697-8877-665544332211"
TELL = "/users/{user}/teamwork/sendActivityNotification"


class Reader:
    """The mentor of the stage's pair, with or without Tandem's app in Teams."""

    def __init__(self, stage: Stage, person: Any) -> None:
        self.feeds, self.person = stage.world.tenant.feeds, person

    @classmethod
    async def of(cls, stage: Stage, *, has_app: bool = True) -> Reader:
        reader = cls(stage, (await stage.case()).mentor)
        if has_app:
            reader.installs()
        return reader

    def installs(self) -> None:
        """Get the app."""
        self.feeds.install(self.person.directory_id, ACTIVITY)

    @property
    def lines(self) -> list[Line]:
        """What stands in the feed."""
        return self.feeds.lines_of(self.person.directory_id)


def _fails(stage: Stage, effect: Effect, **members: Any) -> None:
    stage.world.tenant.faults.plan(Fault(effect, "POST", TELL, **members))


def test_whoever_has_the_app_is_told_in_teams_and_not_mailed(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage)
        await post.put(Notice("resumed", reader.person.id, "r"))
        await post.send(HOUR, teams_app=APP)
        (line,) = reader.lines
        assert line.news
        assert 0 < len(line.preview) <= 150
        assert "<" not in line.preview
        pair_id = await stage.pair_id()
        assert line.link.startswith(f"https://teams.microsoft.com/l/entity/{APP}/meetings?context=")
        assert f"%2Fpairs%2F{pair_id}" in line.link
        assert post.sent() == []
        assert [row.state for row in await post.rows()] == ["sent"]
        assert len(await post.journal("news")) == 1
        assert await post.journal("mail") == []
        assert (await stage.case()).open_intents == []

    on_stage(empty, play, at=MIDWAY)


def test_without_the_setting_everything_is_mailed(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage)
        await post.put(Notice("resumed", reader.person.id, "r"))
        await post.send(HOUR)
        assert (len(post.sent()), reader.lines) == (1, [])

    on_stage(empty, play, at=MIDWAY)


def test_whoever_has_not_the_app_is_mailed_at_once_and_asked_again_another_day(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage, has_app=False)
        await post.put(Notice("resumed", reader.person.id, "r1"))
        await post.send(timedelta(minutes=1), teams_app=APP)
        assert len(post.sent()) == 1
        assert [e.data["why"][:3] for e in await post.journal("news_refused")] == ["403"]
        reader.installs()
        await post.put(Notice("resumed", reader.person.id, "r2"))
        await post.send(HOUR, teams_app=APP)
        assert (len(post.sent()), reader.lines) == (2, [])
        await post.send(5 * DAY, teams_app=APP)
        await post.put(Notice("resumed", reader.person.id, "r3"))
        await post.send(HOUR, teams_app=APP)
        assert (len(post.sent()), len(reader.lines)) == (2, 1)

    on_stage(empty, play, at=MIDWAY)


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_line_that_teams_refuses_for_good_becomes_a_mail(empty: Empty, status: int) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage)
        _fails(stage, "error", status=status, code="Refused")
        await post.put(Notice("resumed", reader.person.id, "r"))
        await post.send(HOUR, teams_app=APP)
        assert (len(post.sent()), reader.lines) == (1, [])
        assert (await stage.case()).open_intents == []

    on_stage(empty, play, at=MIDWAY)


@pytest.mark.parametrize("effect", ["cut_before", "cut_after"])
def test_a_lost_answer_leaves_one_line_and_no_mail(empty: Empty, effect: Effect) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage)
        _fails(stage, effect, times=2)
        await post.put(Notice("resumed", reader.person.id, "r"))
        await post.send(HOUR, teams_app=APP)
        assert (len(post.sent()), len(reader.lines)) == (0, 1)

    on_stage(empty, play, at=MIDWAY)


@pytest.mark.parametrize("has_app", [True, False])
def test_whenever_the_process_dies_the_person_has_one_of_both(empty: Empty, has_app: bool) -> None:
    """Each point that it passes while it sends; none of them doubles or loses it.

    A mail whose answer is lost counts as sent, which may lose it: that is journalled.
    """

    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage, has_app=has_app)
        deaths = 0
        for number, dies_at in enumerate(range(6, 20), start=1):
            lines, mails = len(reader.lines), len(post.sent())
            doubts = len(await post.journal("mail_in_doubt"))
            await post.put(Notice("resumed", reader.person.id, f"r{number}"))
            deaths += await post.send(timedelta(minutes=1), dies_at=dies_at, teams_app=APP)
            await post.send(8 * DAY, teams_app=APP)
            told = len(reader.lines) - lines + len(post.sent()) - mails
            doubted = len(await post.journal("mail_in_doubt")) - doubts
            assert 1 - doubted <= told <= 1, dies_at
            assert has_app is (len(reader.lines) > lines), dies_at
            assert (await stage.case()).open_intents == []
        assert deaths >= 8

    on_stage(empty, play, at=MIDWAY)


def test_a_line_waits_for_the_hours_of_mail_where_its_reader_is(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage)
        await post.put(Notice("resumed", reader.person.id, "r"))
        await post.send(HOUR, teams_app=APP)
        assert reader.lines == []
        await post.send(2 * DAY, teams_app=APP)
        (line,) = reader.lines
        assert line.at > virtual_now() - 2 * DAY
        zone = (await stage.case()).zone_of(reader.person)
        local = line.at.astimezone(ZoneInfo(zone))
        assert (8, 0) <= (local.hour, local.minute) <= (18, 30)

    on_stage(empty, play, at=NIGHT)


def test_news_count_for_the_week_as_mails_do(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage)
        await post.put(*(Notice("resumed", reader.person.id, f"r{n}") for n in range(3)))
        await post.send(HOUR, teams_app=APP)
        assert len(reader.lines) == 2
        await post.send(8 * DAY, teams_app=APP)
        assert len(reader.lines) == 3

    on_stage(empty, play, at=MIDWAY)


def test_doctor_says_whether_teams_takes_the_news(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post, reader = await Post.of(stage), await Reader.of(stage, has_app=False)

        async def found(teams_app: str = "") -> list[tuple[Finding, str]]:
            app = await stage.world.begin(teams_app=teams_app)
            return [(check.finding, check.words) for check in await news_checks(app)]

        assert await found() == []
        ((nothing, _),) = await found(APP)
        assert nothing is Finding.UNTRIED
        await post.put(Notice("resumed", reader.person.id, "r1"))
        await post.send(HOUR, teams_app=APP)
        ((missing, why),) = await found(APP)
        assert missing is Finding.MISSING
        assert "403" in why
        reader.installs()
        await post.send(5 * DAY, teams_app=APP)
        await post.put(Notice("resumed", reader.person.id, "r2"))
        await post.send(HOUR, teams_app=APP)
        assert await found(APP) == [
            (Finding.WELL, "1 of the last 2 were told in Teams, the others were mailed")
        ]

    on_stage(empty, play, at=MIDWAY)


def test_only_news_that_the_pairs_page_has_more_of_go_to_the_feed() -> None:
    assert ACTIVITY == DECLARED
    assert all(MESSAGES[name].channel is Channel.MAIL for name in IN_THE_FEED)
    assert not {"announcement", "withdrawn", "closing", "hours_question"} & IN_THE_FEED
