"""*Needs you* rows in words: the reason, what is known, and the acts that are ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import Need, Pair, Participant, Program, Session, SessionState
from integrations.workflows.changes.case import rule_of
from integrations.workflows.messages.texts import letter
from integrations.workflows.messages.words import long_date, names_of, when
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import ON_RECORD
from scheduling.attendance.reasons import VERDICT_WORDS
from scheduling.changes.acts import ReadyAct
from scheduling.changes.reasons import WORDS, ChangeCode
from scheduling.wording import counted

READY_WORDS: Mapping[ReadyAct, str] = MappingProxyType(
    {
        ReadyAct.OFFER_HOURS: "offer five hours",
        ReadyAct.LEAVE_OUT: "leave this date out",
        ReadyAct.PAUSE: "pause until …",
        ReadyAct.END: "end the pair",
        ReadyAct.BOOK_AGAIN: "book again",
        ReadyAct.TALK: "I will talk to them",
        ReadyAct.RECORD_MEETING: "they met: record it",
        ReadyAct.LOWER_MINIMUM: "lower the number for this pair",
        ReadyAct.PAIR_AGAIN: "pair the other one again",
        ReadyAct.CONFIRM_IDENTITY: "confirm who the new account is",
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
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\dZ")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


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
        return f"{self.names}: {self.words}." + (f" Ready: {acts}." if acts else "")


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
        ready = tuple((ReadyAct(act), READY_WORDS[ReadyAct(act)]) for act in self.need.ready)
        name = _ROWS_WITH_OWN_TEXT.get(ChangeCode(self.need.code), "row")
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
        facts = _Facts({name: self._said(value) for name, value in self.need.data.items()})
        said = counted(WORDS[ChangeCode(self.need.code)].format_map(facts))
        return said[:1].upper() + said[1:]

    def _said(self, value: Any) -> Any:
        """A fact as people say it: names for ids, wall clocks for instants."""
        if not isinstance(value, str):
            return value
        if value in self.people:
            return self.people[value].name
        if _DAY.fullmatch(value):
            return long_date(date.fromisoformat(value))
        return _INSTANT.sub(lambda found: self._when(_instant(found[0])), value)

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
        return "left out" if session.cause in ("left_out", "in_calendar", "paused") else "taken out"
    moved = {0: "", 1: "moved once, ", 2: "moved twice, "}.get(session.moves, "moved, ")
    verdict = VerdictKind(session.verdict) if session.verdict else VerdictKind.PENDING
    return f"{moved}{VERDICT_WORDS[verdict]}"
