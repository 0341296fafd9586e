"""The coordinator's page of a pair: what it shows, and each act looked at before it is done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from integrations.attendance_records import KeptPulse
from integrations.errors import FaultsError
from integrations.page_records import Goal
from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import set_rule
from integrations.workflows.ordering.at_once import reconcile_pairs
from integrations.workflows.ordering.pair_acts import PairAct, telling_of
from integrations.workflows.rulebook.rules import ProgramRule
from tests.support.world import START, Empty
from tests.web.api_callers import Caller, token_of
from tests.web.support import KEYS, ORIGIN, Visitor, coordinator
from tests.workflows.changes.reconciling import mails, now
from tests.workflows.changes.stage import DAY, Stage, on_stage

MONDAY = datetime(2027, 2, 22, 15, tzinfo=UTC)
EARLY = START + 4 * DAY
NIGHT = datetime(2027, 2, 23, 3, tzinfo=UTC)


@dataclass
class Desk:
    """A coordinator before the page of the pair on stage."""

    stage: Stage
    app: App
    cora: Visitor
    path: str

    async def words(self, path: str = "") -> str:
        """The words of a page of the pair."""
        answer = await self.cora.get(self.path + path)
        assert answer.status_code == 200, (answer.status_code, answer.text[-1500:])
        return words(answer.text)

    async def looked_at(self, act: str, **given: str) -> tuple[str, dict[str, str]]:
        """What an act says it would do, and the form of the yes."""
        answer = await self.cora.client.get(
            f"{self.path}/acts/{act}", params={**given, "look": "yes"}
        )
        assert answer.status_code == 200, (answer.status_code, words(answer.text))
        return words(answer.text), last_form(answer.text)

    async def said_yes(self, act: str, form: dict[str, str]) -> str:
        """What the page says once it is done."""
        return words((await self.cora.send(f"{self.path}/acts/{act}", form)).text)


def words(html: str) -> str:
    """A page as it is read."""
    text = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def last_form(html: str) -> dict[str, str]:
    """The hidden fields of the last form on a page: what a yes sends."""
    form = html[html.rindex('<form class="row" method="post"') :]
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in fields}


def at_the_desk(
    empty: Empty,
    play: Callable[[Desk], Coroutine[None, None, None]],
    *,
    at: datetime = MONDAY,
) -> None:
    async def run(stage: Stage) -> None:
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        pair = (await stage.case()).pair
        cora = await coordinator(app, pair.program_id, "cora")
        await play(Desk(stage, app, cora, f"/programs/{pair.program_id}/pairs/{pair.id}"))
        await app.close()

    on_stage(empty, run, at=at)


def test_it_shows_who_how_it_stands_every_date_and_that_goals_exist(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        case = await desk.stage.case()
        secret = "to dare more in court"
        goal = Goal(pair_id=case.pair.id, person_id=case.mentor.id, text=secret)
        await desk.app.store.run(lambda tx: tx.goals.put(goal))
        said = await desk.words()
        assert case.mentor.name in said
        assert case.mentee.name in said
        assert "there is one; only the two see it" in said
        assert f"{case.mentor.name} and {case.mentee.name} did not confirm" in said
        assert secret not in said
        for session in await desk.stage.dates():
            assert f"{session.start:%b %Y}" in said
        assert said.count("Leave out") == len(await desk.stage.dates())
        assert "The series was created and both were invited" in said
        assert "Go on now" not in said, "it does not pause"
        assert "Book the series again" not in said, "its dates stand"

    at_the_desk(empty, play)


def test_it_shows_how_each_side_says_it_was_once_somebody_did(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        assert "How they say it was" not in await desk.words()
        case = await desk.stage.case()
        first, *_ = case.sessions

        def record(tx: Transaction) -> None:
            for number, score in enumerate((2, 4, 5, 5)):
                pulse = KeptPulse(
                    id=f"pulse-{number}",
                    pair_id=case.pair.id,
                    session_id=first.id,
                    person_id=case.mentor.id,
                    score=score,
                    at=first.end + timedelta(days=number),
                    text="<b>dry</b>" if score == 2 else "",
                )
                tx.pulses.add(pulse)

        await desk.app.store.run(record)
        said = await desk.words()
        assert f"{case.mentor.name} Rising" in said
        assert ": 2 “<b>dry</b>”" in said
        assert f"{case.mentee.name} No answer yet." in said
        token = token_of(desk.stage.world, "cora", is_app=True)
        async with Caller(desk.app, token).typed() as typed:
            answer = await typed.pair(case.pair.program_id, case.pair.id)
        by_name = {side.name: side for side in answer.pulses}
        assert [given.score for given in by_name[case.mentor.name].given] == [5, 5, 4, 2]
        assert by_name[case.mentor.name].trend == "rising"
        assert by_name[case.mentee.name].given == []

    at_the_desk(empty, play)


def test_a_blocker_stands_with_its_remedy(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        case = await desk.stage.case()
        blocker = Blocker(
            scope=BlockerScope.PERSON, subject_id=case.mentee.id, code="no_mailbox", since=now()
        )
        await desk.app.store.run(lambda tx: tx.blockers.set(blocker))
        said = await desk.words()
        assert "There is no Exchange Online mailbox" in said
        assert "Ask IT for an Exchange Online licence" in said

    at_the_desk(empty, play)


@pytest.mark.parametrize("act", ["move", "skip", "offer_dates", "pause", "offer_hours", "end"])
def test_looking_at_an_act_changes_nothing_and_yes_sends_what_was_said(
    empty: Empty, act: str
) -> None:
    async def play(desk: Desk) -> None:
        session, began = (await desk.stage.dates())[1], now()
        given = {
            "move": {"session": session.id, "day": f"{session.start:%Y-%m-%d}", "at": "13:00"},
            "skip": {"session": session.id},
            "offer_dates": {"session": session.id},
            "pause": {"first": "2027-03-03", "until": "2027-03-21"},
        }.get(act, {})
        before = await desk.stage.read(lambda tx: (tx.pairs.all(), tx.journal.last_seq()))
        said, form = await desk.looked_at(act, **given)
        assert await desk.stage.read(lambda tx: (tx.pairs.all(), tx.journal.last_seq())) == before
        assert mails(desk.stage, began) == []
        count = int(form["mails"])
        assert f"{count} mails would go out" in said
        people = {p.name: p.id for p in (await desk.stage.case()).people}
        assert all(name in said for name in people)
        answer = await desk.said_yes(act, form)
        assert "Done." in answer
        sent = Counter(kind for kind, _ in mails(desk.stage, began))
        rows = await desk.stage.read(lambda tx: tx.outbox.of_pair(desk.path.split("/")[-1]))
        waiting = [row for row in rows if row.state == "waiting"]
        assert sum(sent.values()) + len(waiting) == count
        by = {e.data.get("by") for e in await desk.stage.read(lambda tx: tx.journal.read())}
        assert "cora" in by

    at_the_desk(empty, play)


def test_a_date_of_shadowing_is_given_three_hours_in_both_calendars(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        session = (await desk.stage.dates())[1]
        zone = ZoneInfo((await desk.stage.case()).zone)
        day = f"{session.start.astimezone(zone):%Y-%m-%d}"
        await desk.stage.read(lambda tx: _is_for_shadowing(tx, desk, session))
        assert (await desk.words("/acts/move")).count(": shadowing, usually 180 minutes") == 1
        given = {"session": session.id, "day": day, "at": "13:00", "minutes": "180"}
        _, form = await desk.looked_at("move", **given)
        assert "Done." in await desk.said_yes("move", form)
        kept = next(one for one in await desk.stage.dates() if one.id == session.id)
        assert kept.end - kept.start == timedelta(hours=3)
        for person in (await desk.stage.case()).people:
            assert (kept.start, kept.end) in await desk.stage.shown(person.mail)
        long = {**given, "minutes": "481", "look": "yes"}
        refused = await desk.cora.client.get(f"{desk.path}/acts/move", params=long)
        assert refused.status_code == 400

    at_the_desk(empty, play)


def _is_for_shadowing(tx: Transaction, desk: Desk, session: Session) -> None:
    """As if the rule had said from the start what this date is for."""
    pair = tx.pairs.require(session.pair_id)
    body = tx.rules.require(pair.rule_id or "").body
    rule = ProgramRule.from_body({**body, "kinds": {session.window + 1: "shadowing"}})
    tx.pairs.put(replace(pair, rule_id=set_rule(desk.app, tx, pair.program_id, rule).id))


def test_another_regular_hour_is_chosen_among_those_that_suit_both_and_past_dates_stay(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        began, pair_id = now(), desk.path.split("/")[-1]
        mails_before = len(desk.stage.world.tenant.mail_log)
        page = await desk.cora.get(f"{desk.path}/acts/change_hour")
        hours = re.findall(r'<option value="(\d@[^"]+)"', page.text)
        assert 0 < len(hours) <= 5
        past = {s.id: s.start for s in (await desk.stage.case()).sessions if s.start <= began}
        assert past
        _, form = await desk.looked_at("change_hour", hour=hours[0])
        assert mails(desk.stage, began) == []
        await desk.said_yes("change_hour", form)
        await desk.stage.book()
        weekday, start, zone = hours[0].split("@")
        dates = await desk.stage.dates()
        local = [session.start.astimezone(ZoneInfo(zone)) for session in dates if not session.moved]
        usual = {(day.weekday(), f"{day:%H:%M}") for day in local}
        assert usual == {(int(weekday), start)}
        assert {session.generation for session in dates} == {2}
        after = {s.id: s.start for s in (await desk.stage.case()).sessions}
        assert {session_id: after[session_id] for session_id in past} == past
        sent = len(desk.stage.world.tenant.mail_log) - mails_before
        assert sent == int(form["mails"]) > 0
        journal = await desk.stage.read(lambda tx: tx.journal.read(pair_id=pair_id))
        assert "hour_changed" in {entry.code for entry in journal}

    at_the_desk(empty, play)


def test_booking_again_says_how_many_mails_the_invitation_causes(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        booking = (await desk.stage.case()).booking
        assert booking is not None
        desk.stage.world.tenant.cancel_event(booking.event_id)
        await reconcile_pairs(desk.app, desk.path.split("/")[-1])
        sent = len(desk.stage.world.tenant.mail_log)
        said, form = await desk.looked_at("book_again")
        assert form["mails"] == "2"
        assert "2 mails would go out" in said
        await desk.said_yes("book_again", form)
        await desk.stage.book()
        moved = sum(session.moved for session in await desk.stage.dates())
        assert len(desk.stage.world.tenant.mail_log) - sent == 2 + 2 * moved
        assert "an update for each date at another hour" in await desk.words("/acts/book_again")

    at_the_desk(empty, play)


def test_a_date_of_its_own_that_outlives_its_series_does_not_hide_booking_again(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        case, words = await desk.stage.case(), "Book the series again"
        assert case.booking is not None
        assert words not in await desk.words()
        desk.stage.world.tenant.cancel_event(case.booking.event_id)
        await reconcile_pairs(desk.app, desk.path.split("/")[-1])
        gone = next(s for s in (await desk.stage.case()).sessions if s.start > now())
        alone = replace(gone, state=SessionState.SCHEDULED, single=True, event_id="alone")
        await desk.stage.eyes.run(lambda tx: tx.sessions.put(alone))
        assert words in await desk.words()

    at_the_desk(empty, play)


def test_a_series_the_two_have_already_is_found_and_adopted_by_a_click(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        assert "Adopt a series" not in await desk.words(), "it is booked"
        booking = (await desk.stage.case()).booking
        assert booking is not None
        await desk.stage.forget_booking()
        assert "Adopt a series they have already nobody" in await desk.words()
        page = await desk.cora.get(f"{desk.path}/acts/adopt")
        assert "every other week" in words(page.text)
        (key,) = re.findall(r'<option value="([^"]+)"', page.text)
        said, form = await desk.looked_at("adopt", series=unescape(key))
        assert (form["mails"], "It mails nobody" in said) == ("0", True)
        sent = len(desk.stage.world.tenant.mail_log)
        assert "A series the two have already is taken over" in await desk.said_yes("adopt", form)
        case = await desk.stage.case()
        assert case.booking is not None
        assert case.booking.event_id == booking.event_id
        assert len(desk.stage.world.tenant.mail_log) == sent

    at_the_desk(empty, play, at=EARLY)


def test_where_no_series_fits_the_page_says_so_and_why(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        booking = (await desk.stage.case()).booking
        assert booking is not None
        await desk.stage.forget_booking()
        taken = replace(booking, generation=9)
        await desk.stage.eyes.run(lambda tx: tx.bookings.put(taken))
        said = await desk.words("/acts/adopt")
        assert "No series of the two was found" in said
        assert "cannot be adopted: the series is another booking's" in said

    at_the_desk(empty, play, at=EARLY)


@pytest.mark.parametrize("hour", ["", "2", "9@10:00@Europe/London", "1@10:00@Nowhere", "1@x@UTC"])
def test_an_hour_that_was_not_shown_is_no_regular_hour(hour: str) -> None:
    with pytest.raises(FaultsError):
        telling_of(PairAct.CHANGE_HOUR, {"hour": hour}, "cora")


def test_weekdays_of_one_pair_stay_within_its_programs_rule(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        usual = (await desk.stage.case()).rule.cadence
        given = {"weekdays": "Mon, Tuesday fri"}
        beyond = await desk.cora.client.get(
            f"{desk.path}/acts/cadence", params={"look": "yes", "weekdays": "Mon Sun"}
        )
        assert (beyond.status_code, "some of Mon Tue Wed" in beyond.text) == (400, True)
        _, form = await desk.looked_at("cadence", **given)
        await desk.said_yes("cadence", form)
        assert (await desk.stage.case()).rule.cadence == replace(
            usual, weekdays=frozenset({0, 1, 4})
        )

    at_the_desk(empty, play)


def test_at_night_the_page_says_that_it_waits_and_until_when(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        session, began = (await desk.stage.dates())[1], now()
        said, form = await desk.looked_at("skip", session=session.id)
        assert "Mails wait for working hours of both; the first goes at Tue 23 Feb 2027" in said
        answer = await desk.said_yes("skip", form)
        assert "Kept. The rest waits: mails wait for working hours" in answer
        assert mails(desk.stage, began) == []

    at_the_desk(empty, play, at=NIGHT)


def test_more_mails_than_were_said_are_not_sent_without_another_look(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        _, form = await desk.looked_at("end")
        began = now()
        answer = await desk.cora.post(f"{desk.path}/acts/end", {**form, "mails": "1"})
        assert answer.status_code == 409
        assert "more mails than were shown" in words(answer.text)
        assert (await desk.stage.case()).pair.state is PairState.BOOKED
        assert mails(desk.stage, began) == []

    at_the_desk(empty, play)


@pytest.mark.parametrize(
    ("act", "given", "fault"),
    [
        (
            "pause",
            {"until": "2027-02-01"},
            "Expected a date from 22 Feb 2027 on (not 1 Feb 2027).",
        ),
        ("pause", {"until": ""}, "Expected a date."),
        ("move", {"session": "x", "day": "2027-03-01", "at": "9"}, "Expected a time such as"),
        (
            "cadence",
            {"interval_weeks": "2", "earliest": "05:00"},
            "Expected 09:00 or later.",
        ),
    ],
)
def test_a_field_that_cannot_be_meant_is_said_beside_it(
    empty: Empty, act: str, given: dict[str, str], fault: str
) -> None:
    async def play(desk: Desk) -> None:
        answer = await desk.cora.client.get(
            f"{desk.path}/acts/{act}", params={**given, "look": "yes"}
        )
        assert answer.status_code == 400
        assert fault in words(answer.text)
        assert 'aria-invalid="true"' in answer.text

    at_the_desk(empty, play)


def test_roles_are_swapped_and_the_page_says_from_when(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        _, form = await desk.looked_at("swap_roles", **{"from": "2027-03-01"})
        assert form["mails"] == "2"
        await desk.said_yes("swap_roles", form)
        case = await desk.stage.case()
        assert case.pair.swaps == ("2027-03-01",)
        said = await desk.words()
        assert "Roles swapped from Mon 1 Mar 2027" in said
        assert f"From 1 March 2027 on {case.mentee.name} mentors (Somebody)" in said

    at_the_desk(empty, play)


def test_what_is_corrected_shows_with_its_evidence(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        past = [s for s in (await desk.stage.case()).sessions if s.end < now()][-1]
        given = {"session": past.id, "verdict": "held", "minutes": "50", "note": "Both say so."}
        _, form = await desk.looked_at("correct", **given)
        await desk.said_yes("correct", form)
        said = await desk.words()
        assert "50 minutes together" in said
        assert "Both say so." not in said
        assert (await desk.stage.read(lambda tx: tx.sessions.require(past.id))).held is True

    at_the_desk(empty, play)


def test_one_of_them_is_paired_again_and_each_page_names_the_other_pair(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        case = await desk.stage.case()
        second = await desk.stage.read(lambda tx: tx.pairs.all()[1])
        new = await desk.stage.read(lambda tx: tx.participants.require(second.mentor_id))
        wrong = await desk.cora.post(
            f"{desk.path}/again", {"stays": case.mentee.id, "mail": "nobody@firm.example"}
        )
        assert wrong.status_code == 400
        assert "Expected an address of the directory (not 'nobody@firm.example')." in words(
            wrong.text
        )
        page = await desk.cora.send(
            f"{desk.path}/again", {"stays": case.mentee.id, "mail": new.mail}
        )
        said = words(page.text)
        assert "The new pair is enrolled and planned" in said
        assert "whose history stays there" in said
        assert "Paired again as" in await desk.words()
        old = await desk.stage.read(lambda tx: tx.pairs.require(case.pair.id))
        assert old.state is PairState.WITHDRAWN

    at_the_desk(empty, play)


def test_a_pair_of_another_program_is_not_found(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        pair = desk.path.split("/")[-1]
        answer = await desk.cora.get(f"/programs/another/pairs/{pair}")
        assert answer.status_code == 404
        assert (await desk.cora.get(f"{desk.path}/acts/dance")).status_code == 404

    at_the_desk(empty, play)
