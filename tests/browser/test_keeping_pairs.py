"""What coordinators live through with a pair, in the browser: a pause, a leaver, a long gap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from integrations.ports import Transaction
from integrations.records import Need, Pair, PairState, Participant, Session, SessionState
from integrations.workflows.enrolment.standing import MEMORY
from tests.browser.browsing import PHONE, Visitors
from tests.browser.firm import OFFICE_HOUR, ServedFirm, let_pass, served

_DAY = timedelta(days=1)
_LONGEST_WAIT_MS = 120_000
_PAUSES = "both included. Planning resumes by itself."
"""What the page of a pair says while it pauses."""


@pytest.fixture(scope="module")
def firm(
    firm_at_the_office: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedFirm]:
    """This module's firm, served in office hours."""
    folder = tmp_path_factory.mktemp("keeping") / "firm"
    with served(firm_at_the_office, folder, poll_seconds=1) as one:
        yield one


def path_of(pair: Pair) -> str:
    """The coordinator's page of a pair."""
    return f"/programs/{pair.program_id}/pairs/{pair.id}"


def booked_pairs(firm: ServedFirm) -> list[tuple[Pair, list[Session]]]:
    """Booked pairs without a row of *Needs you*, each with its dates."""

    def look(tx: Transaction) -> list[tuple[Pair, list[Session]]]:
        needed = {need.pair_id for need in tx.needs.open()}
        pairs = tx.pairs.in_state(PairState.BOOKED)
        return [(p, tx.sessions.of_pair(p.id)) for p in pairs if p.id not in needed]

    return firm.read(look)


def person(firm: ServedFirm, person_id: str) -> Participant:
    """Somebody of the firm."""
    return firm.read(lambda tx: tx.participants.require(person_id))


def heading(page: Page, words: str | re.Pattern[str]) -> None:
    """The page of these words is shown."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def mails_said(page: Page) -> int:
    """How many mails the page says would go out."""
    said = page.get_by_role("heading", name=re.compile("would go out|mails nobody")).inner_text()
    return int(said.split()[0]) if said[0].isdigit() else 0


def reload_until_shown(page: Page, words: str) -> None:
    """Open the page again and again until what another process does shows on it."""
    waited = 0
    while words not in page.inner_text("main"):
        assert waited < _LONGEST_WAIT_MS, page.inner_text("main")
        page.wait_for_timeout(250)
        waited += 250
        page.reload()


def _night(tx: Transaction, now: datetime) -> None:
    """The hour has come at which the directory is asked for everybody."""
    tx.switches.set(MEMORY, (now - 2 * _DAY).isoformat())
    tx.work.schedule("check_people", "firm", now)


def row_about(page: Page, pair: Pair, words: str) -> Locator:
    """The row of *Needs you* about a pair that says these words."""
    of_pair = page.get_by_role("article").filter(has=page.locator(f"a[href='{path_of(pair)}']"))
    return of_pair.filter(has_text=words)


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until what another process does has come about."""
    waited = 0
    while not holds():
        assert waited < _LONGEST_WAIT_MS
        page.wait_for_timeout(200)
        waited += 200


