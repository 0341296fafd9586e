"""Reading what the store says of who met, and what the tenant's people did, for comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.attendance_records import KeptStatement
from integrations.demo.answering import told_replies
from integrations.demo.tenant import Control
from integrations.demo.truth import Comparison, Judged, Was, Word, compare
from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.reporting.history import History, histories
from scheduling.attendance.evidence import VerdictKind

_Date = tuple[frozenset[str], datetime]
"""Who was to meet, by address, and when: what tenant and store both know a date by."""


@dataclass(frozen=True, slots=True)
class _Pressed:
    """A button that somebody pressed, as the tenant tells it."""

    session_id: str
    person: str
    said: str
    about: datetime


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the store says: each past session, its date, and every statement with its sender.

    ``left`` are addresses of people who have left since: they would answer nothing any more.
    """

    judged: Mapping[str, Judged]
    dates: Mapping[str, _Date]
    statements: Sequence[tuple[KeptStatement, str]]
    left: frozenset[str]

    @property
    def said_before_leaving(self) -> Iterator[_Pressed]:
        """What those who have left had said before, which the tenant cannot tell any more."""
        for one, mail in self.statements:
            if mail in self.left:
                yield _Pressed(one.session_id, mail, one.said, self.dates[one.session_id][1])


async def compare_with_truth(tandem: App, control: Control, links: str) -> Comparison:
    """Hold every verdict of the store against what the tenant's people really did."""
    now = tandem.clock.now()
    stored = await tandem.store.run(lambda tx: _stored(tx, tandem, now))
    gatherings = {_date_of(doc): doc for doc in control.get("/people/gatherings")}
    replies = told_replies(control, links)
    told = await tandem.store.run(lambda tx: list(_pressed(tx, tandem, replies, now)))
    pressed = [*told, *stored.said_before_leaving]
    was = {
        name: _was(gatherings[date], [one for one in pressed if one.session_id == name], date[1])
        for name, date in stored.dates.items()
        if date in gatherings
    }
    unknown = unknown_meetings(stored.dates.values(), gatherings.values(), now)
    unkept = [*_unkept_answers(stored, pressed), *unknown]
    return compare(stored.judged.values(), was, now, unkept=unkept)


def _date_of(gathering: Mapping[str, Any]) -> _Date:
    invited = frozenset(address.lower() for address in gathering["invited"])
    return invited, datetime.fromisoformat(gathering["start"])


def _was(gathering: Mapping[str, Any], pressed: Iterable[_Pressed], start: datetime) -> Was:
    return Was(
        came=len(gathering["came"]),
        minutes=gathering["minutes"],
        in_person=gathering["in_person"],
        words=tuple(Word(said=one.said, astray=one.about != start) for one in pressed),
    )


# --- the store ------------------------------------------------------------------------------


def _stored(tx: Transaction, tandem: App, now: datetime) -> _Stored:
    found = list(histories(tx, now, None, tandem.options.zone))
    past = {name: each for history in found for name, each in _past(history, now)}
    people = [person for history in found for person in (history.mentor, history.mentee)]
    mails = {person.id: person.mail for person in people}
    statements = tx.statements.of_sessions(past)
    return _Stored(
        judged={name: judged for name, (judged, _) in past.items()},
        dates={name: date for name, (_, date) in past.items()},
        statements=[(one, mails[one.person_id]) for some in statements.values() for one in some],
        left=frozenset(person.mail for person in people if person.gone or not person.enabled),
    )


def _past(history: History, now: datetime) -> Iterator[tuple[str, tuple[Judged, _Date]]]:
    people = frozenset({history.mentor.mail, history.mentee.mail})
    for one in history.sessions:
        session, verdict = one.session, one.in_force
        # At what a coordinator records for several pairs, the tenant's people were not.
        if session.end <= now and session.group_title is None:
            yield (
                session.id,
                (
                    Judged(
                        name=session.id,
                        end=session.end,
                        mode=mode_at(history.program, history.pair.office, session.start),
                        held_minutes=history.rule.attendance.held_minutes,
                        verdict=VerdictKind(verdict.verdict) if verdict else None,
                        minutes=verdict.minutes if verdict else 0,
                        evidence=one.outcome.evidence,
                    ),
                    (people, session.start),
                ),
            )


def _pressed(
    tx: Transaction, tandem: App, replies: Iterable[Mapping[str, Any]], now: datetime
) -> Iterator[_Pressed]:
    """What was pressed by now, with the session that the link was about."""
    if tandem.links is None:
        return
    for doc in replies:
        link = tx.links.get(tandem.links.read(doc["link"].rpartition("/")[2]) or "")
        if link is not None and doc["says"] is not None and _at(doc["at"]) <= now:
            about = _at(doc["about"]["start"])
            yield _Pressed(link.session_id, doc["person"].lower(), doc["says"], about)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- what no verdict tells of -----------------------------------------------------------------


def _unkept_answers(stored: _Stored, pressed: Iterable[_Pressed]) -> Iterator[str]:
    """Answers that were pressed and not kept, or kept otherwise, or never pressed."""
    kept = {(one.session_id, mail, one.said) for one, mail in stored.statements}
    given = {(one.session_id, one.person, one.said) for one in pressed}
    yield from (
        f"{session_id}: {said} of {who} was not kept" for session_id, who, said in given - kept
    )
    yield from (f"{session_id}: nobody pressed {said}" for session_id, _, said in kept - given)


def unknown_meetings(
    dates: Iterable[_Date], gatherings: Iterable[Mapping[str, Any]], now: datetime
) -> Iterator[str]:
    """Meetings that are over at ``now`` and of which the store has no date.

    ``dates`` are the store's that are over: who was invited, and since when it was. What stands in
    one person's calendar alone, such as a check-in in the contact's, is no meeting.
    """
    known = set(dates)
    for doc in gatherings:
        if (
            len(doc["invited"]) > 1
            and doc["minutes"]
            and _at(doc["end"]) <= now
            and _date_of(doc) not in known
        ):
            yield f"the store has no date for the meeting of {doc['start']}"
