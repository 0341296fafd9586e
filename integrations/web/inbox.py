"""Notices on their way into the store: those that come together go in together.

A commit waits for the disk, and a burst brings hundreds of posts a second. So while one
transaction runs the next ones gather, and each post is answered after the commit it went in with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.logs import log_event
from integrations.ports import Transaction
from integrations.queue.errors import QueueError
from integrations.workflows.app import App
from integrations.workflows.looking import hints
from integrations.workflows.looking.hints import Known, Notice, Taken
from integrations.workflows.work import wake

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 2_000
MOST_WAITING = 50_000
IGNORED_JOURNALLED_EVERY = timedelta(minutes=1)
"""So that whoever posts nonsense all day fills no journal."""


class InboxFullError(Exception):
    """More notices wait than the store keeps up with; the sender has to come again."""


@dataclass(frozen=True, slots=True)
class _Post:
    """The notices of one post, and whoever waits for them to be kept."""

    notices: Sequence[Notice]
    kept: asyncio.Future[None]


class Inbox:
    """Puts notices into the store of one application."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._known = Known()
        self._posts: list[_Post] = []
        self._waiting = 0
        self._working: asyncio.Task[None] | None = None
        self._ignored = 0
        self._journalled_at: datetime | None = None
        self._woken_at: datetime | None = None

    async def put(self, notices: Sequence[Notice], malformed: int = 0) -> None:
        """Return once what the notices hint at is a row in the store.

        Parameters:
            malformed: entries that came along and had not even the form of a notice; counted.

        Raises:
            StoreError: nothing of it is in the store.
            InboxFullError: nothing of it is, because too many wait.
        """
        if self._waiting + len(notices) > MOST_WAITING:
            raise InboxFullError
        self._ignored += malformed
        post = _Post(notices, asyncio.get_running_loop().create_future())
        self._posts.append(post)
        self._waiting += len(notices)
        if self._working is None:
            self._working = asyncio.create_task(self._work_off())
        await post.kept

    async def _work_off(self) -> None:
        try:
            while self._posts:
                await self._keep(self._next_posts())
        except BaseException as death:
            # Nobody may be left waiting for an answer that will never come.
            for post in self._posts:
                _settle(post, death)
            raise
        finally:
            self._working = None

    def _next_posts(self) -> list[_Post]:
        posts: list[_Post] = []
        entries = 0
        while self._posts and (not posts or entries + len(self._posts[0].notices) <= MOST_AT_ONCE):
            posts.append(self._posts.pop(0))
            entries += len(posts[-1].notices)
        self._waiting -= entries
        return posts

    async def _keep(self, posts: Sequence[_Post]) -> None:
        try:
            taken = await self._store([notice for post in posts for notice in post.notices])
        except BaseException as error:
            for post in posts:
                _settle(post, error)
            if not isinstance(error, Exception):
                raise
            return
        for post in posts:
            _settle(post, None)
        await self._wake(taken)

    async def _store(self, notices: Sequence[Notice]) -> Taken:
        now = self.app.clock.now()
        uncounted, last = self._ignored, self._journalled_at
        is_time = last is None or now - last >= IGNORED_JOURNALLED_EVERY

        def work(tx: Transaction) -> Taken:
            taken = hints.take(tx, self._known, notices, now)
            if is_time and uncounted + taken.ignored:
                hints.journal_ignored(tx, uncounted + taken.ignored, now)
            return taken

        taken = await self.app.store.run(work)
        self._count(uncounted, taken, now, journalled=is_time)
        log_event(
            logger,
            "hints_taken",
            entries=len(notices),
            pairs=len(taken.pairs),
            ignored=taken.ignored,
        )
        return taken

    def _count(self, uncounted: int, taken: Taken, now: datetime, *, journalled: bool) -> None:
        if journalled and uncounted + taken.ignored:
            self._ignored, self._journalled_at = self._ignored - uncounted, now
        else:
            self._ignored += taken.ignored

    async def _wake(self, taken: Taken) -> None:
        """Have somebody look: consumers for what is due, this process's loop before it is."""
        now = self.app.clock.now()
        if taken.pairs and (self._woken_at is None or now - self._woken_at >= hints.COALESCED):
            # Once for all that comes until then: a look for each post would cost more than it.
            self._woken_at = now
            self.app.woken.set()
        if taken.at_once:
            try:
                await wake(self.app, *taken.at_once)
            except QueueError as error:
                # The rows stand; the work timer finds them a little later.
                log_event(logger, "wake_up_failed", logging.WARNING, error=type(error).__name__)


def _settle(post: _Post, error: BaseException | None) -> None:
    if post.kept.done():
        return
    if error is None:
        post.kept.set_result(None)
    else:
        post.kept.set_exception(error)
