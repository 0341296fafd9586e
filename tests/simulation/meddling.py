"""The way to the tenant: a person may be quicker than a write, and an answer may get lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import httpx

from simulator.asgi import application
from simulator.errors import GraphError
from simulator.ids import ItemId
from simulator.tenant import Tenant
from simulator.transport import TenantTransport
from tests.simulation.chronicle import Chronicle

_USER = re.compile(r"/users/([^/?]+)")
_EVENT = re.compile(r"/events/([^/?]+)")
_READS = ("/getSchedule", "/$batch")


@dataclass(frozen=True)
class Hearing:
    """Who hears of each call to a program mailbox, by its id and path.

    ``begins`` before and ``ends`` after it, ``told_to_wait`` of an answer that names seconds to
    keep away.
    """

    begins: Callable[[str, str], None]
    ends: Callable[[str, str], None]
    told_to_wait: Callable[[str, str, int], None]


class MeddledTransport(TenantTransport):
    """As its parent; ``often()`` is the chance that somebody is quicker than a write.

    ``loses()`` is the chance that the answer to a write does not arrive.
    """

    def __init__(
        self,
        tenant: Tenant,
        chronicle: Chronicle,
        chance: Random,
        often: Callable[[], float],
        loses: Callable[[], float],
        hearing: Hearing,
    ) -> None:
        super().__init__(application(tenant))
        self._boxes = {box.id for box in chronicle.firm.program_mailboxes}
        self._hearing, self._loses = hearing, loses
        # Of its own, so that the same people meddle whatever gets lost.
        self._losing = Random(chance.getrandbits(64))
        self._tenant, self._chronicle = tenant, chronicle
        self._chance, self._often = chance, often
        self.count = self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The tenant's answer, perhaps after somebody has acted."""
        named = _EVENT.search(request.url.path)
        writes = request.method in ("PATCH", "POST", "DELETE")
        if named and writes and self._chance.random() < self._often():
            self._meddle(named.group(1))
        box = self._box_of(request.url.path)
        if box is None:
            return await self._answered(request)
        self._hearing.begins(box, request.url.path)
        try:
            response = await self._answered(request)
        finally:
            self._hearing.ends(box, request.url.path)
        wait = response.headers.get("retry-after", "")
        if response.is_error and wait.isdigit():
            self._hearing.told_to_wait(box, request.url.path, int(wait))
        return response

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        reads = request.method == "GET" or request.url.path.endswith(_READS)
        if not reads and self._losing.random() < self._loses():
            self.lost += 1
            raise httpx.ReadError("the answer got lost", request=request)
        return response

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
