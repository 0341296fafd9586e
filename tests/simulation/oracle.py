"""The judge: invariants over the tenant's past, its mail log and the store's tables.

It imports nothing of the product. Some invariants are asked of each change of ours as it
happens, the others at the end of each calm, when everything has to have converged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.books import Ledger
from tests.simulation.chronicle import Chronicle, Date, Step
from tests.simulation.convergence import CALENDARS, STORE, Convergence
from tests.simulation.mail_bag import MAILS

FREEZE = timedelta(hours=24)
# A decision may be this old when its write takes place: calendars are believed for 15 minutes,
# and a call may have to wait and be repeated.
DECIDED_EARLIER = timedelta(minutes=25)
PERSONS_WORD_HOLDS = timedelta(hours=1)
HEARD_BY_ALL = timedelta(seconds=2)
"""How long after an answer that asks to wait another host may not know of it."""
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: by which run, when, which one, and what there is to know."""

    seed: int
    at: datetime
    invariant: str
    facts: Facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={_plain(value)}" for name, value in self.facts.items())
        return f"seed {self.seed} at {_plain(self.at)}: {self.invariant}: {told}"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%a %Y-%m-%dT%H:%MZ}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(_plain(one) for one in value) + "]"
    return str(value)


def _lane(mailbox_id: str, path: str) -> str:
    """What a call is counted for: Teams is no part of Outlook's limit."""
    return f"{mailbox_id}/teams" if "/onlineMeetings" in path else mailbox_id


