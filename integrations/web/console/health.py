"""How the installation is: permissions, mailboxes, work, throttling, what holds something up."""

from __future__ import annotations

from integrations.language import N_, gettext
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Shown, Visit
from integrations.workflows.operating.checkup import last_check
from integrations.workflows.operating.taking_up import take_up
from integrations.workflows.showing.health import check_permissions, health_of


async def show_health(visit: Visit) -> Shown:
    """What the store knows, and what the last check of permissions found."""
    health = await visit.app.store.run(lambda tx: health_of(tx, visit.now))
    checked = await visit.app.store.run(last_check)
    options = visit.app.options
    return Shown(
        {
            "health": health,
            "checked": checked,
            "zone": options.zone,
            "read_only": options.read_only,
            "webhooks": options.webhooks and options.webhook_url is not None,
        }
    )


async def check_now(visit: Visit) -> Go:
    """Try every permission with a real, harmless call."""
    found = await check_permissions(visit.app)
    wrong = sum(not check.is_well for check in found.checks)
    if not wrong:
        return Go("/health#permissions", gettext("Permissions were checked. All is well."))
    said = gettext(
        "Permissions were checked. %(wrong)s of %(all)s need somebody.",
        wrong=wrong,
        all=len(found.checks),
    )
    return Go("/health#permissions", said)


async def take_up_again(visit: Visit) -> Go:
    """Have the work done that was put aside."""
    taken = await take_up(visit.app, by=visit.viewer.directory_id)
    return Go(
        "/health", said=gettext("Taken up again: %(number)s pieces of work.", number=len(taken))
    )


PAGES = (
    Page(
        path="/health",
        who=Who.STAFF_OR_ADMIN,
        show=show_health,
        template="console/health.html",
        title=N_("Health"),
        section="health",
        acts=(
            Act(path="/health/check", do=check_now),
            Act(path="/health/take-up", do=take_up_again),
        ),
    ),
)
