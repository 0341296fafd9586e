"""The pair's own pages in a real browser, on a phone: by each of the two and an assistant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from integrations.ports import Transaction
from integrations.records import Pair, PairState, SessionState
from integrations.workflows.changes import reconcile
from scheduling.changes.views import OrderKind
from tests.browser.browsing import PHONE, SMALLEST, Visitors
from tests.browser.firm import ServedFirm, served

BY_HAND = {"mon": ("08:00", "14:00"), "thu": ("12:00", "18:00")}


@pytest.fixture(scope="module")
def firm(firm_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFirm]:
    """This module's firm, which soon sees what a test has made due."""
    folder = tmp_path_factory.mktemp("pairs") / "firm"
    with served(firm_template, folder, poll_seconds=1) as one:
        yield one


def dates_of(firm: ServedFirm, pair_id: str) -> list[Any]:
    """The pair's dates to come, soonest first."""
    now = firm.now()
    sessions = firm.read(lambda tx: tx.sessions.of_pair(pair_id))
    live = [s for s in sessions if s.state is SessionState.SCHEDULED and s.start > now]
    return sorted(live, key=lambda session: session.start)


def said(page: Page) -> str:
    """What the page says came of the last act."""
    return page.get_by_role("status").inner_text()


def test_every_page_of_a_pair_suits_everybody(visitors: Visitors, firm: ServedFirm) -> None:
    pair = firm.booked_pair()
    home, dates = f"/pairs/{pair['id']}", dates_of(firm, pair["id"])
    paths = ["", f"/another-time/{dates[-1].id}", "/preferences", "/start", "/we-met"]
    window = visitors.signed_in_as(pair["mentor"], width=SMALLEST)
    for path in [*paths, f"/we-met/{dates[0].id}"]:
        assert window.open(home + path) == 200
        assert window.faults() == [], path
    assert not window.complaints


@pytest.mark.parametrize("script", [True, False])
def test_a_date_is_moved_by_one_click_on_a_phone(
    visitors: Visitors, firm: ServedFirm, script: bool
) -> None:
    pair = firm.booked_pair()
    page = visitors.signed_in_as(pair["mentee"], script=script, width=PHONE).page
    page.goto(f"{firm.url}/pairs/{pair['id']}")
    for date in reversed(dates_of(firm, pair["id"])[1:]):
        page.goto(f"{firm.url}/pairs/{pair['id']}/another-time/{date.id}")
        hours = page.locator("button[name=start]")
        if hours.count():
            break
    wanted = datetime.fromisoformat(hours.first.get_attribute("value") or "")
    hours.first.click()
    expect(page).to_have_url(f"{firm.url}/pairs/{pair['id']}")
    assert re.search("The date is moved to|It is kept", said(page))
    moved = firm.read(lambda tx: tx.sessions.require(date.id))
    waiting = firm.read(lambda tx: tx.orders.open(pair["id"]))
    assert moved.start == wanted or wanted.isoformat() in {o.data.get("start") for o in waiting}


def test_an_assistant_sees_dates_and_acts_for_the_person(
    visitors: Visitors, firm: ServedFirm
) -> None:
    pair = firm.booked_pair()
    page = visitors.signed_in_as(pair["assistant"], width=PHONE).page
    page.goto(f"{firm.url}/pairs/{pair['id']}")
    main = page.get_by_role("main")
    expect(main).to_contain_text("You act for")
    expect(main).not_to_contain_text("goal")
    expect(main).not_to_contain_text("You met")
    form = page.locator("form[action*='/skip/']").last
    asked = (form.get_attribute("action") or "").rpartition("/")[2]
    page.get_by_role("group").filter(has_text="Leave out").last.locator("summary").click()
    page.get_by_role("button", name="Leave this date out").last.click()
    assert re.search("The date is left out|It is kept", said(page))
    skips = firm.read(lambda tx: [o for o in tx.orders.all() if o.kind == OrderKind.SKIP])
    person = firm.read(lambda tx: tx.pairs.require(pair["id"]).mentee_id)
    assert [(o.given_by, o.data["session"]) for o in skips] == [(f"for:{person}", asked)]


@pytest.mark.acceptance(7)
def test_hours_by_weekday_are_said_on_the_page_and_kept_to(
    visitors: Visitors, firm: ServedFirm
) -> None:
    """When day-wise hours are known, nothing is placed Thursday morning or Friday."""
    pair = firm.booked_pair()
    page = visitors.signed_in_as(pair["mentor"], width=SMALLEST).page
    page.goto(f"{firm.url}/pairs/{pair['id']}")
    page.get_by_role("link", name="Hours and place").click()
    page.get_by_label("These, by weekday").check()
    for day, name in (("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday")):
        page.get_by_label(f"From on {name}", exact=True).fill("08:00")
        page.get_by_label(f"to on {name}", exact=True).fill("14:00")
        assert page.locator(f"input[name={day}_from]").first.input_value() == "08:00"
    page.get_by_label("From on Thursday", exact=True).fill("12:00")
    page.get_by_label("to on Thursday", exact=True).fill("18:00")
    page.get_by_label("From on Friday", exact=True).fill("")
    page.get_by_label("to on Friday", exact=True).fill("")
    page.get_by_role("button", name="Keep").click()
    expect(page).to_have_url(f"{firm.url}/pairs/{pair['id']}")
    assert "Dates are planned by it from now on" in said(page)

    mentor = firm.read(lambda tx: tx.participants.require(tx.pairs.require(pair["id"]).mentor_id))
    assert mentor.hours_source == "person"
    assert mentor.hours["thu"] == [["12:00", "18:00"]]
    assert "fri" not in mentor.hours
    zone, seen = ZoneInfo(mentor.zone or ""), 0
    for date in dates_of(firm, pair["id"])[1:]:
        page.goto(f"{firm.url}/pairs/{pair['id']}/another-time/{date.id}")
        for button in page.locator("button[name=start]").all():
            at = datetime.fromisoformat(button.get_attribute("value") or "").astimezone(zone)
            seen += 1
            assert at.weekday() < 4
            assert (12 <= at.hour < 18) if at.weekday() == 3 else (8 <= at.hour < 14)
    assert seen


