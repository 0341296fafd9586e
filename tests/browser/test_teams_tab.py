"""The tab of Teams in a real browser: TeamsJS as published, before a host that answers like Teams.

The host is a page of ``https://teams.microsoft.com`` that this test serves to the browser; it talks
to TeamsJS by the messages that its own source sends and takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Frame, Page, Route, expect

from tests.browser.browsing import AXE, Visitors, Window
from tests.browser.firm import ServedFirm

TEAMS, ELSEWHERE = "https://teams.microsoft.com", "https://portal.elsewhere.example"
HOST = """<!doctype html><html lang="en"><title>Teams</title><body><script>
const told = TOLD;
const frame = document.createElement("iframe");
const post = (message) => frame.contentWindow.postMessage(message, "*");
window.addEventListener("message", ({data: {id, uuid, func}}) => {
  const answers = {
    "initialize": ["content", "web", told.runtime, "2.58.0"],
    "getContext": [{theme: told.theme, frameContext: "content", hostName: "Teams"}],
    "authentication.getAuthToken": told.token ? [true, told.token] : [false, "resourceDisabled"],
  };
  if (func in answers) post({id, uuid, args: answers[func]});
});
window.changeTheme = (theme) => {
  told.theme = theme;
  post({func: "themeChange", args: [theme]});
};
frame.src = told.url;
frame.style = "width: 900px; height: 700px; border: 0";
document.body.append(frame);
</script>"""
RUNTIME = json.dumps({"apiVersion": 4, "isLegacyTeams": False, "supports": {}})
# TeamsJS would read from Microsoft's network which hosts there are, and goes by its own list.
EXPECTED = ("res.cdn.office.net",)


@dataclass
class Host:
    """A page that frames a tab as Teams does."""

    page: Page

    @property
    def tab(self) -> Frame:
        """The frame of the tab."""
        return self.page.frames[1]

    def change_theme(self, theme: str) -> None:
        """Tell the tab that the person chose another theme."""
        self.page.evaluate("theme => changeTheme(theme)", theme)


@contextmanager
def hosting(window: Window, *, by: str = TEAMS, **told: str) -> Iterator[Host]:
    """The tab's first page, framed by a page of ``by`` that answers what is ``told``."""
    facts = {"url": f"{window.url}/teams?next=/", "theme": "default", "runtime": RUNTIME, **told}

    def answer(route: Route) -> None:
        body = HOST.replace("TOLD", json.dumps(facts))
        route.fulfill(status=200, content_type="text/html", body=body)

    # Chromium asks before a page of the internet may show one of this machine.
    window.page.context.grant_permissions(["local-network-access"], origin=by)
    window.page.route(f"{by}/**", answer)
    window.page.goto(f"{by}/tab")
    yield Host(window.page)


def token_of(firm: ServedFirm, mail: str) -> str:
    """What Entra gives to Teams for the tab of this person."""
    asked = {
        "person": mail,
        "client_id": firm.ready["client_id"],
        "origin": firm.ready["authority"],
    }
    return str(firm.control.tell("/people/teams-token", asked)["token"])


def ground(tab: Frame) -> str:
    """The colour behind the page, as the browser shows it."""
    return str(tab.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_a_tab_opens_signed_in_follows_the_theme_and_acts(
    visitors: Visitors, firm: ServedFirm
) -> None:
    pair = firm.booked_pair()
    window = visitors.anybody()
    with hosting(window, token=token_of(firm, pair["mentor"]), theme="dark") as host:
        # Whoever has one pair is led to it.
        host.tab.wait_for_url(f"**/pairs/{pair['id']}")
        expect(host.tab.locator("html")).to_have_attribute("data-theme", "dark")
        assert ground(host.tab) == "rgb(31, 31, 31)"
        host.change_theme("contrast")
        expect(host.tab.locator("html")).to_have_attribute("data-theme", "contrast")
        assert ground(host.tab) == "rgb(0, 0, 0)"
        host.tab.goto(f"{window.url}/pairs/{pair['id']}/preferences")
        assert ground(host.tab) == "rgb(0, 0, 0)"
        assert contrast_violations(host.tab) == []
    told = [one for one in window.complaints if not any(each in one for each in EXPECTED)]
    assert told == []
    # The key stays in the tab: in a window of their own the same browser is not signed in.
    window.page.unroute_all()
    window.open("/help")
    assert "/oauth2/" in window.page.url


def test_a_tab_that_teams_gives_no_token_says_so(visitors: Visitors) -> None:
    window = visitors.anybody()
    with hosting(window) as host:
        expect(host.tab.get_by_text("Teams did not sign you in")).to_be_visible()


def test_a_page_of_another_site_shows_no_tab(visitors: Visitors, firm: ServedFirm) -> None:
    window = visitors.anybody()
    token = token_of(firm, firm.booked_pair()["mentor"])
    with hosting(window, by=ELSEWHERE, token=token) as host:
        host.page.wait_for_function("window.frames.length === 1")
        expect(host.page.frame_locator("iframe").locator("#teams-waiting")).to_have_count(0)
    assert any("frame-ancestors" in one for one in window.complaints)


def contrast_violations(tab: Frame) -> list[str]:
    """Text that does not stand out from its ground enough, by axe."""
    tab.evaluate(AXE.read_text("utf-8"))
    rule = {"type": "rule", "values": ["color-contrast"]}
    found = tab.evaluate("only => axe.run(document, {runOnly: only})", rule)
    return [node["html"] for each in found["violations"] for node in each["nodes"]]
