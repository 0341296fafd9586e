"""Checks of being told: the webhook, and the subscriptions that point to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from integrations.errors import IntegrationError
from integrations.ports import LiveSubscription, Transaction
from integrations.records import Blocker, BlockerScope, Subscription
from integrations.workflows.app import App
from integrations.workflows.doctor.checks import Check, Finding, failed, untried
from integrations.workflows.looking.subscriptions import NO_SUBSCRIPTION, mailboxes_in_use

_WRONG: Mapping[str, tuple[str, str]] = {
    "unreachable": (
        "nothing answers at its address",
        "Is TANDEM_WEBHOOK_URL right, and does the app run? Microsoft asks from the internet.",
    ),
    "certificate": (
        "its certificate is not to be trusted",
        "Give the address a certificate of a public authority, with its chain.",
    ),
    "timeout": (
        "it does not answer within ten seconds",
        "Keep one instance always ready: Graph gives up after ten seconds.",
    ),
    "wrong_answer": (
        "its answer is not the token as plain text",
        "Something in between alters the answer, or another app answers at this address.",
    ),
}


async def notice_checks(app: App) -> list[Check]:
    """The webhook, asked as Graph asks it, and the subscriptions."""
    url = app.options.webhook_url
    if url is None or not app.options.webhooks:
        why = "webhooks are off; sweeps find changes"
        return [untried("webhook", why), untried("subscriptions", why)]
    return [await _webhook(app, url), await _subscriptions(app, url)]


async def _webhook(app: App, url: str) -> Check:
    if app.handshake is None:
        return untried("webhook", "this process has no way out")
    fault = await app.handshake.shake(url)
    if fault is None:
        return Check("webhook", Finding.WELL, "shakes hands, asked from here")
    status = fault.removeprefix("status_")
    other = (
        f"it answers {status}",
        "The address has to end in /webhooks/graph of the app, open to everybody without sign-in.",
    )
    words, remedy = _WRONG.get(fault, other)
    return Check("webhook", Finding.WRONG, words, remedy)


async def _subscriptions(app: App, url: str) -> Check:
    def look(tx: Transaction) -> tuple[frozenset[str], list[Subscription], list[Blocker]]:
        blockers = [b for b in tx.blockers.open(BlockerScope.MAILBOX) if b.code == NO_SUBSCRIPTION]
        return mailboxes_in_use(tx), tx.subscriptions.all(), blockers

    wanted, stored, blockers = await app.store.run(look)
    try:
        live = await app.graph.subscriptions.all()
    except IntegrationError as error:
        return failed("subscriptions", error)
    found = subscriptions_check(wanted, stored, blockers, live, url=url, now=app.clock.now())
    if app.options.read_only and found.finding is Finding.WRONG and not blockers:
        said = f"{found.words}; none is made or renewed while writing is switched off"
        return Check(found.code, Finding.UNTRIED, said, "Set TANDEM_READ_ONLY=off.")
    return found


def subscriptions_check(
    wanted: Collection[str],
    stored: Sequence[Subscription],
    blockers: Sequence[Blocker],
    live: Sequence[LiveSubscription],
    *,
    url: str,
    now: datetime,
) -> Check:
    """Whether each mailbox in use has a live subscription that the store knows."""
    code = "subscriptions"
    known = {one.id for one in stored}
    served = {
        one.mailbox_id
        for one in live
        if one.id in known and one.url == url and one.expires_at > now
    }
    missing = set(wanted) - served
    if not missing:
        none = "no mailbox is in use yet" if not wanted else f"alive for {len(wanted)} mailboxes"
        return Check(code, Finding.WELL, none)
    said = f"{len(missing)} of {len(wanted)} mailboxes in use have none; sweeps find changes there"
    refused = [b for b in blockers if b.subject_id in missing]
    if any(str(b.data.get("status")) == "403" for b in refused):
        return Check(
            code,
            Finding.MISSING,
            f"{said}: refused",
            "Grant Calendars.Read by its own name, with the program mailbox in its scope: for"
            " subscriptions no wider permission stands in for it.",
        )
    if any(b.data.get("points_elsewhere") for b in refused):
        return Check(
            code,
            Finding.WRONG,
            f"{said}: another installation has subscribed them",
            "End the other installation's subscriptions, or set TANDEM_WEBHOOKS=off here.",
        )
    if refused:
        return Check(
            code,
            Finding.WRONG,
            f"{said}: Graph could not shake hands with the webhook",
            "Mend the webhook; Tandem subscribes anew within ten minutes.",
        )
    return Check(
        code,
        Finding.WRONG,
        said,
        "Tandem makes them anew by itself; if not, is `tandem work` or the function app running?",
    )