@pytest.mark.acceptance(28)
def test_a_pause_is_looked_at_done_once_and_ends_by_itself(
    firm_at_the_office: Path, tmp_path: Path, browser: Browser
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with served(firm_at_the_office, first, poll_seconds=1) as firm:
        visitors = Visitors(browser, firm)
        window = visitors.signed_in_as(firm.staff("coordinator"))
        page, now = window.page, firm.now()
        pair, sessions = booked_pairs(firm)[0]
        starts = now.date() + 2 * _DAY
        last = starts + 20 * _DAY
        inside = [
            s.id
            for s in sessions
            if s.state is SessionState.SCHEDULED and starts <= s.start.date() <= last
        ]
        assert inside
        window.open(path_of(pair))
        page.get_by_role("link", name="Pause", exact=True).click()
        page.get_by_label("First day").fill(starts.isoformat())
        page.get_by_label("Last day").fill(last.isoformat())
        page.get_by_role("button", name="Show what it does").click()
        # A note to each, and a cancellation of each date inside.
        assert mails_said(page) == 2 + 2 * len(inside)
        assert firm.read(lambda tx: tx.pairs.require(pair.id)).pause is None
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text(re.compile(r"Done\.|Kept\."))
        expect(page.locator("main")).to_contain_text(_PAUSES)

        def all_out() -> bool:
            kept = firm.read(lambda tx: [tx.sessions.require(one) for one in inside])
            return {(s.state, s.cause) for s in kept} == {(SessionState.CANCELLED, "paused")}

        # A mail may have to wait for its turn in the mailbox's pace.
        wait_until(page, all_out)
        page.reload()
        taken_out = page.get_by_role("cell", name="taken out by a pause")
        expect(taken_out).to_have_count(len(inside))

        window.open(f"{path_of(pair)}/acts/pause?look=yes&first={starts}&until={last}")
        assert mails_said(page) == 0, "pausing twice is harmless"

        def told() -> list[str]:
            entries = firm.read(lambda tx: tx.journal.read(pair_id=pair.id))
            return [one.code for one in entries if one.code in ("pause_ordered", "paused")]

        before = told()
        assert before.count("pause_ordered") == 1
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text(re.compile(r"Done\.|Kept\."))
        assert told() == before
        assert not window.complaints
        visitors.close()

    let_pass(first, datetime.combine(last + _DAY, OFFICE_HOUR))
    with served(first, second, poll_seconds=1) as firm:
        visitors = Visitors(browser, firm)
        window = visitors.signed_in_as(firm.staff("coordinator"))
        window.open(path_of(pair))
        reload_until_shown(window.page, "The pause is over; planning resumes")
        wait_until(
            window.page,
            lambda: firm.read(lambda tx: tx.pairs.require(pair.id)).state is PairState.BOOKED,
        )
        window.page.reload()
        expect(window.page.locator("main")).not_to_contain_text(_PAUSES)
        found = firm.read(lambda tx: tx.pairs.require(pair.id))
        assert [p["last"] for p in found.past_pauses] == [last.isoformat()]
        visitors.close()


@pytest.mark.acceptance(31)
def test_of_a_leavers_pair_the_other_one_is_paired_again(
    firm: ServedFirm, visitors: Visitors
) -> None:
    (pair, sessions), (other, _) = booked_pairs(firm)[:2]
    leaver, stays = person(firm, pair.mentor_id), person(firm, pair.mentee_id)
    new = person(firm, other.mentor_id)
    behind = [s for s in sessions if s.end < firm.now()]
    firm.control.tell("/people/change", {"person": leaver.mail, "enabled": False})
    firm.read(lambda tx: _night(tx, firm.now()))

    window = visitors.signed_in_as(firm.staff("coordinator"))
    page = window.page
    window.open("/needs")
    reload_until_shown(page, f"{leaver.name} is not with the firm any more; {stays.name}")
    row = row_about(page, pair, f"{leaver.name} is not with the firm")
    expect(row).to_contain_text("invites the new pair once it is booked")
    row.get_by_role("link", name="Pair the other one again").click()
    heading(page, "Pair one of them again")
    expect(page.get_by_label(stays.name)).to_be_checked()
    page.get_by_label("Address of the new partner").fill("nobody@firm.example")
    page.get_by_role("button", name="Pair them").click()
    expect(page.get_by_role("alert")).to_contain_text("Expected an address of the directory")
    page.get_by_label("Address of the new partner").fill(new.mail)
    page.get_by_role("button", name="Pair them").click()
    expect(page.get_by_role("status")).to_contain_text("The new pair is enrolled and planned")
    expect(page.locator("main")).to_contain_text("whose history stays there")

    def read(tx: Transaction) -> tuple[Pair, Pair, list[Session]]:
        news = [p for p in tx.pairs.all() if p.predecessor_id == pair.id]
        return tx.pairs.require(pair.id), news[0], tx.sessions.of_pair(pair.id)

    old, follows, kept = firm.read(read)
    assert old.state is PairState.WITHDRAWN
    assert {follows.mentor_id, follows.mentee_id} == {new.id, stays.id}
    assert {s.id: s.start for s in behind}.items() <= {s.id: s.start for s in kept}.items()
    assert not [s for s in kept if s.state is SessionState.SCHEDULED and s.start > firm.now()]
    window.open("/needs")
    expect(row).to_have_count(0)
    # The browser itself remarks on the form that was answered with 400.
    assert all("400" in complaint for complaint in window.complaints)


# Whoever had enough mails this week already gets the make-up's invitation in the next.
_MADE_UP_FIRST = re.compile(
    r"A make-up for a lost date is planned|had \d+ mails this week; it waits"
)


@pytest.mark.acceptance(33)
def test_a_long_gap_is_told_once_after_a_make_up_and_closes_itself(
    firm: ServedFirm, visitors: Visitors
) -> None:
    """The dates behind the pair are corrected to not held, until nothing is on record."""
    pair, sessions = booked_pairs(firm)[-1]
    now = firm.now()
    held = [s for s in sessions if s.end <= now and s.state is SessionState.SCHEDULED]
    window = visitors.signed_in_as(firm.staff("coordinator"))
    page = window.page
    for session in held:
        window.open(f"{path_of(pair)}/acts/correct?session={session.id}")
        page.get_by_label("It was").select_option("not_held")
        page.get_by_role("button", name="Show what it does").click()
        page.get_by_role("button", name="Correct it").click()
        expect(page.get_by_role("status")).to_be_visible()

    window.open("/needs")
    row = row_about(page, pair, "No meeting is on record for")
    expect(row).to_have_count(1)
    row.get_by_text("Everything that is known").click()
    expect(row).to_contain_text("They may have met elsewhere")
    row.get_by_role("link").first.click()
    story = page.get_by_role("list", name="What happened, latest first")
    expect(story).to_contain_text(_MADE_UP_FIRST)
    told = [e for e in firm.read(lambda tx: tx.journal.read(pair_id=pair.id)) if e.at >= now]
    made_up = [n for n, e in enumerate(told) if "make_up" in (e.code, e.data.get("wanted"))]
    alerts = [n for n, e in enumerate(told) if e.code == "nothing_on_record"]
    assert made_up, "a make-up is planned"
    assert len(alerts) == 1
    assert made_up[0] < alerts[0]

    page.get_by_role("link", name="Record a meeting").click()
    yesterday = (now - _DAY).date()
    page.get_by_label("Day").fill(yesterday.isoformat())
    page.get_by_label("It began at").fill("11:00")
    page.get_by_label("Minutes together").fill("60")
    page.get_by_role("button", name="Show what it does").click()
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"Done\.|Kept\."))
    window.open("/needs")
    expect(row).to_have_count(0)
    assert not window.complaints


