"""What each observation means, and which setting it speaks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from integrations.ports import EventSnapshot
from integrations.settings import MAILS_PER_WRITE

READER, PACE, ATTENDANCE = (
    "TANDEM_FREE_BUSY_READER",
    "TANDEM_MAILS_PER_MINUTE",
    "TANDEM_ATTENDANCE_SCHEDULE",
)
_MOST_A_MINUTE = 29
_EVERY_QUARTER = "0 */15 * * * *"
_SLOW_REPORTS = timedelta(minutes=30)


class Question(StrEnum):
    """What is asked of the tenant."""

    SCOPE = "free_busy_scope"
    OWN_BLOCK = "own_block"
    UPDATE_MAILS = "mails_per_update"
    DUPLICATE = "duplicate_transaction"
    ONE_DATE = "reply_on_one_date"
    TRUNCATION = "truncation"
    REPORT_DELAY = "report_delay"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was seen: ``found`` as a code, ``words`` for people.

    ``settings`` are those it speaks for, by name; ``advice`` is what no setting covers.
    """

    question: Question
    found: str
    words: str
    settings: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""


def recommended(answers: Iterable[Answer]) -> dict[str, str]:
    """The settings that all answers together speak for."""
    found: dict[str, str] = {}
    for answer in answers:
        found.update(answer.settings)
    return dict(sorted(found.items()))


def unasked(question: Question, why: str) -> Answer:
    """Nothing was seen."""
    return Answer(question, "not_asked", f"not asked: {why}")


def scope_answer(unreadable: Iterable[str]) -> Answer:
    """``unreadable`` are the codes of volunteers whom the program mailbox could not read."""
    codes = sorted(set(unreadable))
    if not codes:
        words = "the program mailbox sees free/busy of people it has no rights on"
        return Answer(Question.SCOPE, "readable", words, {READER: "program_mailbox"})
    return Answer(
        Question.SCOPE,
        "refused",
        f"the program mailbox does not see people's free/busy: {', '.join(codes)}",
        {READER: "own_mailbox"},
        "Grant Calendars.Read by Exchange RBAC with the participants' group in its scope.",
    )


def block_answer(statuses: Iterable[str | None], lag: timedelta) -> Answer:
    """``statuses`` are those of the invitation in each volunteer's free/busy, None: not there."""
    seen = sorted({status or "absent" for status in statuses})
    found = "+".join(seen)
    if "absent" in seen:
        return Answer(
            Question.OWN_BLOCK,
            found,
            "an unanswered invitation does not stand in free/busy",
            advice="Have Exchange place invitations in calendars by itself (automatic processing);"
            " Tandem notes such dates as no longer in somebody's calendar.",
        )
    words = f"an unanswered invitation is {' or '.join(seen)} after {lag.total_seconds():.0f} s"
    return Answer(Question.OWN_BLOCK, found, words)


def update_answer(mails: int | None) -> Answer:
    """``mails`` are those one person got for one moved date; None: nobody counted."""
    if mails is None:
        return unasked(Question.UPDATE_MAILS, "nobody counted")
    pace = max(_MOST_A_MINUTE // max(mails, 1), MAILS_PER_WRITE + 1)
    return Answer(
        Question.UPDATE_MAILS,
        str(mails),
        f"one moved date mails each person {mails} times",
        {PACE: str(pace)},
        "" if mails <= 1 else "People get more mails than Tandem announces and counts.",
    )


def duplicate_answer(status: int | None, *, named: bool, freed: bool | None) -> Answer:
    """``status`` refused a used transaction id, None: a second event was made."""
    if status is None:
        return Answer(
            Question.DUPLICATE,
            "made_twice",
            "a used transaction id makes a second event",
            advice="Do not let two installations write to one mailbox; lost answers are still found"
            " by their tag.",
        )
    found = f"refused_{status}{'_named' if named else ''}{'_freed' if freed else ''}"
    words = f"a used transaction id is refused with {status}"
    words += ", naming the event" if named else ", without naming the event"
    words += "; deleting the event frees it" if freed else "; it stays used"
    return Answer(Question.DUPLICATE, found, words)


def one_date_answer(
    master: EventSnapshot, dates: Iterable[EventSnapshot], address: str, at: int
) -> Answer:
    """Where the decline of the date with index ``at`` stands."""
    who = address.casefold()
    dates = list(dates)

    def declines(event: EventSnapshot) -> bool:
        return who in event.answers and event.answers[who].response == "declined"

    if declines(dates[at]) and not declines(master):
        made = dates[at].kind == "exception"
        found = "on_the_date_as_exception" if made else "on_the_date"
        words = "an answer to one date stands on that date" + (
            ", which becomes an exception" if made else ""
        )
        return Answer(Question.ONE_DATE, found, words)
    if declines(master):
        return Answer(
            Question.ONE_DATE,
            "on_the_series",
            "an answer to one date reads like an answer to all of them",
            advice="Ask people to use Propose New Time or their page for single dates: a declined"
            " date looks like a declined series, for which Tandem waits two working days.",
        )
    return unasked(Question.ONE_DATE, "no decline was seen")


def truncation_answer(moved_stands: bool) -> Answer:
    """Whether a moved date stood where it was after its series had been cut behind it."""
    if moved_stands:
        words = "a moved date outlives a cut of its series"
        return Answer(Question.TRUNCATION, "exceptions_kept", words)
    return Answer(
        Question.TRUNCATION,
        "exceptions_dropped",
        "a cut of a series drops its moved dates, so that each is moved again: one mail more each",
    )


def delay_answer(delay: timedelta | None) -> Answer:
    """``delay`` from the end of a meeting to its report; None: none came while we waited."""
    if delay is None:
        return unasked(Question.REPORT_DELAY, "no report came in time")
    minutes = delay.total_seconds() / 60
    words = f"a report comes {minutes:.0f} minutes after the meeting"
    if delay <= _SLOW_REPORTS:
        return Answer(Question.REPORT_DELAY, "soon", words)
    return Answer(Question.REPORT_DELAY, "late", words, {ATTENDANCE: _EVERY_QUARTER})
