"""Least privilege and proof: what IT sees on the day of the installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.bootstrap import build_worker
from integrations.graph.operations import NOWHERE
from integrations.workflows.doctor import Finding, examine
from simulator.tenant import Tenant
from simulator.virtual_time import run_virtually, virtual_now
from tests.support.world import CLIENT, SECRET, START, World, firm_of, least_rights

pytestmark = pytest.mark.acceptance(39)


@pytest.fixture
def fresh(store_template: Path, tmp_path: Path) -> Path:
    store = tmp_path / "store.sqlite"
    store.write_bytes(store_template.read_bytes())
    return store


def _fresh_tenant(store: Path) -> World:
    """A tenant in which the app was just registered and nobody is enrolled yet."""
    firm = firm_of(2)
    tenant = Tenant.open(":memory:", virtual_now, 1, sign_in_clock=virtual_now)
    tenant.take_in(firm)
    tenant.register_app(least_rights(firm, reads_reports=True))
    return World(tenant, firm, store)


async def _examined(world: World) -> dict[str, tuple[Finding, str]]:
    outside = next(person.mail for person in world.firm.people if person.enabled)
    app = await world.build(dies_at=None, outside_mailbox=outside)
    checks = await examine(app, build_worker(app))
    await app.close()
    assert SECRET not in "".join(str(check.to_json()) for check in checks), "prints no secrets"
    return {check.code: (check.finding, check.words) for check in checks}


def test_each_permission_is_shown_as_granted_and_what_is_unrelated_is_refused(fresh: Path) -> None:
    """It shows each permission as granted, and proves that a mailbox outside the program group
    cannot be read and that attendance of an unrelated organizer is refused."""

    async def live() -> None:
        world = _fresh_tenant(fresh)
        found = await _examined(world)
        granted = ("token", "roles", "directory", "events", "trial", "meetings", "mail")
        proven = ("gate", "outside_events", "outside_reports")
        assert {code: found[code][0] for code in (*granted, *proven)} == dict.fromkeys(
            (*granted, *proven), Finding.WELL
        )
        asked = [call for call in world.tenant.calls if call.status == 403]
        box = world.firm.program_mailboxes[0].mail
        assert len(asked) == 2
        assert box not in {call.mailbox for call in asked}, "an unrelated mailbox said no"
        # Store, calendars, mails: it left no trace.
        assert await world.read(lambda tx: tx.pairs.all()) == []
        assert all(world.tenant.events_of(person.mail) == [] for person in world.firm.people)
        assert world.tenant.events_of(box) == []
        assert world.tenant.mail_log == []
        assert NOWHERE not in str(await world.read(lambda tx: tx.journal.read()))

    run_virtually(START, live())


@pytest.mark.parametrize(
    ("role", "scope", "code", "finding"),
    [
        ("Mail.Send", frozenset[str](), "mail", Finding.MISSING),
        ("Calendars.ReadWrite", None, "outside_events", Finding.WIDER),
        ("Calendars.ReadWrite", None, "roles", Finding.WIDER),
    ],
)
def test_a_permission_is_shown_as_missing_or_wider_than_needed(
    fresh: Path, role: str, scope: frozenset[str] | None, code: str, finding: Finding
) -> None:
    """The service warns when more rights are present than needed."""
    from dataclasses import replace

    async def live() -> None:
        world = _fresh_tenant(fresh)
        app = world.tenant.sign_in.apps[CLIENT]
        world.tenant.register_app(replace(app, roles={**app.roles, role: scope}))
        assert (await _examined(world))[code][0] is finding

    run_virtually(START, live())
