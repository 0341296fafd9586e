"""The text of queue messages: what is ours is understood, and nothing else is believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ports import WakeUp
from integrations.queue.messages import from_message, to_message
from integrations.workflows.registry import HANDLERS

WORK_IDS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(kind=st.sampled_from(sorted(HANDLERS)), work_id=WORK_IDS)
def test_every_kind_of_work_comes_back_as_it_was_sent(kind: str, work_id: str) -> None:
    wake_up = WakeUp(kind, work_id)
    assert from_message(to_message(wake_up).encode()) == wake_up


def test_a_message_holds_kind_and_id_and_nothing_else() -> None:
    assert set(json.loads(to_message(WakeUp("book_pair", "0" * 32)))) == {"kind", "id"}


GOOD = {"kind": "book_pair", "id": "0" * 32}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"book the pair please",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b'"book_pair"',
        b"[" * 50_000,
        json.dumps({"kind": "book_pair"}).encode(),
        json.dumps({**GOOD, "kind": 7}).encode(),
        json.dumps({**GOOD, "kind": "Jane Doe <jane@firm.example>"}).encode(),
        json.dumps({**GOOD, "id": "../../etc"}).encode(),
        json.dumps({**GOOD, "id": "0" * 33}).encode(),
        json.dumps({**GOOD, "id": None}).encode(),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_none_of_ours_is_refused_without_being_quoted(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a wake-up of ours$"):
        from_message(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_either_ours_or_refused(body: bytes) -> None:
    try:
        wake_up = from_message(body)
    except ValueError:
        return
    assert from_message(to_message(wake_up).encode()) == wake_up
