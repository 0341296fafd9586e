"""The services a simulated tenant consists of, each knowing only those it needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx

from simulator.attendance import Attendance
from simulator.behaviour import Behaviour
from simulator.calendars import Calendars
from simulator.clock import Clock
from simulator.directory import Directory, User
from simulator.event_views import EventViews
from simulator.event_writes import EventWrites
from simulator.faults import Faults
from simulator.feed import Feeds
from simulator.ids import ItemId, Mint
from simulator.meetings import Meetings
from simulator.people_sign_in import PeopleSignIn
from simulator.replies import Replies
from simulator.requests import GraphRequest, LoggedCall
from simulator.schedule import FreeBusy
from simulator.sign_in import SignIn
from simulator.storage import Storage
from simulator.subscriptions import Subscriptions
from simulator.throttle import Throttle


class Services:
    """What whoever answers a call of Graph answers it from."""

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
        self.calls = [_read_call(doc) for doc in storage.entries("call")]
        self._number = len(self.calls)

    @property
    def id(self) -> str:
        """The tenant's directory id."""
        return self.tenant_id

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

    def request_id(self, request: GraphRequest) -> str:
        """What the tenant calls this request."""
        return self.mint.guid("request", request.number)


def _read_call(doc: dict[str, Any]) -> LoggedCall:
    return LoggedCall(**{**doc, "at": datetime.fromisoformat(doc["at"])})
