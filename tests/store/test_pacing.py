"""The pace of a mailbox's mails, as laws."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.pacing import MailPace, place_in_pace
from tests.support.stores import NOW

SECOND = timedelta(seconds=1)
LARGEST = 4

# When each write asks for its place, as seconds after the one before, and how many mails it sends.
writes = st.lists(
    st.tuples(st.floats(0, 90, allow_nan=False), st.integers(1, LARGEST)), min_size=1, max_size=120
)


def sent_at(pace: MailPace, asked: list[tuple[float, int]]) -> list[datetime]:
    """When each mail goes out if every write goes at the instant it is told."""
    now, until, sent = NOW, None, []
    for after, mails in asked:
        now += after * SECOND
        until, at = place_in_pace(until, mails, now, pace.per_mail, pace.burst)
        sent += [at] * mails
    return sorted(sent)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(limit=st.integers(LARGEST + 1, 40), asked=writes)
def test_no_minute_ever_sees_more_mails_than_the_limit(
    limit: int, asked: list[tuple[float, int]]
) -> None:
    sent = sent_at(MailPace.within_a_minute(limit, largest=LARGEST), asked)
    for first, one_too_many in zip(sent, sent[limit:], strict=False):
        assert one_too_many - first > 60 * SECOND


@settings(derandomize=True, deadline=None, max_examples=100)
@given(asked=writes)
def test_nothing_goes_before_it_was_asked_for(asked: list[tuple[float, int]]) -> None:
    pace = MailPace.within_a_minute(30, largest=LARGEST)
    now, until = NOW, None
    for after, mails in asked:
        now += after * SECOND
        until, at = place_in_pace(until, mails, now, pace.per_mail, pace.burst)
        assert at >= now


def test_a_steady_flow_stays_one_write_below_the_limit() -> None:
    """What could have been saved up is kept free, so a burst after a pause never breaks it."""
    sent = sent_at(MailPace.within_a_minute(30, largest=2), [(0, 2)] * 60)
    for minute in range(4):
        begins = NOW + minute * 60 * SECOND
        assert sum(begins <= at < begins + 60 * SECOND for at in sent) == 28


def test_a_quiet_mailbox_sends_its_first_write_at_once() -> None:
    pace = MailPace.within_a_minute(30, largest=2)
    assert sent_at(pace, [(0, 2)]) == [NOW, NOW]


@pytest.mark.parametrize(("limit", "largest"), [(2, 2), (1, 2), (30, 0)])
def test_a_limit_that_no_write_fits_under_is_refused(limit: int, largest: int) -> None:
    with pytest.raises(ValueError, match="one write sends"):
        MailPace.within_a_minute(limit, largest=largest)


def test_a_negative_number_of_mails_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 mails"):
        place_in_pace(None, -1, NOW, SECOND, SECOND)