def seniors_pair(firm: ServedFirm, taken: set[str]) -> Pair:
    """A pair of the firm as it was before its booking, whose senior has three days to pick."""

    def make(tx: Transaction) -> Pair:
        booked = [p for p in tx.pairs.all() if p.state is PairState.BOOKED and p.id not in taken]
        pair = max(booked, key=lambda one: one.id)
        current = tx.rules.current(pair.program_id)
        # So that a week in which the firm was told much already holds nothing up.
        limits = {**current.body["limits"], "mails_per_week": 100}
        rule = replace(
            current,
            id=f"senior-{pair.id}",
            version=current.version + 1,
            body={**current.body, "senior_first_days": 3, "ends_on": None, "limits": limits},
        )
        tx.rules.add(rule)
        for session in tx.sessions.of_pair(pair.id):
            if session.start > firm_now:
                tx.sessions.put(replace(session, state=SessionState.CANCELLED))
        monday = firm_now.date() + timedelta(days=7 - firm_now.weekday())
        fresh = Pair(
            id=f"{pair.id}-new",
            program_id=pair.program_id,
            mentor_id=pair.mentor_id,
            mentee_id=pair.mentee_id,
            start_date=monday,
            mailbox_id=pair.mailbox_id,
            rule_id=rule.id,
        )
        tx.pairs.put(replace(pair, state=PairState.WITHDRAWN))
        tx.pairs.add(fresh)
        reconcile.due(tx, fresh.id, firm_now)
        return fresh

    firm_now = firm.now()
    return firm.read(make)


def once(firm: ServedFirm, page: Page, pair_id: str, state: PairState) -> Pair:
    """The pair once the serving process has brought it to a state."""
    for _ in range(600):
        pair = firm.read(lambda tx: tx.pairs.require(pair_id))
        if pair.state is state:
            return pair
        page.wait_for_timeout(200)
    raise AssertionError(pair)


def offered(firm: ServedFirm, page: Page, pair_id: str) -> Pair:
    """The pair once hours are offered."""
    for _ in range(600):
        pair = firm.read(lambda tx: tx.pairs.require(pair_id))
        if pair.offer is not None:
            return pair
        page.wait_for_timeout(200)
    raise AssertionError(pair)


@pytest.mark.acceptance(19)
def test_the_senior_picks_one_of_five_hours_and_the_series_is_built_from_it(
    visitors: Visitors, firm: ServedFirm
) -> None:
    """When the senior picks one of five offered starts, Then the series is built from it."""
    pair = seniors_pair(firm, {firm.booked_pair()["id"]})
    mail = firm.read(lambda tx: tx.participants.require(pair.mentee_id).mail)
    window = visitors.signed_in_as(mail, width=PHONE)
    hours = (offered(firm, window.page, pair.id).offer or {})["hours"]
    window.open(f"/pairs/{pair.id}")
    expect(window.page.locator("button[name=hour]")).to_have_count(5)
    assert not window.axe_violations()
    window.page.locator("button[name=hour]").nth(2).click()
    assert "That is your hour" in said(window.page)
    booked = once(firm, window.page, pair.id, PairState.BOOKED)
    assert {name: (booked.series or {})[name] for name in hours[2]} == hours[2]


@pytest.mark.acceptance(19)
def test_where_the_senior_does_not_pick_it_is_booked_on_day_four_and_says_why(
    visitors: Visitors, firm: ServedFirm
) -> None:
    """When nobody acts, Then the service books on day four and says why."""
    pair = seniors_pair(firm, {firm.booked_pair()["id"]})
    window = visitors.signed_in_as(firm.staff("coordinator"))
    asked = offered(firm, window.page, pair.id)

    def four_days_later(tx: Transaction) -> None:
        """The firm's clock goes on as ours does, so the offer is made older instead."""
        at = datetime.fromisoformat((asked.offer or {})["at"]) - timedelta(days=8)
        tx.pairs.put(replace(asked, offer={**(asked.offer or {}), "at": at.isoformat()}))
        reconcile.due(tx, pair.id, firm.now())

    firm.read(four_days_later)
    once(firm, window.page, pair.id, PairState.BOOKED)
    window.open(f"/programs/{pair.program_id}/pairs/{pair.id}")
    expect(window.page.get_by_role("main")).to_contain_text("had 3 working days to pick an hour")
