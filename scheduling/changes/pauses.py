"""Pauses: dates inside are cancelled once, clocks stop, and planning resumes by itself."""

from collections.abc import Iterator
from datetime import timedelta

from scheduling.changes.acts import CancelDate, Decision, Resume, StartPause, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.situation import Situation
from scheduling.changes.views import CancelCause, PairState


def paused(situation: Situation) -> Iterator[Decision]:
    """What a pause asks for: its start, each live date inside, and its end.

    A pause is a coordinator's act: it goes ahead while calendars are unreadable, and
    takes out dates inside the freeze, too.
    """
    pair = situation.pair
    pause = pair.pause
    if pause is None:
        return
    until = pause.last.isoformat()
    if pair.day_of(situation.now) > pause.last:
        yield decision(ChangeCode.RESUMED, Resume())
        return
    if pair.state is not PairState.PAUSED:
        yield decision(ChangeCode.PAUSED, StartPause(pause), until=until)
    for session in situation.future:
        if pause.holds(pair.day_of(session.span.start)):
            cancel = CancelDate(
                session.id,
                CancelCause.PAUSED,
                at_once=situation.frozen(session),
                resumes_on=pause.last + timedelta(days=1),
            )
            yield decision(ChangeCode.PAUSED, cancel, session=session.id, until=until)