@dataclass
class Oracle:
    """Collects violations of one run; ``hosts`` is how many share the store."""

    seed: int
    chronicle: Chronicle
    ledger: Ledger
    lag: timedelta = timedelta(0)
    hosts: int = 1
    violations: list[Violation] = field(default_factory=list)
    pair_ids: dict[tuple[str, ...], str] = field(default_factory=dict)
    # Until when which lane is to be left alone, and since when that is known.
    waits: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    # When the call of a path to a mailbox began, and when the last host died.
    begun: dict[tuple[str, str], datetime] = field(default_factory=dict)
    died_at: datetime | None = None

    def note(self, invariant: str, at: datetime, **facts: object) -> None:
        """Hold a violation; the same one is told once."""
        found = Violation(self.seed, at, invariant, facts)
        same = [one for one in self.violations if one.invariant == invariant]
        if all(one.facts != facts for one in same):
            self.violations.append(found)

    # --- each change of ours, as it happens ---------------------------------------------

    def see(self, step: Step) -> None:
        """Judge one change."""
        if not step.ours or not step.people:
            return
        self._unclaimed(step)
        if step.recurs_otherwise:
            # Exchange drops the exceptions; what has to come back is looked at in the calm.
            return
        for was, one in step.moved:
            if self._goes_home(step, one) or step.people in self.chronicle.ordered:
                continue
            self._frozen(step, was, one)
            self._without_cause(step, was, one)
            self._overruled(step, was, one)
            self._judge_place(step, one)
        for one in step.come:
            if one.day is None and not self._goes_home(step, one):
                self._judge_place(step, one)
        for one in step.gone:
            self._taken_out_in_freeze(step, one)

    def _goes_home(self, step: Step, one: Date) -> bool:
        return (step.people, one.start) in self.chronicle.homes

    def _unclaimed(self, step: Step) -> None:
        """Who writes holds the pair's work at that moment."""
        pair_id = self._pair_ids().get(step.people)
        if pair_id is not None and not self.ledger.is_claimed(pair_id, step.at):
            self.note("written_without_claim", step.at, pair=pair_id, event=step.event)

    def _pair_ids(self) -> dict[tuple[str, ...], str]:
        if not self.pair_ids:
            books = self.ledger.books()
            self.pair_ids = {books.mails_of(pair): pair["id"] for pair in books.pairs}
        return self.pair_ids

    def permitted(self, mailbox_id: str, path: str, at: datetime) -> None:
        """A call to a program mailbox is under way: it has a permit."""
        if not self.ledger.permits_in_force(_lane(mailbox_id, path), at):
            self.note("call_without_permit", at, path=path)

    def begins(self, mailbox_id: str, path: str, at: datetime) -> None:
        """A call to a program mailbox begins: it has a permit, and nobody was to wait."""
        self.permitted(mailbox_id, path, at)
        self.begun[mailbox_id, path] = at
        told_at, until = self.waits.get(_lane(mailbox_id, path), (at, at))
        heard_at = told_at if self.hosts == 1 else told_at + HEARD_BY_ALL
        if heard_at < at < until:
            self.note("retry_after_ignored", at, path=path, told_at=told_at, until=until)

    def told_to_wait(self, mailbox_id: str, path: str, at: datetime, seconds: int) -> None:
        """An answer said for how long a program mailbox is to be left alone.

        Nobody hears it whose host has died since the call began.
        """
        begun = self.begun.get((mailbox_id, path))
        if begun is not None and self.died_at is not None and begun <= self.died_at:
            return
        lane, until = _lane(mailbox_id, path), at + timedelta(seconds=seconds)
        if until > self.waits.get(lane, (at, at))[1]:
            self.waits[lane] = at, until

    def died(self, at: datetime) -> None:
        """A host died; it may have been the only one who had been told to wait."""
        self.waits.clear()
        self.died_at = at

    def _without_cause(self, step: Step, was: Date, one: Date) -> None:
        """A booked date moves because somebody said or planned something, or never."""
        chronicle = self.chronicle
        placed = chronicle.placed.get(one.key)
        if placed is not None and placed.with_series and not self._is_booked(step):
            # The first booking puts single dates where its plan has them.
            return
        if self._declined(step, one) or any(
            event == step.event for event, *_ in chronicle.proposals
        ):
            return
        for who in step.people:
            diary = chronicle.diaries.get(who)
            if diary is None:
                continue
            if diary.over(was.start, was.end, step.at) or diary.is_held(was.start, was.end):
                return
        if step.people not in chronicle.meddled_with:
            self.note(
                "moved_without_cause", step.at, people=step.people, was=was.start, to=one.start
            )

    def _declined(self, step: Step, one: Date) -> bool:
        """Whether somebody had declined a date, or still had when it may have been read."""
        taken_back = self.chronicle.taken_back.get(one.key)
        lately = taken_back is not None and step.at - taken_back <= DECIDED_EARLIER
        return lately or step.is_declined(one.day)

    def _is_booked(self, step: Step) -> bool:
        pair_id = self._pair_ids().get(step.people)
        return pair_id is not None and self.ledger.state_of(pair_id) != "booking"

    def _frozen(self, step: Step, was: Date, one: Date) -> None:
        left = was.start - step.at
        if timedelta(0) < left < FREEZE - DECIDED_EARLIER:
            self.note("moved_in_freeze", step.at, people=step.people, was=was.start, to=one.start)

    def _taken_out_in_freeze(self, step: Step, one: Date) -> None:
        if not timedelta(0) < one.start - step.at < FREEZE - DECIDED_EARLIER:
            return
        if not self._declined(step, one) and not self._may_take_out(step):
            self.note("taken_out_in_freeze", step.at, people=step.people, start=one.start)

    def _may_take_out(self, step: Step) -> bool:
        """Ends, pauses and first bookings may take dates out at any time."""
        books = self.ledger.books()
        for pair in books.pairs:
            if books.mails_of(pair) != step.people:
                continue
            people = (books.people[pair["mentor_id"]], books.people[pair["mentee_id"]])
            if people and step.people in self.chronicle.ordered:
                return True
            gone = any(not one["enabled"] or one["gone"] or one["guest"] for one in people)
            return gone or pair["withdrawn"] or pair["pause"] or pair["state"] != "booked"
        return False

    def _overruled(self, step: Step, was: Date, one: Date) -> None:
        """A person's own move stands, unless something has come up since."""
        placed = self.chronicle.placed.get(one.key)
        if placed is None or placed.ours or self._declined(step, one):
            return
        if step.at - placed.at > PERSONS_WORD_HOLDS or placed.date.start != was.start:
            return
        if not self._is_booked(step):
            # The first booking trusts its look at the new dates for two minutes.
            return
        if any(self._asked_for(step.event, who, one.start) for who in step.people):
            return
        for who in step.people:
            diary = self.chronicle.diaries.get(who)
            if diary is not None and diary.since(was.start, was.end, placed.at):
                return
        self.note(
            "person_overruled",
            step.at,
            people=step.people,
            they_moved_it_to=was.start,
            moved_at=placed.at,
            we_moved_it_to=one.start,
        )

    def _asked_for(self, event: str, who: str, start: datetime) -> bool:
        return (event, who, start) in self.chronicle.proposals

    def _judge_place(self, step: Step, one: Date) -> None:
        if one.start <= step.at:
            self.note("placed_in_the_past", step.at, people=step.people, start=one.start)
        for who in step.people:
            if not self._asked_for(step.event, who, one.start):
                self._conflicts(who, one, step.at)
            self._doubly_booked(who, one, step)

    def _conflicts(self, who: str, one: Date, placed_at: datetime) -> None:
        diary = self.chronicle.diaries.get(who)
        if diary is None:
            return
        known_by = placed_at - DECIDED_EARLIER - self.lag
        for taken in diary.over(one.start, one.end, known_by):
            self.note(
                "placed_over_conflict",
                placed_at,
                person=who,
                start=one.start,
                appointment=(taken.start, taken.end),
                since=taken.since,
            )

    def _doubly_booked(self, who: str, one: Date, step: Step) -> None:
        for other, known in self.chronicle.live(step.at).values():
            if other.key == one.key or who not in known.people:
                continue
            if other.start < one.end and one.start < other.end:
                if who in known.is_declined(other.day):
                    continue
                placed = self.chronicle.placed.get(other.key)
                if placed is not None and placed.with_series and placed.at == step.at:
                    continue
                self.note(
                    "double_booked",
                    step.at,
                    person=who,
                    start=one.start,
                    with_others=known.people,
                    other_start=other.start,
                )

    # --- when everything must have converged --------------------------------------------

    def judge(self, now: datetime, calm_since: datetime) -> None:
        """Everything that must hold at the end of a calm."""
        calm = Convergence(self.chronicle, self.ledger.books(), now, calm_since)
        for invariant in (*CALENDARS, *STORE, *MAILS):
            for name, facts in invariant(calm):
                self.note(name, now, **facts)
        for who, one, placed_at in calm.placed_with_series():
            self._conflicts(who, one, placed_at)
