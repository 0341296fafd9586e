"""The pair's own pages: what each of the two, and an assistant, sees and may do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.graph.permits import Urgency
from integrations.ports import Transaction
from integrations.records import PairState, SessionState
from integrations.workflows.enrolment.enrol import set_rule
from integrations.workflows.enrolment.people import refresh_settings
from integrations.workflows.operating.writing import let_writing_go_on, stop_writing
from integrations.workflows.ordering.at_once import reconcile_pairs
from integrations.workflows.ordering.orders import offer_hours
from integrations.workflows.rulebook.rules import ProgramRule
from tests.support.world import Empty
from tests.web.pair_pages import Room, at_the_page, hours_on, words
from tests.workflows.changes.stage import MIDWAY
from tests.workflows.looking import appointment

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SLOT = ("zone", "weekday", "start", "phase", "first_date")


def test_the_page_shows_the_dates_with_who_leads_on_both_clocks(empty: Empty) -> None:
    async def play(room: Room) -> None:
        page = await room.junior.get(room.path)
        assert page.status_code == 200
        said = words(page.text)
        assert f"{room.mentor.name} and {room.mentee.name}" in said
        for session in await room.stage.dates():
            local = session.start.astimezone(ZoneInfo(room.mentor.zone or ""))
            assert f"{local:%a} {local.day} {local:%b %Y, %H:%M}" in said
        assert f"{room.mentor.name} leads" in said
        assert said.count("Another time") == len(await room.stage.dates())

    at_the_page(empty, play)


def test_five_hours_that_suit_both_are_shown_and_one_click_moves_the_date(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        mails = len(room.stage.world.tenant.mail_log)
        page = await room.senior.get(f"{room.path}/another-time/{date.id}")
        hours = hours_on(page.text)
        assert (page.status_code, len(hours)) == (200, 5)
        assert len(room.stage.world.tenant.mail_log) == mails, "looking changes nothing"
        answer = await room.senior.send(
            f"{room.path}/another-time/{date.id}", {"start": hours[2].isoformat()}
        )
        assert "The date is moved to" in words(answer.text)
        moved = await room.session(date.id)
        assert (moved.start, moved.moved_by_person) == (hours[2], True)
        for person in (room.mentor, room.mentee):
            assert (hours[2], hours[2] + HOUR) in await room.stage.shown(person.mail)
        sent = list(room.stage.world.tenant.mail_log)[mails:]
        assert sorted(mail.recipient.lower() for mail in sent) == sorted(
            person.mail.lower() for person in (room.mentor, room.mentee)
        )
        given = await room.journal("order_given")
        assert [facts["by"] for facts in given] == [room.mentee.id]

    at_the_page(empty, play)


def test_an_hour_that_was_taken_meanwhile_is_refused_kindly_with_new_ones(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        path = f"{room.path}/another-time/{date.id}"
        wanted = hours_on((await room.junior.get(path)).text)[0]
        room.stage.world.tenant.book_appointment(
            room.mentee.mail, appointment(wanted, wanted + HOUR)
        )
        mails = len(room.stage.world.tenant.mail_log)
        answer = await room.junior.post(path, {"start": wanted.isoformat()})
        assert answer.status_code == 409
        assert "has been taken" in words(answer.text)
        offered = hours_on(answer.text)
        assert offered
        assert all(abs(hour - wanted) >= HOUR for hour in offered)
        assert (await room.session(date.id)).start == date.start
        assert len(room.stage.world.tenant.mail_log) == mails

    at_the_page(empty, play)


@pytest.mark.parametrize("start", ["", "soon", "2027-03-01T10:00:00"])
def test_what_is_no_hour_moves_nothing(empty: Empty, start: str) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        answer = await room.junior.post(f"{room.path}/another-time/{date.id}", {"start": start})
        assert answer.status_code == 400
        assert (await room.session(date.id)).start == date.start

    at_the_page(empty, play)


def test_while_a_calendar_cannot_be_read_no_hour_is_shown(empty: Empty) -> None:
    async def play(room: Room) -> None:
        room.stage.world.tenant.change_person(room.mentee.mail, mailbox="missing")
        date = await room.date(1)
        page = await room.junior.get(f"{room.path}/another-time/{date.id}")
        assert page.status_code == 503
        assert "cannot be read" in words(page.text)
        assert hours_on(page.text) == []

    at_the_page(empty, play)


@pytest.mark.parametrize(("make_up", "cause"), [("yes", "skipped"), ("no", "left_out")])
def test_a_date_is_left_out_with_a_make_up_or_without(
    empty: Empty, make_up: str, cause: str
) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        answer = await room.senior.send(f"{room.path}/skip/{date.id}", {"make_up": make_up})
        assert "The date is left out" in words(answer.text)
        gone = await room.session(date.id)
        assert (gone.state, gone.cause) == (SessionState.CANCELLED, cause)
        assert (date.start, date.end) not in await room.stage.shown(room.mentor.mail)

    at_the_page(empty, play)


def test_a_pause_takes_dates_out_once_and_going_on_plans_again(empty: Empty) -> None:
    async def play(room: Room) -> None:
        first = await room.date(0)
        until = (first.start + DAY).date()
        answer = await room.junior.send(f"{room.path}/pause", {"until": until.isoformat()})
        assert "You pause until" in words(answer.text)
        assert (await room.session(first.id)).cause == "paused"
        again = await room.junior.send(f"{room.path}/resume")
        assert "You pause until" not in words(again.text)
        pair = await room.stage.read(lambda tx: tx.pairs.require(room.pair.id))
        assert pair.state is PairState.BOOKED

    at_the_page(empty, play)


@pytest.mark.parametrize(
    ("until", "asked"),
    [
        ("", "Please give a date."),
        ("soon", "Please give a date."),
        ("2027-01-01", "Please give a date from 17 Feb 2027 on."),
        ("9999-12-31", "Please give a date until 17 Feb 2029."),
    ],
)
def test_a_pause_that_cannot_be_is_asked_for_again_beside_its_field(
    until: str, asked: str, empty: Empty
) -> None:
    """A year typed wrong took every date away; the last year there is stopped the pair's work."""

    async def play(room: Room) -> None:
        answer = await room.junior.post(f"{room.path}/pause", {"until": until})
        assert answer.status_code == 400
        assert re.findall("Please give [^.]*[.]", words(answer.text)) == [asked] * 2
        assert f'value="{until}"' in answer.text
        assert (await room.stage.case()).pair.pause is None

    at_the_page(empty, play)


