"""The simulated tenant: what it tells its subscribers, and what a test or a demo does with it.

:meth:`Tenant.open` gives one, :mod:`simulator.asgi` its HTTP face. Requests are
answered in the order they arrive and nothing in them waits but a configured
latency, so that a run repeats itself call by call.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import httpx

from simulator.behaviour import TeamsPolicy
from simulator.behaviour_of_people import (
    BELIEVABLE,
    PersonAct,
    Rates,
    players_of,
)
from simulator.calendars import Item
from simulator.clock import Clock, machine_clock
from simulator.deeds import Deeds
from simulator.delivery import Delivery
from simulator.event_views import shown_as
from simulator.events import Occurrence
from simulator.gate import Gate
from simulator.life import Life
from simulator.mail import Mail
from simulator.meetings import Join
from simulator.people import Firm, FirmPerson
from simulator.people_acts import Done
from simulator.registration import AppRegistration, ManagedIdentity
from simulator.seen import EventSeen, OccurrenceSeen
from simulator.storage import Storage
from simulator.subscriptions import Subscription
from simulator.zones import to_utc, zone_named


class Tenant(Deeds):
    """A Microsoft 365 tenant with its users, calendars, mails and sign-in."""

    def __init__(self, storage: Storage, clock: Clock, seed: int, sign_in_clock: Clock) -> None:
        super().__init__(storage, clock, seed, sign_in_clock)
        self.delivery = Delivery(self)
        self.calendars.watcher = self.delivery
        self.life = Life(self)
        self.gate = Gate(self)

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

    # Setting up

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
        self.life.recast(players_of(firm))
        self.storage.commit()

    def add_person(self, person: FirmPerson) -> None:
        """Add one person, or take her in anew."""
        self.directory.add(person)
        self.storage.commit()

    def register_app(self, app: AppRegistration) -> None:
        """Add an app, or replace the one of that client id."""
        self.sign_in.register(app)

    def register_managed_identity(self, identity: ManagedIdentity) -> None:
        """Let the managed-identity endpoint vouch for an identity."""
        self.sign_in.vouch_for(identity)

    # What people do by themselves

    def acts_on(self, day: date, rates: Rates = BELIEVABLE) -> list[PersonAct]:
        """What the people of the firm last taken in do on one day, by the tenant's seed."""
        return self.life.acts_on(day, rates)

    def carry_out(self, act: PersonAct) -> Done | None:
        """Let somebody do what she does now; None: there is nothing she could do it to."""
        return self.life.carry_out(act)

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
