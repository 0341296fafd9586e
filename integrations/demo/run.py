"""The demonstration's story: roster, hours, series, months of life, who met, everything read back.

It may be killed at any moment and begun again: every step finds out what is done already, and the
tenant, a process of its own, keeps its time and its people's lives on disk.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from integrations.bootstrap import Surroundings, build_app, build_worker
from integrations.cli import console
from integrations.cli.answers.booking import run_booking
from integrations.demo.account import account_of
from integrations.demo.answering import Answering, Browser, links_under
from integrations.demo.attended import compare_with_truth
from integrations.demo.audit import Audit, mail_differences, read_back, sent_for_the_app
from integrations.demo.beforehand import fill_a_diary, take_over_by_hand
from integrations.demo.clock import CountedCalls, TenantClock
from integrations.demo.coordinator import set_up
from integrations.demo.credit import write_credit
from integrations.demo.opted_in import compare_answers, show_opted_in, survey_again
from integrations.demo.outcome import show_outcome
from integrations.demo.tenant import Control, Ready, end_left_tenant, running_tenant
from integrations.errors import IntegrationError, NoPermitError
from integrations.ports import Transaction
from integrations.runtime import ease_garbage_collection, inline
from integrations.settings import Settings
from integrations.store.upgrade import upgrade as upgrade_store
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from integrations.workflows.attendance.links import PULSE
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning import plan as planning
from integrations.workflows.reporting.history import histories
from integrations.workflows.showing import report
from integrations.workflows.showing.stories import stories
from integrations.workflows.standing_work import ensure_standing
from integrations.workflows.telling.needs import open_needs

_STORY = "story.json"
PUBLIC_URL = "https://tandem.harcourtvale.example"
_LAST_LOOK = timedelta(days=2)
"""How long after the last possible make-up the story goes on, so that it is read back, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be shown. ``months`` of four weeks; 0 ends with the booking."""

    pairs: int = 24
    seed: int = 1
    months: int = 5
    fresh: bool = False


def run_demo(wish: Wish, folder: Path) -> None:
    """Tell the story in ``folder``; one that was broken off there goes on where it was.

    Raises:
        IntegrationError: a step failed.
    """
    if wish.fresh or broken_off(folder) != wish:
        _clear(folder)
        _remember(folder, wish)
    else:
        console.out.print("[bold]…[/] The story goes on where it was broken off.")
    console.out.print(
        f"[bold]1[/] A firm of {wish.pairs} pairs is made up and its tenant started …"
    )
    firm = ("--pairs", str(wish.pairs), "--seed", str(wish.seed))
    with running_tenant(folder, *firm) as ready:
        control = Control(ready)
        try:
            asyncio.run(_Story(wish, folder, ready, control).tell())
        finally:
            control.close()
    (folder / _STORY).unlink(missing_ok=True)


def broken_off(folder: Path) -> Wish | None:
    """What the story that was broken off in this folder was to show, if there is one."""
    try:
        return Wish(**json.loads((folder / _STORY).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _remember(folder: Path, wish: Wish) -> None:
    (folder / _STORY).write_text(json.dumps({**asdict(wish), "fresh": False}))


def _clear(folder: Path) -> None:
    """Only what a demonstration leaves is removed: never a folder of somebody else's."""
    if folder.exists() and any(folder.iterdir()) and not _is_a_demonstrations(folder):
        raise IntegrationError(
            f"{folder} is not empty and not a demonstration's",
            remedy="Name another folder with --folder.",
        )
    end_left_tenant(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _is_a_demonstrations(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("tenant.log", _STORY))


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
            "TANDEM_STORE_URL": f"sqlite:///{folder / 'tandem.sqlite'}?synchronous=normal",
            "TANDEM_TENANT_ID": ready["tenant_id"],
            "TANDEM_CLIENT_ID": ready["client_id"],
            "TANDEM_CERTIFICATE_FILE": str(certificate),
            "TANDEM_AUTHORITY": ready["authority"],
            "TANDEM_GRAPH_URL": ready["base_url"],
            "TANDEM_CA_FILE": ready["ca_file"],
            "TANDEM_PROGRAM_MAILBOXES": ",".join(ready.mailboxes),
            # Months pass in a minute: a hundred and fifty looks would take as long as all the rest.
            "TANDEM_NIGHTLY_DOCTOR": "off",
            "TANDEM_ZONE": "America/New_York",
            "TANDEM_PUBLIC_URL": PUBLIC_URL,
            "TANDEM_SIGNING_KEYS": _signing_key(folder),
            **{f"TANDEM_{name.upper()}": value for name, value in over.items()},
        }
    )


