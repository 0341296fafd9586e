"""Each act of the pair's pages, clicked in a browser: with a script and without, small and wide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from integrations.ports import Transaction
from integrations.records import Order, Pair, PairState, SessionState
from integrations.web.pair import PAGES
from integrations.workflows.changes import reconcile
from scheduling.changes.views import OrderKind
from tests.browser.browsing import DESKTOP, NARROW, Visitors, Window
from tests.browser.firm import ServedFirm, served

_ACTS = {
    act.path: re.compile(re.sub(r"\{\w+\}", "[^/]+", act.path))
    for page in PAGES
    for act in page.acts
}
"""Every form these pages have, by its path in the list of pages."""
_LONGEST_WAIT_MS = 120_000


@pytest.fixture(scope="module")
def firm(
    firm_at_the_office: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedFirm]:
    """This module's firm, after some meetings, in office hours and in a voluntary program."""
    folder = tmp_path_factory.mktemp("acts") / "firm"
    with served(firm_at_the_office, folder, poll_seconds=1) as one:
        one.read(_voluntary)
        yield one


def _voluntary(tx: Transaction) -> None:
    """Whoever takes part may ask to stop; and a week with much to tell holds nothing up."""
    for program in tx.programs.all():
        rule = tx.rules.current(program.id)
        limits = {**rule.body["limits"], "mails_per_week": 100}
        body = {**rule.body, "participation": "voluntary", "limits": limits}
        tx.rules.add(replace(rule, id="voluntary", version=rule.version + 1, body=body))
    for pair in tx.pairs.all():
        tx.pairs.put(replace(pair, rule_id="voluntary" if pair.rule_id else None))


@dataclass
class Somebody:
    """One of the two at their pair's pages, and every form of these pages they have sent."""

    window: Window
    firm: ServedFirm
    pair: Pair
    sent: set[str] = field(default_factory=set)

    @property
    def page(self) -> Page:
        """What they look at."""
        return self.window.page

    def note(self, request: Request) -> None:
        """Remember a form that was sent, as the list of pages names it."""
        path = urlsplit(request.url).path
        if request.method == "POST":
            self.sent |= {name for name, like in _ACTS.items() if like.fullmatch(path)}

    def open(self, below: str = "") -> None:
        """One of the pair's pages."""
        assert self.window.open(f"/pairs/{self.pair.id}{below}") == 200

    def is_told(self, words: str) -> None:
        """What was done is said at the top of the pair's own page."""
        expect(self.page).to_have_url(f"{self.firm.url}/pairs/{self.pair.id}")
        told = self.page.get_by_role("status")
        expect(told).to_contain_text(re.compile(f"{words}|It is kept"))

    def press(self, name: str) -> None:
        """Press the first button of this name."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def unfold(self, name: str) -> None:
        """Open the first of what unfolds under this name."""
        self.page.locator("summary", has_text=name).first.click()

    def dates(self) -> list[str]:
        """Ids of the dates to come, the next one first."""
        now, pair_id = self.firm.now(), self.pair.id
        sessions = self.firm.read(lambda tx: tx.sessions.of_pair(pair_id))
        live = [s for s in sessions if s.state is SessionState.SCHEDULED and s.start > now]
        return [s.id for s in sorted(live, key=lambda s: s.start)]


@pytest.fixture(scope="module")
def pairs(firm: ServedFirm) -> list[Pair]:
    """The firm's booked pairs before anything was done; each test takes one of its own."""
    found = firm.read(lambda tx: tx.pairs.in_state(PairState.BOOKED))
    return sorted(found, key=lambda one: one.id)


