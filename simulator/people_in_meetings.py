"""Brings people together when a date begins, as each behaves that day and as it stands then.

Dates are caught up with, in the order they begin, before anything that could change them; so it
does not matter how often, or by whom, the tenant is asked in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from html import unescape
from typing import Any, Literal

from simulator.attendance import Stay, let_in
from simulator.behaviour_in_meetings import BELIEVABLE, Conduct, Manners, conduct_of
from simulator.calendars import Item
from simulator.directory import User
from simulator.events import Event, Occurrence
from simulator.mail import Mail
from simulator.services import Services
from simulator.stays import note_stay
from simulator.zones import to_utc, zone_named

Asks = Literal["whether", "how"]
_AHEAD = timedelta(days=400)
_REMEMBERED = timedelta(days=21)
_MINUTE = timedelta(minutes=1)
_TRIAL = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Gathering:
    """What became of one date: who was invited, who came, and the minutes they were together.

    ``event_id`` is the organizer's immutable id of the meeting, ``day`` the original date (None:
    it does not recur). ``minutes`` is 0 unless everybody invited came.
    """

    event_id: str
    day: date | None
    start: datetime
    end: datetime
    invited: tuple[str, ...]
    came: tuple[str, ...]
    in_person: bool
    minutes: int

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Gathering:
        """The gathering that storage kept."""
        return cls(
            **{
                **doc,
                "day": date.fromisoformat(doc["day"]) if doc["day"] else None,
                "start": datetime.fromisoformat(doc["start"]),
                "end": datetime.fromisoformat(doc["end"]),
                "invited": tuple(doc["invited"]),
                "came": tuple(doc["came"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody does about a mail with a link in it: press what she ``says``, at ``at``.

    ``says`` is ``met`` or ``not_met``, or, asked how it was, a number from 1 to 5; None for
    somebody who never answers. ``about`` is the date she takes it to mean.
    """

    at: datetime
    person: str
    link: str
    says: str | None
    about: Gathering


@dataclass(frozen=True, slots=True)
class _Guest:
    """Somebody who comes to a date."""

    user: User
    conduct: Conduct

    def spans(self, one: Occurrence) -> list[tuple[datetime, datetime]]:
        """When she is there: once, or twice if she goes for a while."""
        begin = one.start + self.conduct.joins
        end = max(one.end + self.conduct.leaves, begin + _MINUTE)
        if self.conduct.away is not None:
            goes = one.start + self.conduct.away[0]
            back = goes + self.conduct.away[1]
            if begin < goes and back < end:
                return [(begin, goes), (back, end)]
        return [(begin, end)]


