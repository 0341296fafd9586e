"""Activity feeds: told to whoever has the app, in the form that Graph documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.tenancy import ADA, Tenancy

KIND = "tandemNews"
PATH = f"/users/{ADA}/teamwork/sendActivityNotification"
LINK = "https://teams.microsoft.com/l/entity/app/tab?context=%7B%7D"


def told(**over: Any) -> dict[str, Any]:
    body = {
        "topic": {"source": "text", "value": "Your meetings", "webUrl": LINK},
        "activityType": KIND,
        "previewText": {"content": "The hour of Tuesday is off."},
        "templateParameters": [{"name": "news", "value": "Rivera / Stone: off"}],
        "chainId": 7,
        **over,
    }
    return {name: value for name, value in body.items() if value is not None}


def person(tenancy: Tenancy) -> str:
    """The object id of the one who is told."""
    found = tenancy.tenant.directory.find(ADA)
    assert found is not None
    return found.id


async def test_whoever_has_the_app_has_one_line_for_each_chain(tenancy: Tenancy) -> None:
    tenancy.tenant.feeds.install(person(tenancy), KIND)
    for chain, news in ((7, "first"), (8, "other"), (7, "second")):
        body = told(chainId=chain, templateParameters=[{"name": "news", "value": news}])
        assert await tenancy.ask("POST", PATH, body, 204) is None
    assert [line.news for line in tenancy.tenant.feeds.lines_of(person(tenancy))] == [
        "other",
        "second",
    ]


async def test_nobody_else_is_told(tenancy: Tenancy) -> None:
    refused = await tenancy.ask("POST", PATH, told(), 403)
    assert "Ensure that the expected Teams app is installed" in refused["error"]["message"]
    tenancy.tenant.feeds.install(person(tenancy), KIND)
    tenancy.tenant.feeds.install(person(tenancy))
    await tenancy.ask("POST", PATH, told(), 403)
    assert tenancy.tenant.feeds.lines_of(person(tenancy)) == []


@pytest.mark.parametrize(
    "over",
    [
        {"topic": None},
        {"topic": {"source": "text", "value": "Your meetings"}},
        {"topic": {"source": "text", "value": "x", "webUrl": "https://tandem.firm.example"}},
        {"previewText": None},
        {"activityType": "somethingElse"},
        {"activityType": None},
        {"templateParameters": []},
        {"templateParameters": [{"name": "other", "value": "x"}]},
        {"templateParameters": [{"name": "news"}]},
        {"chainId": "7"},
        {"chainId": 2**63},
    ],
)
async def test_what_graph_would_not_take_is_refused(tenancy: Tenancy, over: dict[str, Any]) -> None:
    tenancy.tenant.feeds.install(person(tenancy), KIND)
    await tenancy.ask("POST", PATH, told(**over), 400)
    assert tenancy.tenant.feeds.lines_of(person(tenancy)) == []
