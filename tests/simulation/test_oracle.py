"""The oracle sees what it is there to see: promises that a short life seldom breaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from simulator.behaviour_of_people import PersonAct
from simulator.events import Event
from simulator.people import Appointment
from simulator.tenant import Tenant
from tests.simulation.books import Books, Ledger
from tests.simulation.chronicle import Chronicle, Date, Known, Step
from tests.simulation.convergence import Convergence, appointments_are_seen
from tests.simulation.diaries import Diary, Taken
from tests.simulation.mail_bag import mails_keep_to_their_hours
from tests.simulation.oracle import Oracle

NOON = datetime(2027, 1, 12, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OUTLOOK, TEAMS = "/v1.0/users/box/events", "/v1.0/users/box/onlineMeetings"


class Permitting:
    """A ledger in which every call has its permit."""

    def permits_in_force(self, lane: str, now: datetime) -> int:
        return 1


def oracle(hosts: int = 1) -> Oracle:
    """One that was told at noon to leave Outlook alone for a minute."""
    judge = Oracle(1, cast("Chronicle", None), cast("Ledger", Permitting()), hosts=hosts)
    judge.told_to_wait("box", OUTLOOK, NOON, 60)
    return judge


def seen(judge: Oracle, at: datetime, path: str = OUTLOOK, box: str = "box") -> list[Any]:
    judge.begins(box, path, at)
    return [one.invariant for one in judge.violations]


def test_a_call_before_the_wait_is_over_is_seen() -> None:
    assert seen(oracle(), NOON + 59 * SECOND) == ["retry_after_ignored"]
    assert seen(oracle(), NOON + 60 * SECOND) == []


def test_another_host_may_not_know_of_the_wait_for_a_moment() -> None:
    assert seen(oracle(hosts=2), NOON + SECOND) == []
    assert seen(oracle(hosts=2), NOON + 3 * SECOND) == ["retry_after_ignored"]
    assert seen(oracle(hosts=1), NOON + SECOND) == ["retry_after_ignored"]


def test_other_mailboxes_and_teams_are_not_waited_for() -> None:
    assert seen(oracle(), NOON + 30 * SECOND, path=TEAMS) == []
    assert seen(oracle(), NOON + 30 * SECOND, box="other") == []


def test_a_shorter_wait_told_later_ends_no_longer_one() -> None:
    judge = oracle()
    judge.told_to_wait("box", OUTLOOK, NOON + SECOND, 1)
    assert seen(judge, NOON + 30 * SECOND) == ["retry_after_ignored"]


def test_who_died_may_have_been_the_only_one_to_know_of_the_wait() -> None:
    judge = oracle()
    judge.died(NOON + SECOND)
    assert seen(judge, NOON + 30 * SECOND) == []


def test_nobody_hears_what_comes_for_a_host_that_has_died() -> None:
    """Its call was under way; a new host could not know of the answer."""
    judge = Oracle(1, cast("Chronicle", None), cast("Ledger", Permitting()), hosts=1)
    judge.begins("box", OUTLOOK, NOON)
    judge.died(NOON)
    judge.told_to_wait("box", OUTLOOK, NOON + SECOND, 60)
    assert seen(judge, NOON + 10 * SECOND) == []
    judge.told_to_wait("box", OUTLOOK, NOON + 11 * SECOND, 60)
    assert seen(judge, NOON + 20 * SECOND) == ["retry_after_ignored"]


def test_only_an_end_that_waits_for_mail_hours_to_come_is_on_its_way() -> None:
    """A date that a coordinator took out of an ending pair counted as lost."""
    lines = [
        ("ends tonight", "leaver", "2027-01-12 21:00Z"),
        ("ended long ago", "withdrawn", "2027-01-11 08:00Z"),
        ("moves tonight", "conflict_moved", "2027-01-12 21:00Z"),
    ]
    journal = [
        {"code": "mail_hours", "pair_id": pair, "data": {"wanted": wanted, "until": until}}
        for pair, wanted, until in lines
    ]
    books = cast("Books", SimpleNamespace(journal=journal))
    calm = Convergence(cast("Chronicle", None), books, NOON, NOON)
    assert calm.ending == {"ends tonight"}


@pytest.mark.parametrize("code", ["mail_hours", "mail_cap"])
def test_only_a_decline_whose_answer_waits_for_what_is_to_come_may_stand(code: str) -> None:
    """Hosts awake when London works are never so when Sydney does; a week's mails may be spent."""
    lines = [
        ("answered tonight", "date_declined", "2027-01-12 21:00Z"),
        ("as proposed tonight", "proposal_accepted", "2027-01-12 21:00Z"),
        ("near what was proposed tonight", "proposal_not_possible", "2027-01-12 21:00Z"),
        ("overdue", "date_declined", "2027-01-11 21:00Z"),
        ("ends tonight", "leaver", "2027-01-12 21:00Z"),
    ]
    journal = [
        {"code": code, "pair_id": pair, "data": {"wanted": wanted, "until": until}}
        for pair, wanted, until in lines
    ]
    books = cast("Books", SimpleNamespace(journal=journal))
    calm = Convergence(cast("Chronicle", None), books, NOON, NOON)
    assert calm.answered_later == {pair for pair, *_ in lines if pair.endswith("tonight")} - {
        "ends tonight"
    }


