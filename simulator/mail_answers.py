"""The answer to ``sendMail``: what is sent stands in the mail log, nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.behaviour import MOST_RECIPIENTS
from simulator.errors import GraphError, invalid_property, invalid_request
from simulator.mail import Mail
from simulator.recurrence import enum_value
from simulator.requests import Answer, Call
from simulator.services import Services

_RECIPIENT = {"emailAddress": {"name": None, "address": None}}
_RECIPIENT_LISTS = ("toRecipients", "ccRecipients", "bccRecipients")
# Parameters of the action are in lower case by the time they are compared.
SEND_MAIL_MEMBERS: dict[str, Any] = {
    "message": {
        "subject": None,
        "body": {"contentType": None, "content": None},
        **dict.fromkeys((*_RECIPIENT_LISTS, "replyTo"), _RECIPIENT),
        "importance": None,
        "internetMessageHeaders": {"name": None, "value": None},
    },
    "savetosentitems": None,
}


def send_mail(tenant: Services, call: Call) -> Answer:
    """POST /users/{user}/sendMail: accepted; nothing tells one sending from another."""
    body = call.request.body
    given = {str(name).lower(): value for name, value in body.items()} if _is_map(body) else {}
    message = given.get("message")
    if not isinstance(message, Mapping):
        raise invalid_request("The parameter Message is needed.")
    text = message.get("body")
    if text is not None and not _is_map(text):
        raise invalid_property("body needs contentType and content.")
    content = dict(text or {"contentType": "text", "content": ""})
    enum_value(content.get("contentType") or "text", ("text", "html"), "body.contentType")
    recipients = list(dict.fromkeys(_recipients(message)))
    if not recipients or len(recipients) > MOST_RECIPIENTS:
        raise _bad_recipients()
    tenant.calendars.mails.add(
        Mail(
            at=tenant.clock(),
            sender=call.mailbox.mail,
            recipient=recipient,
            kind="message",
            event_id="",
            occurrence=None,
            subject=str(message.get("subject") or ""),
            body=str(content.get("content") or ""),
        )
        for recipient in recipients
    )
    return Answer(202)


def _recipients(message: Mapping[str, Any]) -> Iterator[str]:
    for name in _RECIPIENT_LISTS:
        for entry in message.get(name) or ():
            mail = entry.get("emailAddress") if isinstance(entry, Mapping) else None
            address = mail.get("address") if isinstance(mail, Mapping) else None
            if not isinstance(address, str) or "@" not in address:
                raise _bad_recipients()
            yield address


def _bad_recipients() -> GraphError:
    return GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")


def _is_map(value: object) -> bool:
    return isinstance(value, Mapping)
