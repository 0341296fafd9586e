"""What became of each pair, one short line per decision, for people who read many pairs at once.

The journal's own lines say dates and zones in full, because each has to stand alone. Here they
stand together under the pair whose zone they are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.workflows.messages.words import place_of
from integrations.workflows.showing.journal_words import Known, instant_of, known_of, words_of
from scheduling.changes.reasons import ChangeCode

_MOVES: Mapping[str, str] = MappingProxyType(
    {
        ChangeCode.DATE_DECLINED: "declined by {person}, so {move}",
        ChangeCode.CONFLICT_MOVED: "an appointment of {person}, so {move}",
        ChangeCode.PROPOSAL_ACCEPTED: "as {person} proposed, {move}",
        ChangeCode.MOVED_IN_CALENDAR: "moved in Outlook, {move}",
        ChangeCode.MOVED_OUTSIDE_TOLERANCE: "moved in Outlook beyond the tolerance, {move}",
        ChangeCode.RESPACED: "too near to a neighbour that was moved, so {move}",
        ChangeCode.MOVED_BY_ORDER: "as somebody asked, {move}",
    }
)
"""Decisions after which a date stands elsewhere."""
_OTHERS: Mapping[str, str] = MappingProxyType(
    {
        ChangeCode.PROPOSAL_NOT_POSSIBLE: (
            "{date}: {person} proposed {to}, not possible ({obstacle})"
        ),
        ChangeCode.PROPOSAL_ASKED: "{date}: {person} proposed {to}; {other} is asked ({obstacle})",
        ChangeCode.CANCELLED_IN_CALENDAR: "{date}: cancelled in Outlook",
        ChangeCode.NO_OTHER_HOUR: "{date}: stays until {until}, no other hour suits both",
        ChangeCode.CONFLICT_IN_FREEZE: "{date}: an appointment of {person}, too near to be moved",
        ChangeCode.DECLINED_AT_SHORT_NOTICE: "{date}: declined by {person} within the freeze; off",
        ChangeCode.MAKE_UP: "a make-up is planned for {to}",
        ChangeCode.CAUSE_GONE: "what needed somebody has settled itself",
    }
)
_WAITS = frozenset(
    {
        ChangeCode.CONFLICT_WAITS,
        ChangeCode.CONFLICT_SEEN,
        ChangeCode.DECLINE_WAITS,
        ChangeCode.SERIES_DECLINE_WAITS,
        ChangeCode.OFFER_WAITS,
        ChangeCode.MAIL_CAP,
        ChangeCode.MAIL_HOURS,
    }
)
"""Decisions to wait: what came of them stands in a later line."""
_PLACES = ("start", "to")
"""Names of the fact that says where a date went."""
_PUT = frozenset({"date_moved", "date_restored", "date_booked", ChangeCode.MAKE_UP, *_MOVES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One pair's story, oldest line first; every hour in it is of ``place``."""

    pair_id: str
    names: str
    place: str
    lines: tuple[str, ...]


def stories(tx: Transaction) -> list[Story]:
    """The stories of all pairs that the journal speaks of, in the order of their names."""
    entries = tx.journal.read()
    known = known_of(tx, entries)
    by_pair: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        if entry.pair_id in known.pairs:
            by_pair.setdefault(entry.pair_id or "", []).append(entry)
    told = [_story(known, pair_id, found) for pair_id, found in by_pair.items()]
    return sorted(told, key=lambda story: (story.names, story.pair_id))


def _story(known: Known, pair_id: str, entries: Iterable[JournalEntry]) -> Story:
    teller = _Teller(known, ZoneInfo(known.zone(pair_id)))
    lines = tuple(line for entry in entries if (line := teller.told(entry)) is not None)
    names = known.names(pair_id) or pair_id
    return Story(pair_id=pair_id, names=names, place=place_of(known.zone(pair_id)), lines=lines)


@dataclass(slots=True)
class _Teller:
    """Knows, while it tells, where each date stands at that point of the story."""

    known: Known
    zone: ZoneInfo
    places: dict[str, datetime] = field(default_factory=dict)

    def told(self, entry: JournalEntry) -> str | None:
        """The line of an entry, None for one that decided nothing or only to wait."""
        before = self._place(entry.session_id)
        self._note(entry)
        if entry.code not in set(ChangeCode) or entry.code in _WAITS:
            return None
        return f"{self._short_day(entry.at):>6}  {self._words(entry, before)}"

    def _words(self, entry: JournalEntry, before: datetime | None) -> str:
        facts = self.known.facts(entry, self._said)
        if before is not None:
            facts["date"] = self._said(before)
        after = self._place(entry.session_id)
        if entry.code in _MOVES and before is not None and after is not None:
            return _MOVES[entry.code].format_map({**facts, "move": self._move(before, after)})
        if entry.code in _OTHERS and {"date", "to"} & facts.keys():
            return _OTHERS[entry.code].format_map(facts)
        said = words_of(entry, facts)
        return f"{facts['date']}: {said}" if "date" in facts else said

    def _place(self, session_id: str | None) -> datetime | None:
        """Where a date stands now; before anything was decided, where it was planned."""
        session = self.known.sessions.get(session_id or "")
        if session is None:
            return None
        return self.places.get(session.id, session.planned_start or session.series_start)

    def _note(self, entry: JournalEntry) -> None:
        if entry.session_id is None or entry.code not in _PUT:
            return
        texts = (entry.data.get(name) for name in _PLACES)
        at = next((instant_of(text) for text in texts if isinstance(text, str)), None)
        if at is not None:
            self.places[entry.session_id] = at

    def _move(self, before: datetime, after: datetime) -> str:
        local, there = before.astimezone(self.zone), after.astimezone(self.zone)
        same_day = local.date() == there.date()
        return f"{self._said(before)} → {f'{there:%H:%M}' if same_day else self._said(after)}"

    def _said(self, at: datetime) -> str:
        return f"{self._short_day(at)} {at.astimezone(self.zone):%H:%M}"

    def _short_day(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{local.day} {local:%b}"