def test_a_date_that_began_meanwhile_is_not_left_out_and_the_page_says_so(empty: Empty) -> None:
    async def play(room: Room) -> None:
        past = await room.past()
        told = await room.senior.send(f"{room.path}/skip/{past.id}", {"make_up": "yes"})
        assert "That date has begun" in words(told.text)
        assert await room.session(past.id) == past

    at_the_page(empty, play)


def test_once_they_have_begun_the_start_page_asks_for_a_goal_alone(empty: Empty) -> None:
    async def play(room: Room) -> None:
        page = words((await room.senior.get(f"{room.path}/start")).text)
        assert "Your goal" in page
        assert "Before you begin" not in page
        assert "look it over" not in page
        kept = await room.senior.send(f"{room.path}/start", {"goal": "Know what juniors read"})
        assert "Kept. The two of you alone see it." in words(kept.text)
        assert "Know what juniors read" in kept.text

    at_the_page(empty, play)


def test_what_one_says_about_a_past_date_is_their_own_word(empty: Empty) -> None:
    async def play(room: Room) -> None:
        past = await room.past()
        path = f"{room.path}/we-met/{past.id}"
        assert f"Did you and {room.mentee.name} meet?" in words((await room.junior.get(path)).text)
        await room.junior.send(path, {"said": "met", "in_person": "yes"})
        said = await room.stage.read(lambda tx: tx.statements.of_sessions([past.id])[past.id])
        assert [(s.person_id, s.said, s.via, s.in_person) for s in said] == [
            (room.mentor.id, "met", "page", True)
        ]
        theirs = await room.senior.get(path)
        assert f"{room.mentor.name} said: we met" in words(theirs.text)
        await room.senior.send(path, {"said": "not_met"})
        said = await room.stage.read(lambda tx: tx.statements.of_sessions([past.id])[past.id])
        assert [s.said for s in said] == ["met", "not_met"]

    at_the_page(empty, play)


