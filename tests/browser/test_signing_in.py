"""Signing in and out in a real browser, on the tenant's real pages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from playwright.sync_api import expect

from integrations.ports import Transaction
from tests.browser.browsing import (
    PHONE,
    Visitors,
    Window,
    choose,
    sign_in,
    sign_out,
)
from tests.browser.firm import ServedFirm

_SIGN_IN = re.compile(r"/oauth2/v2\.0/authorize\?")

_TOO_MANY = 429


def is_asked_who(window: Window) -> bool:
    """Whether the tenant's page is shown."""
    return _SIGN_IN.search(window.page.url) is not None


def test_who_signs_in_comes_to_the_page_that_was_wanted(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = visitors.anybody()
    window.open("/help?from=mail")
    assert is_asked_who(window)
    choose(window.page, firm.staff("coordinator"))
    expect(window.page).to_have_url(f"{firm.url}/help?from=mail")
    assert not window.complaints


def test_without_a_script_one_signs_in_and_out_as_well(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = visitors.anybody(script=False, width=PHONE)
    sign_in(window, firm.staff("coordinator"))
    expect(window.page).to_have_url(f"{firm.url}/help")
    sign_out(window)
    expect(window.page).to_have_url(f"{firm.url}/signed-out")
    window.open("/help")
    assert is_asked_who(window)


def test_the_key_of_somebody_who_signed_out_opens_nothing(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = visitors.anybody()
    sign_in(window, firm.booked_pair()["mentor"])
    context = window.page.context
    kept = context.cookies()
    sign_out(window)
    expect(window.page).to_have_url(f"{firm.url}/signed-out")
    context.add_cookies(kept)  # type: ignore[arg-type]
    window.open("/help")
    assert is_asked_who(window)


def test_the_key_is_out_of_reach_of_scripts_and_of_other_sites(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = visitors.signed_in_as(firm.booked_pair()["mentor"])
    [key] = [c for c in window.page.context.cookies() if c["name"] == "__Host-tandem"]
    assert (key["httpOnly"], key["secure"], key["sameSite"], key["path"]) == (
        True,
        True,
        "Lax",
        "/",
    )


def test_who_cancels_is_told_so_and_may_try_again(visitors: Visitors, firm: ServedFirm) -> None:
    window = visitors.anybody()
    window.open("/sign-in")
    window.page.get_by_role("button", name="Cancel").click()
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("not signed in")
    expect(window.page.get_by_role("main")).to_contain_text("You did not let the sign-in go on")
    assert not window.axe_violations()


def test_an_answer_of_another_browser_signs_nobody_in(visitors: Visitors, firm: ServedFirm) -> None:
    """A link with somebody else's code, sent to a victim, must not make her that person."""
    thief = visitors.anybody()
    thief.open("/sign-in")
    thief.page.route(f"{firm.url}/sign-in/back*", lambda route: route.abort())
    with thief.page.expect_request(f"{firm.url}/sign-in/back*") as caught:
        choose(thief.page, firm.staff("coordinator"))
    location = caught.value.url
    victim = visitors.anybody()
    assert victim.open(location.removeprefix(firm.url)) == 403
    victim.open("/help")
    assert is_asked_who(victim)


def test_a_session_that_is_over_asks_again_and_goes_on_where_it_was(
    visitors: Visitors, firm: ServedFirm
) -> None:
    window = visitors.anybody()
    sign_in(window, firm.booked_pair()["mentee"])

    def end(tx: Transaction) -> None:
        for session in tx.web_sessions.all():
            over = replace(session, expires_at=firm.now() - timedelta(minutes=1))
            tx.web_sessions.put(over)

    firm.read(end)
    window.open("/help")
    assert is_asked_who(window)
    choose(window.page, firm.booked_pair()["mentee"])
    expect(window.page).to_have_url(f"{firm.url}/help")


def test_the_tenants_page_suits_everybody(visitors: Visitors, firm: ServedFirm) -> None:
    window = visitors.anybody()
    while window.open("/sign-in") == _TOO_MANY:
        # One address may sign in twenty times a minute, and these tests just have.
        window.page.wait_for_timeout(1000)
    window.complaints.clear()
    assert window.faults() == []
    assert not window.complaints
