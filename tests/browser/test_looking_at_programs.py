"""Overview, pairs, journal, exports, sponsor's page and health of a firm, in a browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsing import PHONE, SHEETS, Visitors, Window
from tests.browser.firm import ServedFirm

_SHEET = re.compile(rb"/Type /Page\b")
"""Where a sheet begins in the PDF that Chromium prints."""


@pytest.fixture(scope="module")
def program(firm: ServedFirm) -> str:
    """The address of the firm's program."""
    return f"/programs/{firm.booked_pair()['program']}"


@pytest.fixture
def window(visitors: Visitors, firm: ServedFirm) -> Iterator[Window]:
    """The coordinator's window; nothing in it may complain."""
    opened = visitors.signed_in_as(firm.staff("coordinator"))
    yield opened
    assert not opened.complaints


def rows(page: Page) -> Any:
    """The rows of the list of pairs."""
    return page.locator("#list tbody tr")


@pytest.mark.parametrize(
    "below", ["", "/pairs", "/pairs?q=nobody+like+this", "/journal", "/exports", "/sponsor"]
)
def test_pages_of_a_program_read_well_at_every_width_and_in_both_schemes(
    window: Window, program: str, below: str
) -> None:
    assert window.open(program + below) == 200
    assert window.faults() == []


@pytest.mark.parametrize("path", ["/programs", "/health"])
def test_pages_beside_the_programs_read_well_as_well(window: Window, path: str) -> None:
    assert window.open(path) == 200
    assert window.faults() == []


def test_typing_narrows_the_list_and_the_address_stays_the_page_s(
    window: Window, program: str
) -> None:
    window.open(f"{program}/pairs")
    whole = rows(window.page).count()
    name = rows(window.page).first.locator("th a").inner_text().split(" / ")[0]
    window.page.get_by_role("searchbox").press_sequentially(name)
    expect(rows(window.page)).not_to_have_count(whole)
    assert name in rows(window.page).first.inner_text()
    window.page.get_by_role("link", name="Longest gap").click()
    expect(window.page).to_have_url(re.compile(r"/pairs\?q=.*sort=gap"))


def test_without_a_script_the_list_is_searched_filtered_and_sorted(
    visitors: Visitors, firm: ServedFirm, program: str
) -> None:
    page = visitors.signed_in_as(firm.staff("coordinator"), script=False, width=PHONE).page
    page.goto(f"{firm.url}{program}/pairs")
    name = rows(page).first.locator("th a").inner_text().split(" / ")[0]
    page.get_by_role("searchbox").fill(name)
    page.get_by_role("button", name="Show").click()
    assert name in rows(page).first.inner_text()
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("State", exact=True).select_option("withdrawn")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("state=withdrawn"))


def test_the_menu_on_a_phone_opens_by_its_link_and_closes_again(
    visitors: Visitors, firm: ServedFirm, program: str
) -> None:
    page = visitors.signed_in_as(firm.staff("coordinator"), script=False, width=PHONE).page
    page.goto(firm.url + program)
    menu = page.get_by_role("navigation", name="Menu")
    expect(menu).to_be_hidden()
    page.get_by_role("link", name="Menu", exact=True).click()
    expect(menu).to_be_visible()
    menu.get_by_role("link", name="Close the menu").click()
    expect(menu).to_be_hidden()


def test_a_keyboard_comes_to_the_content_first(window: Window, program: str) -> None:
    window.open(program)
    window.page.keyboard.press("Tab")
    expect(window.page.get_by_role("link", name="Go to the content")).to_be_focused()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("main")).to_be_focused()


def test_chosen_pairs_are_shown_what_would_happen_before_anything_does(
    window: Window, firm: ServedFirm, program: str
) -> None:
    window.open(f"{program}/pairs?state=booked")
    for box in rows(window.page).locator("input[type=checkbox]").all()[:2]:
        box.check()
    window.page.get_by_label("Do this").select_option("End")
    window.page.get_by_role("button", name="Look what it would do").click()
    expect(window.page.get_by_text("Nothing has happened yet")).to_be_visible()
    assert window.axe_violations() == []
    window.page.get_by_role("link", name="Leave everything as it is").click()
    assert firm.read(lambda tx: [p for p in tx.pairs.all() if p.withdrawn]) == []


def test_the_figures_of_the_overview_are_those_of_the_list(window: Window, program: str) -> None:
    window.open(program)
    for words in ("on track", "at risk", "blocked"):
        figure = window.page.locator("a.figure", has_text=words)
        number = int(figure.locator(".value").inner_text())
        figure.click()
        expect(rows(window.page)).to_have_count(number)
        window.page.go_back()


def test_each_chart_has_the_same_figures_in_a_table_behind_it(window: Window, program: str) -> None:
    window.open(program)
    chart = window.page.get_by_role("figure", name="Meetings per week")
    chart.get_by_text("As a table").click()
    cells = chart.locator("tbody td.number").all_inner_texts()
    assert sum(map(int, cells)) > 0
    assert chart.locator("svg.columns rect").count() == sum(cell != "0" for cell in cells)


def test_an_export_is_kept_as_a_file(window: Window, program: str) -> None:
    window.open(f"{program}/exports")
    with window.page.expect_download() as kept:
        window.page.get_by_role("link", name="CSV of Pairs").click()
    text = kept.value.path().read_text("utf-8-sig")
    assert kept.value.suggested_filename.endswith(".csv")
    assert len(list(csv.DictReader(io.StringIO(text)))) > 0


def test_the_live_part_of_health_looks_again_by_itself(window: Window) -> None:
    window.page.clock.install()
    window.open("/health")
    with window.page.expect_response(re.compile(r"/health\?part=live"), timeout=40_000) as again:
        window.page.clock.fast_forward("00:21")
    assert again.value.status == 200
    expect(window.page.locator("#live")).to_have_count(1)


@pytest.mark.parametrize("paper", SHEETS)
def test_the_sponsor_s_page_is_one_sheet_of_paper_without_what_is_for_screens(
    paper: str, visitors: Visitors, firm: ServedFirm, program: str
) -> None:
    """The last columns of its tables were printed outside their frames, off the page; and a row
    for each group that is withheld made three sheets of it."""
    window = visitors.signed_in_as(firm.staff("sponsor"), width=SHEETS[paper])
    window.open(f"{program}/sponsor")
    window.page.emulate_media(media="print")
    expect(window.page.locator(".bar")).to_be_hidden()
    expect(window.page.get_by_role("heading", level=1)).to_be_visible()
    assert not window.scrolls_sideways()
    assert window.tables_cut_off() == 0
    rows_are = window.page.locator("table.cards tr").first
    expect(rows_are).to_have_css("display", "table-row")
    assert len(_SHEET.findall(window.page.pdf(format=paper))) == 1
