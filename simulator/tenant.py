"""The simulated tenant: everything it consists of, and what a test or a demo does with it.

:meth:`Tenant.open` gives one, :meth:`Tenant.asgi` its HTTP face. Requests are
answered in the order they arrive and nothing in them waits but a configured
latency, so that a run repeats itself call by call.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from simulator.attendance import Attendance, Stay, Way
from simulator.behaviour import Behaviour, TeamsPolicy
from simulator.behaviour_of_people import (
    BELIEVABLE,
    PersonAct,
    Player,
    Rates,
    acts_of,
    players_of,
)
from simulator.calendars import Calendars, Item
from simulator.clock import Clock, machine_clock
from simulator.delivery import Delivery
from simulator.directory import Directory, User
from simulator.errors import GraphError, item_not_found
from simulator.event_views import EventViews, shown_as
from simulator.event_writes import EventWrites
from simulator.events import Event, Occurrence
from simulator.faults import Faults
from simulator.feed import Feeds
from simulator.gate import Gate
from simulator.ids import ItemId, Mint
from simulator.life import Life
from simulator.mail import Mail
from simulator.meetings import Admission, Join, Meetings
from simulator.people import Appointment, Firm, FirmPerson
from simulator.people_acts import Done, carry_out
from simulator.people_in_meetings import Gatherings
from simulator.people_sign_in import PeopleSignIn, SentBackError
from simulator.registration import AppRegistration, ManagedIdentity
from simulator.replies import Replies, Response
from simulator.requests import LoggedCall
from simulator.schedule import FreeBusy
from simulator.seen import EventSeen, OccurrenceSeen
from simulator.sign_in import SignIn
from simulator.storage import Storage
from simulator.subscriptions import Subscription, Subscriptions
from simulator.throttle import Throttle
from simulator.zones import to_utc, zone_named

if TYPE_CHECKING:
    from starlette.applications import Starlette


class Tenant:
    """A Microsoft 365 tenant with its users, calendars, mails and sign-in."""

    def __init__(self, storage: Storage, clock: Clock, seed: int, sign_in_clock: Clock) -> None:
        self.storage, self.clock = storage, clock
        self.mint = Mint(seed)
        self.tenant_id = self.mint.guid("tenant")
        self.behaviour = Behaviour()
        self.faults = Faults(seed)
        self.complaints: list[str] = []
        self.directory = Directory(storage)
        self.calendars = Calendars(storage, self.mint, clock, self.directory, self.behaviour)
        self.meetings = Meetings(storage, self.mint, self.directory, self.tenant_id)
        self.attendance = Attendance(storage, self.mint, self.behaviour)
        self.views = EventViews(self.calendars)
        self.writes = EventWrites(self.calendars, self.views, self.meetings)
        self.replies = Replies(self.calendars)
        self.free_busy = FreeBusy(self.directory, self.calendars, self.behaviour)
        self.sign_in = SignIn(storage, self.mint, sign_in_clock, self.tenant_id)
        self.people_sign_in = PeopleSignIn(
            storage, self.mint, clock, self.sign_in, self.directory, self.behaviour
        )
        self.feeds = Feeds(storage)
        self.throttle = Throttle(self.behaviour)
        self.outbound: httpx.AsyncBaseTransport | None = None
        self.subscriptions = Subscriptions(storage, clock, self.behaviour)
        self.delivery = Delivery(self)
        self.calendars.watcher = self.delivery
        self.gatherings = Gatherings(self)
        self._players = [Player.from_document(d) for d in storage.get("cast", "players") or ()]
        self.life = Life(self)
        self.gate = Gate(self)
        self.calls = [_read_call(doc) for doc in storage.entries("call")]
        self._number = len(self.calls)

    @classmethod
    def open(
        cls,
        state: str | Path = ":memory:",
        clock: Clock = machine_clock,
        seed: int = 1,
        sign_in_clock: Clock = machine_clock,
        outbound: httpx.AsyncBaseTransport | None = None,
    ) -> Tenant:
        """The tenant kept in a file, going on where it was, or a new one.

        Parameters:
            clock: what time it is in the tenant; aware instants.
            seed: what ids, etags and chance are made from. A state remembers
                the seed it was made with, and that one holds.
            sign_in_clock: what time it is at the sign-in of apps. Clients date
                their proofs by the machine's clock and cannot be told another,
                so this is the machine's even where the tenant's is not. ID
                tokens of people go by ``clock``.
            outbound: the way to the endpoints of subscriptions; it can be set
                later. None: no endpoint can be reached.
        """
        storage = Storage(state)
        kept = storage.get("tenant", "seed")
        if kept is None:
            storage.put("tenant", "seed", seed)
            storage.commit()
        tenant = cls(storage, clock, seed if kept is None else int(kept), sign_in_clock)
        tenant.outbound = outbound
        return tenant

    def close(self) -> None:
        """Let go of the state."""
        self.storage.close()

    def asgi(self, control_token: str | None = None) -> Starlette:
        """The ASGI application; with a token it has the control API under ``/_control/``."""
        from simulator.asgi import application

        return application(self, control_token)

    def pages(self) -> Starlette:
        """The ASGI application of the pages that browsers open, and nothing else."""
        from simulator.asgi import pages

        return pages(self)

    # Setting up

    @property
    def id(self) -> str:
        """The tenant's directory id."""
        return self.tenant_id

    @property
    def teams_policy(self) -> TeamsPolicy:
        """What new meetings are made with, and whether Teams reports on any."""
        return self.meetings.policy

    @teams_policy.setter
    def teams_policy(self, policy: TeamsPolicy) -> None:
        self.meetings.adopt(policy)
        self.storage.commit()

    def take_in(self, firm: Firm) -> None:
        """Add a firm's people and program mailboxes with what they have planned."""
        for person in (*firm.people, *firm.program_mailboxes):
            self.directory.add(person)
        self._players = players_of(firm)
        self.storage.put("cast", "players", self._players)
        self.life.recast()
        self.storage.commit()

    def add_person(self, person: FirmPerson) -> None:
        """Add one person, or take her in anew."""
        self.directory.add(person)
        self.storage.commit()

    def change_person(self, mail: str, **changes: Any) -> None:
        """Change fields of a user (:class:`simulator.directory.User`), such as ``enabled``."""
        self.gatherings.catch_up()
        self.directory.change(self.directory.user(mail), **changes)
        self.storage.commit()

    def register_app(self, app: AppRegistration) -> None:
        """Add an app, or replace the one of that client id."""
        self.sign_in.register(app)

    def register_managed_identity(self, identity: ManagedIdentity) -> None:
        """Let the managed-identity endpoint vouch for an identity."""
        self.sign_in.vouch_for(identity)

    # What people do

    def answer(
        self,
        person: str,
        item_id: str,
        response: Response,
        *,
        day: date | None = None,
        send_reply: bool = True,
        proposed: tuple[datetime, datetime] | None = None,
    ) -> None:
        """Let an attendee answer.

        Parameters:
            item_id: any id of the event, series or occurrence, of whichever mailbox.
            day: the original date of an occurrence, where the id names its series.
            proposed: start and end of a new time, proposed along with the answer.
        """
        self.gatherings.catch_up()
        item = self._item_for(person, item_id, day)
        with self.calendars.mails.caused_by("person"):
            self.replies.answer(item, response, send_reply=send_reply, proposed=proposed)
        self.storage.commit()

    def delete_from_calendar(self, person: str, item_id: str, *, day: date | None = None) -> None:
        """Let an attendee delete an event (or one date) without telling anybody."""
        self.gatherings.catch_up()
        self.replies.delete_silently(self._item_for(person, item_id, day))
        self.storage.commit()

    def acts_on(self, day: date, rates: Rates = BELIEVABLE) -> list[PersonAct]:
        """What the people of the firm last taken in do on one day, by the tenant's seed."""
        return acts_of(self._players, day, self.mint.seed, rates)

    def sign_in_as(self, person: str, url: str) -> str:
        """Let somebody sign in without a page.

        Parameters:
            url: the authorization request an app sent a browser to.

        Returns:
            The address, with a code or a refusal, that the browser is sent back to.

        Raises:
            SignInRefusedError: Entra's own page would say so, and send nobody back.
        """
        try:
            asked = self.people_sign_in.asked(dict(parse_qsl(urlsplit(url).query)))
        except SentBackError as refused:
            return refused.location
        return self.people_sign_in.choose(asked, person)

    def carry_out(self, act: PersonAct) -> Done | None:
        """Let somebody do what she does now; None: there is nothing she could do it to."""
        self.gatherings.catch_up()
        return carry_out(self, act)

    def book_appointment(self, person: str, appointment: Appointment) -> None:
        """Let somebody plan something of her own."""
        self.gatherings.catch_up()
        user = self.directory.user(person)
        self.directory.plan(user, (*self.directory.appointments(user), appointment))
        self.storage.commit()

    def drop_appointment(self, person: str, appointment: Appointment) -> None:
        """Let somebody give up something of her own.

        Raises:
            ValueError: she has planned no such thing.
        """
        self.gatherings.catch_up()
        user = self.directory.user(person)
        kept = list(self.directory.appointments(user))
        kept.remove(appointment)
        self.directory.plan(user, kept)
        self.storage.commit()

    def change_event(
        self, item_id: str, changes: Mapping[str, Any], *, day: date | None = None
    ) -> None:
        """Let somebody with rights on the organizer's calendar change an event there.

        ``changes`` is a PATCH body.
        """
        self.gatherings.catch_up()
        with self.calendars.mails.caused_by("person"):
            self.writes.change(self._organizers_item(item_id, day), changes, None)
        self.storage.commit()

    def cancel_event(self, item_id: str, *, day: date | None = None, comment: str = "") -> None:
        """Let somebody with rights on the organizer's calendar cancel an event or a date."""
        self.gatherings.catch_up()
        with self.calendars.mails.caused_by("person"):
            self.writes.cancel(self._organizers_item(item_id, day), comment)
        self.storage.commit()

    def move_to_other_folder(self, item_id: str) -> None:
        """Move an event, whereupon its default ids change and the immutable ones do not."""
        event = self._event_of(item_id)[0]
        event.folder += 1
        self.calendars.save(event)
        self.storage.commit()

    def join(self, person: str, join_url: str, at: datetime | None = None) -> Admission:
        """Let somebody open a join link.

        Raises:
            KeyError: no meeting has that link.
        """
        invited = self._invited(self.meetings.of_url(join_url))
        admission = self.meetings.join(person, join_url, at or self.clock(), invited)
        self.storage.commit()
        return admission

    def attend(
        self,
        person: str,
        join_url: str,
        joined: datetime,
        left: datetime,
        *,
        way: Way = "account",
        device: str = "computer",
    ) -> Stay:
        """Let somebody be in a meeting for a while, past or to come, as Teams' reports will tell.

        Who does not pass the lobby comes in once somebody is there who can open.

        Raises:
            KeyError: no meeting has that link.
            ValueError: the stay ends before it begins.
        """
        meeting = self.meetings.of_url(join_url)
        if meeting is None:
            raise KeyError(join_url)
        stay = Stay(
            meeting["id"],
            person,
            joined,
            left,
            way,
            device,
            waits=not self.meetings.passes_lobby(meeting, person, way, self._invited(meeting)),
            reported=self.teams_policy.attendance_reports,
        )
        self.attendance.note(stay)
        self.storage.commit()
        return stay

    def _invited(self, meeting: Mapping[str, Any] | None) -> frozenset[str]:
        event = None if meeting is None else self.calendars.event(meeting["event"])
        return frozenset(one.address.lower() for one in event.attendees) if event else frozenset()

    # Notifications

    async def deliver_due(self, now: datetime) -> int:
        """Tell subscribers all that is due; how many entries their endpoints took."""
        return await self.delivery.deliver_due(now)

    def next_delivery_at(self) -> datetime | None:
        """When :meth:`deliver_due` has something to do next; None: nothing waits."""
        return self.delivery.next_at()

    async def keep_delivering(self) -> None:
        """Tell subscribers whatever becomes due, until cancelled."""
        await self.delivery.go_on()

    def demand_reauthorization(self, subscription_id: str) -> None:
        """Ask the app of a subscription to prove anew that it may read.

        Raises:
            KeyError: there is no such subscription.
        """
        self.delivery.lifecycle(self._subscription(subscription_id), "reauthorizationRequired")
        self.storage.commit()

    def take_subscription_away(self, subscription_id: str) -> None:
        """Let the service remove a subscription, of which its app hears.

        Raises:
            KeyError: there is no such subscription.
        """
        subscription = self._subscription(subscription_id)
        subscription.removed = True
        self.subscriptions.save(subscription)
        self.delivery.lifecycle(subscription, "subscriptionRemoved")
        self.storage.commit()

    def miss_notifications(self, subscription_id: str) -> None:
        """Let an app be told that notifications were missed.

        Raises:
            KeyError: there is no such subscription.
        """
        self.delivery.lifecycle(self._subscription(subscription_id), "missed")
        self.storage.commit()

    def _subscription(self, subscription_id: str) -> Subscription:
        found = self.subscriptions.find(subscription_id)
        if found is None:
            raise KeyError(subscription_id)
        return found

    # What there is to see

    @property
    def mail_log(self) -> list[Mail]:
        """Every mail the tenant's calendars have sent, oldest first."""
        return self.calendars.mails.listed()

    @property
    def joins(self) -> list[Join]:
        """Everybody who opened a join link, oldest first."""
        return list(self.meetings.joins)

    def events_of(self, mail: str) -> list[EventSeen]:
        """Meetings that stand in a calendar, as organizer or attendee, oldest first."""
        owner = self.directory.user(mail)
        seen = []
        for event in self.calendars.events_of(owner):
            item = Item(event, None, owner)
            if item.standing is None or not item.standing.deleted:
                seen.append(self._event_seen(item))
        return seen

    def occurrences_of(self, mail: str, start: datetime, end: datetime) -> list[OccurrenceSeen]:
        """Everything in a calendar that overlaps a stretch of time, by start."""
        owner = self.directory.user(mail)
        seen = []
        for master in self.calendars.items_of(owner):
            for found in self.calendars.occurrences(master.event, start, end):
                item = Item(master.event, found.day, owner)
                if item.standing is None or not item.standing.deleted:
                    seen.append(self._occurrence_seen(item, found))
        return sorted(seen, key=lambda one: (one.start, one.end, one.id))

    def calendar_id(self, user: User) -> str:
        """The id of a user's only calendar."""
        return str(ItemId(self.mint.token("calendar", user.id), None, 0))

    def next_number(self) -> int:
        """The number of a call that arrives now."""
        self._number += 1
        return self._number

    def log_call(self, call: LoggedCall) -> None:
        """Note a call that was answered, or cut."""
        self.calls.append(call)
        self.storage.append("call", call)
        self.storage.commit()

    def _event_of(self, item_id: str) -> tuple[Event, date | None]:
        read = ItemId.read(item_id)
        event = None if read is None else self.calendars.event_of_token(read.token)
        if read is None or event is None:
            raise item_not_found()
        return event, read.day

    def _item_for(self, person: str, item_id: str, day: date | None) -> Item:
        event, named = self._event_of(item_id)
        user = self.directory.user(person)
        if not event.invites(user.mail):
            raise GraphError(404, "ErrorItemNotFound", f"{person} is not invited.")
        return Item(event, day or named, user)

    def _organizers_item(self, item_id: str, day: date | None) -> Item:
        event, named = self._event_of(item_id)
        return Item(event, day or named, self.directory.user(event.organizer))

    def _event_seen(self, item: Item) -> EventSeen:
        event, zone = item.event, zone_named(item.event.zone)
        return EventSeen(
            id=self.calendars.item_id(item, immutable=True),
            subject=event.fields.get("subject", ""),
            start=to_utc(event.start, zone),
            end=to_utc(event.end, zone),
            zone=event.zone,
            is_series=event.is_series,
            is_organizer=item.is_organizers,
            organizer=self.directory.user(event.organizer).mail,
            show_as=shown_as(item),
            responses={one.address: one.standing.response for one in event.attendees},
            join_url=event.meeting["joinUrl"] if event.meeting else None,
            transaction_id=event.transaction_id,
            extended=dict(event.extended),
            recurrence=event.recurrence,
            moved=tuple(sorted(event.altered)),
            cancelled=tuple(sorted(event.cancelled)),
        )

    def _occurrence_seen(self, item: Item, found: Occurrence) -> OccurrenceSeen:
        event, standing = item.event, item.standing
        fields = {**event.fields, **(found.altered.fields if found.altered else {})}
        return OccurrenceSeen(
            id=self.calendars.item_id(item, immutable=True),
            event_id=self.calendars.item_id(Item(event, None, item.owner), immutable=True),
            day=found.day,
            start=found.start.astimezone(UTC),
            end=found.end.astimezone(UTC),
            subject=fields.get("subject", ""),
            organizer=self.directory.user(event.organizer).mail,
            show_as=shown_as(item),
            response="organizer" if standing is None else standing.own,
            responses={
                one.address: event.standing(one.address, found.day).response
                for one in event.attendees
            },
            is_exception=found.altered is not None,
            join_url=event.meeting["joinUrl"] if event.meeting else None,
        )


def _read_call(doc: dict[str, Any]) -> LoggedCall:
    return LoggedCall(**{**doc, "at": datetime.fromisoformat(doc["at"])})
