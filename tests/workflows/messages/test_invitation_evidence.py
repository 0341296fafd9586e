"""The invitation says how it will be found out who met, as it is."""

from __future__ import annotations

import pytest

from integrations.records import Program
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.texts import examples, letter
from tests.workflows.messages.post import plain


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (
            "teams",
            "Teams notes joining and leaving, and we keep only the minutes together. Nothing",
        ),
        ("self_report", "You tell us whether you met. Nothing said is recorded."),
        ("off", "Nothing said is recorded."),
    ],
)
def test_the_invitation_says_how_a_meeting_gets_on_record(mode: str, says: str) -> None:
    """It said "you tell us" where Teams' reports are read."""
    fields = {**examples(MESSAGES["invitation"])[0], "evidence": mode}
    words = plain(letter("invitation", Program(id="p", name="P", zone="UTC"), fields).body)
    assert says in words
    assert ("You tell us" in words) is (mode == "self_report")
    assert ("Teams notes" in words) is (mode == "teams")
