"""Short news in somebody's activity feed in Teams, in the place of a mail.

Of a mail and a line in the feed exactly one reaches the person:

* A line is an act of its own, an intent before it is a call. It is told under a number made of what
  it is about, and Teams shows a later one with the same number in the place of an earlier one. So,
  unlike a mail, it is told again wherever it may or may not have been told.
* Where Teams refuses it (most often because the person has not the app) that is journalled with
  the end of its intent, and the mail goes instead. For a day nothing else is tried in their feed.
* A mail that was begun is never turned into a line.

Who takes the app away, or the setting, in the moment between a lost answer and the next attempt may
have both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from html import unescape
from urllib.parse import quote

from integrations.language import gettext
from integrations.ports import News, Transaction
from integrations.records import Intent, IntentState, OutboxMail
from integrations.workflows.acting import Act, NotHappened, ReadBack
from integrations.workflows.app import App
from integrations.workflows.messages.texts import Letter

TOLD, REFUSED = "news", "news_refused"
IN_THE_FEED = frozenset(
    {
        *("hour_is_off", "proposal", "your_appointment", "offered_dates", "offered_hours"),
        *("paused", "resumed", "roles_swapped", "did_you_meet", "pulse"),
    }
)
"""Messages that are news of a moment; what there is to do about them stands on the pair's page.

A letter to keep (the announcement, the question for hours, the end of a pair) is always mailed.
"""
_NOT_TRIED_FOR = timedelta(days=1)
_TAB = "meetings"
_LONGEST_TITLE, _LONGEST_PREVIEW = 120, 150
_LARGEST_CHAIN = 2**53 - 1
_TAGS = re.compile(r"<[^>]*>")


def goes_to_feed(app: App, tx: Transaction, mail: OutboxMail, key: str, now: datetime) -> bool:
    """Whether this message is told in the feed rather than mailed under ``key``."""
    if app.options.teams_app is None or mail.purpose not in IN_THE_FEED:
        return False
    if _is_on_its_way(tx, feed_key(mail)):
        return True
    if _is_on_its_way(tx, key):
        return False
    return not tx.journal.of_person_since([mail.person_id], REFUSED, now - _NOT_TRIED_FOR)


def _is_on_its_way(tx: Transaction, key: str) -> bool:
    intent = tx.intents.by_key(key)
    return intent is not None and intent.state is IntentState.SENDING


def set_aside(tx: Transaction, mail: OutboxMail, now: datetime) -> None:
    """Give up telling it in the feed, where that was begun and it is not to be told there now."""
    intent = tx.intents.by_key(feed_key(mail))
    if intent is not None and intent.state in (IntentState.PREPARED, IntentState.SENDING):
        tx.intents.settle(intent.id, IntentState.DROPPED, "set_aside", now)


def feed_key(mail: OutboxMail) -> str:
    """What the act of telling it is called for good."""
    return f"news/{mail.purpose}/{mail.person_id}/{mail.session_id}"


def news_of(app: App, mail: OutboxMail, letter: Letter) -> News:
    """The line that stands for a mail: its subject, the beginning of its text, the pair's page."""
    text = " ".join(unescape(_TAGS.sub(" ", letter.body)).split())
    return News(
        title=_cut(letter.subject, _LONGEST_TITLE),
        preview=_cut(text, _LONGEST_PREVIEW),
        about=gettext("Your reverse-mentoring meetings"),
        link=_link(app.options.teams_app or "", mail.pair_id or ""),
        chain=int.from_bytes(sha256(feed_key(mail).encode()).digest()[:7]) & _LARGEST_CHAIN,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _link(teams_app: str, pair_id: str) -> str:
    """Opens the tab in Teams, at the pair's page. Source: Teams platform, "Deep links"."""
    context = quote(
        json.dumps({"subEntityId": f"/pairs/{pair_id}"}, separators=(",", ":")), safe=""
    )
    return f"https://teams.microsoft.com/l/entity/{teams_app}/{_TAB}?context={context}"


def news_act(
    app: App,
    mail: OutboxMail,
    letter: Letter,
    account: str,
    kept: Callable[[Transaction], None],
) -> Act[None]:
    """Telling it in the feed of ``account``; ``kept`` stores what follows from its being told."""
    news = news_of(app, mail, letter)

    async def send(intent: Intent) -> None:
        await app.graph.feed.tell(account, news)

    async def look(intent: Intent) -> ReadBack[None]:
        return NotHappened()

    def keep(tx: Transaction, intent: Intent, _: None) -> None:
        kept(tx)

    return Act(
        key=feed_key(mail),
        kind="news_told",
        mailbox_id=mail.mailbox_id or "",
        pair_id=mail.pair_id,
        session_id=mail.data.get("session"),
        after={"message": mail.purpose, "person": mail.person_id},
        send=send,
        look=look,
        keep=keep,
    )