def _pages(firm: ServedFirm) -> dict[str, str]:
    """Every page of a pair's acts, as a coordinator comes to it."""
    pair, sessions = booked_pairs(firm)[-1]
    path, now = path_of(pair), firm.now()
    to_come = [s for s in sessions if s.state is SessionState.SCHEDULED and s.start > now]
    session = min(to_come, key=lambda s: s.start)
    until = (now + 20 * _DAY).date()
    return {
        "needs": "/needs",
        "put off": "/needs?show=put_off",
        "pair": path,
        "asked": f"{path}/acts/cadence",
        "looked at": f"{path}/acts/pause?look=yes&until={until}",
        "refused": f"{path}/acts/pause?look=yes&until=2020-01-01",
        "move": f"{path}/acts/move?session={session.id}",
        "end": f"{path}/acts/end",
        "again": f"{path}/again",
        "identity": f"{path}/identity",
    }


def test_every_page_is_fit_for_everybody(firm: ServedFirm, visitors: Visitors) -> None:
    window = visitors.signed_in_as(firm.staff("coordinator"))
    found: dict[str, list[str]] = {}
    for name, path in _pages(firm).items():
        status = window.open(path)
        assert status == (400 if name == "refused" else 200), name
        if faults := window.faults(("smallest", "desktop")):
            found[name] = faults
    assert found == {}
    # The browser itself remarks on the page that is answered with 400.
    assert all("400" in complaint for complaint in window.complaints)


def test_without_a_script_a_row_is_taken_noted_and_put_off(
    firm: ServedFirm, visitors: Visitors
) -> None:
    pair, _ = booked_pairs(firm)[-1]
    need = Need(
        id="a-row-of-this-test",
        key="shortfall::test",
        pair_id=pair.id,
        code="shortfall",
        raised_at=firm.now(),
        ready=("talk",),
        data={"missing": 1, "until": "2027-06-01"},
    )
    firm.read(lambda tx: tx.needs.put(need))
    window = visitors.signed_in_as(firm.staff("coordinator"), script=False, width=PHONE)
    page = window.page
    window.open("/needs")
    row = row_about(page, pair, "cannot be made up")
    row.get_by_role("button", name=re.compile("^I take it")).click()
    expect(row).to_contain_text("yours")
    row.locator("summary", has_text="Note").click()
    row.get_by_label("Your own words").fill("They are both in court.")
    row.get_by_role("button", name="Keep the note").click()
    expect(row).to_contain_text("They are both in court.")
    row.locator("summary", has_text="Put off").click()
    row.get_by_label("Until").fill((firm.now() + 7 * _DAY).date().isoformat())
    row.get_by_role("button", name="Put it off").click()
    expect(row).to_have_count(0)
    window.open("/needs?show=put_off")
    expect(row).to_have_count(1)
    assert not window.complaints
