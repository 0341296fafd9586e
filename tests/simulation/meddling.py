"""The way to the tenant, on which a person may act on the very event a write is meant for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import httpx

from simulator.errors import GraphError
from simulator.ids import ItemId
from simulator.tenant import Tenant
from simulator.transport import TenantTransport
from tests.simulation.chronicle import Chronicle

_USER = re.compile(r"/users/([^/?]+)")
_EVENT = re.compile(r"/events/([^/?]+)")


class MeddledTransport(TenantTransport):
    """As its parent; ``often()`` is the chance that somebody is quicker than a write.

    ``called`` hears, before and after, of each call to a program mailbox and of its path.
    """

    def __init__(
        self,
        tenant: Tenant,
        chronicle: Chronicle,
        chance: Random,
        often: Callable[[], float],
        called: Callable[[str, str], None],
    ) -> None:
        super().__init__(tenant.asgi())
        self._boxes = {box.id for box in chronicle.firm.program_mailboxes}
        self._called = called
        self._tenant, self._chronicle = tenant, chronicle
        self._chance, self._often = chance, often
        self.count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The tenant's answer, perhaps after somebody has acted."""
        named = _EVENT.search(request.url.path)
        writes = request.method in ("PATCH", "POST", "DELETE")
        if named and writes and self._chance.random() < self._often():
            self._meddle(named.group(1))
        box = self._box_of(request.url.path)
        if box is not None:
            self._called(box, request.url.path)
        try:
            return await super().handle_async_request(request)
        finally:
            if box is not None:
                self._called(box, request.url.path)

    def _box_of(self, path: str) -> str | None:
        """The program mailbox a call is about."""
        named = _USER.search(path)
        return named.group(1) if named and named.group(1) in self._boxes else None

    def _meddle(self, item_id: str) -> None:
        """Move the date elsewhere in its week, cancel it or decline it."""
        read = ItemId.read(item_id)
        event = None if read is None else self._tenant.calendars.event_of_token(read.token)
        if read is None or event is None or not event.attendees:
            return
        one = event.occurrence(read.day)
        if one is None or one.start <= self._tenant.clock():
            return
        drawn = self._chance.random()
        try:
            with self._chronicle.people_act():
                if drawn < 0.5 and (read.day is not None or not event.is_series):
                    self._move(item_id, one.start, one.end, event.zone)
                elif drawn < 0.6:
                    self._tenant.cancel_event(item_id, comment="Not this time.")
                else:
                    who = self._chance.choice(event.attendees).address
                    self._tenant.answer(who, item_id, "declined")
        except GraphError:
            # Outlook did not let them.
            return
        self.count += 1

    def _move(self, item_id: str, start: datetime, end: datetime, zone: str) -> None:
        shift = timedelta(hours=self._chance.choice((-1, 1, 2)))
        body = {
            name: {"dateTime": f"{at + shift:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
            for name, at in (("start", start), ("end", end))
        }
        self._tenant.change_event(item_id, body)
