"""Every test that takes ``tenancy`` ends with a tenant that has nothing to complain of."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.simulator.tenancy import Tenancy, open_tenancy


@pytest_asyncio.fixture
async def tenancy() -> AsyncIterator[Tenancy]:
    opened = open_tenancy()
    async with opened.client:
        yield opened
    assert opened.tenant.complaints == []
    opened.tenant.close()
