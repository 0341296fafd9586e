"""Set-ups broken in one place: doctor names it, with its remedy, and calls nothing else wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from inspect import isawaitable
from pathlib import Path

import httpx
import pytest

from integrations.records import Work
from integrations.workflows.doctor import Check, Finding
from integrations.workflows.doctor.checks import RED
from simulator.behaviour import TeamsPolicy
from simulator.registration import Secret
from simulator.transport import TenantTransport
from simulator.virtual_time import run_virtually
from tests.support.world import SECRET, START
from tests.workflows.doctor.installed import LATER, Installed, Kept, kept_installation

pytestmark = pytest.mark.acceptance(39)

WRONG_SECRET = "not-the-one-9f3e"
Breaking = Callable[[Installed], Awaitable[None] | None]


@dataclass(frozen=True)
class Broken:
    """A break and what doctor has to say of it; ``also`` are what follows from it."""

    what: str
    breaking: Breaking
    code: str
    finding: Finding
    words: str
    remedy: str
    also: frozenset[str] = frozenset()


def _setting(**over: str) -> Breaking:
    return lambda installed: installed.over.update(over)


def _without(role: str) -> Breaking:
    return lambda installed: installed.without(role)


def _everywhere(role: str) -> Breaking:
    return lambda installed: installed.roles({role: None})


def _box(**changes: object) -> Breaking:
    return lambda installed: installed.world.tenant.change_person(installed.box, **changes)


def _secret_ended(installed: Installed) -> None:
    installed.grant(secrets=(Secret(SECRET, START - timedelta(days=1)),))


def _policy_for_nobody(installed: Installed) -> None:
    installed.grant(teams_organizers=frozenset())


def _policy_for_everybody(installed: Installed) -> None:
    everybody = {user.id for user in installed.world.tenant.directory}
    installed.grant(teams_organizers=frozenset(everybody))


def _scope_of_events_too_wide(installed: Installed) -> None:
    wide = frozenset(user.mail for user in installed.world.tenant.directory)
    installed.roles({"Calendars.ReadWrite": wide})


def _people_out_of_scope(installed: Installed) -> None:
    installed.roles({"MailboxSettings.Read": installed.boxes})


def _closed_lobby(installed: Installed) -> None:
    installed.world.tenant.teams_policy = TeamsPolicy(lobby="organizer")


def _sharing_nothing(installed: Installed) -> None:
    installed.world.tenant.behaviour.default_sharing = "none"


def _own_mailboxes_read(installed: Installed) -> None:
    installed.over["free_busy_reader"] = "own_mailbox"
    people = frozenset(person.mail for person in installed.world.firm.people)
    outside = frozenset({installed.over["outside_mailbox"]})
    installed.roles({"Calendars.Read": installed.boxes | (people - outside)})


def _clock_wrong(installed: Installed) -> None:
    installed.world.tenant.behaviour.date_off_by = timedelta(minutes=7)


def _answering(status: int, text: str) -> Breaking:
    async def endpoint(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        head = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": text.encode()})

    def breaking(installed: Installed) -> None:
        installed.world.receiver = TenantTransport(endpoint)

    return breaking


class _Nobody(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens", request=request)


def _webhook_unreachable(installed: Installed) -> None:
    installed.world.receiver = _Nobody()


def _subscription_lost(installed: Installed) -> None:
    for subscription in list(installed.world.tenant.subscriptions):
        installed.world.tenant.subscriptions.drop(subscription)


async def _work_aside(installed: Installed) -> None:
    await _row(installed, poison=True)


async def _work_late(installed: Installed) -> None:
    await _row(installed, poison=False)


async def _row(installed: Installed, *, poison: bool) -> None:
    def record(tx) -> Work:  # type: ignore[no-untyped-def]
        work: Work = tx.work.schedule("reconcile_pair", "nobody", START - timedelta(hours=3))
        if poison:
            tx.work.poison(work.id, "LookupError")
        return work

    await installed.world.read(record)


def _store_numbers(revision: int, minimum: int) -> Breaking:
    def breaking(installed: Installed) -> None:
        with closing(sqlite3.connect(installed.world.store_file)) as connection, connection:
            connection.execute(
                "UPDATE store_info SET revision = ?, minimum_code_revision = ?", (revision, minimum)
            )

    return breaking


def _store_gone(installed: Installed) -> None:
    moved = installed.world.store_file.with_suffix(".moved")
    shutil.move(installed.world.store_file, moved)
    installed.world.store_file.touch()


W, M, WRONG = Finding.WIDER, Finding.MISSING, Finding.WRONG
ROWS = [
    Broken("wrong secret", _setting(client_secret=WRONG_SECRET), "token", WRONG,
           "AADSTS7000215", "Check tenant id, client id and credential"),
    Broken("secret that ended", _secret_ended, "token", WRONG, "AADSTS7000222", "credential"),
    Broken("unknown app", _setting(client_id="99999999-2222-4333-8444-555555555555"), "token",
           WRONG, "AADSTS700016", "client id"),
    Broken("unknown tenant", _setting(tenant_id="99999999-2222-4333-8444-555555555555"), "token",
           WRONG, "refused the credential", "tenant id"),
    Broken("no right to the directory", _without("User.Read.All"), "directory", M,
           "403", "Grant the permission", frozenset({"outside_events", "people"})),
    Broken("no such mailbox", _setting(program_mailboxes="nobody@firm.example"), "mailbox", WRONG,
           "knows nobody", "TANDEM_PROGRAM_MAILBOXES"),
    Broken("account switched off", _box(enabled=False), "mailbox", WRONG,
           "switched off", "tandem mailbox move"),
    Broken("licence lost", _box(mailbox="missing"), "mailbox", WRONG,
           "no Exchange Online mailbox", "tandem mailbox move"),
    Broken("no Teams", _box(mailbox="noTeams"), "teams", WRONG,
           "may not create Teams meetings", "Teams licence"),
    Broken("closed lobby", _closed_lobby, "trial", WRONG, "lobby", "AutoAdmittedUsers"),
    Broken("events may not be written", _without("Calendars.ReadWrite"), "trial", M,
           "no event may be made", "Grant Calendars.ReadWrite"),
    Broken("writing in the whole tenant", _everywhere("Calendars.ReadWrite"), "roles", W,
           "Calendars.ReadWrite", "Withdraw the consent", frozenset({"outside_events"})),
    Broken("scope of events too wide", _scope_of_events_too_wide, "outside_events", W,
           "would let this app read events", "Scope Calendars.ReadWrite"),
    Broken("mail from anybody", _everywhere("Mail.Send"), "roles", W, "Mail.Send", "Exchange RBAC"),
    Broken("a right nobody needs", _everywhere("Directory.ReadWrite.All"), "roles", W,
           "Directory.ReadWrite.All", "Tandem uses none"),
    Broken("no right to send mail", _without("Mail.Send"), "mail", M, "refused", "Mail.Send"),
    Broken("no right to meetings", _without("OnlineMeetings.Read.All"), "meetings", M,
           "OnlineMeetings.Read.All is not granted", "Grant OnlineMeetings.Read.All"),
    Broken("no Teams policy", _policy_for_nobody, "meetings", M,
           "application access policy does not reach", "half an hour"),
    Broken("a Teams policy for everybody", _policy_for_everybody, "outside_reports", W,
           "attendance outside", "not with -Global"),
    Broken("no right to settings", _without("MailboxSettings.Read"), "settings_of_people", M,
           "refused for 4 of 4", "MailboxSettings.Read"),
    Broken("people out of scope", _people_out_of_scope, "settings_of_people", M,
           "refused for 4 of 4", "direct member"),
    Broken("nothing shared", _sharing_nothing, "free_busy", WRONG,
           "sees nothing of 4 of 4", "TANDEM_FREE_BUSY_READER=own_mailbox"),
    Broken("own mailboxes read without need", _own_mailboxes_read, "free_busy", W,
           "sees enough", "TANDEM_FREE_BUSY_READER=program_mailbox"),
    Broken("webhook that nobody reaches", _webhook_unreachable, "webhook", WRONG,
           "nothing answers", "TANDEM_WEBHOOK_URL"),
    Broken("webhook behind a sign-in", _answering(401, "sign in"), "webhook", WRONG,
           "answers 401", "without sign-in"),
    Broken("webhook that says something else", _answering(200, "OK"), "webhook", WRONG,
           "not the token", "in between"),
    Broken("subscription lost", _subscription_lost, "subscriptions", WRONG,
           "1 of 1 mailboxes", "anew by itself"),
    Broken("clock wrong", _clock_wrong, "clock", WRONG, "420 s behind", "time server"),
    Broken("work put aside", _work_aside, "work", WRONG, "1 pieces were put aside", "take-up"),
    Broken("nobody works", _work_late, "work", WRONG, "oldest by 3.3 hours", "tandem work"),
    Broken("store too new", _store_numbers(99, 99), "store", WRONG, "needs code revision 99",
           "newer version"),
    Broken("store too old", _store_numbers(1, 1), "store", WRONG, "", "tandem db upgrade"),
    Broken("store not there", _store_gone, "store", WRONG, "no program store", "tandem db upgrade"),
    Broken("no page where people sign in",
           _setting(public_url="https://tandem.example", signing_keys="k" * 40), "sign_in", WRONG,
           "1 programs have no coordinator", "tandem program staff"),
]  # fmt: skip


@pytest.fixture(scope="module")
def kept(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return kept_installation(store_template, tmp_path_factory.mktemp("installation"))


def test_a_set_up_with_the_least_rights_is_well(kept: Kept, tmp_path: Path) -> None:
    """Each permission granted, a mailbox outside cannot be read, its attendance is refused."""

    async def examine() -> None:
        found = await kept.copied(tmp_path).examined()
        assert {code: check for code, check in found.items() if not check.is_well} == {}
        tried = {code for code, check in found.items() if check.finding is Finding.WELL}
        assert {"outside_events", "outside_reports", "webhook", "subscriptions", "trial"} <= tried

    run_virtually(LATER, examine())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_doctor_names_what_is_broken_and_nothing_else(
    row: Broken, kept: Kept, tmp_path: Path
) -> None:
    async def examine() -> None:
        installed = kept.copied(tmp_path)
        tenant = installed.world.tenant
        mails = len(tenant.mail_log)
        breaking = row.breaking(installed)
        if isawaitable(breaking):
            await breaking
        found = await installed.examined()
        named = found[row.code]
        assert named.finding is row.finding, found
        assert row.words in named.words
        assert row.remedy in named.remedy
        others = {code for code, check in found.items() if not check.is_well} - {row.code}
        assert others <= row.also, {code: found[code] for code in others}
        assert len(tenant.mail_log) == mails, "nobody was mailed"
        assert tenant.complaints == []
        assert _nothing_secret(found.values())

    run_virtually(LATER, examine())


def test_read_only_mode_is_why_lost_subscriptions_do_not_come_back(
    kept: Kept, tmp_path: Path
) -> None:
    """Doctor said that Tandem makes them anew by itself, which it does not then."""

    async def examine() -> None:
        installed = kept.copied(tmp_path)
        _subscription_lost(installed)
        installed.over["read_only"] = "on"
        found = (await installed.examined())["subscriptions"]
        assert found.finding is Finding.UNTRIED
        assert "none is made or renewed while writing is switched off" in found.words
        assert found.remedy == "Set TANDEM_READ_ONLY=off."

    run_virtually(LATER, examine())


def _nothing_secret(checks) -> bool:  # type: ignore[no-untyped-def]
    said = " ".join(str(check.to_json()) for check in checks)
    return SECRET not in said and WRONG_SECRET not in said


def test_thirty_breaks_are_told_apart() -> None:
    said = {(row.code, row.words, row.remedy) for row in ROWS}
    assert len(said) == len(ROWS) >= 20


def test_red_is_what_stops_or_is_missing() -> None:
    assert {Finding.WRONG, Finding.MISSING} == RED
    assert not Check("roles", Finding.WIDER, "").is_well
