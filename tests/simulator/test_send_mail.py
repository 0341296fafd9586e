"""Messages an app sends from a mailbox stand in the mail log."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.tenancy import ADA, ALL_ROLES, BEN, PROGRAM, Tenancy, registration


def message(*to: str, **more: Any) -> dict[str, Any]:
    return {
        "message": {
            "subject": "Five hours to choose from",
            "body": {"contentType": "Text", "content": "Tuesday at 10?"},
            "toRecipients": [{"emailAddress": {"address": mail}} for mail in to],
            **more,
        },
        "saveToSentItems": "false",
    }


def may_send(tenancy: Tenancy, *mailboxes: str) -> None:
    tenancy.tenant.register_app(registration({**ALL_ROLES, "Mail.Send": frozenset(mailboxes)}))


async def test_a_message_is_logged_once_for_each_recipient(tenancy: Tenancy) -> None:
    may_send(tenancy, PROGRAM)
    body = message(ADA, ccRecipients=[{"emailAddress": {"address": BEN}}])
    assert await tenancy.ask("POST", f"/users/{PROGRAM}/sendMail", body, 202) is None
    ada, ben = tenancy.tenant.mail_log
    assert (ada.recipient, ben.recipient) == (ADA, BEN)
    assert (ada.kind, ada.sender, ada.event_id) == ("message", PROGRAM, "")
    assert (ada.subject, ada.body) == ("Five hours to choose from", "Tuesday at 10?")


async def test_a_message_goes_out_of_the_mailboxes_in_scope_only(tenancy: Tenancy) -> None:
    path = f"/users/{PROGRAM}/sendMail"
    await tenancy.ask("POST", path, message(ADA), 403)
    may_send(tenancy, BEN)
    refused = await tenancy.ask("POST", path, message(ADA), 403)
    assert refused["error"]["code"] == "ErrorAccessDenied"
    assert tenancy.tenant.mail_log == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (message(), "ErrorInvalidRecipients"),
        (message("nobody"), "ErrorInvalidRecipients"),
        ({"saveToSentItems": True}, "ErrorInvalidRequest"),
        (message(ADA, body={"contentType": "rtf"}), "ErrorPropertyValidationFailure"),
    ],
)
async def test_what_exchange_would_not_send_is_refused(
    tenancy: Tenancy, body: dict[str, Any], code: str
) -> None:
    may_send(tenancy, PROGRAM)
    refused = await tenancy.ask("POST", f"/users/{PROGRAM}/sendMail", body, 400)
    assert refused["error"]["code"] == code


async def test_members_of_a_message_nobody_knows_are_complained_of(tenancy: Tenancy) -> None:
    may_send(tenancy, PROGRAM)
    body = message(ADA, headers=[])
    await tenancy.ask("POST", f"/users/{PROGRAM}/sendMail", body, 400)
    [complaint] = tenancy.tenant.complaints
    assert "message.headers" in complaint
    tenancy.tenant.complaints.clear()