def test_a_meeting_outside_the_dates_is_told_and_counts(empty: Empty) -> None:
    async def play(room: Room) -> None:
        day = (room.app.clock.now() - DAY).date().isoformat()
        told = {"day": day, "start": "09:00", "minutes": "60", "in_person": "yes"}
        await room.senior.send(f"{room.path}/we-met", told)
        sessions = (await room.stage.case()).sessions
        (own,) = [session for session in sessions if session.ad_hoc]
        zone = ZoneInfo(room.mentee.zone or "")
        assert own.start.astimezone(zone).strftime("%H:%M") == "09:00"
        assert own.verdict == "pending", "the other may say otherwise for some days"
        await room.junior.send(f"{room.path}/we-met/{own.id}", {"said": "met"})
        assert (await room.session(own.id)).held is True
        ahead = {**told, "day": (room.app.clock.now() + DAY).date().isoformat()}
        assert (await room.senior.post(f"{room.path}/we-met", ahead)).status_code == 400

    at_the_page(empty, play)


def test_a_date_to_come_cannot_be_said_to_have_been_met(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date = await room.date(0)
        answer = await room.junior.post(f"{room.path}/we-met/{date.id}", {"said": "met"})
        assert answer.status_code == 400
        assert await room.stage.read(lambda tx: tx.statements.all()) == []

    at_the_page(empty, play)


def test_goals_and_aims_are_seen_by_the_two_alone(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date = await room.date(0)
        await room.junior.send(f"{room.path}/start", {"goal": "Argue <b>less</b>"})
        await room.junior.send(f"{room.path}/aim/{date.id}", {"aim": "How pitches are won"})
        for visitor in (room.junior, room.senior):
            page = (await visitor.get(room.path)).text
            assert "Argue &lt;b&gt;less&lt;/b&gt;" in page
            assert "How pitches are won" in page
        shown = (await room.assistant.get(room.path)).text
        assert "Argue" not in shown
        assert "pitches" not in shown
        everything = repr(await room.stage.read(lambda tx: tx.journal.read()))
        assert "Argue" not in everything
        assert "pitches" not in everything

    at_the_page(empty, play)


def test_an_assistant_moves_and_leaves_out_for_the_person(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date, later = await room.date(1), await room.date(2)
        page = await room.assistant.get(room.path)
        assert f"You act for {room.mentee.name}" in words(page.text)
        hours = hours_on((await room.assistant.get(f"{room.path}/another-time/{date.id}")).text)
        await room.assistant.send(
            f"{room.path}/another-time/{date.id}", {"start": hours[0].isoformat()}
        )
        await room.assistant.send(f"{room.path}/skip/{later.id}", {"make_up": "no"})
        assert (await room.session(date.id)).start == hours[0]
        by = [facts["by"] for facts in await room.journal("order_given")]
        assert by == [f"for:{room.mentee.id}"] * 2

    at_the_page(empty, play)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/start"),
        ("post", "/start"),
        ("get", "/we-met"),
        ("post", "/we-met"),
        ("get", "/we-met/{past}"),
        ("post", "/we-met/{past}"),
        ("post", "/aim/{date}"),
        ("post", "/pause"),
        ("post", "/resume"),
        ("post", "/pick"),
    ],
)
def test_an_assistant_gets_no_goals_aims_answers_or_pauses(
    empty: Empty, method: str, path: str
) -> None:
    async def play(room: Room) -> None:
        names = {"past": (await room.past()).id, "date": (await room.date()).id}
        address = room.path + path.format(**names)
        answer = await getattr(room.assistant, method)(address)
        assert answer.status_code == 403
        assert "you see the dates, may move them" in words(answer.text)
        assert "an administrator gives it" not in words(answer.text)
        page = words((await room.assistant.get(room.path)).text)
        assert "You met" not in page
        assert "Not known yet" not in page

    at_the_page(empty, play)


def test_nobody_else_finds_the_page_nor_a_date_of_another_pair(empty: Empty) -> None:
    async def play(room: Room) -> None:
        others = await room.stage.read(lambda tx: tx.pairs.all()[1])
        (theirs, *_) = await room.stage.read(lambda tx: tx.sessions.of_pair(others.id))
        assert (await room.junior.get(f"/pairs/{others.id}")).status_code == 404
        foreign = f"{room.path}/another-time/{theirs.id}"
        assert (await room.junior.get(foreign)).status_code == 404
        assert (await room.junior.post(f"{room.path}/skip/{theirs.id}")).status_code == 404

    at_the_page(empty, play)


def test_a_date_that_was_left_out_is_none_of_those_to_be_confirmed(empty: Empty) -> None:
    async def play(room: Room) -> None:
        async def listed() -> int:
            found = re.search(r", (\d+) dates to come", words((await room.senior.get(start)).text))
            assert found is not None
            return int(found[1])

        date, start = await room.date(1), f"{room.path}/start"
        before = await listed()
        await room.senior.send(f"{room.path}/skip/{date.id}", {"make_up": ""})
        assert (await room.session(date.id)).state is SessionState.CANCELLED
        assert await listed() == before - 1

    at_the_page(empty, play)


def test_whose_pair_has_ended_is_led_to_what_it_was(empty: Empty) -> None:
    async def play(room: Room) -> None:
        def end(tx: Transaction) -> None:
            tx.pairs.put(replace(room.pair, state=PairState.WITHDRAWN))

        await room.stage.read(end)
        for asked in ("/", f"{room.path}/start"):
            answer = await room.senior.get(asked)
            assert (answer.status_code, answer.headers["location"]) == (303, room.path), asked
        assert "in no pair" in (await room.assistant.get("/")).text
        # From a page that was open before.
        answer = await room.senior.post(f"{room.path}/start", {"goal": "learn"})
        assert answer.status_code == 409
        kept = await room.stage.read(lambda tx: tx.confirmations.of_pairs([room.pair.id]))
        assert kept == {room.pair.id: {}}

    at_the_page(empty, play)


def test_a_move_at_night_is_kept_and_said_to_wait(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        path = f"{room.path}/another-time/{date.id}"
        wanted = hours_on((await room.junior.get(path)).text)[0]
        answer = await room.junior.send(path, {"start": wanted.isoformat()})
        said = words(answer.text)
        assert "It is kept. Mails keep working hours, so it is done" in said
        assert "moving" in said
        assert (await room.session(date.id)).start == date.start

    at_the_page(empty, play, at=MIDWAY + 12 * HOUR)


def test_while_writing_is_stopped_a_move_is_kept_and_said_to_wait_for_that(empty: Empty) -> None:
    """It was said to wait for calendars, which could be read all the time."""

    async def play(room: Room) -> None:
        date = await room.date(1)
        path = f"{room.path}/another-time/{date.id}"
        wanted = hours_on((await room.junior.get(path)).text)[0]
        await stop_writing(room.app, by="cora")
        answer = await room.junior.send(path, {"start": wanted.isoformat()})
        assert "It is kept, and done once writing goes on." in words(answer.text)
        assert (await room.session(date.id)).start == date.start
        await let_writing_go_on(room.app, by="cora")
        await reconcile_pairs(room.app, room.pair.id)
        assert (await room.session(date.id)).start == wanted

    at_the_page(empty, play)


def test_a_pair_that_ended_before_it_met_is_told_so(empty: Empty) -> None:
    async def play(room: Room) -> None:
        def end(tx: Transaction) -> None:
            tx.sessions.replace_planned(room.pair.id, ())
            for session in tx.sessions.of_pair(room.pair.id):
                tx.sessions.put(replace(session, state=SessionState.CANCELLED))
            tx.pairs.put(replace(room.pair, state=PairState.WITHDRAWN))

        await room.stage.read(end)
        page = words((await room.senior.get(room.path)).text)
        assert "This pair has ended before it met." in page
        assert "The hours you have had" not in page

    at_the_page(empty, play)


def test_hours_that_a_person_sets_stay_whatever_the_mailbox_says(empty: Empty) -> None:
    async def play(room: Room) -> None:
        week = {"hours": "own", "mon_from": "08:00", "mon_to": "12:00", "place": "either"}
        await room.junior.send(f"{room.path}/preferences", {**week, "office_days": ["mon"]})
        before = await room.stage.read(lambda tx: tx.participants.require(room.mentor.id))
        assert (before.hours, before.hours_source) == ({"mon": [["08:00", "12:00"]]}, "person")
        assert before.hours_are_bound is False

        def age(tx: Transaction) -> None:
            tx.participants.put(replace(before, settings_read_at=None))

        await room.app.store.run(age)
        await refresh_settings(room.app, [room.mentor.id])
        after = await room.stage.read(lambda tx: tx.participants.require(room.mentor.id))
        assert after.settings_read_at is not None
        assert (after.hours, after.hours_source) == (before.hours, "person")
        page = (await room.junior.get(f"{room.path}/preferences")).text
        assert 'name="mon_from" value="08:00"' in page

    at_the_page(empty, play)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ({"mon_from": "12:00", "mon_to": "09:00"}, "a start before its end"),
        ({"mon_from": "noon", "mon_to": "13:00"}, "times such as"),
        ({"mon_from": ["09:00", "10:00"], "mon_to": ["11:00", "12:00"]}, "do not overlap"),
        ({}, "at least one stretch"),
    ],
)
def test_hours_that_are_none_are_shown_again_with_what_is_wrong(
    empty: Empty, day: dict[str, object], says: str
) -> None:
    async def play(room: Room) -> None:
        answer = await room.junior.post(f"{room.path}/preferences", {"hours": "own", **day})
        assert answer.status_code == 400
        assert says in words(answer.text)
        kept = await room.stage.read(lambda tx: tx.preferences.all())
        assert kept == []

    at_the_page(empty, play)


