"""The answers to calls about subscriptions, the handshake with their endpoints included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlsplit

from simulator.directory import User
from simulator.errors import GraphError, NotSimulatedError, invalid_request
from simulator.event_views import stamp
from simulator.outbound import NoAnswerError, post
from simulator.requests import Answer, Call
from simulator.services import Services
from simulator.subscriptions import CHANGE_TYPES, Subscription

_METADATA = "https://graph.microsoft.com/v1.0/$metadata#subscriptions"
_RESOURCE = re.compile(
    r"^/?users(?:/(?P<path>[^/'()]+)|\('(?P<key>[^']+)'\))/events$", re.IGNORECASE
)
_LONGEST_CLIENT_STATE = 128
_TLS = ("v1_0", "v1_1", "v1_2", "v1_3")
SUBSCRIPTION_MEMBERS: dict[str, Any] = dict.fromkeys(
    (
        "changeType",
        "resource",
        "notificationUrl",
        "lifecycleNotificationUrl",
        "expirationDateTime",
        "clientState",
        "latestSupportedTlsVersion",
        "includeResourceData",
    )
)


def _invalid(message: str) -> GraphError:
    return GraphError(400, "ValidationError", message)


async def create_subscription(tenant: Services, call: Call) -> Answer:
    """POST /subscriptions, held open while the endpoint is asked whether it wants this."""
    wanted = _read(tenant, call)
    _refuse_surplus(tenant, wanted)
    for url in filter(None, (wanted.notification_url, wanted.lifecycle_url)):
        await _shake_hands(tenant, call, url)
    # Another call may have made the same one while the endpoint was thinking.
    _refuse_surplus(tenant, wanted)
    wanted.id = tenant.mint.guid("subscription", tenant.subscriptions.new_number())
    wanted.authorized = tenant.clock()
    tenant.subscriptions.save(wanted)
    shown = {**_shown(tenant, wanted), "clientState": wanted.client_state}
    return Answer(201, {"@odata.context": f"{_METADATA}/$entity", **shown})


def list_subscriptions(tenant: Services, call: Call) -> Answer:
    """GET /subscriptions: all of the app, in pages."""
    tenant.subscriptions.forget_expired()
    found = [one for one in tenant.subscriptions if one.app == call.app.client_id]
    token = call.request.query.get("$skiptoken", "0")
    if not token.isdigit():
        raise invalid_request("The skip token is not one of ours.")
    skip, size = int(token), tenant.behaviour.subscription_page
    body: dict[str, Any] = {"@odata.context": _METADATA}
    if skip + size < len(found):
        body["@odata.nextLink"] = f"{call.request.base}/subscriptions?$skiptoken={skip + size}"
    body["value"] = [_shown(tenant, one) for one in found[skip : skip + size]]
    return Answer(200, body)


def get_subscription(tenant: Services, call: Call) -> Answer:
    """GET /subscriptions/{subscription}."""
    shown = _shown(tenant, _own(tenant, call))
    return Answer(200, {"@odata.context": f"{_METADATA}/$entity", **shown})


def renew_subscription(tenant: Services, call: Call) -> Answer:
    """PATCH /subscriptions/{subscription}: a later expiry, which reauthorizes as well."""
    own, body = _own(tenant, call), call.request.body
    if not isinstance(body, Mapping) or set(body) - {"@odata.type"} != {"expirationDateTime"}:
        raise invalid_request("Of a subscription expirationDateTime alone can be changed.")
    own.expires = _expiry(tenant, body["expirationDateTime"])
    tenant.subscriptions.authorize(own)
    return get_subscription(tenant, call)


def reauthorize_subscription(tenant: Services, call: Call) -> Answer:
    """POST /subscriptions/{subscription}/reauthorize."""
    tenant.subscriptions.authorize(_own(tenant, call))
    return Answer(204)


def delete_subscription(tenant: Services, call: Call) -> Answer:
    """DELETE /subscriptions/{subscription}."""
    tenant.subscriptions.drop(_own(tenant, call))
    return Answer(204)


def _own(tenant: Services, call: Call) -> Subscription:
    found = tenant.subscriptions.find(call.parts["subscription"])
    if found is None or found.app != call.app.client_id:
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    _check_right(tenant.directory.user(found.mailbox), call)
    return found


def _check_right(mailbox: User, call: Call) -> None:
    """Only the right to read counts; the one to write does not stand in for it."""
    if not call.app.holds("Calendars.Read", mailbox.mail):
        raise GraphError(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )


def _shown(tenant: Services, one: Subscription) -> dict[str, Any]:
    """The subscription as it is listed; nobody reads a client state again."""
    return {
        "id": one.id,
        "resource": one.resource,
        "applicationId": one.app,
        "changeType": ",".join(one.change_types),
        "clientState": None,
        "notificationUrl": one.notification_url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": one.lifecycle_url,
        "expirationDateTime": stamp(one.expires),
        "creatorId": tenant.mint.guid("principal", one.app),
        "includeResourceData": False,
        "latestSupportedTlsVersion": one.tls,
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }


# Reading what is asked for


def _read(tenant: Services, call: Call) -> Subscription:
    """The subscription a body describes, without an id yet."""
    body = call.request.body
    if not isinstance(body, Mapping):
        raise invalid_request("The request body has to be a JSON object.")
    if body.get("includeResourceData"):
        raise NotSimulatedError("includeResourceData", status=400)
    mailbox, resource = _mailbox(tenant, body.get("resource"))
    _check_right(mailbox, call)
    state, tls = body.get("clientState"), body.get("latestSupportedTlsVersion") or "v1_2"
    if state is not None and (not isinstance(state, str) or len(state) > _LONGEST_CLIENT_STATE):
        raise _invalid(f"clientState has at most {_LONGEST_CLIENT_STATE} characters.")
    if tls not in _TLS:
        raise _invalid(f"latestSupportedTlsVersion must be one of {', '.join(_TLS)}.")
    lifecycle = body.get("lifecycleNotificationUrl")
    return Subscription(
        id="",
        app=call.app.client_id,
        mailbox=mailbox.id,
        resource=resource,
        change_types=_change_types(body.get("changeType")),
        notification_url=_url(tenant, "notificationUrl", body.get("notificationUrl")),
        lifecycle_url=lifecycle and _url(tenant, "lifecycleNotificationUrl", lifecycle),
        expires=_expiry(tenant, body.get("expirationDateTime")),
        authorized=tenant.clock(),
        client_state=state,
        tls=tls,
        immutable_ids=call.prefer.immutable_ids,
    )


def _mailbox(tenant: Services, resource: object) -> tuple[User, str]:
    if not isinstance(resource, str) or not resource:
        raise _invalid("resource is needed.")
    if resource.lower().lstrip("/").startswith("me/"):
        raise _invalid("/me is for signed-in users only.")
    match = _RESOURCE.match(resource)
    if match is None:
        raise NotSimulatedError(f"a subscription to {resource}", status=400)
    return tenant.directory.mailbox(match["path"] or match["key"]), resource


def _change_types(text: object) -> tuple[str, ...]:
    asked = [part.strip().lower() for part in text.split(",")] if isinstance(text, str) else []
    if not asked or set(asked) - set(CHANGE_TYPES):
        raise _invalid(f"changeType must be made of {', '.join(CHANGE_TYPES)}.")
    return tuple(one for one in CHANGE_TYPES if one in asked)


def _url(tenant: Services, name: str, url: object) -> str:
    parts = urlsplit(url) if isinstance(url, str) else None
    local = parts is not None and parts.hostname in ("localhost", "127.0.0.1")
    plain = tenant.behaviour.plain_http_webhooks and local
    if parts is None or not parts.hostname or not (parts.scheme == "https" or plain):
        raise _invalid(f"{name} has to be an https address.")
    return str(url)


def _expiry(tenant: Services, text: object) -> datetime:
    """When it ends: what is asked for, but never less than the shortest life."""
    try:
        wanted = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise _invalid("expirationDateTime is no date and time.") from None
    wanted = wanted.astimezone(UTC) if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    now, behaviour = tenant.clock(), tenant.behaviour
    if wanted <= now:
        raise _invalid("expirationDateTime lies in the past.")
    longest = behaviour.longest_subscription
    if wanted > now + longest:
        minutes = int(longest.total_seconds() // 60)
        raise _invalid(f"Subscription expiration can only be {minutes} minutes in the future.")
    return max(wanted, now + behaviour.shortest_subscription)


def _refuse_surplus(tenant: Services, wanted: Subscription) -> None:
    """Refuse a second one of a kind, and one too many of a mailbox."""
    twin = tenant.subscriptions.equal_to(wanted)
    if twin is not None and tenant.behaviour.refuse_second_subscription:
        raise GraphError(
            409,
            "InvalidRequest",
            f"Subscription Id <{twin.id}> already exists for the requested combination",
        )
    most = tenant.behaviour.subscriptions_per_mailbox
    if len(tenant.subscriptions.of_mailbox(wanted.mailbox)) >= most:
        # No page of the documentation names the code; the status is what counts.
        raise GraphError(403, "Forbidden", f"The mailbox has {most} subscriptions already.")


async def _shake_hands(tenant: Services, call: Call, url: str) -> None:
    """Let an endpoint show that it wants notifications: it echoes a token, decoded, as text.

    Raises:
        GraphError: 400, it did not.
    """
    # With letters that look otherwise when encoded, so that nobody echoes what was sent.
    token = (
        "Validation: Testing client application reachability for subscription Request-Id: "
        f"{tenant.request_id(call.request)} {tenant.mint.base64('handshake', url)}+/&?=%é"
    )
    joined = f"{url}{'&' if urlsplit(url).query else '?'}validationToken={quote_plus(token)}"
    limit = tenant.behaviour.webhook_answer_limit
    try:
        heard = await post(tenant.outbound, joined, b"", "text/plain; charset=utf-8", limit)
    except NoAnswerError as fault:
        if fault.why == "too late":
            raise _unconfirmed("Subscription validation request timed out.") from None
        raise _unconfirmed("Subscription validation request failed. No connection.") from None
    if heard.status != 200:
        raise _unconfirmed(
            "Subscription validation request failed. Notification endpoint must respond with "
            "200 OK to validation request."
        )
    if heard.media_type != "text/plain" or heard.text != token:
        raise _unconfirmed(
            "Subscription validation request failed. Response must exactly match "
            "validationToken query parameter, in the plain text."
        )


def _unconfirmed(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)
