"""What coordinators do with a whole program, in the browser: rule, roster, waves, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import Pair, PairState, Session, SessionState
from tests.browser.browsing import Visitors, Window
from tests.browser.firm import LONG_ENOUGH, ServedFirm, another_pair, served

_LONGEST_WAIT_MS = 420_000


@pytest.fixture(scope="module")
def firm(
    firm_at_the_office: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedFirm]:
    """This module's firm, after some meetings, served in office hours."""
    folder = tmp_path_factory.mktemp("running") / "firm"
    with served(firm_at_the_office, folder, poll_seconds=1) as one:
        one.read(_began_in_a_wave)
        yield one


def _began_in_a_wave(tx: Transaction) -> None:
    """As if the booked pairs had been launched as a wave: a late pair waits for one of its own.

    Pairs of a program that never knew a wave are booked as soon as they are planned.
    """
    (program,) = tx.programs.all()
    tx.waves.add(
        Wave(
            id="wave-first",
            program_id=program.id,
            name="First",
            pair_ids=tuple(p.id for p in tx.pairs.in_state(PairState.BOOKED)),
            state=WaveState.DONE,
            mails_confirmed=0,
            created_at=LONG_ENOUGH,
            created_by="coordinator",
        )
    )


def program_path(firm: ServedFirm) -> str:
    """Where the firm's program is."""
    return f"/programs/{firm.read(lambda tx: tx.programs.all())[0].id}"


def coordinator(visitors: Visitors, firm: ServedFirm, *, script: bool = True) -> Window:
    """A window of the coordinator, who waits while calendars are read."""
    window = visitors.signed_in_as(firm.staff("coordinator"), script=script)
    window.page.set_default_timeout(_LONGEST_WAIT_MS)
    expect.set_options(timeout=_LONGEST_WAIT_MS)
    return window


def everything(firm: ServedFirm) -> object:
    """The rule, what pairs were told about it, and what was done for that.

    The firm lives meanwhile: that nothing else changes either is shown where time stands still.
    """

    def look(tx: Transaction) -> object:
        rule = tx.rules.current(tx.programs.all()[0].id)
        about = ("rule_saved", "rule_changed", "order_given")
        told = [entry for code in about for entry in tx.journal.read(code=code)]
        return rule, told, [order for order in tx.orders.all() if order.kind == "apply_rule"]

    return firm.read(look)


def asked(page: Page) -> int:
    """The number of mails that is to be typed."""
    hint = page.get_by_text(re.compile(r"causes [\d,]+ mails")).last.inner_text()
    found = re.search(r"causes ([\d,]+) mails", hint)
    assert found is not None
    return int(found[1].replace(",", ""))


def live_dates(firm: ServedFirm) -> dict[str, list[Session]]:
    """Standing dates of each booked pair, by start."""

    def look(tx: Transaction) -> dict[str, list[Session]]:
        ids = [pair.id for pair in tx.pairs.in_state(PairState.BOOKED)]
        return {
            i: sorted((s for s in some if s.state is SessionState.SCHEDULED), key=lambda s: s.start)
            for i, some in tx.sessions.of_pairs(ids).items()
        }

    return firm.read(look)


