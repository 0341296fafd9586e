"""Checks of how the app signs in and what it was granted in the whole tenant."""

from __future__ import annotations

from datetime import date, timedelta

from integrations.errors import IntegrationError
from integrations.ports import Access
from integrations.workflows.app import App
from integrations.workflows.doctor.checks import Check, Finding, failed, untried

ENDS_SOON = timedelta(days=30)
FOR_A_COMMAND = timedelta(days=2)
"""A certificate that holds no longer was made for one command, as infra/operate.sh does."""
MOST_OFF = timedelta(minutes=2)
"""Tokens and signatures are believed for five minutes around their time."""


async def access_checks(app: App) -> list[Check]:
    """The app's token, its credential and the permissions consented for the whole tenant."""
    try:
        access = await app.graph.rights.access()
    except IntegrationError as error:
        return [failed("token", error)]
    return [
        Check("token", Finding.WELL, f"Entra ID knows the app by its {access.proof}"),
        credential_check(access, app.clock.now().date()),
        roles_check(access),
    ]


def credential_check(access: Access, today: date) -> Check:
    """Whether the credential holds for some weeks yet."""
    ends_on = access.proof_ends_on
    if access.proof == "federated":
        return Check("credential", Finding.WELL, "a managed identity: there is none that ends")
    if ends_on is None:
        said = "Entra alone knows its last day" + (
            "; a secret is for trials" if access.proof == "secret" else ""
        )
        return untried("credential", said)
    if access.proof_made_for is not None and access.proof_made_for <= FOR_A_COMMAND:
        said = "a certificate for this command alone; the installation has a proof of its own"
        return Check("credential", Finding.WELL, said)
    if ends_on - today > ENDS_SOON:
        return Check("credential", Finding.WELL, f"the certificate ends on {ends_on}")
    return Check(
        "credential",
        Finding.WRONG,
        f"the certificate ends on {ends_on}, {(ends_on - today).days} days from now",
        "Upload a new certificate to the app registration and point TANDEM_CERTIFICATE_FILE to it.",
    )


def roles_check(access: Access) -> Check:
    """Whether more was consented for the whole tenant than Tandem needs there."""
    if access.roles is None:
        return untried("roles", "the token does not show its permissions")
    if not access.too_wide and not access.surplus:
        said = ", ".join(sorted(access.roles)) or "none"
        return Check("roles", Finding.WELL, f"consented for the whole tenant: {said}")
    remedies = []
    if access.too_wide:
        remedies.append(
            f"Withdraw the consent for {_listed(access.too_wide)} in Entra ID and grant the same by"
            " Exchange RBAC for Applications, scoped to the mailboxes of"
            " docs/reference/permissions.md."
        )
    if access.surplus:
        remedies.append(f"Withdraw the consent for {_listed(access.surplus)}: Tandem uses none.")
    wide = access.too_wide | access.surplus
    return Check(
        "roles",
        Finding.WIDER,
        f"reach the whole tenant without need: {_listed(wide)}",
        " ".join(remedies),
    )


def _listed(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles))


def clock_check(app: App) -> Check:
    """Whether this machine's clock agrees with Graph's."""
    off_by = app.graph.rights.clock_off_by
    if off_by is None:
        return untried("clock", "no answer told the time")
    seconds = round(abs(off_by).total_seconds())
    if abs(off_by) <= MOST_OFF:
        return Check("clock", Finding.WELL, f"{seconds} s from Graph's")
    which = "behind" if off_by > timedelta(0) else "ahead of"
    return Check(
        "clock",
        Finding.WRONG,
        f"this machine is {seconds} s {which} Graph",
        "Have the machine's clock set by a time server: tokens and sign-ins fail when it is wrong.",
    )
