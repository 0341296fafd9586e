"""The one place where an act is remembered: what the core says it leaves behind, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from integrations.ports import EventSnapshot, Transaction
from integrations.records import Json, Need, Pair, PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import digest, with_replies
from integrations.workflows.changes.case import Case, load_pair, parsed_rule
from integrations.workflows.changes.views import (
    conflicts_data,
    offer_data,
    pair_view,
    pause_data,
    replies_data,
    series_declines_data,
    slot_data,
)
from integrations.workflows.messages.enqueue import enqueue
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.acts import (
    Act,
    ChangeOrganizer,
    ChangeRule,
    CloseNeed,
    RaiseNeed,
    SettleOrder,
    StartGeneration,
)
from scheduling.changes.answered import was_declined, words_of
from scheduling.changes.reasons import ChangeReason
from scheduling.changes.remembered import remembered
from scheduling.changes.views import CancelCause, PairView, SessionView
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan

_NEW_RULE = (ChangeRule, StartGeneration)
_BY_DECLINE = frozenset({CancelCause.DECLINED, CancelCause.SHORT_NOTICE})
NO_EVENTS: Mapping[str, EventSnapshot] = MappingProxyType({})


def remember(
    tx: Transaction,
    app: App,
    pair_id: str,
    act: Act,
    now: datetime,
    *,
    events: Mapping[str, EventSnapshot] = NO_EVENTS,
    reason: ChangeReason | None = None,
) -> None:
    """Write down what ``act`` leaves in the store, from the pair as it is in this transaction.

    ``events`` by session id are what the calendar answered: they fill in event ids and etags of
    what was made or moved, and count as compared. ``reason`` gives a *Needs you* row its facts.
    The decision's own journal line is not written here.
    """
    case = load_pair(tx, pair_id, default_zone=app.options.zone)
    before = pair_view(case)
    after = remembered(before, act, now)
    Change(case, before, after).write(tx, events, new_rule=isinstance(act, _NEW_RULE))
    match act:
        case RaiseNeed():
            tx.needs.raise_once(_need(app, pair_id, act, reason, now))
        case CloseNeed():
            tx.needs.close(pair_id, act.key, "cause_gone", now)
        case ChangeOrganizer():
            tx.pairs.put(replace(tx.pairs.require(pair_id), mailbox_id=act.organizer))
        case SettleOrder():
            tx.orders.settle(act.order_id, act.outcome.value, now)
        case _:
            enqueue(tx, case, act, now)


@dataclass(frozen=True, slots=True)
class Change:
    """A pair as the store has it, and as it is to be."""

    case: Case
    before: PairView
    after: PairView

    def write(
        self, tx: Transaction, events: Mapping[str, EventSnapshot], *, new_rule: bool
    ) -> None:
        """Put what differs; with ``new_rule`` the pair lives under the program's current one."""
        records = {session.id: session for session in self.case.sessions}
        known = {session.id: session for session in self.before.sessions}
        changed = [
            self._session(session, records.get(session.id), events.get(session.id))
            for session in self.after.sessions
            if known.get(session.id) != session or session.id in events
        ]
        tx.sessions.put_many(changed)
        pair = self._pair()
        if new_rule:
            pair = _under_current(tx, pair, self.after.rule)
        if pair != self.case.pair:
            tx.pairs.put(pair)

    def _session(
        self, view: SessionView, old: Session | None, event: EventSnapshot | None
    ) -> Session:
        record = Session(
            id=view.id,
            pair_id=self.after.id,
            window=view.window,
            state=SessionState(view.state),
            series_start=view.recurrence_id,
            start=view.span.start,
            end=view.span.end,
            moved=view.span.start != view.recurrence_id,
            reason=old.reason if old else None,
            event_id=_event_id(view, old),
            etag=old.etag if old else None,
            generation=view.generation,
            planned_start=view.planned.start,
            single=view.is_single,
            make_up=view.make_up,
            moves=view.moves,
            declines=view.declines,
            moved_by_person=view.moved_by_person,
            answered=replies_data(view.acted),
            conflicts=conflicts_data(view.conflicts, view.stood),
            told=tuple(sorted(view.told)),
            cause=view.cause.value if view.cause else None,
            seen=old.seen if old else None,
            held=view.held,
            verdict=old.verdict if old else None,
            meeting_id=old.meeting_id if old else None,
            ad_hoc=old.ad_hoc if old else False,
            group_title=old.group_title if old else None,
            replies=self._replies(view, old),
        )
        if event is None:
            return record
        record = replace(record, event_id=event.id, etag=event.etag, seen=digest(event))
        return with_replies(record, event, [person.mail for person in self.case.people])

    def _replies(self, view: SessionView, old: Session | None) -> str | None:
        """What was answered so far: a decline that was acted upon leaves no answer to be seen."""
        said = old.replies if old else None
        declined = view.declines > 0 or view.cause in _BY_DECLINE or (old and old.declines > 0)
        return words_of((), once_declined=True) if declined and not was_declined(said) else said

    def _pair(self) -> Pair:
        after = self.after
        return replace(
            self.case.pair,
            state=PairState(after.state),
            generation=after.generation,
            series=self._series(),
            windows_from=after.start_date,
            booked_at=after.booked_at,
            withdrawn=after.withdrawn,
            pause=pause_data(after.pause) if after.pause else None,
            past_pauses=tuple(map(pause_data, after.past_pauses)),
            series_declines=series_declines_data(after.series_declines),
            offer=offer_data(after.offer) if after.offer else None,
        )

    def _series(self) -> Json | None:
        """The series slot as stored, and what surrounds it for the dates of this generation."""
        after, old = self.after, self.case.pair.series
        if after.series is None:
            return None
        if after.series == self.before.series and after.generation == self.before.generation:
            return old
        windows = [s.window for s in after.current if not s.is_single] or [0]
        return {
            **slot_data(after.series),
            "interval_weeks": after.rule.interval_weeks,
            "first_window": min(windows),
            "occurrences": max(windows) - min(windows) + 1,
            "cadence": (old or {}).get("cadence"),
        }


def _event_id(view: SessionView, old: Session | None) -> str | None:
    """The event that stands for the session; None while only its own id is known."""
    if view.is_single:
        return None if view.event_id == view.id else view.event_id
    return old.event_id if old else None


def _under_current(tx: Transaction, pair: Pair, cadence: CadenceRule) -> Pair:
    """The pair under its program's current rule, with a cadence of its own where that differs."""
    current = tx.rules.current(pair.program_id)
    fits = parsed_rule(current.body).cadence == cadence
    own = None if fits else ProgramRule(cadence=cadence).to_body()["cadence"]
    series = None if pair.series is None else {**pair.series, "cadence": own}
    return replace(pair, rule_id=current.id, series=series)


def _need(
    app: App, pair_id: str, act: RaiseNeed, reason: ChangeReason | None, now: datetime
) -> Need:
    return Need(
        id=UUID(int=app.chance.getrandbits(128)).hex,
        key=act.key,
        pair_id=pair_id,
        code=act.code.value,
        raised_at=now,
        session_id=act.session_id,
        ready=tuple(ready.value for ready in act.ready),
        data={**(reason.facts if reason else {}), "about": act.about, "spans": _spans(act.spans)},
    )


def _spans(spans: tuple[TimeSpan, ...]) -> list[list[str]]:
    return [[span.start.isoformat(), span.end.isoformat()] for span in spans]
