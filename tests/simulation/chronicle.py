"""What happened in the program mailboxes of the tenant, step by step, and who did it.

A watcher of the tenant's calendars, in front of the one that notifies subscribers. It sees every
change right after it took place, whatever becomes of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from simulator.behaviour_of_people import PersonAct
from simulator.calendars import Item, Watcher
from simulator.events import Change, Event
from simulator.people import Appointment, Firm
from simulator.people_acts import Done
from simulator.tenant import Tenant
from simulator.zones import to_local, zone_named
from tests.simulation.diaries import Diary

_ON_ITS_WAY = timedelta(minutes=1)
"""How long a call may be under way after the read that it was decided from."""
_TWIN_AFTER, _TWIN_BEFORE = timedelta(days=2), timedelta(days=12)
_PLANNING = frozenset({"takes_leave", "falls_ill", "gets_hearing", "loses_hearing"})


@dataclass(frozen=True, slots=True)
class Date:
    """One meeting as it stands with its organizer; ``day`` names it within its series."""

    event: str
    day: date | None
    start: datetime
    end: datetime

    @property
    def key(self) -> tuple[str, date | None]:
        """What it is called wherever it moves."""
        return self.event, self.day


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a date was put last, when, and by whom; ``was`` is where it had stood before.

    ``before`` is how it had been put there, as far as that may still matter.
    """

    at: datetime
    ours: bool
    date: Date
    was: Date | None
    with_series: bool = False
    before: Placed | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one event; ``recurs_otherwise`` says that the series itself was changed."""

    at: datetime
    ours: bool
    event: str
    people: tuple[str, ...]
    recurs_otherwise: bool
    is_new: bool
    declined: frozenset[tuple[date | None, str]]
    come: tuple[Date, ...]
    gone: tuple[Date, ...]
    moved: tuple[tuple[Date, Date], ...]

    def is_declined(self, day: date | None) -> bool:
        """Whether the organizer had been told of a decline of that date."""
        return any(on in (None, day) for on, _ in self.declined)


@dataclass(slots=True)
class Known:
    """What the chronicle keeps of one event."""

    people: tuple[str, ...]
    recurrence: object
    dates: dict[date | None, Date]
    tags: frozenset[str]
    declined: frozenset[tuple[date | None, str]]

    def is_declined(self, day: date | None) -> frozenset[str]:
        """Who told the organizer not to come on a date."""
        return frozenset(who for on, who in self.declined if on in (None, day))


@dataclass
class Chronicle:
    """The past of all program mailboxes; a :class:`simulator.calendars.Watcher`.

    ``observer`` is called with each step. ``foreign`` are the positions in the mail log of what
    people, not Tandem, caused.
    """

    tenant: Tenant
    firm: Firm
    horizon: datetime
    observer: Callable[[Step], None] | None = None
    known: dict[str, Known] = field(default_factory=dict)
    placed: dict[tuple[str, date | None], Placed] = field(default_factory=dict)
    # Past dates that a write of ours took away or moved, by people and start, with their step.
    missed: dict[tuple[tuple[str, ...], datetime], datetime] = field(default_factory=dict)
    # Where dates stood when their series was changed, which may put them back one by one.
    homes: dict[tuple[tuple[str, ...], datetime], datetime] = field(default_factory=dict)
    # What people proposed: event, person, start.
    proposals: set[tuple[str, str, datetime]] = field(default_factory=set)
    # Since when a date is declined, by person; whose meetings have which id; what went when.
    declined_since: dict[tuple[str, date | None], dict[str, datetime]] = field(default_factory=dict)
    # When the last decline of a date was taken back; a read may have been before that.
    taken_back: dict[tuple[str, date | None], datetime] = field(default_factory=dict)
    people_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gone_at: dict[tuple[str, datetime], tuple[datetime, ...]] = field(default_factory=dict)
    # Pairs of whose dates a person has moved or taken out one in the program mailbox.
    meddled_with: set[tuple[str, ...]] = field(default_factory=set)
    # Where a change of their series let dates fall back to, on their way home or out.
    fallen: set[tuple[str, date | None, datetime]] = field(default_factory=set)
    # Pairs about which a coordinator has ordered something.
    ordered: set[tuple[str, ...]] = field(default_factory=set)
    foreign: set[int] = field(default_factory=set)
    acts: list[tuple[datetime, PersonAct]] = field(default_factory=list)
    diaries: dict[str, Diary] = field(default_factory=dict)
    broken: Exception | None = None
    _by_person: bool = False
    _events: dict[str, Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._boxes = {box.id for box in self.firm.program_mailboxes}
        self._next: Watcher | None = self.tenant.calendars.watcher
        self.tenant.calendars.watcher = self
        paired = {member for pair in self.firm.pairs for member in (pair.mentor, pair.mentee)}
        for person in self.firm.people:
            if person.id in paired:
                self.diaries[person.mail.lower()] = Diary(person.appointments, self.horizon)

    # What people do

    @contextmanager
    def people_act(self) -> Iterator[None]:
        """Whatever changes and is mailed inside is a person's doing."""
        mails = len(self.tenant.mail_log)
        self._by_person = True
        try:
            yield
        finally:
            self._by_person = False
            self.foreign.update(range(mails, len(self.tenant.mail_log)))

    def carry_out(self, act: PersonAct) -> Done | None:
        """Let somebody do what she does, and remember that she did."""
        with self.people_act():
            done = self.tenant.carry_out(act)
        if done is not None:
            self.acts.append((self.tenant.clock(), act))
            diary = self.diaries.get(act.person.lower())
            if diary is not None and act.kind in _PLANNING:
                user = self.tenant.directory.user(act.person)
                diary.update(self.tenant.directory.appointments(user), self.tenant.clock())
        return done

    def has_left(self, who: str, at: datetime) -> bool:
        """Whether somebody was with the firm no more at ``at``."""
        return any(
            act.kind == "leaves_firm" and act.person.lower() == who and done_at <= at
            for done_at, act in self.acts
        )

    def plan_over(self, draw: float) -> bool:
        """Let somebody plan something at the very hour of a date; False: no date is near.

        ``draw``, from 0 to 1, chooses the date and the person.
        """
        now = self.tenant.clock()
        coming = [
            (one.start, one.event, who, one)
            for one, known in self.live(now + _TWIN_AFTER).values()
            for who in known.people
            if one.start < now + _TWIN_BEFORE and who in self.diaries and self.takes_up(who, one)
        ]
        if not coming:
            return False
        *_, who, one = sorted(coming, key=lambda found: found[:3])[int(draw * len(coming))]
        user = self.tenant.directory.user(who)
        zone = user.zone or "UTC"
        start, end = (to_local(at, zone_named(zone)) for at in (one.start, one.end))
        with self.people_act():
            self.tenant.book_appointment(who, Appointment(start, end, zone, "busy", "Client call"))
        self.diaries[who].update(self.tenant.directory.appointments(user), now)
        return True

    # Watching

    def watches(self, user_id: str) -> bool:
        return user_id in self._boxes or (self._next is not None and self._next.watches(user_id))

    def changed(self, event: Event, user_id: str, change: Change, day: date | None) -> None:
        if self._next is not None and self._next.watches(user_id):
            self._next.changed(event, user_id, change, day)
        if user_id in self._boxes and user_id == event.organizer:
            try:
                self._note(event, change)
            except Exception as error:
                # Tandem would take it for a fault of its own and try again.
                self.broken = error
                raise

    def _note(self, event: Event, change: Change) -> None:
        self._events[event.key] = event
        before = self.known.get(event.key)
        now = {} if change == "deleted" else self._dates(event)
        old = {} if before is None else before.dates
        people = tuple(sorted(one.address.lower() for one in event.attendees))
        step = Step(
            at=self.tenant.clock(),
            ours=not self._by_person,
            event=event.key,
            people=people,
            recurs_otherwise=before is not None and before.recurrence != event.recurrence,
            is_new=before is None,
            declined=frozenset() if before is None else before.declined,
            come=tuple(one for day, one in now.items() if day not in old),
            gone=tuple(one for day, one in old.items() if day not in now),
            moved=tuple(
                (old[day], one) for day, one in now.items() if day in old and old[day] != one
            ),
        )
        if now:
            self.known[event.key] = self._known(event, people, now)
            self._hear(event, now)
        else:
            self.known.pop(event.key, None)
        if step.come or step.gone or step.moved:
            if self.observer is not None:
                self.observer(step)
            self._remember(step)

    def _remember(self, step: Step) -> None:
        organizers_id = self._organizers_id(step.event)
        self.people_of[organizers_id] = step.people
        if not step.ours and (step.gone or step.moved):
            self.meddled_with.add(step.people)
        if step.gone:
            self.gone_at[organizers_id, step.at] = tuple(one.start for one in step.gone)
        left = [*step.gone, *(was for was, _ in step.moved)]
        lost = [one for one in left if not self._was_never(one)]
        for one in step.come:
            self.placed[one.key] = Placed(
                step.at, step.ours, one, None, step.is_new and one.day is not None
            )
        for was, one in step.moved:
            self.placed[one.key] = self._put(step, was, one)
        if step.recurs_otherwise:
            there = (*step.come, *(one for _, one in step.moved))
            self.fallen.update((*one.key, one.start) for one in there)
        if step.recurs_otherwise and step.ours:
            self.homes.update({(step.people, one.start): step.at for one in left})
        for one in lost:
            if one.start > step.at or (*one.key, one.start) in self.fallen or not step.people:
                # What nobody is invited to (a mailbox's trial) is no meeting.
                continue
            if step.ours and not self._unseen(step, one):
                self.missed.setdefault((step.people, one.start), step.at)
            else:
                self.missed.pop((step.people, one.start), None)

    def _was_never(self, one: Date) -> bool:
        """Whether it was over before its series was made, so that nobody can have met then.

        A booking that an outage held up keeps its plan as long as the hours planned are to come;
        the regular hour of a date that is moved at once may have passed.
        """
        placed = self.placed.get(one.key)
        made = placed is not None and placed.ours and placed.with_series
        return made and placed is not None and one.end <= placed.at

    def _put(self, step: Step, was: Date, one: Date) -> Placed:
        """How a date stands that was moved.

        Whoever takes it back before a read has shown that it was gone has said nothing: it stands
        as it was put there.
        """
        before = self.placed.get(one.key)
        if not step.ours and before is not None and self._unseen(step, was):
            if before.before is not None and before.before.date.start == one.start:
                return before.before
            return Placed(step.at, step.ours, one, was, before=before.before)
        return Placed(step.at, step.ours, one, was, before=before and replace(before, before=None))

    def _unseen(self, step: Step, one: Date) -> bool:
        """Whether a person put a date into the past so lately that no read may have shown it.

        A cancellation takes no change key: what it meets stands or falls with the read before it.
        """
        placed = self.placed.get(one.key)
        if placed is None or placed.ours:
            return False
        return step.at - placed.at <= self.tenant.behaviour.stale_reads + _ON_ITS_WAY

    @staticmethod
    def _known(event: Event, people: tuple[str, ...], dates: dict[date | None, Date]) -> Known:
        declined: set[tuple[date | None, str]] = {
            (None, one.address.lower())
            for one in event.attendees
            if one.standing.response == "declined"
        }
        for day, standings in event.standings.items():
            for who, standing in standings.items():
                if standing.response == "declined":
                    declined.add((day, who))
        tags = frozenset(event.extended.values())
        return Known(people, event.recurrence, dates, tags, frozenset(declined))

    def _hear(self, event: Event, dates: Mapping[date | None, Date]) -> None:
        """Note what was answered."""
        now = self.tenant.clock()
        for day in dates:
            key, by = (event.key, day), self.known[event.key].is_declined(day)
            before = self.declined_since.pop(key, {})
            if by:
                self.declined_since[key] = {who: before.get(who, now) for who in by}
            elif before:
                self.taken_back[key] = now
        heard = [(one.address.lower(), one.standing) for one in event.attendees]
        heard += [pair for standings in event.standings.values() for pair in standings.items()]
        self.proposals.update(
            (event.key, who, standing.proposed[0])
            for who, standing in heard
            if standing.proposed is not None
        )

    @staticmethod
    def _dates(event: Event) -> dict[date | None, Date]:
        return {
            one.day: Date(event.key, one.day, one.start, one.end) for one in event.occurrences()
        }

    def _organizers_id(self, key: str) -> str:
        """What the mail log calls an event."""
        event = self._events[key]
        calendars = self.tenant.calendars
        owner = calendars.directory.user(event.organizer)
        return calendars.item_id(Item(event, None, owner), immutable=True)

    # Asking

    def live(self, after: datetime) -> Mapping[tuple[str, date | None], tuple[Date, Known]]:
        """Every meeting with attendees that begins later."""
        return {
            one.key: (one, known)
            for known in self.known.values()
            if known.people
            for one in known.dates.values()
            if one.start > after
        }

    def item_id(self, one: Date) -> str:
        """The id under which the program mailbox holds a date."""
        calendars = self.tenant.calendars
        event = calendars.event(one.event)
        if event is None:
            raise KeyError(one.event)
        owner = calendars.directory.user(event.organizer)
        return calendars.item_id(Item(event, one.day, owner), immutable=True)

    def has_link(self, one: Date) -> bool:
        """Whether one can join it."""
        event = self.tenant.calendars.event(one.event)
        return event is not None and event.meeting is not None

    def takes_up(self, who: str, one: Date) -> bool:
        """Whether a date stands in the calendar of one of its people."""
        return self._events[one.event].standing(who, one.day).stands

    def answered_in_silence(self, who: str, one: Date) -> bool:
        """Whether somebody's own calendar says otherwise than the organizer was told."""
        standing = self._events[one.event].standing(who, one.day)
        return standing.own != standing.response

    def is_wanted_elsewhere(self, one: Date) -> bool:
        """Whether one of its people has proposed another time for a date."""
        event = self._events[one.event]
        people = (attendee.address for attendee in event.attendees)
        return any(event.standing(who, one.day).proposed is not None for who in people)

    def stands(self, people: Sequence[str], start: datetime) -> bool:
        """Whether these people have a meeting of ours at that start."""
        return any(
            known.people == tuple(people) and one.start == start
            for known in self.known.values()
            for one in known.dates.values()
        )
