"""What Graph answers to whoever tells somebody something in Teams' activity feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard

from simulator.errors import GraphError
from simulator.feed import Line
from simulator.requests import Answer, Call
from simulator.services import Services

FEED_MEMBERS: dict[str, Any] = {
    "topic": {"source": None, "value": None, "webUrl": None},
    "activitytype": None,
    "previewtext": {"content": None, "contentType": None},
    "templateparameters": {"name": None, "value": None},
    "chainid": None,
    "teamsappid": None,
    "iconid": None,
}
_INT64 = 2**63
_DEEP_LINK = re.compile(r"https://teams\.microsoft\.com/l/\S+")


def send_activity_notification(tenant: Services, call: Call) -> Answer:
    """POST /users/{user}/teamwork/sendActivityNotification.

    Source: Microsoft Graph v1.0, "userTeamwork: sendActivityNotification".
    """
    user = call.user
    if user is None:
        raise GraphError(404, "NotFound", "The user is not in the directory.")
    body = call.request.body
    given = {str(name).lower(): value for name, value in body.items()} if _is_map(body) else {}
    line = _line(tenant.clock(), user.id, given)
    known = tenant.feeds.activities_of(user.id)
    if not known:
        raise GraphError(
            403,
            "Forbidden",
            f"Application with AAD App Id '{call.app.client_id}' is not authorized to generate "
            "custom text notifications to the recipient. Ensure that the expected Teams app is "
            "installed in the target scope (user, team, or chat).",
        )
    if line.activity not in known:
        raise _bad(f"The activity type '{line.activity}' is not declared in the app's manifest.")
    tenant.feeds.show(line)
    return Answer(204)


def _line(at: datetime, person: str, given: Mapping[str, Any]) -> Line:
    topic, preview = given.get("topic"), given.get("previewtext")
    if not _is_map(topic) or topic.get("source") != "text" or not topic.get("value"):
        raise _bad("topic needs a source that is simulated (text) and a value.")
    link = topic.get("webUrl")
    if not isinstance(link, str) or not _DEEP_LINK.fullmatch(link):
        raise _bad("topic.webUrl has to be a Microsoft Teams deep link where the source is text.")
    if not _is_map(preview) or not isinstance(preview.get("content"), str):
        raise _bad("previewText needs content.")
    parameters = given.get("templateparameters") or []
    if not all(_is_map(each) and {"name", "value"} <= set(each) for each in parameters):
        raise _bad("templateParameters needs a name and a value each.")
    named = {each["name"]: each["value"] for each in parameters}
    if set(named) != {"news"} or not str(named["news"]).strip():
        raise _bad("templateParameters has to give what the template of the activity names.")
    chain = given.get("chainid")
    if chain is not None and (type(chain) is not int or not -_INT64 <= chain < _INT64):
        raise _bad("chainId has to be a whole number of 64 bits.")
    return Line(
        at=at,
        person=person,
        activity=str(given.get("activitytype") or ""),
        news=str(named["news"]),
        preview=preview["content"],
        link=link,
        chain=chain,
    )


def _bad(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def _is_map(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
