"""Offered hours: light mode, senior first, and people outside the firm."""

from collections.abc import Iterator

from scheduling.changes.acts import (
    BookSeries,
    Decision,
    OfferHours,
    RaiseNeed,
    ReadyAct,
    decision,
)
from scheduling.changes.limits import shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.replies import unreadable_people
from scheduling.changes.search import other_series
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    KnownTime,
    Member,
    Mode,
    Offer,
    PairState,
    Standing,
    UnreadableTime,
)
from scheduling.people import Person
from scheduling.rule import WEEKDAYS

_READY = (ReadyAct.OFFER_HOURS, ReadyAct.PAUSE, ReadyAct.END)


def offered(situation: Situation) -> Iterator[Decision]:
    """Five hours before a first booking where the pair or the senior picks, and what follows.

    In light mode both are asked; with senior first the mentee alone, for some working days.
    """
    pair = situation.pair
    waiting = pair.state in (PairState.ENROLLED, PairState.PLANNED)
    senior = pair.senior_first_days if pair.mode is Mode.MANAGED else None
    if not waiting or (pair.mode is Mode.MANAGED and senior is None):
        return
    if any(m.standing is not Standing.ACTIVE for m in pair.members):
        return
    if situation.known is None:
        yield decision(ChangeCode.UNREADABLE, person=", ".join(unreadable_people(situation)))
    elif pair.offer is None:
        people = (pair.mentee,) if senior is not None else pair.members
        yield _offer(situation, situation.known, people)
    elif pair.offer.picked is not None:
        slot = pair.offer.picked
        yield decision(
            ChangeCode.OFFER_PICKED,
            BookSeries(slot),
            weekday=WEEKDAYS[slot.weekday],
            start=f"{slot.start:%H:%M}",
        )
    else:
        yield _unpicked(situation, pair.offer, senior)


def _offer(situation: Situation, known: KnownTime, people: tuple[Member, ...]) -> Decision:
    hours = other_series(situation, known)
    if not hours:
        need = RaiseNeed(ChangeCode.NO_OTHER_SERIES, ready=_READY)
        return decision(ChangeCode.NO_OTHER_SERIES, need)
    to = tuple(member.id for member in people)
    return decision(ChangeCode.HOURS_OFFERED, OfferHours(to, hours), count=len(hours))


def _unpicked(situation: Situation, offer: Offer, senior: int | None) -> Decision:
    days = situation.limits.pick_days if senior is None else senior
    until = situation.in_working_days(offer.at, days)
    if situation.now < until:
        return decision(ChangeCode.OFFER_WAITS, again_at=until, until=shown(until))
    if senior is not None:
        person = situation.pair.mentee.id
        return decision(ChangeCode.SENIOR_DID_NOT_PICK, BookSeries(), person=person, days=days)
    need = RaiseNeed(ChangeCode.NOBODY_PICKED, ready=_READY)
    return decision(ChangeCode.NOBODY_PICKED, need, days=days)


def external_offered(situation: Situation) -> Iterator[Decision]:
    """Hours that suit the one inside, offered once to the one outside, who picks.

    The external's time is unknown, which is not free: they are asked, nothing is booked.
    """
    pair = situation.pair
    outside = [m for m in pair.members if m.standing is Standing.EXTERNAL]
    if len(outside) != 1 or pair.state is not PairState.BOOKED or pair.offer is not None:
        return
    person = outside[0]
    inside = _readable(situation, pair.other(person.id))
    if inside is None:
        return
    blank = Person(id=person.id, zone=person.zone)
    mentor, mentee = (inside, blank) if person == pair.mentee else (blank, inside)
    hours = other_series(situation, KnownTime(mentor, mentee))
    if hours:
        offer = OfferHours((person.id,), hours)
        yield decision(ChangeCode.EXTERNAL_OFFERED, offer, person=person.id, count=len(hours))


def _readable(situation: Situation, member: Member) -> Person | None:
    time = situation.time
    if isinstance(time, UnreadableTime):
        return time.readable if time.readable and time.readable.id == member.id else None
    return time.reaching(None).of(member.id)
