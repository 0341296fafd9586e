"""A real browser: Debian's Chromium, somebody signed in, and axe-core's opinion of a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.firm import ServedFirm

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
PHONE, SMALLEST, DESKTOP = (390, 844), (320, 720), (1440, 900)
NARROW, WIDEST = (360, 740), (3840, 2160)
# What margins leave of A4 and of US Letter.
SHEETS = {"A4": (688, 1000), "Letter": (711, 930)}
WIDTHS = {"phone": PHONE, "smallest": SMALLEST, "desktop": DESKTOP}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# What WCAG 2.2 asks for at level AA, and what axe calls good practice besides.
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a window. Its sandbox is of no use to root, who runs containers."""
    arguments = ["--lang=en-GB", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """A page in a context of its own, and everything the browser complained of there."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go to one of the firm's pages; the status of the answer that is shown in the end."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        return answer.status

    def look_at(self, width: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
        """Show the same page in a window of that size, to somebody who likes it that way."""
        self.page.set_viewport_size({"width": width[0], "height": width[1]})
        self.page.emulate_media(color_scheme=scheme)

    def faults(self, widths: Iterable[str] = WIDTHS) -> list[str]:
        """What is wrong with the page that is shown, so wide, in light and in dark; a line each."""
        found = []
        for name in widths:
            for scheme in SCHEMES:
                self.look_at(WIDTHS[name], scheme)
                # Nothing but colours is another in the dark, as tests/web/test_look.py shows.
                rules = None if scheme == "light" else ["color-contrast"]
                found += [f"{name}, {scheme}: {fault}" for fault in self.axe_violations(rules)]
            if self.scrolls_sideways():
                found.append(f"{name}: scrolls sideways")
        return found

    def axe_violations(self, rules: Sequence[str] | None = None) -> list[str]:
        """What axe finds: rule, how bad, and where; a line each. None: by all rules of ours."""
        return axe_violations(self.page, rules)

    def scrolls_sideways(self) -> bool:
        """Whether the page as a whole is wider than the window."""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )

    def tables_cut_off(self, which: str = "table") -> int:
        """How many of these tables are wider than the frame that holds them."""
        found: int = self.page.eval_on_selector_all(
            which,
            "all => all.filter(one => one.scrollWidth > one.parentElement.clientWidth).length",
        )
        return found


class Visitors:
    """Windows of people of one served firm. Each person signs in once, on the real pages."""

    def __init__(self, browser: Browser, firm: ServedFirm) -> None:
        self._browser, self.firm = browser, firm
        self._cookies: dict[str, Any] = {}
        self._open: list[BrowserContext] = []

    def anybody(self, *, script: bool = True, width: tuple[int, int] = DESKTOP) -> Window:
        """A window of somebody who has not signed in."""
        return self._window(script=script, width=width)

    def signed_in_as(
        self,
        mail: str,
        *,
        script: bool = True,
        width: tuple[int, int] = DESKTOP,
        language: str = "en-GB",
    ) -> Window:
        """A window of the person with this address, in a browser of that language."""
        if mail not in self._cookies:
            window = self._window(script=True, width=DESKTOP)
            sign_in(window, mail)
            self._cookies[mail] = window.page.context.storage_state()
            window.page.context.close()
        return self._window(
            script=script, width=width, state=self._cookies[mail], language=language
        )

    def close(self) -> None:
        """Close every window."""
        for context in self._open:
            context.close()
        self._open.clear()

    def _window(
        self,
        *,
        script: bool,
        width: tuple[int, int],
        state: Any = None,
        language: str = "en-GB",
    ) -> Window:
        context = self._browser.new_context(
            java_script_enabled=script,
            viewport={"width": width[0], "height": width[1]},
            storage_state=state,
            locale=language,
            reduced_motion="reduce",
        )
        # A machine that does much else at once is slow, not wrong.
        context.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)
        self._open.append(context)
        window = Window(context.new_page(), self.firm.url)
        window.page.on(
            "console",
            lambda told: (
                window.complaints.append(f"{told.type}: {told.text}")
                if told.type in ("error", "warning")
                else None
            ),
        )
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        return window


def sign_in(window: Window, mail: str, wanted: str = "/help") -> None:
    """Go through the sign-in as a person does: search oneself, choose oneself."""
    window.open(f"/sign-in?next={wanted}")
    choose(window.page, mail)


def sign_out(window: Window) -> None:
    """Sign out by the menu under one's own name."""
    window.page.locator("details.person summary").click()
    window.page.get_by_role("button", name="Sign out").click()


def choose(page: Page, mail: str) -> None:
    """Choose on the tenant's page who to be."""
    page.get_by_label("Name, address, title or office").fill(mail)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name=mail).click()


def axe_violations(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """What axe finds on a page: rule, how bad, and where; a line each."""
    # Evaluated from outside, because the page's own policy lets no foreign script in.
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text("utf-8"))
    wanted = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": _TAGS}
    found = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", wanted
    )
    return [
        f"{each['id']} ({each['impact']}): {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