def test_an_assistant_sets_hours_and_leaves_place_and_days_alone(empty: Empty) -> None:
    async def play(room: Room) -> None:
        own = {"hours": "mailbox", "place": "in_person", "office_days": ["tue", "thu"]}
        await room.senior.send(f"{room.path}/preferences", own)
        told = {"hours": "own", "wed_from": "09:00", "wed_to": "11:00", "place": "teams"}
        await room.assistant.send(f"{room.path}/preferences", told)
        kept = await room.stage.read(lambda tx: tx.preferences.require(room.mentee.id))
        assert kept.set_by == f"for:{room.mentee.id}"
        assert kept.body == {
            "hours": {"wed": [["09:00", "11:00"]]},
            "office_days": ["tue", "thu"],
            "place": "in_person",
        }

    at_the_page(empty, play)


def test_other_hours_keep_to_what_a_person_set(empty: Empty) -> None:
    async def play(room: Room) -> None:
        days = ("mon", "tue", "wed", "thu", "fri")
        week = {f"{day}_from": "13:00" for day in days} | {f"{day}_to": "16:00" for day in days}
        await room.junior.send(f"{room.path}/preferences", {"hours": "own", **week})
        zone = ZoneInfo(room.mentor.zone or "")
        seen = 0
        for date in (await room.stage.dates())[1:4]:
            path = f"{room.path}/another-time/{date.id}"
            for hour in hours_on((await room.junior.get(path)).text):
                seen += 1
                assert 13 <= hour.astimezone(zone).hour < 16
        assert seen

    at_the_page(empty, play)


