"""Checks of the installation itself: its store, its due work, the sign-in of people."""

from __future__ import annotations

from datetime import timedelta

from integrations.errors import IntegrationError, SettingsError, StoreError
from integrations.page_records import StaffRole
from integrations.ports import Transaction
from integrations.records import Work, WorkState
from integrations.workflows.app import App
from integrations.workflows.doctor.checks import Check, Finding, failed, untried

LATE = timedelta(minutes=30)
"""Work that nobody has taken up for so long is late."""
_MOST = 1_000


def settings_checks(error: SettingsError) -> list[Check]:
    """A check for each wrong variable, without the values of secrets."""
    return [
        Check("settings", Finding.WRONG, str(fault), error.remedy, fault.where)
        for fault in error.faults
    ]


async def store_check(app: App) -> Check:
    """Whether the store can be read and written by this code."""
    try:
        await app.open()
    except StoreError as error:
        return Check("store", Finding.WRONG, str(error), error.remedy)
    return Check("store", Finding.WELL, "readable and writable, its tables are this version's")


async def work_check(app: App) -> Check:
    """Whether work is done in time."""
    now = app.clock.now()

    def look(tx: Transaction) -> tuple[list[Work], int]:
        late = [w for w in tx.work.due(now, limit=_MOST) if now - w.due_at > LATE]
        counts = tx.work.count()
        return late, sum(n for (_, state), n in counts.items() if state == WorkState.POISON)

    late, aside = await app.store.run(look)
    if aside:
        return Check(
            "work",
            Finding.WRONG,
            f"{aside} pieces were put aside after several tries",
            "`tandem status` names the error of each; mend the cause, then `tandem take-up`.",
        )
    if late:
        oldest = max(now - work.due_at for work in late)
        return Check(
            "work",
            Finding.WRONG,
            f"{len(late)} pieces are late, the oldest by {oldest.total_seconds() / 3600:.1f} hours",
            "Nobody takes work up: start `tandem work`, or look whether the timers of the function"
            " app run.",
        )
    return Check("work", Finding.WELL, "none is late and none was put aside")


async def sign_in_check(app: App) -> Check:
    """Whether people can sign in to the pages, and somebody coordinates each program."""
    root = app.options.public_url
    if root is None:
        return untried("sign_in", "TANDEM_PUBLIC_URL names no address of the pages")
    try:
        await app.graph.sign_in.begin(f"{root.rstrip('/')}/sign-in/back")
    except IntegrationError as error:
        return failed("sign_in", error)
    alone = await app.store.run(_without_coordinator)
    if alone:
        return Check(
            "sign_in",
            Finding.WRONG,
            f"{alone} programs have no coordinator who could sign in",
            "Name one: `tandem program staff NAME --add ADDRESS`.",
        )
    return Check("sign_in", Finding.WELL, "can be begun, and each program has a coordinator")


def _without_coordinator(tx: Transaction) -> int:
    return sum(
        not any(member.role is StaffRole.COORDINATOR for member in tx.staff.of_program(program.id))
        for program in tx.programs.all()
    )