def test_the_hours_of_whoever_has_left_count_no_more() -> None:
    """Of whoever stays, they do: the end of a pair is written when she works."""
    pair = {"id": "pair", "mentor_id": "ada", "mentee_id": "ben"}
    people = {
        "ada": {"mail": "Ada@firm", "zone": "America/New_York"},
        "ben": {"mail": "ben@firm", "zone": "Europe/London"},
    }
    booked = [{"code": "booked", "pair_id": "pair", "at": NOON - timedelta(days=30)}]
    boxes = {"box": {"address": "box@firm"}}
    books = Books([pair], people, [], [], [], [], [], [], [], booked, boxes)
    at = datetime(2027, 1, 12, 9, tzinfo=UTC)
    sent = SimpleNamespace(at=at, kind="cancellation", event_id="e", occurrence=None)
    sent.sender, sent.recipient = "box@firm", "ben@firm"

    def told(left_at: datetime) -> list[str]:
        act = SimpleNamespace(kind="leaves_firm", person="ada@firm")
        chronicle = Chronicle.__new__(Chronicle)
        chronicle.acts = [(left_at, cast("PersonAct", act))]
        chronicle.people_of = {"e": ("ada@firm", "ben@firm")}
        chronicle.gone_at, chronicle.foreign = {}, set()
        chronicle.tenant = cast("Tenant", SimpleNamespace(mail_log=[sent]))
        calm = Convergence(chronicle, books, NOON, NOON)
        return [name for name, _ in mails_keep_to_their_hours(calm)]

    assert told(at - timedelta(hours=1)) == []
    assert told(at + timedelta(hours=1)) == ["mail_out_of_hours"]


def test_whoever_declines_later_has_waited_no_longer_for_the_others_decline() -> None:
    """Ada declined and took it back after Ben had declined, too: since when does he wait?"""
    clock = iter((NOON, NOON + SECOND, NOON + 2 * SECOND, NOON + 3 * SECOND))
    chronicle = Chronicle.__new__(Chronicle)
    chronicle.tenant = cast("Tenant", SimpleNamespace(clock=lambda: next(clock)))
    chronicle.declined_since, chronicle.taken_back, chronicle.proposals = {}, {}, set()
    event = cast("Event", SimpleNamespace(key="event", attendees=[], standings={}))
    day = NOON.date()
    seen = []
    for declined in (["ada"], ["ada", "ben"], ["ben"], []):
        by = frozenset((day, who) for who in declined)
        chronicle.known = {"event": Known(("ada", "ben"), None, {}, frozenset(), by)}
        chronicle._hear(event, {day: Date("event", day, NOON, NOON + HOUR)})
        seen.append(chronicle.declined_since.get(("event", day), {}))
    assert seen == [
        {"ada": NOON},
        {"ada": NOON, "ben": NOON + SECOND},
        {"ben": NOON + SECOND},
        {},
    ]
    assert chronicle.taken_back == {("event", day): NOON + 3 * SECOND}


@pytest.mark.parametrize(("show_as", "is_held"), [("tentative", True), ("busy", False)])
def test_only_a_tentative_hold_of_the_very_hour_may_look_like_our_own_entry(
    show_as: Literal["tentative", "busy"], is_held: bool
) -> None:
    at = datetime(2027, 1, 13, 13)  # noqa: DTZ001 - wall clock of the zone beside it
    lunch = Appointment(at, at + HOUR, "America/Chicago", show_as, "Lunch", weekly_interval=1)
    diary = Diary([lunch], horizon=NOON + timedelta(weeks=4))
    week_later = datetime(2027, 1, 20, 19, tzinfo=UTC)
    assert diary.is_held(week_later, week_later + HOUR) is is_held
    assert not diary.is_held(week_later + HOUR / 2, week_later + HOUR)
    diary.update([], NOON)
    assert not diary.is_held(week_later, week_later + HOUR)