def test_whoever_changes_an_hour_means_it_whatever_stands_above(empty: Empty) -> None:
    async def play(room: Room) -> None:
        page = (await room.junior.get(f"{room.path}/preferences")).text
        shown = dict(re.findall(r'name="(\w+)" value="(\d\d:\d\d)"', page))
        path = f"{room.path}/preferences"
        await room.junior.send(path, {"hours": "mailbox", **shown})
        person = await room.stage.read(lambda tx: tx.participants.require(room.mentor.id))
        assert person.hours_source == "mailbox"
        await room.junior.send(path, {"hours": "mailbox", **shown, "fri_from": "11:00"})
        person = await room.stage.read(lambda tx: tx.participants.require(room.mentor.id))
        assert person.hours_source == "person"
        assert person.hours["fri"][0][0] == "11:00"

    at_the_page(empty, play)


def test_where_one_of_the_two_is_outside_the_firm_hours_are_shown_with_whom_to_tell(
    empty: Empty,
) -> None:
    async def play(room: Room) -> None:
        hour = {name: (room.pair.series or {})[name] for name in SLOT} | {"start": "15:30"}
        to = {"to": [room.mentee.id], "at": MIDWAY.isoformat(), "hours": [hour], "picked": None}

        def offer(tx: Transaction) -> None:
            tx.pairs.put(replace(tx.pairs.require(room.pair.id), offer=to))
            tx.participants.put(replace(tx.participants.require(room.mentor.id), guest=True))

        await room.app.store.run(offer)
        theirs = await room.senior.get(room.path)
        assert "15:30" in words(theirs.text)
        assert "Tell your program coordinator which one" in words(theirs.text)
        assert 'name="hour"' not in theirs.text
        assert "15:30" not in words((await room.junior.get(room.path)).text)
        refused = await room.senior.post(f"{room.path}/pick", {"hour": "0"})
        assert refused.status_code == 409

    at_the_page(empty, play)