def _signing_key(folder: Path) -> str:
    """The key of this demonstration, made once: links in mails have to work when it goes on."""
    kept = folder / "signing.key"
    if not kept.exists():
        kept.touch(mode=0o600)
    key = kept.read_text()
    if not key:
        key = secrets.token_urlsafe(32)
        kept.write_text(key)
    return key


class _Story:
    """One telling of it."""

    def __init__(self, wish: Wish, folder: Path, ready: Ready, control: Control) -> None:
        self._wish, self._folder, self._control = wish, folder, control
        self._settings = demo_settings(ready, folder, poll_seconds="3600")
        self._roster = Path(ready["roster"]).read_bytes()
        self._staff, self._mailboxes = ready.staff, ready.mailboxes
        self._calls = calls = CountedCalls(ready["ca_file"])
        self._clock = TenantClock(control, ready.now, calls)
        # Every telling has chance of its own: ids drawn before it was broken off must not recur.
        seed = wish.seed + len(control.get("/calls"))
        around = Surroundings(clock=self._clock, seed=seed, transport=calls, offload=inline)
        self._tandem = build_app(self._settings, around)
        self._browser = Browser(httpx.ASGITransport(asgi_app(self._application)))
        self._links, self._pulses = links_under(PUBLIC_URL), links_under(PUBLIC_URL, PULSE)

    async def tell(self) -> None:
        """Everything in order; what was told before is passed over quickly."""
        upgrade_store(self._settings.store_url.get_secret_value())
        ease_garbage_collection()
        tandem = await self._tandem.open()
        try:
            await self._enrol_and_plan()
            console.out.print(
                "[bold]4[/] Series are booked, under 30 mails a minute; the clock jumps …"
            )
            await run_booking(tandem)
            console.show_pairs(await tandem.store.run(report.pair_lines))
            if self._wish.months:
                await self._show_costs(tandem.graph.calls_by_kind())
                console.out.print(self._where)
                await self._live()
            calls = tandem.graph.calls_by_kind()
            console.out.print("[bold]6[/] Every meeting is read back …")
            first, _ = await tandem.store.run(_first_and_last(0, self._clock.now()))
            await self._show(calls, await read_back(tandem, first))
        finally:
            await self._browser.close()
            await tandem.close()

    @property
    def _where(self) -> str:
        store = self._folder / "tandem.sqlite"
        return f"The store is {store}; the tenant's state is beside it."

    async def _application(self) -> App:
        return self._tandem

    async def _enrol_and_plan(self) -> None:
        console.out.print("[bold]2[/] The roster is imported …")
        enrolment = await enrol(self._tandem, self._roster)
        console.out.print(f"  {enrolment.added} pairs, {enrolment.people} people.")
        contact = await self._contact()
        chosen = await self._tandem.store.run(lambda tx: set_up(tx, self._tandem, contact))
        for program, office in chosen:
            console.out.print(
                f"  {program}: people in {office} were told that Teams notes who meets; all "
                "others are asked."
            )
        await fill_a_diary(self._tandem, self._control)
        console.out.print("[bold]3[/] Calendars are read and every date of every pair planned …")
        planned = await self._plan()
        console.out.print(
            f"  {planned.placed} pairs have their hour, {planned.without_slot} have none in "
            f"common, {planned.unreadable + planned.blocked} cannot be read."
        )
        halved = await self._tandem.store.run(lambda tx: tx.journal.read(code="planned_in_halves"))
        if halved:
            console.out.print(f"  {len(halved)} of them for half an hour, twice as often.")
        box = self._mailboxes[0]
        for taken in await take_over_by_hand(self._tandem, self._control, box):
            console.out.print(
                f"  {taken.names} meet already, as their coordinator put it into the calendar by "
                f"hand: {taken.series}. It is adopted; nobody is invited twice."
            )

    async def _plan(self) -> planning.PlanReport:
        """Whoever was killed may hold the mailboxes' permits until they run out."""
        while True:
            try:
                return await planning.plan_enrolled(self._tandem)
            except NoPermitError as wait:
                await self._clock.sleep(wait.retry_at - self._clock.now())

    async def _contact(self) -> dict[str, str]:
        """Who runs the program, as people are told."""
        mail = self._staff["coordinator"]
        found = (await self._tandem.graph.directory.find([mail]))[mail]
        return {"mail": mail} if found is None else {"mail": mail, "name": found.name}

    async def _live(self) -> None:
        """Let the firm live, and Tandem with it, until the last make-up could have been held."""
        tandem, clock = self._tandem, self._clock
        self._control.begin_life()
        first, until = await tandem.store.run(_first_and_last(self._wish.months, clock.now()))
        console.out.print(
            f"[bold]5[/] The firm lives until {until:%d %B %Y}: people answer, decline, propose, "
            "fall ill, get hearings, leave; they meet, or do not, and say so when they are asked …"
        )
        await tandem.store.run(lambda tx: ensure_standing(tx, tandem, clock.now()))
        with _days() as bar:
            task = bar.add_task("Living", total=(until - first).days)

            async def show() -> None:
                now = clock.now()
                bar.update(task, completed=(now - first).days, description=f"{now:%d %b %Y}")

            worker = build_worker(tandem)
            async with self._people_answering():
                await worker.run(until_quiet=False, until=until, progress=show)

    @asynccontextmanager
    async def _people_answering(self) -> AsyncIterator[None]:
        """Meanwhile people answer the mails that ask them."""
        answering = Answering(self._control, self._clock, self._calls, self._browser)
        asked = {self._links: "whether", self._pulses: "how"}
        task = asyncio.create_task(answering.run(asked))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _show_lives(self, now: datetime) -> None:
        lines, told = await self._tandem.store.run(lambda tx: (report.pair_lines(tx), stories(tx)))
        without_series = [line for line in lines if line.slot is None]
        if without_series:
            # Nothing happened to them; what is in the way is their story.
            console.show_pairs(without_series)
        states = {line.id: line.state for line in lines if line.slot is not None}
        console.show_stories([story for story in told if story.pair_id in states], states)
        account = await self._tandem.store.run(lambda tx: account_of(tx, now))
        for line in account.words:
            console.out.print(line)

    async def _show_costs(self, calls: dict[str, int]) -> dict[str, int]:
        """What it took so far, in calls and mails; the mails that the journal announced."""
        announced = await self._tandem.store.run(report.mails_by_kind)
        console.show_counts("Microsoft Graph calls", calls)
        console.show_counts("Mails announced in the journal", announced)
        return announced

    async def _show(self, calls: dict[str, int], audit: Audit) -> None:
        tandem, now, zone = self._tandem, self._clock.now(), self._settings.zone
        if self._wish.months:
            await self._show_lives(now)
            needs = await tandem.store.run(lambda tx: open_needs(tx, now, default_zone=zone))
            if needs:
                console.show_needs(needs, for_commands=False)
        announced = await self._show_costs(calls)
        sent = sent_for_the_app(self._control.get("/mails"))
        console.show_counts("Mails the tenant sent for Tandem", sent)
        console.out.print(
            f"{audit.series} series and {audit.dates} dates read back; "
            f"{len(audit.differences) or 'no'} differences from the store."
        )
        complaints = [f"the tenant complains: {c}" for c in self._control.get("/complaints")]
        faults = [*audit.differences, *mail_differences(announced, sent), *complaints]
        if self._wish.months:
            faults += await self._show_who_met(now)
        for fault in faults:
            console.out.print(f"  {escape(fault)}")
        console.out.print(self._where)
        if faults:
            raise IntegrationError("the tenant and the store disagree", remedy="Report this fault.")

    async def _show_who_met(self, now: datetime) -> list[str]:
        """Attendance, forecast and credit; what is wrong with them, a line each."""
        tandem = self._tandem
        console.out.print("[bold]7[/] Who met, as far as can be known …")
        found = await tandem.store.run(
            lambda tx: list(histories(tx, now, None, tandem.options.zone))
        )
        show_outcome(found, now)
        comparison = await compare_with_truth(tandem, self._control, self._links)
        console.out.print(comparison.words)
        credit = await write_credit(tandem, self._folder)
        console.out.print(credit.words)
        said = await compare_answers(tandem, self._control, self._pulses)
        console.out.print(said.words)
        await tandem.store.run(lambda tx: survey_again(tx, tandem))
        untold = await tandem.store.run(lambda tx: show_opted_in(tx, tandem, found))
        faults = [*comparison.faults, *self._browser.troubles, *credit.faults]
        return [*faults, *said.faults, *untold]


def _first_and_last(
    months: int, now: datetime
) -> Callable[[Transaction], tuple[datetime, datetime]]:
    """When the first series was booked, and until when the story goes; the same however often."""

    def read(tx: Transaction) -> tuple[datetime, datetime]:
        booked = [
            b.booked_at
            for found in tx.bookings.of_pairs([pair.id for pair in tx.pairs.all()]).values()
            for b in found
        ]
        first = min(booked, default=now)
        return first, first + timedelta(weeks=4 * months) + _LAST_LOOK

    return read


def _days() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console.err,
        transient=True,
    )
