"""Each mail of the catalogue, from what brings it about to the inbox of the simulated tenant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from integrations.attendance_records import Link
from integrations.ports import Transaction
from integrations.records import Need, PairState, Session
from integrations.workflows.attendance.links import PATHS
from integrations.workflows.changes.case import Case
from integrations.workflows.messages import Notice
from integrations.workflows.messages.catalogue import MESSAGES, Channel
from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import (
    Act,
    EndSeries,
    Message,
    OfferDates,
    OfferHours,
    Resume,
    StartPause,
    Tell,
    Truncation,
)
from scheduling.changes.views import Pause
from scheduling.timespan import TimeSpan
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage
from tests.workflows.messages.post import CONTACT, PAGES, TO_CONTACT, URL, Post, plain

LINK = "0123456789abcdef0123456789abcdef"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PAUSE = {"first": "2027-02-18", "last": "2027-04-02"}
SLOT = SeriesSlot("America/New_York", 3, time(9), 0, date(2027, 2, 25))

Made = tuple[Act | Notice, dict[str, object], dict[str, object]]
"""A message, what the pair is meanwhile, and what the date it is about is."""


def _made(name: str, case: Case, session: Session) -> Made:
    """The message to the mentee; the mentor is in New York, the mentee in London."""
    reader = case.mentee.id
    to = TimeSpan(session.start + DAY, session.end + DAY)
    pause: dict[str, object] = {"pause": PAUSE, "state": PairState.PAUSED}
    conflict = {"person": reader, "since": "", "last_look": "", "looks": 2}
    makers: dict[str, Callable[[], Made]] = {
        "announcement": lambda: (
            Notice("announcement", reader, "p", {"books_on": "2027-03-01"}),
            {"state": PairState.PLANNED},
            {},
        ),
        "hours_question": lambda: (Notice("hours_question", reader, "p"), {}, {}),
        "offered_hours": lambda: (
            OfferHours((reader,), (SLOT,)),
            {"offer": {"to": [reader], "at": MIDWAY.isoformat(), "hours": [], "picked": None}},
            {},
        ),
        "offered_dates": lambda: (OfferDates(reader, session.id, (to,)), {}, {}),
        "hour_is_off": lambda: (
            Tell(reader, Message.HOUR_IS_OFF, session.id, at_once=True),
            {},
            {},
        ),
        "proposal": lambda: (Tell(reader, Message.PROPOSAL, session.id, to), {}, {}),
        "your_appointment": lambda: (
            Tell(reader, Message.YOUR_APPOINTMENT, session.id),
            {},
            {"conflicts": (conflict,)},
        ),
        "paused": lambda: (StartPause(Pause(date(2027, 2, 18), date(2027, 4, 2))), pause, {}),
        "resumed": lambda: (Resume(), {}, {}),
        "roles_swapped": lambda: (
            Notice("roles_swapped", reader, "p", {"from": "2027-03-01", "mentor": reader}),
            {"swaps": ("2027-03-01",)},
            {},
        ),
        "withdrawn": lambda: (
            EndSeries(Truncation(None, ())),
            {"state": PairState.WITHDRAWN},
            {},
        ),
        "thanks": lambda: (Notice("thanks", reader, "p#4", {"held": 4}), {}, {}),
        "closing": lambda: (
            Tell(reader, Message.CLOSING, session.id),
            {"state": PairState.COMPLETED},
            {},
        ),
        **{
            question: lambda question=question: (  # type: ignore[misc]
                Notice(
                    question,
                    reader,
                    session.id,
                    {"session": session.id, "start": session.start.isoformat(), "link": LINK},
                ),
                {},
                {},
            )
            for question in PATHS
        },
    }
    return makers[name]()


MAILS = [name for name, kind in MESSAGES.items() if kind.channel is Channel.MAIL]


@pytest.mark.parametrize("name", [name for name in MAILS if name not in TO_CONTACT])
def test_the_mail_arrives_with_zones_and_a_contact_and_one_link_at_most(
    empty: Empty, name: str
) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        case, session = await _abroad(stage)
        message, pair_is, session_is = _made(name, case, session)

        def record(tx: Transaction) -> None:
            tx.pairs.put(replace(tx.pairs.require(case.pair.id), **pair_is))  # type: ignore[arg-type]
            tx.sessions.put(replace(session, **session_is))  # type: ignore[arg-type]
            tx.links.add(_link(case, session, name))

        await stage.world.read(record)
        assert await post.put(message) in (1, 2)
        await post.send(2 * DAY)
        (mail,) = [m for m in post.sent() if m.recipient.lower() == case.mentee.mail.lower()]
        words, family = plain(mail.body), [p.name.split()[-1] for p in case.people]
        assert mail.sender.lower() == (await stage.box()).lower()
        assert mail.subject.removesuffix(": no further dates") == " / ".join(family)
        assert all(CONTACT[part] in words for part in ("name", "phone", "mail"))
        links = set(re.findall(r"https?://[^\s\"<]+", mail.body))
        if name in PATHS:
            (link,) = links
            assert link.startswith(f"{URL}{PATHS[name]}/{LINK}.")
        else:
            assert links <= {f"{PAGES}/{case.pair.id}"}
        if "when" in MESSAGES[name].must:
            assert f"{session.start:%H:%M} London ({_new_york(session)} New York)" in words
        kinds = await post.journal("mail")
        assert name in {line.data["message"] for line in kinds}

    on_stage(empty, play)


def _link(case: Case, session: Session, name: str) -> Link:
    """The row behind the personal link in a question to the mentee."""
    return Link(
        id=LINK,
        person_id=case.mentee.id,
        session_id=session.id,
        purpose=name,
        issued_at=virtual_now(),
        expires_at=virtual_now() + 7 * DAY,
    )


async def _abroad(stage: Stage) -> tuple[Case, Session]:
    """The pair on both sides of an ocean, and its next date; in February London keeps UTC."""
    case = await stage.case()

    def record(tx: Transaction) -> None:
        tx.participants.put(replace(case.mentor, zone="America/New_York"))
        tx.participants.put(replace(case.mentee, zone="Europe/London"))

    await stage.world.read(record)
    return await stage.case(), (await stage.dates())[0]


def _new_york(session: Session) -> str:
    return f"{session.start - 5 * HOUR:%H:%M}"


def test_hours_on_offer_are_told_by_the_readers_clock(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        case, session = await _abroad(stage)
        message, pair_is, _ = _made("offered_hours", case, session)
        pair = replace(case.pair, **pair_is)  # type: ignore[arg-type]
        await stage.world.read(lambda tx: tx.pairs.put(pair))
        await post.put(message)
        await post.send(DAY)
        assert "Thursdays 14:00 London (09:00 New York), from 25 February 2027" in plain(
            post.sent()[0].body
        )

    on_stage(empty, play)


def test_a_program_with_its_own_words_sends_those(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        own = "Subject: {{ names }}\n\n<p>Danke, {{ you }}! {{ contact }}</p>"
        post = await Post.of(stage, links={"texts": {"closing": own}})
        reader = (await stage.case()).mentee
        await post.put(Tell(reader.id, Message.CLOSING, (await stage.dates())[0].id))
        await post.send(DAY)
        assert plain(post.sent()[0].body).startswith(f"Danke, {reader.name}!")

    on_stage(empty, play)


def test_nothing_in_the_outbox_tells_who_somebody_is(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        case, session = await _abroad(stage)
        for name in MAILS:
            if name not in TO_CONTACT:
                await post.put(_made(name, case, session)[0])
        need = Need(
            id="n", key="leaver::", pair_id=case.pair.id, code="leaver", raised_at=MIDWAY - DAY
        )
        await stage.world.read(lambda tx: tx.needs.raise_once(need))
        await post.send(timedelta(0))
        rows = await stage.world.read(lambda tx: tx.outbox.due(datetime(2030, 1, 1, tzinfo=UTC)))
        stored = str([*rows, *(await post.rows())])
        for person in case.people:
            for word in (person.name, person.name.split()[-1], person.mail):
                assert word not in stored
        assert CONTACT["mail"] not in stored
        assert "/met/" not in stored
        assert len(await post.rows()) >= len(MAILS) - len(TO_CONTACT)
        assert virtual_now() == MIDWAY

    on_stage(empty, play)