LUNCH = datetime(2027, 1, 14, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class OneDate:
    """A chronicle of one date of two people, over which something lies since noon or later."""

    def __init__(
        self,
        since: datetime,
        declined: Sequence[str] = (),
        *,
        silent: bool = False,
        early: timedelta = timedelta(0),
    ) -> None:
        self.date = Date("event", LUNCH.date(), LUNCH, LUNCH + HOUR)
        self.silent, self.early = silent, early
        by = frozenset((LUNCH.date(), who) for who in declined)
        known = Known(("mentee@firm", "mentor@firm"), None, {}, frozenset(), by)
        self.dates, self.since = {self.date.key: (self.date, known)}, since
        self.diaries = dict.fromkeys(known.people, self)

    def live(self, _: datetime) -> dict[Any, tuple[Date, Known]]:
        return self.dates

    def item_id(self, _: Date) -> str:
        return "occurrence"

    def is_wanted_elsewhere(self, _: Date) -> bool:
        return False

    def answered_in_silence(self, who: str, _: Date) -> bool:
        return self.silent

    def takes_up(self, who: str, _: Date) -> bool:
        return who == "mentor@firm"

    def over(self, start: datetime, end: datetime, known_by: datetime) -> list[Taken]:
        taken = Taken(start - self.early, end, self.since)
        return [taken] if self.since <= known_by else []


def books_with(
    *conflicts: str, blockers: Sequence[str] = (), waits_until: str | None = None
) -> Books:
    pair = {"id": "pair", "state": "booked", "mentor_id": "mentor", "mentee_id": "mentee"}
    row = {"pair_id": "pair", "event_id": "occurrence", "state": "scheduled", "start": LUNCH}
    sessions = [{**row, "id": "date", "conflicts": list(conflicts)}]
    waits = {"code": "mail_hours", "pair_id": "pair", "session_id": "date"}
    data = {"wanted": "left_out", "until": waits_until}
    return cast(
        "Books",
        SimpleNamespace(
            pairs=[pair],
            sessions=sessions,
            journal=[{**waits, "data": data}] if waits_until else [],
            open_blockers=lambda *_: blockers,
        ),
    )


def unseen(books: Books, chronicle: OneDate) -> list[str]:
    calm = Convergence(cast("Chronicle", chronicle), books, NOON + HOUR, NOON)
    return [f"{name} {facts['person']}" for name, facts in appointments_are_seen(calm)]


def test_an_appointment_over_a_date_that_the_store_does_not_note_is_told() -> None:
    assert unseen(books_with(), OneDate(NOON)) == ["appointment_unseen mentor@firm"]
    longer = OneDate(NOON, silent=True, early=HOUR / 2)
    assert unseen(books_with(), longer) == ["appointment_unseen mentor@firm"]
    waited = books_with(waits_until="2027-01-12 12:30Z")
    assert unseen(waited, OneDate(NOON)) == ["appointment_unseen mentor@firm"]


@pytest.mark.parametrize(
    ("books", "chronicle"),
    [
        (books_with("mentor"), OneDate(NOON)),
        (books_with(blockers=["calendar_unreadable"]), OneDate(NOON)),
        (books_with(), OneDate(NOON + SECOND)),
        (books_with(), OneDate(NOON, declined=["mentee@firm"])),
        (books_with(), OneDate(NOON, silent=True)),
        (books_with(waits_until="2027-01-13 08:00Z"), OneDate(NOON)),
    ],
    ids=[
        "it is noted",
        "a blocker says why not",
        "it came in the calm",
        "the date is declined",
        "of two entries nobody can tell whose is whose",
        "the date is to be left out",
    ],
)
def test_no_appointment_is_missed_where_the_store_need_not_note_it(
    books: Books, chronicle: OneDate
) -> None:
    assert unseen(books, chronicle) == []


class Told(Chronicle):
    """A chronicle that is told of moves of one date; reads are stale for ten seconds."""

    def __init__(self) -> None:
        behaviour = SimpleNamespace(stale_reads=10 * SECOND)
        calendars = SimpleNamespace(watcher=None)
        tenant = SimpleNamespace(behaviour=behaviour, calendars=calendars)
        firm = SimpleNamespace(program_mailboxes=[], pairs=[], people=[])
        super().__init__(cast("Tenant", tenant), cast("Any", firm), NOON)

    def _organizers_id(self, key: str) -> str:
        return key

    def moved(self, at: datetime, was: datetime, to: datetime, *, ours: bool = False) -> None:
        old, new = (Date("event", LUNCH.date(), start, start + HOUR) for start in (was, to))
        self._remember(
            Step(at, ours, "event", (), False, False, frozenset(), (), (), ((old, new),))
        )

    def persons_word(self) -> datetime | None:
        """Where a person wants the date to be."""
        placed = self.placed[("event", LUNCH.date())]
        return None if placed.ours else placed.date.start


def test_whoever_takes_a_date_back_before_a_read_shows_it_gone_has_said_nothing() -> None:
    """Between a refused write and the next, the same hour again: nobody can tell."""
    told = Told()
    told.moved(NOON - HOUR, LUNCH - HOUR, LUNCH, ours=True)
    told.moved(NOON, LUNCH, LUNCH + HOUR)
    assert told.persons_word() == LUNCH + HOUR
    told.moved(NOON + SECOND, LUNCH + HOUR, LUNCH)
    assert told.persons_word() is None
    told.moved(NOON + 2 * SECOND, LUNCH, LUNCH + 2 * HOUR)
    told.moved(NOON + 3 * SECOND, LUNCH + 2 * HOUR, LUNCH + HOUR)
    assert told.persons_word() == LUNCH + HOUR
    told.moved(NOON + 4 * SECOND, LUNCH + HOUR, LUNCH)
    assert told.persons_word() is None


def test_whoever_takes_a_date_back_once_reads_have_shown_it_gone_has_spoken() -> None:
    told = Told()
    told.moved(NOON - HOUR, LUNCH - HOUR, LUNCH, ours=True)
    told.moved(NOON, LUNCH, LUNCH + HOUR)
    told.moved(NOON + HOUR, LUNCH + HOUR, LUNCH)
    assert told.persons_word() == LUNCH


@pytest.mark.parametrize(("made_at", "is_lost"), [(LUNCH + DAY, False), (LUNCH - DAY, True)])
def test_no_past_date_is_lost_that_was_over_when_its_series_was_made(
    made_at: datetime, *, is_lost: bool
) -> None:
    """A booking that was held up: its first regular hour had passed, its first date had not."""
    told, old = Told(), Date("event", LUNCH.date(), LUNCH, LUNCH + HOUR)
    new = Date("event", LUNCH.date(), LUNCH + 5 * DAY, LUNCH + 5 * DAY + HOUR)
    told._remember(
        Step(made_at, True, "event", ("a", "b"), False, True, frozenset(), (old,), (), ())
    )
    moved_at = max(made_at, LUNCH + DAY) + SECOND
    told._remember(
        Step(moved_at, True, "event", ("a", "b"), False, False, frozenset(), (), (), ((old, new),))
    )
    assert bool(told.missed) is is_lost


@pytest.mark.parametrize(
    ("kind", "owed_at", "is_told"),
    [
        ("date_restored", NOON - 14 * HOUR, True),
        ("date_restored", NOON, False),
        ("date_moved", NOON, True),
    ],
)
def test_only_a_past_date_whose_series_was_cut_in_time_may_come_back_at_night(
    kind: str, owed_at: datetime, *, is_told: bool
) -> None:
    """Its host died after the cut, and woke at night."""
    night, who = NOON + 12 * HOUR, ("mentee@firm", "mentor@firm")
    mail = SimpleNamespace(
        event_id="event", recipient=who[0], kind="update", at=night, occurrence=None, sender="box"
    )
    people = {one: {"mail": one, "zone": "Europe/London"} for one in who}
    intent = {"id": "one", "pair_id": "pair", "kind": kind, "created_at": owed_at}
    books = SimpleNamespace(
        mailboxes={"box": {"address": "box"}},
        people=people,
        pairs=[{"id": "pair"}],
        mails_of=lambda _: who,
        journal=[{"code": "booked", "pair_id": "pair", "at": NOON - 240 * HOUR}],
        intents=[{**intent, "sent_at": night}],
    )
    chronicle = SimpleNamespace(
        tenant=SimpleNamespace(mail_log=[mail]),
        foreign=set(),
        people_of={"event": who},
        gone_at={},
        has_left=lambda *_: False,
    )
    calm = Convergence(cast("Chronicle", chronicle), cast("Books", books), night, night)
    told = [name for name, _ in mails_keep_to_their_hours(calm)]
    assert told == (["mail_out_of_hours"] if is_told else [])
