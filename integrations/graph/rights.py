"""What Graph lets this app do, found out by calls that leave no trace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import jwt
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.users.item.events.item.instances.instances_request_builder import (
    InstancesRequestBuilder,
)
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
    SendMailPostRequestBody,
)

from integrations.errors import MailboxGoneError, OutcomeUnknownError, RefusedError
from integrations.graph.client import Wire
from integrations.graph.operations import (
    LIST_REPORTS,
    NOWHERE,
    OPERATIONS,
    PROVE_EVENTS,
    PROVE_REPORTS,
    SEND_MAIL,
)
from integrations.ports import Access

_FORBIDDEN = 403
_READS_ALL = "Calendars.ReadBasic"
"""Exchange narrows this one to no mailbox; consented, it shows when people are busy."""


class AppRights:
    """Implements :class:`integrations.ports.Rights`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def access(self) -> Access:
        roles = _roles_in(await self._wire.fresh_token())
        return Access(
            proof=self._wire.proof,
            proof_ends_on=self._wire.proof_ends_on,
            proof_made_for=self._wire.proof_made_for,
            roles=roles,
            too_wide=frozenset(roles or ()) & _narrowed(),
            surplus=frozenset(roles or ()) - {o.permission for o in OPERATIONS},
        )

    @property
    def clock_off_by(self) -> timedelta | None:
        return self._wire.clock_off_by

    async def reads_events_of(self, user_id: str) -> bool:
        # Exchange asks for the bounds before it asks for the event.
        query = InstancesRequestBuilder.InstancesRequestBuilderGetQueryParameters(
            start_date_time=_stamp(self._wire.now()),
            end_date_time=_stamp(self._wire.now() + timedelta(days=1)),
        )
        return await _is_let(
            lambda: self._wire.send(
                PROVE_EVENTS,
                lambda graph, c: (
                    graph.users.by_user_id(user_id).events.by_event_id(NOWHERE).instances.get(c)
                ),
                query,
            )
        )

    async def reads_reports_of(self, user_id: str, *, of_program: bool) -> bool:
        return await _is_let(
            lambda: self._wire.send(
                LIST_REPORTS if of_program else PROVE_REPORTS,
                lambda graph, c: (
                    graph.users.by_user_id(user_id)
                    .online_meetings.by_online_meeting_id(NOWHERE)
                    .attendance_reports.get(c)
                ),
            )
        )

    async def sends_mail_from(self, mailbox_id: str) -> bool:
        # To nobody: Exchange refuses it for that, once it has found that the app may send.
        body = SendMailPostRequestBody(
            message=Message(
                subject="", body=ItemBody(content_type=BodyType.Text, content=""), to_recipients=[]
            ),
            save_to_sent_items=False,
        )
        try:
            return await _is_let(
                lambda: self._wire.send(
                    SEND_MAIL,
                    lambda graph, c: graph.users.by_user_id(mailbox_id).send_mail.post(body, c),
                )
            )
        except OutcomeUnknownError as error:
            # Nothing can have left: it had no recipient.
            raise RefusedError(503, "no_clear_answer", operation=SEND_MAIL.name) from error


async def _is_let(ask: Callable[[], Awaitable[object]]) -> bool:
    """Whether the call is refused for what it asks for, and not for want of a right.

    Raises:
        MailboxGoneError, RefusedError: the answer says nothing of rights.
    """
    try:
        await ask()
    except MailboxGoneError:
        raise
    except RefusedError as refusal:
        if refusal.status == _FORBIDDEN:
            return False
        if refusal.status in (400, 404):
            return True
        raise
    return True


def _narrowed() -> frozenset[str]:
    """Permissions that Exchange can narrow to mailboxes, so that none need be consented."""
    found = {o.permission for o in OPERATIONS if "Exchange RBAC" in o.scope}
    return frozenset(found - {_READS_ALL})


def _roles_in(token: str) -> frozenset[str] | None:
    """The application permissions in a token; None where it is not one that can be read.

    Graph alone has to trust it, and does so by its own means; here it is a remark.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    roles = claims.get("roles", [])
    return frozenset(map(str, roles)) if isinstance(roles, list) else None


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