def test_hours_are_read_at_once_while_all_other_permits_of_the_mailbox_are_taken(
    empty: Empty,
) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        boxes = await room.stage.read(lambda tx: [box.id for box in tx.mailboxes.all()])
        now = room.app.clock.now()

        def take(tx: Transaction) -> None:
            for box in boxes:
                for slot in Urgency.ROUTINE.value:
                    tx.permits.acquire(box, f"busy/{slot}", now, HOUR, range(slot, slot + 1))

        await room.app.store.run(take)
        page = await room.junior.get(f"{room.path}/another-time/{date.id}")
        assert page.status_code == 200
        assert hours_on(page.text)
        assert room.app.clock.now() - now < timedelta(seconds=10)

    at_the_page(empty, play)


def test_in_a_voluntary_program_one_may_ask_to_stop_and_the_other_hears_nothing(
    empty: Empty,
) -> None:
    async def play(room: Room) -> None:
        path = f"{room.path}/stop"
        home = words((await room.senior.get(room.path)).text)
        assert "Taking part is asked of everybody" in home
        assert (await room.senior.post(path)).status_code == 409, "taking part is required"
        await room.stage.read(lambda tx: _is_voluntary(tx, room))
        assert "Ask to stop" in words((await room.senior.get(room.path)).text)
        assert "Ask to stop" not in words((await room.assistant.get(room.path)).text)
        mails = len(room.stage.world.tenant.mail_log)
        for _ in range(2):
            answer = await room.senior.send(path)
        assert "You asked to stop" in words(answer.text)
        assert "asked to stop" not in words((await room.junior.get(room.path)).text)
        rows = await room.stage.read(lambda tx: tx.needs.open([room.pair.id]))
        assert [(row.code, row.data["person"]) for row in rows] == [
            ("wishes_to_stop", room.mentee.id)
        ]
        assert await room.journal("wishes_to_stop") != []
        await reconcile_pairs(room.app, room.pair.id)
        assert await room.stage.read(lambda tx: tx.needs.open([room.pair.id])) == rows
        assert len(room.stage.world.tenant.mail_log) == mails
        assert len(await room.stage.dates()) > 1

    at_the_page(empty, play)


