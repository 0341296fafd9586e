"""All of Microsoft Graph that Tandem uses, behind one door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date
from random import Random
from typing import Any

import httpx

from integrations.graph.attendance import MeetingAttendance
from integrations.graph.calendar import ProgramCalendar
from integrations.graph.client import Surroundings, Wire
from integrations.graph.credential import Credential
from integrations.graph.directory import PeopleDirectory
from integrations.graph.feed import ActivityFeed
from integrations.graph.free_busy import FreeBusy
from integrations.graph.mail import ProgramMail
from integrations.graph.mailbox_settings import SettingsOfMailboxes
from integrations.graph.meetings import TeamsMeetings
from integrations.graph.people_sign_in import PeopleSignIn
from integrations.graph.permits import person_waiting
from integrations.graph.rights import AppRights
from integrations.graph.settings import GraphSettings
from integrations.graph.subscriptions import EventSubscriptions
from integrations.graph.zones import anchor_zones
from integrations.ports import Clock, Life, Offload, Store


class GraphAdapter:
    """Implements :class:`integrations.ports.Graph` over the real client."""

    def __init__(self, wire: Wire, sign_in: PeopleSignIn) -> None:
        self._wire, self.sign_in = wire, sign_in
        self.directory = PeopleDirectory(wire)
        self.settings = SettingsOfMailboxes(wire)
        self.free_busy = FreeBusy(wire)
        self.calendar = ProgramCalendar(wire)
        self.meetings = TeamsMeetings(wire)
        self.attendance = MeetingAttendance(wire)
        self.subscriptions = EventSubscriptions(wire)
        self.mail = ProgramMail(wire)
        self.feed = ActivityFeed(wire)
        self.rights = AppRights(wire)

    async def anchor_zones(self, zones: Iterable[str], days: Iterable[date]) -> frozenset[str]:
        return anchor_zones(zones, days)

    def person_waiting(self) -> AbstractContextManager[None]:
        return person_waiting()

    def calls_by_kind(self) -> dict[str, int]:
        return dict(sorted(self._wire.calls.items()))

    async def close(self) -> None:
        await self._wire.close()


def open_graph(  # noqa: PLR0913 - the ports an adapter stands on, all by name
    settings: GraphSettings,
    *,
    store: Store,
    clock: Clock,
    life: Life,
    offload: Offload,
    chance: Random,
    read_only: Callable[[], bool] = lambda: False,
    transport: httpx.AsyncBaseTransport | None = None,
    token_http_client: Any = None,
) -> GraphAdapter:
    """A Graph adapter; nothing is sent before it is used.

    Parameters:
        read_only: asked before each write whether writing is switched off.
        chance: jitter, call ids and permit holders are drawn from it.
        transport, token_http_client: stand in for the network, for httpx and for msal.
    """
    around = Surroundings(
        store=store,
        clock=clock,
        life=life,
        offload=offload,
        chance=chance,
        read_only=read_only,
        transport=transport,
        token_http_client=token_http_client,
    )
    credential = Credential(settings, token_http_client)
    return GraphAdapter(Wire(settings, around), PeopleSignIn(credential, clock, offload))