@pytest.mark.acceptance(29)
@pytest.mark.parametrize("script", [True, False])
def test_a_rule_change_mid_series_is_previewed_and_cancelling_leaves_everything(
    visitors: Visitors, firm: ServedFirm, script: bool
) -> None:
    """The coordinator changes every-14 to every-21 days, a preview shows per pair what moves and
    how many mails go out; cancelling the preview leaves everything untouched."""
    window = coordinator(visitors, firm, script=script)
    page, before = window.page, everything(firm)
    assert window.open(f"{program_path(firm)}/rule") == 200
    _every_three_weeks(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("What the changed rule would do")
    region = page.get_by_role("region", name="What changes, pair by pair")
    for pair, names in _booked(firm):
        row = region.get_by_role("row").filter(has=page.get_by_role("rowheader", name=names))
        expect(row, pair.id).to_have_count(1)
        mails = int(row.get_by_role("cell").last.inner_text())
        assert mails % 2 == 0, "both of a pair get the same"
    total = sum(int(each) for each in region.locator("tbody tr td:last-child").all_inner_texts())
    assert asked(page) == total > 0
    page.get_by_role("link", name="Leave everything as it is").click()
    expect(page.get_by_label("Weeks from one meeting to the next")).to_have_value("2")
    assert everything(firm) == before
    assert window.complaints == []


@pytest.mark.acceptance(29)
def test_one_yes_that_names_the_mails_changes_future_dates_alone(
    visitors: Visitors, firm: ServedFirm
) -> None:
    """Only future, unlocked occurrences change; held ones and personally moved ones stay."""
    moved = _moved_on_the_pair_s_page(visitors, firm)
    window = coordinator(visitors, firm)
    page, before = window.page, everything(firm)
    past = {
        s.id: (s.start, s.state)
        for some in live_dates(firm).values()
        for s in some
        if s.start < firm.now()
    }
    assert past
    window.open(f"{program_path(firm)}/rule")
    _every_three_weeks(page)
    mails = asked(page)
    page.get_by_label("Type the number of mails").fill(str(mails + 1))
    page.get_by_role("button", name="Save this rule").click()
    expect(page.get_by_role("alert")).to_contain_text(f"Expected exactly {asked(page)}")
    assert everything(firm) == before
    page.get_by_label("Type the number of mails").fill(str(asked(page)))
    page.get_by_role("button", name="Save this rule").click()
    expect(page.get_by_text("Saved. Booked pairs follow now")).to_be_visible()
    expect(page.get_by_label("Weeks from one meeting to the next")).to_have_value("3")
    rule = firm.read(lambda tx: tx.rules.current(tx.programs.all()[0].id))
    assert rule.body["cadence"]["interval_weeks"] == 3
    _wait(page, lambda: not firm.read(_orders_left))
    assert any(order.outcome for order in firm.read(lambda tx: tx.orders.all()))
    for session_id, stood in past.items():
        session = firm.read(lambda tx, i=session_id: tx.sessions.require(i))  # type: ignore[misc]
        assert (session.start, session.state) == stood, "held and past dates stay"
    kept = _session(firm, moved.id)
    assert (kept.start, kept.state) == (moved.start, moved.state), "what a person moved stays"

    def generations() -> set[int]:
        others = live_dates(firm)[moved.pair_id]
        return {s.generation for s in others if s.start > firm.now()}

    # An order is settled when it is decided; what follows from it is booked a moment later.
    _wait(page, lambda: generations() == {1, 2})


def _session(firm: ServedFirm, session_id: str) -> Session:
    """A date as the store has it now."""
    return firm.read(lambda tx: tx.sessions.require(session_id))


def _moved_on_the_pair_s_page(visitors: Visitors, firm: ServedFirm) -> Session:
    """A date to come that one of the two moved by a click."""
    for pair, _ in _booked(firm):
        mail = firm.read(lambda tx, p=pair: tx.participants.require(p.mentor_id).mail)  # type: ignore[misc]
        window = visitors.signed_in_as(mail)
        for date in [s for s in live_dates(firm)[pair.id] if s.start > firm.now()][2:]:
            window.open(f"/pairs/{pair.id}/another-time/{date.id}")
            hours = window.page.locator("button[name=start]")
            if not hours.count():
                continue
            hours.first.click()
            session = _session(firm, date.id)
            if session.moved_by_person:
                return session
    raise AssertionError("no date could be moved at once")


def _orders_left(tx: Transaction) -> bool:
    """Whether an order is open of a pair that is not told to wait, for mail hours or the cap."""
    wait = {e.pair_id for code in ("mail_hours", "mail_cap") for e in tx.journal.read(code=code)}
    ids = [pair.id for pair in tx.pairs.in_state(PairState.BOOKED) if pair.id not in wait]
    return any(tx.orders.open(pair_id) for pair_id in ids)


def _every_three_weeks(page: Page) -> None:
    page.get_by_label("Weeks from one meeting to the next").fill("3")
    page.get_by_label("Number of dates").fill("6")
    page.get_by_label("Meetings asked for").fill("5")
    page.get_by_role("button", name="See what it would do").click()


def _booked(firm: ServedFirm) -> list[tuple[Pair, str]]:
    def look(tx: Transaction) -> list[tuple[Pair, str]]:
        pairs = tx.pairs.in_state(PairState.BOOKED)
        people = tx.participants.many({i for p in pairs for i in (p.mentor_id, p.mentee_id)})
        return [(p, f"{people[p.mentor_id].name} / {people[p.mentee_id].name}") for p in pairs]

    return firm.read(look)


def test_faults_of_a_rule_are_led_to_and_said_beside_their_field(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = coordinator(visitors, firm)
    page = window.page
    window.open(f"{program_path(firm)}/rule")
    page.get_by_label("Number of dates").fill("3")
    page.get_by_role("button", name="See what it would do").click()
    field = page.get_by_label("Number of dates")
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("alert").get_by_role("link").first.click()
    assert window.axe_violations() == []


def test_a_roster_is_checked_shown_imported_and_its_pair_launched_and_undone(
    visitors: Visitors, firm: ServedFirm, tmp_path: Path
) -> None:
    window = coordinator(visitors, firm, script=False)
    page, at = window.page, program_path(firm)
    roster = tmp_path / "roster.csv"
    roster.write_text(another_pair(firm))
    window.open(f"{at}/import")
    page.get_by_label("File").set_input_files(roster)
    page.get_by_role("button", name="Check this file").click()
    expect(page.get_by_text("enrols a pair")).to_be_visible()
    known = len(firm.read(lambda tx: tx.pairs.all()))
    page.get_by_role("button", name="Import these 1 row").click()
    expect(page.get_by_text("1 pairs enrolled")).to_be_visible()
    assert len(firm.read(lambda tx: tx.pairs.all())) == known + 1

    def is_planned() -> bool:
        return bool(firm.read(lambda tx: tx.pairs.in_state(PairState.PLANNED)))

    _wait(page, is_planned)
    window.open(f"{at}/launch")
    page.get_by_label("Name of the wave").fill("Late joiners")
    page.get_by_label("Type the number of mails").fill(str(asked(page)))
    page.get_by_role("button", name="Start this wave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Late joiners")
    watching = coordinator(visitors, firm)
    watching.open(urlsplit(page.url).path)
    watching.page.evaluate("window.isTheSame = true")
    assert watching.axe_violations() == []
    _wait(page, lambda: not is_planned())
    expect(watching.page.get_by_label("1 of 1 pairs booked")).to_be_visible()
    assert watching.page.evaluate("window.isTheSame"), "the page looks again by itself"
    assert watching.axe_violations() == []
    page.reload()
    page.get_by_text("Undo this wave").click()
    page.get_by_label("Type the number of mails").fill(str(asked(page)))
    page.get_by_role("button", name="Undo it").click()
    expect(page.get_by_text("Undone. Booked pairs end with neutral words")).to_be_visible()


def _wait(page: Page, come_true: object) -> None:
    """Real waiting, for the worker beside the pages."""
    assert callable(come_true)
    for _ in range(_LONGEST_WAIT_MS // 200):
        if come_true():
            return
        page.wait_for_timeout(200)
    raise AssertionError("it does not come true")


def test_all_writing_is_stopped_from_any_page_and_let_go_on(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = coordinator(visitors, firm, script=False)
    page = window.page
    window.open(f"{program_path(firm)}/settings")
    page.get_by_role("banner").get_by_text("Stop all writing").first.click()
    page.get_by_role("banner").get_by_role("button", name="Stop all writing").click()
    expect(page.get_by_text("All writing is stopped").first).to_be_visible()
    window.open(f"{program_path(firm)}/launch")
    expect(page.get_by_text("All writing is stopped").first).to_be_visible()
    page.get_by_role("button", name="Let it go on").first.click()
    expect(page.get_by_text("All writing is stopped")).to_have_count(0)


def test_staff_and_texts_are_set_in_the_settings(visitors: Visitors, firm: ServedFirm) -> None:
    window = coordinator(visitors, firm)
    page, at = window.page, program_path(firm)
    somebody = firm.booked_pair()["mentor"]
    window.open(f"{at}/settings")
    page.get_by_label("Address", exact=True).fill(somebody)
    page.get_by_label("Sponsor", exact=False).last.check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("cell", name=somebody)).to_be_visible()
    window.open(f"{at}/settings/texts/withdrawn")
    expect(page.get_by_text("Rivera / Stone").first).to_be_visible()
    page.get_by_label("Text").fill("no subject")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize(
    "page", ["launch", "rule", "import", "settings", "settings/texts/invitation", "writing"]
)
def test_the_page_is_accessible_in_light_and_dark_from_the_smallest_window_on(
    visitors: Visitors, firm: ServedFirm, page: str
) -> None:
    window = coordinator(visitors, firm)
    path = "/writing" if page == "writing" else f"{program_path(firm)}/{page}"
    assert window.open(path) == 200
    assert window.faults() == []
    assert window.complaints == []
