"""Every page of the list, as each who may open it: whole and readable, wide, narrow and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from integrations.web.app import pages
from tests.browser.browsing import WIDEST, WIDTHS, Visitors, Window
from tests.browser.firm import ServedFirm
from tests.browser.guide import Guide, guide_to
from tests.web.access_table import PAGES, Meets, Visits

_FILES = frozenset(
    {
        "/programs/{program}/exports/{name}",
        "/programs/{program}/import/template",
        "/programs/{program}/surveys/template",
    }
)
"""What is kept and not shown."""
_LETTERS = "parseFloat(getComputedStyle(document.body).fontSize)"
_LEGIBLE_PX = 24
"""On 3840 dots, what 16 are on a screen of 2560 that is as large."""


@pytest.fixture(scope="module")
def guide(firm: ServedFirm) -> Guide:
    return guide_to(firm)


_DOORS = """[
    ...document.querySelectorAll("a[href]"), ...document.forms
].map(one => one.tagName == "A" ? ["GET", one.href] : [one.method.toUpperCase(), one.action])"""
"""Where links and forms of a page lead, and how; one without an address leads to the page."""
_ELSEWHERE = re.compile(r"GET /(static|api|sign-in|teams)\b.*|POST /sign-out")
_ROUTES = [re.compile(re.sub(r"\{\w+\}", "[^/]+", route)) for route in PAGES]


def doors_to_nowhere(window: Window) -> set[str]:
    """Links and forms of the page that is shown which lead to no page and no act there is."""
    found = set()
    for method, address in window.page.evaluate(_DOORS):
        if address.startswith(window.url):
            door = f"{method} {urlsplit(address).path}"
            if not any(known.fullmatch(door) for known in (*_ROUTES, _ELSEWHERE)):
                found.add(door)
    return found


def faults_of(window: Window) -> list[str]:
    """What is wrong with the page that is shown, on a phone and on a desk, in light and in dark.

    On the largest screen letters grow with it, as they do for somebody who sits before one.
    """
    found = window.faults(("phone", "desktop"))
    found += [f"leads nowhere: {door}" for door in sorted(doors_to_nowhere(window))]
    window.look_at(WIDEST, "light")
    if window.scrolls_sideways() or window.page.evaluate(_LETTERS) < _LEGIBLE_PX:
        found.append("widest: scrolls sideways, or its letters are small")
    window.look_at(WIDTHS["smallest"], "light")
    if window.scrolls_sideways():
        found.append("smallest: scrolls sideways")
    if cut := window.tables_cut_off("table.cards"):
        found.append(f"smallest: {cut} tables of cards are wider than their frame")
    found += window.complaints
    window.complaints.clear()
    return found


@pytest.mark.parametrize(
    "who",
    [
        Visits.PARTICIPANT,
        Visits.ASSISTANT,
        Visits.COORDINATOR,
        Visits.SPONSOR,
        Visits.ADMINISTRATOR,
    ],
)
def test_every_page_is_whole_for_whoever_may_open_it(
    who: Visits, visitors: Visitors, guide: Guide
) -> None:
    wrong, seen = [], 0
    window = visitors.signed_in_as(guide.mails[who])
    for template in [page.path for page in pages() if page.path not in _FILES]:
        path = guide.path(template)
        if path is None or PAGES[f"GET {template}"][who] is not Meets.PAGE:
            continue
        status = window.open(path)
        seen += 1
        if status == 409:
            # Nothing to be done there at the moment, which is a whole page too; the browser says
            # of every such answer that it is one.
            window.complaints.clear()
        found = faults_of(window) if status in (200, 409) else [f"answered {status}"]
        wrong += [f"{template}: {fault}" for fault in found]
    assert seen > 1
    assert not wrong, "\n".join(wrong)


_SPEAKS = "document.documentElement.lang"


@pytest.mark.parametrize("who", [Visits.COORDINATOR, Visits.ASSISTANT, Visits.SPONSOR])
def test_in_german_too_every_page_fits_the_smallest_screen(
    who: Visits, visitors: Visitors, guide: Guide
) -> None:
    """Its words are longer, and some cannot be broken; whoever takes part is told in their own."""
    wrong, seen = [], 0
    window = visitors.signed_in_as(guide.mails[who], width=WIDTHS["smallest"], language="de-DE")
    for template in [page.path for page in pages() if page.path not in _FILES]:
        path = guide.path(template)
        if path is None or PAGES[f"GET {template}"][who] is not Meets.PAGE:
            continue
        window.open(path)
        seen += 1
        found = []
        if window.page.evaluate(_SPEAKS) != "de":
            found.append("is not in German")
        if window.scrolls_sideways():
            found.append("scrolls sideways")
        if cut := window.tables_cut_off("table.cards"):
            found.append(f"{cut} tables of cards are wider than their frame")
        wrong += [f"{template}: {fault}" for fault in found]
    assert seen > 1
    assert not wrong, "\n".join(wrong)


def test_without_a_script_every_page_is_there_as_well(visitors: Visitors, guide: Guide) -> None:
    empty = []
    for template in [page.path for page in pages() if page.path not in _FILES]:
        path = guide.path(template)
        [who, *_] = [one for one in guide.mails if PAGES[f"GET {template}"][one] is Meets.PAGE]
        if path is None:
            continue
        window = visitors.signed_in_as(guide.mails[who], script=False)
        window.open(path)
        if not window.page.locator("main h1").count():
            empty.append(template)
        window.page.context.close()
    assert not empty


REFUSALS: tuple[tuple[str, Callable[[Guide], str], int], ...] = (
    ("nothing of that name", lambda guide: "/pairs/nothing", 404),
    ("another's pair", lambda guide: f"/pairs/{guide.named['pair']}", 404),
    ("a role that is missing", lambda guide: "/programs", 403),
)


@pytest.mark.parametrize(("what", "path", "status"), REFUSALS, ids=[one[0] for one in REFUSALS])
def test_what_refuses_somebody_is_a_whole_page_too(
    what: str, path: Callable[[Guide], str], status: int, visitors: Visitors, guide: Guide
) -> None:
    window = visitors.signed_in_as(guide.mails[Visits.SPONSOR])
    assert window.open(path(guide)) == status
    window.complaints.clear()
    assert not faults_of(window)


def test_forced_colours_hide_no_words_on_a_highlight(visitors: Visitors, guide: Guide) -> None:
    """Browsers lay a plate behind forced text: on the main button it hid every word."""
    window = visitors.signed_in_as(guide.mails[Visits.COORDINATOR])
    path = guide.path("/programs/{program}/settings")
    assert path is not None
    window.open(path)
    window.page.emulate_media(forced_colors="active")
    styles = window.page.eval_on_selector_all(
        "button.primary, .menu a[aria-current]",
        "all => all.map(getComputedStyle)"
        ".map(s => [s.forcedColorAdjust, s.color !== s.backgroundColor])",
    )
    assert len(styles) > 1
    assert [style for style in styles if style != ["none", True]] == []
