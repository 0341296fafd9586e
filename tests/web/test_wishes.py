"""People ask for a pairing; the coordinator approves it, finds somebody, or says not now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.api_client import ApiProblemError
from integrations.api_client.orders import WishApproval, WishAsked
from integrations.page_records import Wish, WishState
from integrations.ports import Transaction
from integrations.records import JournalEntry, PairState, ProgramState
from integrations.workflows.enrolment.wishes import WishSettledError, approve, decline
from integrations.workflows.operating.privacy import data_of, erase
from simulator.mail import Mail
from tests.support.world import Empty
from tests.web.api_callers import Caller, token_of
from tests.web.console_firm import Console, at_the_console
from tests.web.support import Visitor, coordinator, participant, signed_in
from tests.workflows.changes.stage import DAY, HOUR
from tests.workflows.messages.post import send_until


async def _let_ask(console: Console, asking: str) -> None:
    def change(tx: Transaction) -> None:
        rule = tx.rules.current(console.program.id)
        tx.rules.put(replace(rule, body={**rule.body, "asking": asking}))

    await console.app.store.run(change)


async def _wishes(console: Console) -> list[Wish]:
    return await console.app.store.run(lambda tx: tx.wishes.all())


async def _senior(console: Console, number: int = 0) -> Visitor:
    return await participant(console.app, console.pairs[number].mentee_id)


def _playing(play: Callable[[Console], Awaitable[None]]) -> Callable[[Empty], None]:
    def test(empty: Empty) -> None:
        at_the_console(empty, play, firm=3, lived=False)

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test


@_playing
async def test_nobody_may_ask_unless_the_program_says_so(console: Console) -> None:
    stranger = await signed_in(console.app, "stranger")
    page = await stranger.get("/ask")
    assert "No program takes wishes from you" in page.text
    form = {"program": console.program.id, "role": "mentee"}
    assert (await stranger.post("/ask", form)).status_code == 400
    await _let_ask(console, "participants")
    assert (await stranger.post("/ask", form)).status_code == 400
    assert await _wishes(console) == []
    assert "Ask for a pairing" not in (await stranger.get("/")).text
    senior = await _senior(console)
    assert (await senior.post("/ask", form)).status_code == 303
    assert [wish.state for wish in await _wishes(console)] == [WishState.WAITING]


@_playing
async def test_who_has_one_pair_and_may_ask_besides_is_led_to_the_pair(console: Console) -> None:
    await _let_ask(console, "participants")
    senior = await _senior(console)
    led = await senior.get("/")
    assert (led.status_code, led.headers["location"]) == (303, f"/pairs/{console.pairs[0].id}")
    assert 'href="/ask"' in (await senior.get("/help")).text
    assert 'href="/ask"' not in (await (await signed_in(console.app, "stranger")).get("/help")).text
    await _let_ask(console, "everybody")
    stranger = await signed_in(console.app, "stranger")
    assert (await stranger.get("/")).headers["location"] == "/ask"


@_playing
async def test_a_pair_somebody_names_is_enrolled_once_the_coordinator_approves(
    console: Console,
) -> None:
    await _let_ask(console, "participants")
    assert "Nobody waits" in await console.page("/wishes")
    senior = await _senior(console)
    people = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    junior = people[console.pairs[1].mentor_id]
    form = {"program": console.program.id, "role": "mentee", "partner": junior.mail.upper()}
    said = await senior.send("/ask", form)
    assert "Your wish waits" in said.text
    again = await senior.post("/ask", form)
    assert again.status_code == 400, "one at a time in a program"
    needs = await console.visitor.get("/needs")
    assert "One person waits" in needs.text
    assert junior.mail in await console.page("/wishes")
    (wish,) = await _wishes(console)
    at = f"/programs/{console.program.id}/wishes"
    nobody = await console.visitor.post(
        f"{at}/approve", {"wish": wish.id, "partner": "nobody@elsewhere.example"}
    )
    assert nobody.status_code == 400
    assert len(await console.app.store.run(lambda tx: tx.pairs.all())) == 3
    done = await console.visitor.send(f"{at}/approve", {"wish": wish.id, "partner": junior.mail})
    assert "enrolled and planned" in done.text
    (wish,) = await _wishes(console)
    assert wish.state is WishState.APPROVED
    pair = await console.app.store.run(lambda tx: tx.pairs.require(wish.pair_id or ""))
    assert (pair.mentor_id, pair.mentee_id) == (junior.id, console.pairs[0].mentee_id)
    assert pair.state in (PairState.PLANNED, PairState.ENROLLED)
    assert "approved" in (await senior.get("/ask")).text
    twice = await console.visitor.post(f"{at}/approve", {"wish": wish.id, "partner": junior.mail})
    assert twice.status_code == 409
    assert "Nobody waits" in await console.page("/wishes")


@_playing
async def test_somebody_without_a_part_waits_on_the_list_until_a_yes_or_a_not_now(
    console: Console,
) -> None:
    await _let_ask(console, "everybody")
    stranger = await signed_in(console.app, "stranger", name="Sam Stranger")
    assert (
        "/ask"
        in (await stranger.get("/")).headers.get("location", "") + (await stranger.get("/")).text
    )
    await stranger.post("/ask", {"program": console.program.id, "role": "mentor"})
    listed = await console.page("/wishes")
    assert "Sam Stranger" in listed
    assert "Names nobody" in listed
    (wish,) = await _wishes(console)
    at = f"/programs/{console.program.id}/wishes"
    said = await console.visitor.send(f"{at}/decline", {"wish": wish.id})
    assert "A short mail says so" in said.text
    assert "not now" in (await stranger.get("/ask")).text
    lines = await console.app.store.run(lambda tx: [e.code for e in tx.journal.read()])
    assert {"pairing_asked", "pairing_declined"} <= set(lines)


@_playing
async def test_a_wish_is_taken_back_by_whoever_made_it_alone(console: Console) -> None:
    await _let_ask(console, "everybody")
    stranger, other = [await signed_in(console.app, who) for who in ("stranger", "other")]
    await stranger.post("/ask", {"program": console.program.id, "role": "mentor"})
    (wish,) = await _wishes(console)
    assert (await other.post("/ask/take-back", {"wish": wish.id})).status_code == 409
    assert (await stranger.post("/ask/take-back", {"wish": wish.id})).status_code == 303
    (wish,) = await _wishes(console)
    assert wish.state is WishState.TAKEN_BACK
    await stranger.post("/ask", {"program": console.program.id, "role": "mentor"})
    assert len(await _wishes(console)) == 2


@_playing
async def test_a_wish_belongs_to_its_person_and_goes_once_it_was_settled(console: Console) -> None:
    await _let_ask(console, "participants")
    senior = await _senior(console)
    await senior.post("/ask", {"program": console.program.id, "role": "mentee"})
    person = console.pairs[0].mentee_id
    data = await console.app.store.run(lambda tx: data_of(tx, person))
    assert [wish["role"] for wish in data["wishes"]] == ["mentee"]
    (wish,) = await _wishes(console)
    later = console.app.clock.now() + timedelta(days=40)

    def removed(tx: Transaction) -> int:
        return tx.retention.remove_passing(later, 100)["wishes"]

    assert await console.app.store.run(removed) == 0
    # Sign-ins of so long ago went as well.
    senior = await _senior(console)
    await senior.post("/ask/take-back", {"wish": wish.id})
    assert await console.app.store.run(removed) == 1


@_playing
async def test_the_api_takes_wishes_and_approves_them_once_however_often_it_is_asked(
    console: Console,
) -> None:
    await _let_ask(console, "participants")
    people = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    senior, junior = people[console.pairs[0].mentee_id], people[console.pairs[1].mentor_id]
    program = console.program.id
    service = Caller(console.app, token_of(console.world, "coordinator", is_app=True)).typed()
    mine = Caller(console.app, token_of(console.world, senior.directory_id)).typed()
    async with service, mine:
        assert [each.id for each in (await mine.own_wishes()).programs] == [program]
        asked = WishAsked(program=program, role="mentee", partner=junior.mail)
        wish = await mine.ask_for_pairing(asked, key="once")
        assert (await mine.ask_for_pairing(asked, key="once")).wish == wish.wish
        with pytest.raises(ApiProblemError) as second:
            await mine.ask_for_pairing(asked)
        assert second.value.problem.code == "faults"
        # A service coordinates, and is nobody to be paired.
        await _let_ask(console, "everybody")
        with pytest.raises(ApiProblemError) as of_service:
            await service.ask_for_pairing(asked)
        assert of_service.value.problem.code == "faults"
        assert [(each.id, each.mail) async for each in service.wishes(program)] == [
            (wish.wish, senior.mail.lower())
        ]
        with pytest.raises(ApiProblemError) as not_theirs:
            _ = [each async for each in mine.wishes(program)]
        assert not_theirs.value.problem.status == 404
        yes = WishApproval(wish=wish.wish, partner=junior.mail)
        done = await service.approve_wish(program, yes, key="yes")
        assert (await service.approve_wish(program, yes, key="yes")).pair == done.pair
        pair = await console.app.store.run(lambda tx: tx.pairs.require(done.pair))
        assert (pair.mentor_id, pair.mentee_id) == (junior.id, senior.id)
        assert [each.state for each in (await mine.own_wishes()).items] == ["approved"]
        other = await mine.ask_for_pairing(WishAsked(program=program, role="mentor"))
        assert (await service.decline_wish(program, other.wish)).state == "declined"
        with pytest.raises(ApiProblemError) as too_late:
            await mine.take_wish_back(other.wish)
        assert too_late.value.problem.code == "not_possible"
        last = await mine.ask_for_pairing(WishAsked(program=program, role="mentor"))
        assert (await mine.take_wish_back(last.wish)).state == "taken_back"
        assert [each async for each in service.wishes(program)] == []


async def _told(console: Console, length: timedelta) -> list[Mail]:
    """Mails about wishes, once mailboxes have sent for a while."""
    await send_until(console.app, console.app.clock.now() + length)
    log = console.world.tenant.mail_log
    return [
        mail
        for mail in log
        if mail.subject.endswith(("wish for a pairing", "Wunsch nach einem Paar"))
    ]


@_playing
async def test_whoever_asked_is_mailed_once_what_became_of_it_and_no_reason(
    console: Console,
) -> None:
    await _let_ask(console, "everybody")
    stranger = await signed_in(console.app, "stranger", name="Sam Stranger")
    await stranger.post("/ask", {"program": console.program.id, "role": "mentor"})
    (wish,) = await _wishes(console)
    at = f"/programs/{console.program.id}/wishes"
    # Nobody is mailed at night, nor before the coordinator has spoken.
    assert await _told(console, 2 * DAY) == []
    while 7 <= console.app.clock.now().astimezone(ZoneInfo(console.program.zone)).hour < 21:
        await console.app.clock.sleep(HOUR)
    # Sign-ins of two days ago have ended.
    cora = await coordinator(console.app, console.program.id)
    await cora.send(f"{at}/decline", {"wish": wish.id})
    assert await _told(console, timedelta(minutes=1)) == []
    (mail,) = await _told(console, 4 * DAY)
    assert mail.recipient == "stranger@firm.example"
    assert "None can be made at present" in mail.body
    assert mail.at.astimezone(ZoneInfo(console.program.zone)).hour >= 8
    lines = await console.app.store.run(lambda tx: tx.journal.read(code="mail"))
    assert [line.person_id for line in lines if line.data["message"] == "wish_declined"] == [None]
    cora = await coordinator(console.app, console.program.id)
    journal = await cora.get(f"/programs/{console.program.id}/journal")
    assert "Whoever asked for a pairing was mailed" in journal.text
    stranger = await signed_in(console.app, "stranger", name="Sam Stranger")
    # Another wish of theirs, taken back, is no news to them.
    await stranger.post("/ask", {"program": console.program.id, "role": "mentor"})
    (second,) = [each for each in await _wishes(console) if each.id != wish.id]
    await stranger.post("/ask/take-back", {"wish": second.id})
    assert len(await _told(console, 4 * DAY)) == 1


@_playing
async def test_a_yes_names_whom_they_are_paired_with_in_their_language_and_counts_in_their_week(
    console: Console,
) -> None:
    await _let_ask(console, "participants")
    senior = await _senior(console)
    people = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    junior, reader = people[console.pairs[1].mentor_id], people[console.pairs[0].mentee_id]
    form = {"program": console.program.id, "role": "mentee", "partner": junior.mail}
    await senior.post("/ask", form)
    (wish,) = await _wishes(console)
    now = console.app.clock.now()

    def had_two(tx: Transaction) -> None:
        tx.participants.put(replace(tx.participants.require(reader.id), language="de-AT"))
        for _ in range(2):
            data = {"kind": "message", "message": "pulse"}
            tx.journal.write(JournalEntry(at=now, code="mail", person_id=reader.id, data=data))

    at = f"/programs/{console.program.id}/wishes"
    await console.visitor.send(f"{at}/approve", {"wish": wish.id, "partner": junior.mail})
    await console.app.store.run(had_two)
    assert now.weekday() == 0
    assert await _told(console, 4 * DAY) == [], "two a week are all"
    (mail,) = await _told(console, 5 * DAY)
    assert (mail.recipient.lower(), mail.at.weekday()) == (reader.mail.lower(), 0)
    assert f"Sie und {junior.name} sind ein Paar" in mail.body
    lines = await console.app.store.run(lambda tx: tx.journal.read(code="mail"))
    told = [line for line in lines if line.data["message"] == "wish_approved"]
    assert [line.person_id for line in told] == [reader.id]


@_playing
async def test_a_wish_that_is_gone_before_its_mail_went_leaves_nobody_mailed(
    console: Console,
) -> None:
    await _let_ask(console, "everybody")
    stranger = await signed_in(console.app, "stranger")
    await stranger.post("/ask", {"program": console.program.id, "role": "mentor"})
    (wish,) = await _wishes(console)
    at = f"/programs/{console.program.id}/wishes"
    await console.visitor.send(f"{at}/decline", {"wish": wish.id})
    await console.app.store.run(lambda tx: tx.wishes.remove(wish.id))
    assert await _told(console, 4 * DAY) == []
    dropped = await console.app.store.run(lambda tx: tx.journal.read(code="mail_dropped"))
    assert [line.data["why"] for line in dropped] == ["wish_gone"]


@_playing
async def test_a_wish_that_cannot_be_is_refused_and_nothing_is_kept(console: Console) -> None:
    program = console.program.id
    await _let_ask(console, "participants")
    senior = await _senior(console)
    people = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    mine = people[console.pairs[0].mentee_id].mail
    for form in (
        {"program": program, "role": "mentee", "partner": mine.upper()},
        {"program": program, "role": "mentee", "partner": "somebody"},
        {"program": program, "role": "boss"},
        {"program": "another", "role": "mentee"},
    ):
        assert (await senior.post("/ask", form)).status_code == 400, form

    def move_away(tx: Transaction) -> None:
        """Everybody takes part in another program."""
        tx.programs.add(replace(console.program, id="elsewhere"))
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, program_id="elsewhere"))

    await console.app.store.run(move_away)
    form = {"program": program, "role": "mentee"}
    assert (await senior.post("/ask", form)).status_code == 400, "participants of another one"
    await _let_ask(console, "everybody")

    def closed(tx: Transaction) -> None:
        tx.programs.put(replace(tx.programs.require(program), state=ProgramState.CLOSED))

    await console.app.store.run(closed)
    assert (await senior.post("/ask", form)).status_code == 400, "it is over"
    assert await _wishes(console) == []


@_playing
async def test_a_yes_that_cannot_be_leaves_the_wish_waiting_and_nobody_enrolled(
    console: Console,
) -> None:
    await _let_ask(console, "participants")
    tenant, app = console.world.tenant, console.app
    people = await app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    mentee, mentor = people[console.pairs[0].mentee_id], people[console.pairs[0].mentor_id]
    free = people[console.pairs[1].mentor_id]
    senior = await _senior(console)
    await senior.post("/ask", {"program": console.program.id, "role": "mentee"})
    (wish,) = await _wishes(console)
    enrolled = len(await app.store.run(lambda tx: tx.pairs.all()))

    async def refused(**form: str) -> None:
        at = f"/programs/{console.program.id}/wishes/approve"
        answer = await console.visitor.post(at, {"wish": wish.id, "partner": free.mail, **form})
        assert answer.status_code == 400, form
        assert len(await app.store.run(lambda tx: tx.pairs.all())) == enrolled
        assert [each.state for each in await _wishes(console)] == [WishState.WAITING]

    await refused(partner=mentor.mail)
    await refused(partner=mentee.mail)
    await refused(starts="2020-01-01")
    for account, is_guest in ((free, False), (free, True), (mentee, False)):
        user = tenant.directory.user(account.directory_id)
        tenant.directory.save(replace(user, enabled=is_guest, guest=is_guest))
        await refused()
        tenant.directory.save(user)
    other = replace(console.program, id="other")
    await app.store.run(lambda tx: tx.programs.add(other))
    with pytest.raises(WishSettledError):
        await app.store.run(lambda tx: decline(tx, app, "other", wish.id, "x"))
    with pytest.raises(WishSettledError):
        await approve(app, "other", wish.id, free.mail, None, by="x")


@_playing
async def test_who_wished_to_mentor_mentors_from_tomorrow_on_and_is_planned(
    console: Console,
) -> None:
    await _let_ask(console, "participants")
    people = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    asker, other = people[console.pairs[0].mentor_id], people[console.pairs[1].mentee_id]
    junior = await participant(console.app, asker.id)
    await junior.post("/ask", {"program": console.program.id, "role": "mentor"})
    (wish,) = await _wishes(console)
    new_id = await approve(
        console.app, console.program.id, wish.id, other.mail.upper(), None, by="x"
    )
    pair = await console.app.store.run(lambda tx: tx.pairs.require(new_id))
    assert (pair.mentor_id, pair.mentee_id) == (asker.id, other.id)
    today = console.app.clock.now().astimezone(ZoneInfo(console.program.zone)).date()
    assert pair.start_date == today + DAY
    assert pair.calendars_read_at is not None, "planned at once"


@_playing
async def test_who_has_left_meanwhile_is_not_told(console: Console) -> None:
    await _let_ask(console, "participants")
    senior = await _senior(console)
    await senior.post("/ask", {"program": console.program.id, "role": "mentee"})
    (wish,) = await _wishes(console)

    def settle(tx: Transaction) -> None:
        decline(tx, console.app, console.program.id, wish.id, "x")
        person = tx.participants.require(console.pairs[0].mentee_id)
        tx.participants.put(replace(person, enabled=False))

    await console.app.store.run(settle)
    assert await _told(console, 4 * DAY) == []


@_playing
async def test_erasing_somebody_takes_them_out_of_others_wishes(console: Console) -> None:
    await _let_ask(console, "participants")
    senior = await _senior(console)
    people = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    named = people[console.pairs[1].mentor_id]
    form = {"program": console.program.id, "role": "mentee", "partner": named.mail}
    await senior.post("/ask", form)

    def forget(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, state=PairState.WITHDRAWN))
        erase(tx, named.id, console.app.clock.now(), for_good=True)

    await console.app.store.run(forget)
    assert [wish.partner_mail for wish in await _wishes(console)] == [None]