class Gatherings:
    """Every date people were to come to, since they began to."""

    def __init__(self, tenant: Services) -> None:
        self._tenant = tenant
        self._manners = BELIEVABLE
        self._reached: datetime | None = None
        self._coming: list[tuple[datetime, str]] = []
        self._next: dict[str, datetime] = {}
        self._past = [Gathering.from_document(d) for d in tenant.storage.entries("gathering")]
        kept = tenant.storage.get("gatherings", "reached")
        if kept is not None:
            self._manners = Manners(**kept["manners"])
            self._reached = datetime.fromisoformat(kept["at"])

    def begin(self, manners: Manners = BELIEVABLE) -> None:
        """Let people come to whatever begins from now on; once begun, it goes on as it began."""
        if self._reached is None:
            self._manners, self._reached = manners, self._tenant.clock()
            self._keep()
            self._tenant.storage.commit()

    def past(self) -> list[Gathering]:
        """Every date that has begun, by its start."""
        self.catch_up()
        return list(self._past)

    def catch_up(self) -> None:
        """Let people come to everything that has begun by now."""
        now = self._tenant.clock()
        if self._reached is None or now <= self._reached:
            return
        changed, self._tenant.calendars.restless = self._tenant.calendars.restless, {}
        for key in changed:
            self._await(key, self._reached)
        before = len(self._past)
        while self._coming and self._coming[0][0] <= now:
            start, key = heappop(self._coming)
            if self._next.get(key) == start:
                self._gather(key, start)
                self._await(key, start)
        self._reached = now
        if len(self._past) > before:
            self._keep()
            self._tenant.storage.commit()

    def replies(self, link: str, mails: Sequence[Mail], *, asks: Asks = "whether") -> list[Reply]:
        """What those do who got a mail with a link that begins so, in the order of the mails.

        ``asks`` is what the link leads to: whether they met, or how it was. Left out is a mail to
        somebody with no date of late that it could be about.
        """
        self.catch_up()
        found = (self._reply(link, mail, asks) for mail in mails if mail.kind == "message")
        return [reply for reply in found if reply is not None]

    def _keep(self) -> None:
        doc = {"at": self._reached, "manners": asdict(self._manners)}
        self._tenant.storage.put("gatherings", "reached", doc)

    def _await(self, key: str, after: datetime) -> None:
        """Note when the next date of a meeting begins."""
        calendars = self._tenant.calendars
        event = calendars.event(key)
        self._next.pop(key, None)
        if event is None or not event.attendees:
            return
        coming = calendars.occurrences(event, after, after + _AHEAD)
        start = min((one.start for one in coming if one.start > after), default=None)
        if start is not None:
            self._next[key] = start
            heappush(self._coming, (start, key))

    def _gather(self, key: str, start: datetime) -> None:
        event = self._tenant.calendars.event(key)
        if event is None:
            return
        for one in self._tenant.calendars.occurrences(event, start, start + _MINUTE):
            if one.start == start:
                gathering = self._gathering(event, one)
                self._past.append(gathering)
                self._tenant.storage.append("gathering", gathering)

    def _gathering(self, event: Event, one: Occurrence) -> Gathering:
        calendars = self._tenant.calendars
        guests = list(self._guests(event, one))
        in_person = self._is_in_person(event, one, guests)
        spans = [guest.spans(one) for guest in guests]
        if not in_person:
            spans = self._online(event, one, guests)
        organizer = Item(event, None, self._tenant.directory.user(event.organizer))
        everybody = len(guests) == len(event.attendees)
        return Gathering(
            event_id=calendars.item_id(organizer, immutable=True),
            day=one.day,
            start=one.start,
            end=one.end,
            invited=tuple(attendee.address for attendee in event.attendees),
            came=tuple(guest.user.mail for guest in guests),
            in_person=in_person,
            minutes=_minutes_together(spans) if everybody else 0,
        )

    def _guests(self, event: Event, one: Occurrence) -> Iterator[_Guest]:
        """Those invited who come: not who declined, threw it out, is away, or forgets."""
        tenant = self._tenant
        for attendee in event.attendees:
            user = tenant.directory.find(attendee.address)
            standing = event.standing(attendee.address, one.day)
            if user is None or not user.enabled or standing.deleted or standing.own == "declined":
                continue
            conduct = self._conduct(user, one.start)
            if conduct.comes and not self._is_elsewhere(user, one):
                yield _Guest(user, conduct)

    def _conduct(self, user: User, start: datetime) -> Conduct:
        return conduct_of(user.id, start.date(), self._tenant.mint.seed, self._manners)

    def _is_elsewhere(self, user: User, one: Occurrence) -> bool:
        """Whether she planned something else over it once, such as a hearing or leave."""
        for plan in self._tenant.directory.appointments(user):
            if plan.weekly_interval or plan.show_as not in ("busy", "oof"):
                continue
            zone = zone_named(plan.zone)
            if to_utc(plan.start, zone) < one.end and one.start < to_utc(plan.end, zone):
                return True
        return False

    def _is_in_person(self, event: Event, one: Occurrence, guests: Sequence[_Guest]) -> bool:
        """In a room where one is named, or with one of them if both are of one office."""
        fields = {**event.fields, **(one.altered.fields if one.altered else {})}
        place = str((fields.get("location") or {}).get("displayName") or "")
        if event.meeting is None or (place and "teams" not in place.lower()):
            return True
        offices = {guest.user.office for guest in guests}
        return len(offices) == 1 and any(guest.conduct.calls_on for guest in guests)

    def _online(
        self, event: Event, one: Occurrence, guests: Sequence[_Guest]
    ) -> list[list[tuple[datetime, datetime]]]:
        """Let them be in the meeting; when each was let in, in their order."""
        noted = [self._attend(event, one, guest) for guest in guests]
        inside = let_in([stay for stays in noted for stay in stays])
        for guest in guests:
            self._try_link(event, one, guest)
        return [
            _united((s.joined, s.left) for s in inside if s.person == stays[0].person)
            for stays in noted
        ]

    def _attend(self, event: Event, one: Occurrence, guest: _Guest) -> list[Stay]:
        """Let somebody be in the meeting, if she does so on a second device as well."""
        url = (event.meeting or {})["joinUrl"]
        conduct, user = guest.conduct, guest.user
        # A visitor is known by what she types in: as often as not her first name.
        who = user.name.split(" ")[0] if conduct.way == "anonymous" else user.mail
        stays = [
            note_stay(self._tenant, who, url, begin, end, way=conduct.way)
            for begin, end in guest.spans(one)
        ]
        begin, end = stays[0].joined + 2 * _MINUTE, stays[-1].left - 2 * _MINUTE
        if conduct.second_device and conduct.way == "account" and begin < end:
            stays.append(note_stay(self._tenant, who, url, begin, end, device="telephone"))
        return stays

    def _try_link(self, event: Event, one: Occurrence, guest: _Guest) -> None:
        """Open the link again for a moment the day before the next date."""
        coming = self._tenant.calendars.occurrences(event, one.end, one.end + _AHEAD)
        following = min((next_.start for next_ in coming if next_.start > one.end), default=None)
        if following is None or guest.conduct.tries_link is None or event.meeting is None:
            return
        begin = following - guest.conduct.tries_link
        if begin > one.end:
            note_stay(
                self._tenant, guest.user.mail, event.meeting["joinUrl"], begin, begin + _TRIAL
            )

    def _reply(self, link: str, mail: Mail, asks: Asks) -> Reply | None:
        found = re.search(re.escape(link) + r"[^\s\"'<>]*", unescape(mail.body))
        about = self._meant(mail) if found else None
        if found is None or about is None:
            return None
        user = self._tenant.directory.user(mail.recipient)
        conduct = self._conduct(user, about.start)
        met = about.minutes > 0
        says: str | None = None
        if conduct.candour is not None and user.enabled and asks == "how":
            says = str(conduct.score)
        elif conduct.candour is not None and user.enabled:
            says = "met" if met == (conduct.candour == "truthful") else "not_met"
        at = mail.at + conduct.answers_after
        return Reply(at, mail.recipient, found[0], says, about)

    def _meant(self, mail: Mail) -> Gathering | None:
        """The date a mail is about: her last one, of those with somebody the mail names if any."""
        who = mail.recipient.lower()
        late = [
            one
            for one in self._past
            if one.end <= mail.at < one.end + _REMEMBERED
            and who in {address.lower() for address in one.invited}
        ]
        text = f"{mail.subject} {mail.body}"
        named = [one for one in late if any(self._names(text, a) for a in one.invited if a != who)]
        return max(named or late, key=lambda one: one.start, default=None)

    def _names(self, text: str, address: str) -> bool:
        user = self._tenant.directory.find(address)
        return user is not None and user.name.rpartition(" ")[2] in text


def _united(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same time in spans that do not touch, by their start."""
    apart: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return apart


def _minutes_together(spans: Sequence[Sequence[tuple[datetime, datetime]]]) -> int:
    """Whole minutes during which everybody was there; nobody's spans overlap."""
    common = list(spans[0]) if len(spans) > 1 else []
    for others in spans[1:]:
        common = [
            (max(begin, b), min(end, e))
            for begin, end in common
            for b, e in others
            if max(begin, b) < min(end, e)
        ]
    return int(sum((end - begin for begin, end in common), timedelta(0)) / _MINUTE)
