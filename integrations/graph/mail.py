"""Mail from program mailboxes."""

from __future__ import annotations

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
    SendMailPostRequestBody,
)

from integrations.graph.client import Wire
from integrations.graph.operations import SEND_MAIL


class ProgramMail:
    """Implements :class:`integrations.ports.MailSender`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(
        self, mailbox_id: str, to: tuple[str, str], subject: str, body_html: str
    ) -> None:
        address, name = to
        message = Message(
            subject=subject,
            body=ItemBody(content_type=BodyType.Html, content=body_html),
            to_recipients=[
                Recipient(email_address=EmailAddress(address=address, name=name or None))
            ],
        )
        # Kept in no folder: who reads the program mailbox need not read every note to a person.
        body = SendMailPostRequestBody(message=message, save_to_sent_items=False)
        await self._wire.send(
            SEND_MAIL, lambda graph, c: graph.users.by_user_id(mailbox_id).send_mail.post(body, c)
        )
