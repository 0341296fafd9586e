"""The words a cancellation carries: neutral, and saying what replaces the date."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from integrations.records import Program
from integrations.workflows.messages.texts import letter
from integrations.workflows.messages.words import long_date
from scheduling.changes.acts import CancelDate
from scheduling.changes.views import CancelCause


class Comment(StrEnum):
    """Which words a cancellation carries."""

    DECLINED = "cancelled_declined"
    SHORT_NOTICE = "cancelled_short_notice"
    NEW_HOUR = "cancelled_new_hour"
    PAUSED = "cancelled_paused"
    ENDED = "cancelled_ended"
    LEFT_OUT = "cancelled_left_out"
    NO_COMMON_HOUR = "cancelled_no_common_hour"
    REPLACED = "cancelled_replaced"
    SERIES_REPLACED = "cancelled_series_replaced"
    WITHDRAWN = "cancelled_withdrawn"
    CHECK_IN = "cancelled_check_in"


_OF_CAUSE = {
    CancelCause.DECLINED: Comment.DECLINED,
    CancelCause.SHORT_NOTICE: Comment.SHORT_NOTICE,
    CancelCause.PAUSED: Comment.PAUSED,
    CancelCause.ENDED: Comment.ENDED,
    CancelCause.IN_CALENDAR: Comment.LEFT_OUT,
    CancelCause.LEFT_OUT: Comment.LEFT_OUT,
    # To be made up: the words that say so without a cause are the same.
    CancelCause.SKIPPED: Comment.DECLINED,
}


def comment_of(program: Program, act: CancelDate) -> str:
    """The words that go with the cancellation of one date."""
    return comment_text(program, comment_for(act), resumes_on=act.resumes_on)


def comment_for(act: CancelDate) -> Comment:
    """Which words go with the cancellation of one date."""
    comment = _OF_CAUSE[act.cause]
    if comment is Comment.PAUSED and act.resumes_on is None:
        return Comment.LEFT_OUT
    if act.replaced and comment is Comment.SHORT_NOTICE:
        return Comment.NEW_HOUR
    return comment


def comment_text(program: Program, comment: Comment, *, resumes_on: date | None = None) -> str:
    """The words themselves; ``resumes_on`` is needed where a pause is what they speak of."""
    fields = {} if resumes_on is None else {"resumes_on": long_date(resumes_on)}
    return letter(comment, program, fields).body