@pytest.mark.parametrize(
    ("number", "script", "width"),
    [
        pytest.param(0, False, NARROW, id="no-script-narrow"),
        pytest.param(1, True, DESKTOP, id="script-wide"),
    ],
)
def test_each_act_of_the_pair_s_pages_is_done_by_clicking_alone(
    number: int,
    script: bool,
    width: tuple[int, int],
    visitors: Visitors,
    firm: ServedFirm,
    pairs: list[Pair],
) -> None:
    pair = pairs[number]
    mail = firm.read(lambda tx: tx.participants.require(pair.mentee_id).mail)
    window = visitors.signed_in_as(mail, script=script, width=width)
    one = Somebody(window, firm, pair)
    window.page.on("request", one.note)
    _words(one)
    _wishes(one)
    _dates(one)
    _meetings(one)
    _pause(one)
    _stop(one)
    _hour(one)
    assert one.sent == set(_ACTS), "every form was sent"
    assert not window.complaints
    assert not window.scrolls_sideways()


def _words(one: Somebody) -> None:
    """An aim for the next date, and a goal."""
    one.open()
    one.unfold("What is it to be about?")
    one.page.get_by_label("An aim for this date").first.fill("Chambers, and how they answer")
    one.press("Keep")
    one.is_told("Kept. The two of you alone see it")
    expect(one.page.get_by_role("main")).to_contain_text("Chambers, and how they answer")
    one.page.get_by_role("link", name=re.compile("Write yours|Change yours")).click()
    one.page.get_by_label("What would make it worth your time?").fill("Ask better questions")
    one.press("Keep")
    one.is_told("Kept. The two of you alone see it")
    expect(one.page.get_by_role("main")).to_contain_text("Ask better questions")


def _wishes(one: Somebody) -> None:
    """Where, on which days, and to be named."""
    one.page.get_by_role("link", name="Hours and place").click()
    one.page.get_by_label("On Teams").check()
    one.page.get_by_label("Tuesday", exact=True).check()
    one.press("Keep")
    one.is_told("Dates are planned by it from now on")
    one.page.get_by_role("link", name="Hours and place").click()
    expect(one.page.get_by_label("On Teams")).to_be_checked()
    # Some of the firm said yes while it lived.
    one.page.get_by_role("button", name=re.compile("Yes, I may be named|Take that back")).click()
    one.is_told("Your coordinators may name you from now on|You are named no more")


def _dates(one: Somebody) -> None:
    """The last dates: one moved, one shorter, one left out."""
    for session_id in reversed(one.dates()[1:]):
        one.open(f"/another-time/{session_id}")
        hours = one.page.locator("button[name=start]")
        if hours.count():
            break
    wanted = datetime.fromisoformat(hours.first.get_attribute("value") or "")
    hours.first.click()
    one.is_told("The date is moved to")
    moved = one.firm.read(lambda tx: tx.sessions.require(session_id))
    waiting = [o.data.get("start") for o in one.firm.read(lambda tx: tx.orders.open(one.pair.id))]
    assert moved.start == wanted or wanted.isoformat() in waiting
    left = [i for i in one.dates() if i != session_id]
    one.open(f"/another-time/{left[-1]}")
    one.press("45 minutes")
    one.is_told("The date has 45 minutes now")
    form = one.page.locator(f"form[action$='/skip/{left[-2]}']")
    form.locator("xpath=..").locator("summary").click()
    form.get_by_label("Just leave it out").check()
    form.get_by_role("button", name="Leave this date out").click()
    one.is_told("The date is left out")


def _meetings(one: Somebody) -> None:
    """On one of the dates, and on a day of their own."""
    (past, *_) = (
        s
        for s in one.firm.read(lambda tx: tx.sessions.of_pair(one.pair.id))
        if s.state is SessionState.SCHEDULED and s.end < one.firm.now()
    )
    one.open(f"/we-met/{past.id}")
    one.press("Yes, we met")
    one.is_told("It is kept as your own word")
    one.page.get_by_role("link", name="We met at another time").click()
    one.page.get_by_label("Date").fill((one.firm.now() - timedelta(days=3)).date().isoformat())
    one.page.get_by_label(re.compile("From")).fill("12:15")
    one.page.get_by_label("Minutes").fill("50")
    one.press("Yes, we met then")
    one.is_told("It is kept as your own word")