def _is_voluntary(tx: Transaction, room: Room) -> None:
    body = {"participation": "voluntary"}
    rule = set_rule(room.app, tx, room.pair.program_id, ProgramRule.from_body(body))
    tx.pairs.put(replace(tx.pairs.require(room.pair.id), rule_id=rule.id))


def test_a_booked_pair_picks_one_of_the_offered_regular_hours_and_its_dates_move(
    empty: Empty,
) -> None:
    async def play(room: Room) -> None:
        began = room.app.clock.now()
        past = {s.id: s.start for s in (await room.stage.case()).sessions if s.start <= began}
        await offered_by_order(room)
        page = await room.senior.get(room.path)
        hours = re.findall(r'name="hour" value="\d">([^<]+)<', page.text)
        assert 0 < len(hours) <= 5
        assert 'name="hour"' not in (await room.assistant.get(room.path)).text
        offered = (await room.stage.read(lambda tx: tx.pairs.require(room.pair.id))).offer or {}
        answer = await room.senior.send(f"{room.path}/pick", {"hour": "0"})
        assert "That is your hour" in words(answer.text)
        refused = await room.junior.post(f"{room.path}/pick", {"hour": "1"})
        assert refused.status_code == 409, "the first pick counts"
        await room.stage.book()
        picked = offered["hours"][0]
        zone = ZoneInfo(picked["zone"])
        dates = await room.stage.dates()
        local = [one.start.astimezone(zone) for one in dates if not one.moved]
        usual = {(day.weekday(), f"{day:%H:%M}") for day in local}
        assert usual == {(picked["weekday"], picked["start"])}
        assert {one.generation for one in dates} == {2}
        after = {s.id: s.start for s in (await room.stage.case()).sessions}
        assert {one: after[one] for one in past} == past, "what is behind them stays"
        for person in (room.mentor, room.mentee):
            shown = await room.stage.shown(person.mail)
            assert {(one.start, one.end) for one in dates} <= set(shown)
        assert await room.journal("hour_picked") == [{"by": room.mentee.id, "number": 1}]
        assert 'name="hour"' not in (await room.senior.get(room.path)).text

    at_the_page(empty, play)


def test_an_hour_that_suits_no_more_is_refused_and_the_others_are_left(empty: Empty) -> None:
    async def play(room: Room) -> None:
        await offered_by_order(room)
        offered = (await room.stage.read(lambda tx: tx.pairs.require(room.pair.id))).offer or {}
        first, zone = offered["hours"][0], ZoneInfo(offered["hours"][0]["zone"])
        start = datetime.fromisoformat(f"{first['first_date']}T{first['start']}").replace(
            tzinfo=zone
        )
        for week in range(20):
            at = start + timedelta(weeks=week)
            room.stage.world.tenant.book_appointment(room.mentor.mail, appointment(at, at + HOUR))
        before = await room.stage.dates()
        answer = await room.senior.send(f"{room.path}/pick", {"hour": "0"})
        assert "Nothing was changed" in words(answer.text)
        assert await room.stage.dates() == before
        left = (await room.stage.read(lambda tx: tx.pairs.require(room.pair.id))).offer or {}
        assert left["hours"] == offered["hours"][1:]

    at_the_page(empty, play)


