"""A firm lives by itself: what its people do happens as the tenant's clock passes it, once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.behaviour_of_people import Rates
from simulator.clock import AdjustableClock
from simulator.firm import make_firm
from simulator.tenant import Tenant

MONDAY = datetime(2027, 1, 11, tzinfo=UTC)
WEEK = timedelta(days=7)
FIRM = make_firm(6, 3, MONDAY.date(), troubles=False)
EAGER = Rates(takes_leave=30.0, falls_ill=30.0)


def living(folder: Path, *, begun: bool = True, at: datetime = MONDAY) -> Tenant:
    """The tenant kept in ``folder``, with the firm's people in it."""
    file = folder / "tenant.sqlite"
    new = not file.exists()
    tenant = Tenant.open(file, AdjustableClock(at))
    if new:
        tenant.take_in(FIRM)
    if begun:
        tenant.life.begin(EAGER)
    return tenant


def plans(tenant: Tenant) -> dict[str, Any]:
    """Everything the firm's people have in their calendars of their own."""
    users = (tenant.directory.user(person.mail) for person in FIRM.people)
    return {user.mail: tenant.directory.appointments(user) for user in users}


def test_nobody_does_anything_before_life_begins(tmp_path: Path) -> None:
    tenant = living(tmp_path, begun=False)
    before = plans(tenant)
    assert tenant.life.pass_until(MONDAY + WEEK) == 0
    assert tenant.life.next_at() is None
    assert plans(tenant) == before
    tenant.close()


def test_every_act_of_a_week_happens_once_however_time_is_cut(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, parts = living(tmp_path / "whole"), living(tmp_path / "parts")
    struck = whole.life.pass_until(MONDAY + WEEK)
    pieces = [parts.life.pass_until(MONDAY + hours * WEEK / 168) for hours in range(1, 169)]
    assert struck == sum(pieces) > 0
    assert plans(parts) == plans(whole)
    whole.close()
    parts.close()


def test_a_tenant_opened_again_repeats_nothing(tmp_path: Path) -> None:
    first = living(tmp_path)
    first.life.pass_until(MONDAY + WEEK)
    lived = plans(first)
    first.close()
    again = living(tmp_path, begun=False, at=MONDAY + WEEK)
    assert again.life.pass_until(MONDAY + WEEK) == 0
    assert plans(again) == lived
    again.close()


def test_an_act_happens_at_its_own_instant(tmp_path: Path) -> None:
    tenant = living(tmp_path)
    acts = [
        act
        for day in range(-1, 9)
        for act in tenant.acts_on(date(2027, 1, 11) + timedelta(days=day), EAGER)
        if MONDAY < act.at <= MONDAY + WEEK
    ]
    assert tenant.life.next_at() == min(act.at for act in acts)
    tenant.life.pass_until(MONDAY + WEEK)
    assert tenant.clock() == max(act.at for act in acts)
    tenant.close()