def _hour(one: Somebody) -> None:
    """Another regular hour, once hours are offered."""
    now, pair_id, kind = one.firm.now(), one.pair.id, OrderKind.OFFER_HOURS.value

    def order(tx: Transaction) -> None:
        tx.orders.add(Order(id=f"offer-{pair_id}", pair_id=pair_id, kind=kind, given_at=now))
        reconcile.due(tx, pair_id, now)

    one.firm.read(order)
    waited = 0
    while one.firm.read(lambda tx: tx.pairs.require(one.pair.id)).offer is None:
        assert waited < _LONGEST_WAIT_MS
        one.page.wait_for_timeout(250)
        waited += 250
    one.open()
    one.page.locator("button[name=hour]").first.click()
    one.is_told("That is your hour|Most of your dates could not lie")


def _pause(one: Somebody) -> None:
    """A pause of three weeks, thought better of."""
    one.open()
    one.unfold("Pause")
    last = (one.firm.now() + timedelta(weeks=3)).date()
    one.page.get_by_label("The last day of the pause").fill(last.isoformat())
    one.press("Pause until then")
    one.is_told("The two of you pause")
    one.press("Go on now")
    one.is_told("The pause is over")


def _stop(one: Somebody) -> None:
    """Asking, in confidence, to stop."""
    one.unfold("Ask to stop")
    one.press("Tell my coordinator")
    one.is_told("Your coordinator knows")
    expect(one.page.get_by_role("main")).to_contain_text("You asked to stop")


def test_before_the_first_booking_each_of_the_two_confirms_on_one_page(
    visitors: Visitors, firm: ServedFirm, pairs: list[Pair]
) -> None:
    """Without a script: the senior adjusts start, rhythm and focus, the junior agrees."""
    pair, mails = _not_begun(firm, *pairs[2:4])
    senior = Somebody(visitors.signed_in_as(mails[1], script=False, width=NARROW), firm, pair)
    senior.open()
    senior.page.get_by_role("link", name=re.compile("^Confirm who leads")).click()
    expect(senior.page.get_by_role("heading", level=1)).to_have_text("Before you begin")
    senior.page.get_by_label("What it is about").fill("How juniors look things up")
    senior.page.get_by_label("What would make it worth your time?").fill("One habit less")
    senior.page.get_by_label("every week", exact=True).check()
    start = senior.page.get_by_label("Begin in the week of").locator("option").nth(3)
    wanted = start.get_attribute("value")
    senior.page.get_by_label("Begin in the week of").select_option(wanted)
    senior.press("Confirm")
    senior.is_told("Confirmed")

    junior = Somebody(visitors.signed_in_as(mails[0], script=False, width=NARROW), firm, pair)
    junior.open("/start")
    main = junior.page.get_by_role("main")
    expect(junior.page.get_by_label("What it is about")).to_have_value("How juniors look things up")
    expect(main).to_contain_text("One habit less")
    expect(main).to_contain_text("An hour every week")
    junior.press("Confirm")
    junior.is_told("Confirmed")
    known = firm.read(lambda tx: tx.pairs.require(pair.id))
    assert known.start_date.isoformat() == wanted
    confirmed = firm.read(lambda tx: tx.confirmations.of_pairs([pair.id])[pair.id])
    assert set(confirmed) == {pair.mentor_id, pair.mentee_id}
    junior.open("/start")
    expect(junior.page.get_by_role("main")).to_contain_text("You have confirmed this")
    assert not senior.window.complaints + junior.window.complaints


def _not_begun(firm: ServedFirm, one: Pair, other: Pair) -> tuple[Pair, tuple[str, str]]:
    """A new pair of the mentor of one and the mentee of another, and their addresses."""
    today = firm.now().date()

    def add(tx: Transaction) -> tuple[Pair, tuple[str, str]]:
        pair = Pair(
            id="not-begun",
            program_id=one.program_id,
            mentor_id=one.mentor_id,
            mentee_id=other.mentee_id,
            start_date=today + timedelta(days=7 - today.weekday()),
            mailbox_id=one.mailbox_id,
        )
        tx.pairs.add(pair)
        people = tx.participants.many([pair.mentor_id, pair.mentee_id])
        return pair, (people[pair.mentor_id].mail, people[pair.mentee_id].mail)

    return firm.read(add)
