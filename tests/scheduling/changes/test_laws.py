"""What holds for every decision, whatever happened."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduling.changes.acts import (
    Act,
    BookDate,
    BookSeries,
    CancelDate,
    Decision,
    EndSeries,
    MoveDate,
    NoteConflict,
    OfferDates,
    OfferHours,
    ReplaceDate,
)
from scheduling.changes.decide import decide
from scheduling.changes.limits import capped_mails, mailed_people
from scheduling.changes.mail_hours import next_mailable
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.situation import Situation
from scheduling.changes.views import CancelCause, OccurrenceView, PairView, SeriesView
from scheduling.freebusy import Answer
from tests.scheduling.changes.builders import acts
from tests.scheduling.changes.strategies import situations

CALENDAR_BASED = (MoveDate, ReplaceDate, BookDate, BookSeries, OfferDates, OfferHours, NoteConflict)
MANY = settings(max_examples=100)


def carried_out(before: Situation, found: tuple[Decision, ...]) -> Situation:
    """The same moment once everything decided is done and read back.

    Events follow the store; an event that was moved has lost its answers.
    """
    pair = before.pair
    for one in found:
        pair = replace(pair, said=pair.said | {one.key})
        for act in one.acts:
            pair = remembered(pair, act, before.now)
    sent = Counter(dict(before.room.sent))
    for act in acts(found):
        sent.update(capped_mails(act, before.pair))
    moved = {a.session_id for a in acts(found) if isinstance(a, MoveDate | ReplaceDate | BookDate)}
    shown = _read_back(before.calendar, before.pair, pair, moved)
    return Situation.at(before.now, pair, shown, before.time, mails_this_week=sent)


def _read_back(
    shown: SeriesView | None, before: PairView, pair: PairView, moved: set[str]
) -> SeriesView | None:
    if shown is None:
        return None
    kept = {s.id: shown.occurrence_of(s) for s in before.sessions}
    known = {o.event_id for o in kept.values() if o}
    strays = [o for o in shown.occurrences if o.event_id not in known]
    events = []
    for session in pair.sessions:
        old = kept.get(session.id)
        if not session.is_live or (old is None and session.id not in moved):
            continue
        answers = old.responses if old and session.id not in moved else ()
        event_id = session.event_id or f"e{session.id}"
        recurrence_id = None if session.is_single else session.recurrence_id
        events.append(OccurrenceView(event_id, recurrence_id, session.span, answers))
    return replace(shown, occurrences=(*events, *strays))


def touched(act: Act) -> set[str]:
    """The sessions whose events an act writes to."""
    match act:
        case MoveDate() | ReplaceDate() | CancelDate():
            return {act.session_id}
        case EndSeries():
            return set(act.truncation.cancelled)
        case _:
            return set()


@MANY
@given(situations())
def test_deciding_twice_gives_the_same(here: Situation) -> None:
    assert decide(here) == decide(here)


@MANY
@given(situations())
def test_what_was_carried_out_is_not_decided_again(here: Situation) -> None:
    """Follow-ups may come of it once or twice; then nothing is left to do at that moment."""
    course = [here]
    for _ in range(4):
        found = decide(course[-1])
        event(f"acts: {len(acts(found))}")
        if not acts(found):
            return
        done = set(acts(found))
        course.append(carried_out(course[-1], found))
        assert done.isdisjoint(acts(decide(course[-1])))
    assert acts(decide(course[-1])) == []


@MANY
@given(situations())
def test_nothing_is_moved_inside_the_freeze(here: Situation) -> None:
    for act in acts(decide(here)):
        if isinstance(act, MoveDate | ReplaceDate):
            session = here.pair.session(act.session_id)
            assert session.span.start - here.limits.freeze > here.now
            assert act.to.start >= here.now + here.limits.freeze
        if isinstance(act, BookDate):
            assert act.span.start >= here.now + here.limits.freeze


@MANY
@given(situations())
def test_no_past_date_is_touched(here: Situation) -> None:
    past = {s.id for s in here.pair.sessions if s.is_live and s.span.start <= here.now}
    for act in acts(decide(here)):
        assert touched(act).isdisjoint(past)


@MANY
@given(situations())
def test_past_dates_stay_whatever_is_carried_out(here: Situation) -> None:
    past = {s.id: s.span for s in here.pair.sessions if s.is_live and s.span.end <= here.now}
    shown = here.calendar
    if shown is not None:
        # What a person moved in the calendar is followed, also afterwards.
        spans = {s.id: shown.occurrence_of(s) for s in here.pair.sessions}
        past = {k: v for k, v in past.items() if not (o := spans[k]) or o.span == v}
    after = carried_out(here, decide(here)).pair
    assert {k: after.session(k).span for k in past if after.session(k).is_live} == past


@MANY
@given(situations())
def test_limits_are_never_exceeded(here: Situation) -> None:
    found = acts(decide(here))
    sent = Counter(dict(here.room.sent))
    for act in found:
        sent.update(capped_mails(act, here.pair))
        if isinstance(act, MoveDate | ReplaceDate):
            assert here.pair.session(act.session_id).moves < here.limits.moves_per_date
        people = mailed_people(act, here.pair)
        zones = {m.zone for m in here.pair.members if m.id in people}
        assert next_mailable(here.now, zones, here.pair.rule.weekdays) == here.now
    for person, mails in sent.items():
        assert mails <= max(here.limits.mails_per_week, here.room.sent.get(person, 0))
    moves = Counter(a.session_id for a in found if isinstance(a, MoveDate | ReplaceDate))
    assert all(count == 1 for count in moves.values())


@MANY
@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_sessions_answers_and_occurrences_does_not_matter(
    here: Situation, chance: object
) -> None:
    shuffled = list(here.pair.sessions)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    pair = replace(here.pair, sessions=tuple(shuffled))
    shown = here.calendar
    if shown is not None:
        occurrences = [
            replace(o, responses=tuple(reversed(o.responses))) for o in shown.occurrences
        ]
        chance.shuffle(occurrences)  # type: ignore[attr-defined]
        shown = replace(
            shown,
            occurrences=tuple(occurrences),
            responses=tuple(reversed(shown.responses)),
        )
    assert decide(replace(here, pair=pair, calendar=shown)) == decide(here)


@MANY
@given(situations())
def test_nothing_is_decided_from_calendars_that_cannot_be_read(here: Situation) -> None:
    if here.known is None:
        assert acts(decide(here), *CALENDAR_BASED) == []
    if here.calendar is None:
        for act in acts(decide(here)):
            assert not isinstance(act, CancelDate) or act.cause is CancelCause.PAUSED


@MANY
@given(situations())
def test_no_window_gets_a_second_date(here: Situation) -> None:
    after = carried_out(here, decide(here)).pair
    windows = Counter(s.window for s in after.sessions if s.is_live)
    assert all(count == 1 for count in windows.values())


@MANY
@given(situations())
def test_every_decision_says_why_in_plain_words(here: Situation) -> None:
    for one in decide(here):
        assert "{" not in one.reason.words
        assert one.reason.code in ChangeCode
        assert one.again_at is None or one.again_at > here.now - timedelta(days=1)


@MANY
@given(situations())
def test_answers_of_further_attendees_change_nothing(here: Situation) -> None:
    if here.calendar is None:
        return
    occurrences = tuple(
        replace(
            o,
            responses=tuple(
                replace(r, answer=Answer.DECLINED) if r.person == "assistant" else r
                for r in o.responses
            ),
        )
        for o in here.calendar.occurrences
    )
    other = replace(here, calendar=replace(here.calendar, occurrences=occurrences))
    assert acts(decide(other)) == acts(decide(here))
