"""All checks in turn; what rests on something that is not well is said to be untried."""

from __future__ import annotations

from integrations.workflows.app import App
from integrations.workflows.doctor.access import access_checks, clock_check
from integrations.workflows.doctor.checks import RED, Check, untried
from integrations.workflows.doctor.installation import sign_in_check, store_check, work_check
from integrations.workflows.doctor.news import news_checks
from integrations.workflows.doctor.notices import notice_checks
from integrations.workflows.doctor.outside import outside_checks
from integrations.workflows.doctor.people import people_checks
from integrations.workflows.doctor.program_mailboxes import directory_checks, mailbox_checks
from integrations.workflows.work import Worker

_IN_TENANT = ("directory", "settings_of_people", "free_busy", "outside_events", "outside_reports")


async def examine(app: App, worker: Worker) -> list[Check]:
    """Look at everything, and go on where one thing is not well."""
    store = await store_check(app)
    access = await access_checks(app)
    checks = [store, *access]
    if store.finding in RED:
        return [*checks, *(untried(code, "the store is not well") for code in _IN_TENANT)]
    checks.append(await work_check(app))
    if access[0].finding in RED:
        why = "the app cannot sign in"
        return [*checks, *(untried(code, why) for code in _IN_TENANT)]
    checks += await _in_tenant(app, worker)
    return [*checks, await sign_in_check(app), clock_check(app)]


async def _in_tenant(app: App, worker: Worker) -> list[Check]:
    checks, known = await directory_checks(app)
    directory = checks[0]
    if directory.finding in RED:
        rest = [code for code in _IN_TENANT if code != "directory"]
        return [*checks, *(untried(code, "the directory does not answer") for code in rest)]
    reader = None
    for mailbox, user in known:
        found = await mailbox_checks(app, worker, mailbox, user)
        checks += found
        if reader is None and all(check.is_well for check in found[:2]):
            reader = mailbox
    checks += await people_checks(app, reader)
    checks += await outside_checks(app)
    checks += await notice_checks(app)
    checks += await news_checks(app)
    return checks
