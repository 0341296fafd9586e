"""What the commands show that look after the installation itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from integrations.bootstrap import build_worker
from integrations.cli import console, opening
from integrations.errors import SettingsError
from integrations.runtime import ease_garbage_collection
from integrations.store.dump import dump
from integrations.teams.manifest import TeamsApp
from integrations.teams.package import package_of
from integrations.workflows.app import App
from integrations.workflows.booking.move_mailbox import (
    MOVING,
    MovePlan,
    OtherNumberError,
    move_pairs,
    plan_move,
)
from integrations.workflows.doctor import Check, Finding, examine
from integrations.workflows.doctor.checks import RED
from integrations.workflows.doctor.installation import settings_checks
from integrations.workflows.enrolment.enrol import sync_mailboxes
from integrations.workflows.operating import decommission as leaving

NOT_WELL, TOO_WIDE = 6, 7
AT_ONCE = timedelta(minutes=2)
"""For how long a command does what it ordered; the rest is left to ``tandem work``."""


def doctor(*, as_json: bool) -> int:
    """Show what doctor found; the exit code that says the worst of it."""
    checks = asyncio.run(_examined())
    if as_json:
        console.show_json([check.to_json() for check in checks])
    else:
        console.show_checks(checks)
    findings = {check.finding for check in checks}
    if findings & RED:
        return NOT_WELL
    return TOO_WIDE if Finding.WIDER in findings else 0


async def _examined() -> list[Check]:
    try:
        tandem = opening.unopened_app()
    except SettingsError as error:
        return settings_checks(error)
    ease_garbage_collection()
    try:
        return await examine(tandem, build_worker(tandem))
    finally:
        await tandem.close()


def move_mailbox(source: str, target: str, *, confirm: int | None, as_json: bool) -> None:
    """Show what moving would do; with ``confirm`` do it, as far as it can be done now."""

    async def run(tandem: App) -> MovePlan:
        await sync_mailboxes(tandem)
        plan = await plan_move(tandem, source, target)
        if confirm is None:
            return plan
        if confirm != plan.mails:
            raise OtherNumberError(confirm, plan.mails)
        await move_pairs(tandem, plan)
        await do_now(tandem, MOVING)
        return plan

    plan = opening.with_app(run)
    if as_json:
        console.show_json({**asdict(plan), "confirmed": confirm is not None})
        return
    console.out.print(
        f"{len(plan.booked)} booked pairs, {len(plan.waiting)} that follow later and"
        f" {len(plan.unbooked)} not booked yet; {plan.mails} mails."
    )
    if not plan.reachable:
        console.show_wait(
            "the old mailbox cannot be reached: its dates stay in people's calendars beside the new"
        )
    if confirm is None:
        console.out.print(f"Nothing was changed. Do it: add --confirm {plan.mails}")
    else:
        console.out.print("Ordered; what mail hours hold back follows by `tandem work`.")


def decommission(
    ends_dates: bool, export: Path | None, *, confirm: int | None, as_json: bool
) -> None:
    """Show what taking Tandem away would do; with ``confirm`` do it, as far as it can be done."""
    settings = opening.read_settings()

    async def run(tandem: App) -> tuple[leaving.DecommissionPlan, leaving.Left]:
        plan = await leaving.plan_decommission(tandem, ends_dates=ends_dates)
        if confirm is None:
            return plan, plan.left
        if not plan.is_begun and confirm != plan.mails:
            raise OtherNumberError(confirm, plan.mails)
        await leaving.begin(tandem, ends_dates=ends_dates)
        await leaving.end_subscriptions(tandem)
        if ends_dates:
            await do_now(tandem, leaving.ENDING)
        return plan, await leaving.finish(tandem)

    plan, left = opening.with_app(run)
    url = settings.store_url.get_secret_value()
    rows = dump(url, export) if confirm is not None and export is not None else {}
    commands = leaving.revoking_commands(settings.client_id, settings.program_mailboxes)
    if as_json:
        data = {**asdict(plan), "left": asdict(left), "exported": rows, "commands": commands}
        console.show_json({**data, "confirmed": confirm is not None})
        return
    _show_left(plan, left)
    if rows:
        console.out.print(f"{sum(rows.values())} rows were written to {export}.")
    if confirm is None:
        console.out.print(f"Nothing was changed. Do it: add --confirm {plan.mails}")
        return
    console.out.print("To take the rights away, IT runs:")
    console.out.print("\n".join(commands), markup=False, soft_wrap=True)
    console.out.print("Left for IT to delete: the store, its backups, logs, the app and its vault.")


def _show_left(plan: leaving.DecommissionPlan, left: leaving.Left) -> None:
    what = "are ended" if plan.ends_dates else "stay in people's calendars"
    console.out.print(
        f"{left.dates} dates of {left.pairs} pairs {what}; {plan.mails} mails."
        f" {left.subscriptions} subscriptions, {left.writes} writes under way,"
        f" {left.mails_waiting} mails waiting."
    )


async def do_now(tandem: App, kinds: Sequence[str]) -> None:
    """Do due work of these kinds for a short while."""

    async def quietly() -> None:
        """Nobody watches."""

    until = tandem.clock.now() + AT_ONCE
    await build_worker(tandem).run(until_quiet=False, progress=quietly, kinds=kinds, until=until)


@dataclass(frozen=True, slots=True)
class TeamsWish:
    """What the settings do not say of a Teams app."""

    firm: str
    version: str
    privacy: str | None
    terms: str | None


def teams_package(wish: TeamsWish, to: Path, *, as_json: bool) -> None:
    """Write the app package of this installation, and say what is to be done with it."""
    settings = opening.read_settings()
    app = TeamsApp(
        client_id=settings.client_id,
        public_url=settings.public_url or "",
        firm=wish.firm,
        version=wish.version,
        privacy_url=wish.privacy,
        terms_url=wish.terms,
    )
    to.write_bytes(package_of(app))
    if as_json:
        console.show_json(
            {"file": str(to), "teams_app_id": str(app.app_id), "resource": app.resource}
        )
        return
    console.out.print(f"{to} is written: version {wish.version}, Teams app id {app.app_id}.")
    console.out.print(
        f"The app registration has to expose {app.resource}; docs/how-to/teams.md says how."
    )
