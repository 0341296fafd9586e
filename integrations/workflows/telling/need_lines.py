"""*Needs you* rows in words: the reason, what is known, and the acts that are ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from integrations.language import N_, gettext, sentence
from integrations.ports import Transaction
from integrations.records import Need, Pair, Participant, Program, Session, SessionState
from integrations.workflows.changes.case import rule_of
from integrations.workflows.messages.texts import letter
from integrations.workflows.messages.words import long_date, names_of, when
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.showing.fact_words import fact_in_words
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import ON_RECORD
from scheduling.attendance.reasons import VERDICT_WORDS
from scheduling.changes.acts import ReadyAct
from scheduling.changes.reasons import WORDS, ChangeCode

READY_WORDS: Mapping[ReadyAct, str] = MappingProxyType(
    {
        ReadyAct.OFFER_HOURS: N_("offer five hours"),
        ReadyAct.LEAVE_OUT: N_("leave this date out"),
        ReadyAct.PAUSE: N_("pause until …"),
        ReadyAct.END: N_("end the pair"),
        ReadyAct.BOOK_AGAIN: N_("book again"),
        ReadyAct.TALK: N_("I will talk to them"),
        ReadyAct.RECORD_MEETING: N_("they met: record it"),
        ReadyAct.LOWER_MINIMUM: N_("lower the number for this pair"),
        ReadyAct.PAIR_AGAIN: N_("pair the other one again"),
        ReadyAct.CONFIRM_IDENTITY: N_("confirm who the new account is"),
    }
)
_ROWS_WITH_OWN_TEXT = MappingProxyType(
    {
        ChangeCode.DATE_DECLINED_TWICE: "row_date",
        ChangeCode.NO_OTHER_HOUR: "row_date",
        ChangeCode.MOVES_USED_UP: "row_date",
        ChangeCode.SERIES_DECLINED: "row_series",
        ChangeCode.NOTHING_ON_RECORD: "row_gap",
    }
)
_ONCE_PAST: Mapping[ChangeCode, str] = MappingProxyType(
    {
        ChangeCode.DATE_DECLINED_TWICE: N_(
            "the date was offered at two hours and neither suited; it stayed until {until}"
        ),
        ChangeCode.NO_OTHER_HOUR: N_(
            "no other hour in this window suited both; it stayed until {until}"
        ),
    }
)
"""Reasons that name a moment, as they are said once it has passed."""
_MOVED = MappingProxyType(
    {1: N_("moved once, %(verdict)s"), 2: N_("moved twice, %(verdict)s")},
)
_MOVED_OFTEN = N_("moved, %(verdict)s")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\dZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedLine:
    """A row as a coordinator reads it.

    ``words`` is the reason in one sentence, ``text`` everything, line by line; ``ready`` are the
    acts with their words. ``note`` is a coordinator's own.
    """

    need: Need
    program_id: str
    names: str
    words: str
    text: str
    ready: tuple[tuple[ReadyAct, str], ...]
    note: str | None

    @property
    def in_list(self) -> str:
        """The row as one line of the daily list."""
        acts = " · ".join(words for _, words in self.ready)
        fields = {"names": self.names, "words": self.words}
        if not acts:
            return gettext("%(names)s: %(words)s.", **fields)
        return gettext("%(names)s: %(words)s. Ready: %(acts)s.", **fields, acts=acts)


def lines_of(
    tx: Transaction,
    needs: Iterable[Need],
    now: datetime,
    program_id: str | None,
    default_zone: str,
) -> list[NeedLine]:
    """These rows in words; those of one program alone if it is named."""
    return [
        _Row(tx, need, pair, now, default_zone).line()
        for need in needs
        for pair in [tx.pairs.require(need.pair_id)]
        if program_id in (None, pair.program_id)
    ]


class _Row:
    """A row and what it is about, as the store has it."""

    def __init__(
        self, tx: Transaction, need: Need, pair: Pair, now: datetime, default_zone: str
    ) -> None:
        self.need, self.pair, self.now = need, pair, now
        self.program: Program = tx.programs.require(pair.program_id)
        self.people = tx.participants.many([pair.mentor_id, pair.mentee_id])
        self.rule: ProgramRule = rule_of(tx, pair)
        self.sessions = tx.sessions.of_pair(pair.id)
        self.zone = self.program.zone or default_zone
        note = tx.need_notes.get(need.id)
        self.note = note.text if note else None

    def line(self) -> NeedLine:
        """The row in words."""
        words = self._words()
        ready = tuple((act, gettext(READY_WORDS[act])) for act in map(ReadyAct, self.need.ready))
        own = None if self._is_past() else _ROWS_WITH_OWN_TEXT.get(ChangeCode(self.need.code))
        name = own or "row"
        fields = {**self._common(words, ready), **(self._gap() if name == "row_gap" else {})}
        return NeedLine(
            need=self.need,
            program_id=self.program.id,
            names=fields["names"],
            words=words,
            text=letter(name, self.program, fields).body,
            ready=ready,
            note=self.note,
        )

    def _words(self) -> str:
        facts = _Facts({name: self._said(name, value) for name, value in self.need.data.items()})
        code = ChangeCode(self.need.code)
        said = sentence(_ONCE_PAST[code] if self._is_past() else WORDS[code], facts)
        return said[:1].upper() + said[1:]

    def _is_past(self) -> bool:
        """Whether the date that is said to stay until a moment has stayed until then."""
        until = str(self.need.data.get("until", ""))
        is_instant = _INSTANT.fullmatch(until) is not None
        return self.need.code in _ONCE_PAST and is_instant and _instant(until) <= self.now

    def _said(self, name: str, value: Any) -> Any:
        """A fact as people say it: names for ids, wall clocks for instants."""
        if not isinstance(value, str):
            return value
        if value in self.people:
            return self.people[value].name
        if _INSTANT.search(value):
            return _INSTANT.sub(lambda found: self._when(_instant(found[0])), value)
        return fact_in_words(name, value)

    def _common(self, words: str, ready: Sequence[tuple[ReadyAct, str]]) -> dict[str, Any]:
        session = next((s for s in self.sessions if s.id == self.need.session_id), None)
        freeze = self.rule.limits.freeze
        return {
            "names": names_of(self._person(self.pair.mentor_id), self._person(self.pair.mentee_id)),
            "words": words,
            "session": self._when(session.start) if session else None,
            "leaves_at": self._when(session.start - freeze) if session else None,
            "free": tuple(self._when(start) for start in self._free()),
            "acts": tuple(said for _, said in ready),
            "held": sum(s.held is True for s in self.sessions),
            "possible": sum(self._may_take_place(s) for s in self.sessions),
            "minimum": self.rule.cadence.minimum_held,
        }

    def _gap(self) -> dict[str, Any]:
        since = max((s.start for s in self.sessions if s.verdict in ON_RECORD), default=None)
        past = [s for s in self.sessions if s.end <= self.now and s.verdict not in ON_RECORD]
        recent = [s for s in past if since is None or s.start > since]
        to_come = [s.start for s in self.sessions if self._may_take_place(s)]
        return {
            "days": self.need.data.get("days", self.rule.limits.gap_days),
            "since": self._date(since) if since else None,
            "known": tuple(f"{self._date(s.start)}: {_became(s)}" for s in recent),
            "next": self._when(min(to_come)) if to_come else None,
        }

    def _free(self) -> Iterator[datetime]:
        for start, _ in self.need.data.get("spans", ()):
            at = datetime.fromisoformat(start)
            if at > self.now:
                yield at

    def _may_take_place(self, session: Session) -> bool:
        return session.state is SessionState.SCHEDULED and session.start > self.now

    def _person(self, person_id: str) -> Participant:
        return self.people[person_id]

    def _when(self, at: datetime) -> str:
        return when(at, self.zone)

    def _date(self, at: datetime) -> str:
        return long_date(at.astimezone(ZoneInfo(self.zone)).date())


class _Facts(dict[str, Any]):
    """Facts by name; one that an older row does not have is left open."""

    def __missing__(self, name: str) -> str:
        return "…"


def _instant(shown: str) -> datetime:
    return datetime.strptime(shown, "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC)


def _became(session: Session) -> str:
    """What is known of a past date on which no meeting is on record."""
    if session.state is not SessionState.SCHEDULED:
        is_left_out = session.cause in ("left_out", "in_calendar", "paused")
        return gettext("left out") if is_left_out else gettext("taken out")
    verdict = VerdictKind(session.verdict) if session.verdict else VerdictKind.PENDING
    said = gettext(VERDICT_WORDS[verdict])
    if not session.moves:
        return said
    return gettext(_MOVED.get(session.moves, _MOVED_OFTEN), verdict=said)
