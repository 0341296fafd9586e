"""The demonstration's story: roster, hours, series, and every event read back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from integrations import console, live
from integrations.bootstrap import Surroundings, build_app
from integrations.demo.tenant import Control, Ready, TenantClock, running_tenant
from integrations.errors import IntegrationError
from integrations.ports import Transaction
from integrations.records import Booking, PairState, Session, SessionState
from integrations.settings import Settings
from integrations.store.upgrade import upgrade as upgrade_store
from integrations.workflows import plan as planning
from integrations.workflows import report
from integrations.workflows.app import App
from integrations.workflows.enrol import enrol
from scheduling.timespan import TimeSpan


def run_demo(pairs: int, seed: int, folder: Path) -> None:
    """Run the story in ``folder`` (what a former demonstration left there is removed first).

    Raises:
        IntegrationError: a step failed.
    """
    _clear(folder)
    console.out.print(f"[bold]1[/] A firm of {pairs} pairs is made up and its tenant started …")
    with running_tenant(folder, pairs, seed) as ready:
        control = Control(ready)
        try:
            roster = Path(ready["roster"]).read_bytes()
            asyncio.run(_story(ready, control, roster, folder, seed))
        finally:
            control.close()


def _clear(folder: Path) -> None:
    """Only what a demonstration leaves is removed: never a folder of somebody else's."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "tenant.log").exists():
        raise IntegrationError(
            f"{folder} is not empty and not a demonstration's",
            remedy="Name another folder with --folder.",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def demo_settings(ready: Ready, folder: Path, **over: str) -> Settings:
    """Settings as IT would set them, pointing to the simulated tenant.

    ``over`` names variables without their prefix, in lower case.
    """
    certificate = folder / "app-registration.pem"
    certificate.write_text(
        Path(ready["certificate_file"]).read_text() + Path(ready["key_file"]).read_text()
    )
    return Settings.from_environ(
        {
            "TANDEM_STORE_URL": f"sqlite:///{folder / 'tandem.sqlite'}",
            "TANDEM_TENANT_ID": ready["tenant_id"],
            "TANDEM_CLIENT_ID": ready["client_id"],
            "TANDEM_CERTIFICATE_FILE": str(certificate),
            "TANDEM_AUTHORITY": ready["authority"],
            "TANDEM_GRAPH_URL": ready["base_url"],
            "TANDEM_CA_FILE": ready["ca_file"],
            "TANDEM_PROGRAM_MAILBOXES": ",".join(ready.mailboxes),
            "TANDEM_ZONE": "America/New_York",
            **{f"TANDEM_{name.upper()}": value for name, value in over.items()},
        }
    )


async def _story(ready: Ready, control: Control, roster: bytes, folder: Path, seed: int) -> None:
    settings = demo_settings(ready, folder)
    upgrade_store(settings.store_url.get_secret_value())
    clock = TenantClock(control, ready.now)
    tandem = await build_app(settings, Surroundings(clock=clock, seed=seed)).open()
    try:
        console.out.print("[bold]2[/] The roster is imported …")
        enrolment = await enrol(tandem, roster)
        console.out.print(f"  {enrolment.added} pairs, {enrolment.people} people.")
        console.out.print("[bold]3[/] Calendars are read and every date of every pair planned …")
        planned = await planning.plan_enrolled(tandem)
        console.out.print(
            f"  {planned.placed} pairs have their hour, {planned.without_slot} have none in "
            f"common, {planned.unreadable + planned.blocked} cannot be read."
        )
        console.out.print(
            "[bold]4[/] Series are booked, under 30 mails a minute; the clock jumps …"
        )
        await live.run_booking(tandem)
        calls = tandem.graph.calls_by_kind()
        console.out.print("[bold]5[/] Every event is read back …")
        audit = await read_back(tandem)
        await _show(tandem, control, calls, audit, folder)
    finally:
        await tandem.close()


@dataclass(frozen=True, slots=True)
class Audit:
    """What a look at the tenant said about the store's bookings."""

    series: int
    dates: int
    differences: tuple[str, ...]


async def read_back(tandem: App) -> Audit:
    """Read every booked series and compare each of its dates with the store."""
    booked = await tandem.store.run(_booked)
    differences: list[str] = []
    dates = 0
    for booking, sessions in booked:
        standing = {s.start for s in sessions if s.state is SessionState.SCHEDULED}
        margin = timedelta(days=1)
        span = TimeSpan(
            min(s.start for s in sessions) - margin, max(s.end for s in sessions) + 15 * margin
        )
        instances = await tandem.graph.calendar.instances(
            booking.mailbox_id, booking.event_id, span
        )
        found = {instance.span.start for instance in instances}
        dates += len(found & standing)
        differences += [f"{booking.pair_id} {at:%Y-%m-%d %H:%M}Z" for at in found ^ standing]
    return Audit(len(booked), dates, tuple(differences))


def _booked(tx: Transaction) -> list[tuple[Booking, Sequence[Session]]]:
    pairs = tx.pairs.in_state(PairState.BOOKED)
    sessions = tx.sessions.of_pairs([pair.id for pair in pairs])
    return [
        (booking, sessions[pair.id])
        for pair in pairs
        if (booking := tx.bookings.get(f"{pair.id}/{pair.generation}")) is not None
    ]


async def _show(
    tandem: App, control: Control, calls: dict[str, int], audit: Audit, folder: Path
) -> None:
    lines, announced = await tandem.store.run(
        lambda tx: (report.pair_lines(tx), report.mails_by_kind(tx))
    )
    console.show_pairs(lines)
    console.show_counts("Microsoft Graph calls", calls)
    console.show_counts("Mails announced in the journal", announced)
    sent: dict[str, int] = {}
    for mail in control.get("/mails"):
        sent[mail["kind"]] = sent.get(mail["kind"], 0) + 1
    console.show_counts("Mails the tenant sent", dict(sorted(sent.items())))
    console.out.print(
        f"{audit.series} series and {audit.dates} dates read back; "
        f"{len(audit.differences) or 'no'} differences from the store."
    )
    for difference in audit.differences:
        console.out.print(f"  differs: {difference}")
    for complaint in control.get("/complaints"):
        console.out.print(f"  the tenant complains: {complaint}")
    console.out.print(f"The store is {folder / 'tandem.sqlite'}; the tenant's state is beside it.")
    if audit.differences or sent != announced:
        raise IntegrationError("the tenant and the store disagree", remedy="Report this fault.")