async def offered_by_order(room: Room) -> None:
    """Have the coordinator offer the pair other regular hours."""

    def order(tx: Transaction) -> None:
        offer_hours(room.app, tx, tx.pairs.require(room.pair.id), "cora")

    await room.app.store.run(order)
    await reconcile_pairs(room.app, room.pair.id)


def test_a_date_is_made_shorter_within_what_counts_and_stands_so_for_both(empty: Empty) -> None:
    async def play(room: Room) -> None:
        date = await room.date(1)
        path, mails = (
            f"{room.path}/another-time/{date.id}",
            len(room.stage.world.tenant.mail_log),
        )
        page = await room.junior.get(path)
        assert re.findall(r'name="minutes" value="(\d+)"', page.text) == ["45"]
        for wrong in ("30", "60", "0", "x", "9999"):
            assert (await room.junior.post(path, {"minutes": wrong})).status_code == 400
        answer = await room.junior.send(path, {"minutes": "45"})
        assert "The date has 45 minutes now" in words(answer.text)
        assert "leads · 45 minutes" in words(answer.text)
        shorter = (date.start, date.start + timedelta(minutes=45))
        kept = await room.session(date.id)
        assert (kept.start, kept.end) == shorter
        for person in (room.mentor, room.mentee):
            assert shorter in await room.stage.shown(person.mail)
        sent = list(room.stage.world.tenant.mail_log)[mails:]
        assert len(sent) == 2
        await reconcile_pairs(room.app, room.pair.id)
        assert (await room.session(date.id)).end == shorter[1], "it stays as it was put"
        assert len(room.stage.world.tenant.mail_log) == mails + 2
        again = await room.junior.get(path)
        assert 'name="minutes"' not in again.text, "shorter than that does not count"

    at_the_page(empty, play)


@pytest.mark.parametrize(
    ("mailbox", "browser", "spoken"),
    [
        ("en-US", "de", "en"),
        ("de-AT", "en-GB,en;q=0.9", "de"),
        (None, "de-CH,de;q=0.9,en;q=0.5", "de"),
        ("fr-FR", "de", "de"),
        (None, "fr", "en"),
    ],
)
def test_pages_speak_as_the_reader_s_mailbox_does_and_else_as_their_browser(
    mailbox: str | None, browser: str, spoken: str, empty: Empty
) -> None:
    """Mails go by the mailbox: whoever opens a page from one reads on in the same language."""

    async def play(room: Room) -> None:
        def opened(tx: Transaction) -> None:
            senior = tx.participants.require(room.mentee.id)
            tx.participants.put(replace(senior, language=mailbox))

        await room.app.store.run(opened)
        page = (await room.senior.get(room.path, **{"Accept-Language": browser})).text
        assert f'<html lang="{spoken}">' in page
        assert ("Kommende Termine" in page) == (spoken == "de")
        assert ("Dates to come" in page) == (spoken == "en")
        # Of an assistant no mailbox is known.
        page = (await room.assistant.get(room.path, **{"Accept-Language": "de"})).text
        assert '<html lang="de">' in page

    at_the_page(empty, play)


def test_help_says_whom_to_ask_also_where_nobody_is_named_and_to_assistants(empty: Empty) -> None:
    async def play(room: Room) -> None:
        for reader in (room.senior, room.assistant):
            page = words((await reader.get("/help")).text)
            assert "Reverse Mentoring 2027: Your program coordinator" in page

        def name(tx: Transaction) -> None:
            program = tx.programs.require(room.pair.program_id)
            tx.programs.put(replace(program, contact={"name": "Cora Vale", "phone": "+44 20 1"}))

        await room.app.store.run(name)
        page = words((await room.assistant.get("/help")).text)
        assert "Reverse Mentoring 2027: Cora Vale, +44 20 1" in page

    at_the_page(empty, play)
