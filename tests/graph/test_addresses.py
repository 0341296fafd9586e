"""Addresses come out as kiota's own templates make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import fixed_dictionaries, integers, lists, one_of, sampled_from, text
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from integrations.graph.addresses import address_of

BASE = "https://graph.example/v1.0"
EVENT = "{+baseurl}/users/{user%2Did}/events/{event%2Did}{?%24expand,%24select,%24top}"
WINDOW = "{+baseurl}/users/{user%2Did}/view?endDateTime={endDateTime}{&%24select,%24top}"
EXPLODING = "{+baseurl}/users/{user%2Did}/events{?%24select*}"

words = text(min_size=0, max_size=40)


def request(template: str, path: dict[str, Any], query: dict[str, Any]) -> RequestInformation:
    info = RequestInformation(Method.GET, template, {"baseurl": BASE, **path})
    info.query_parameters = query
    return info


@given(
    template=sampled_from([EVENT, WINDOW, EXPLODING]),
    path=fixed_dictionaries({"user%2Did": words, "event%2Did": words}),
    query=fixed_dictionaries(
        {},
        optional={
            "%24select": one_of(words, lists(words, max_size=4)),
            "%24expand": lists(words, max_size=2),
            "%24top": integers(0, 999),
            "endDateTime": words,
        },
    ),
)
def test_every_address_is_the_one_kiota_would_make(
    template: str, path: dict[str, str], query: dict[str, Any]
) -> None:
    assert address_of(request(template, path, query)) == request(template, path, query).url


def test_a_next_link_is_followed_whole() -> None:
    link = f"{BASE}/users/x/events?$skiptoken=a%2Fb"
    info = request(EVENT, {RequestInformation.RAW_URL_KEY: link}, {})
    assert address_of(info) == link


@pytest.mark.parametrize("value", [True, datetime(2026, 9, 7, 8, tzinfo=UTC)])
def test_a_value_that_needs_translating_is_left_to_kiota(value: object) -> None:
    query = {"%24select": value}
    path = {"user%2Did": "u", "event%2Did": "e"}
    assert address_of(request(EVENT, path, query)) == request(EVENT, path, query).url


def test_a_value_that_looks_like_a_mark_stays_as_it_is() -> None:
    path = {"user%2Did": "0mark10", "event%2Did": "0mark00"}
    assert address_of(request(EVENT, path, {})) == f"{BASE}/users/0mark10/events/0mark00"
