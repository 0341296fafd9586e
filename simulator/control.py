"""The control API under ``/_control/``: what a test in another process does to the tenant."""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from typing import Any, get_args

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.behaviour import IdTokens, TeamsPolicy
from simulator.behaviour_in_meetings import Manners
from simulator.behaviour_of_people import PersonAct, Rates
from simulator.clock import AdjustableClock
from simulator.errors import GraphError
from simulator.faults import Chance, Fault
from simulator.people import Appointment
from simulator.people_in_meetings import Asks
from simulator.registration import AppRegistration
from simulator.sign_in import SignInRefusedError
from simulator.tenant import Tenant

Act = Callable[[Tenant, Mapping[str, Any]], Any]
# Switches that are lengths of time, or null for never.
_NEVER = ("change_key_rotates_after", "authorization_lasts")


def control_routes(tenant: Tenant, token: str) -> list[Route]:
    """A route per act; each asks for ``Authorization: Bearer <token>``.

    Answers are JSON; a request that cannot be carried out gives 400 with
    ``{"error": …}``, a missing token 401.
    """
    return [
        Route(f"/_control/{name}", _endpoint(tenant, token, act), methods=[method])
        for (method, name), act in _ACTS.items()
    ]


def _endpoint(tenant: Tenant, token: str, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return _json({"error": "the control token is missing or wrong"}, 401)
        raw = await request.body()
        try:
            asked = orjson.loads(raw) if raw else dict(request.query_params)
            done = act(tenant, asked)
            return _json(await done if inspect.isawaitable(done) else done)
        except KeyError as missing:
            return _json({"error": f"missing or unknown: {missing}"}, 400)
        except (GraphError, SignInRefusedError, ValueError, TypeError) as fault:
            return _json({"error": str(fault)}, 400)

    return answer


def _json(body: Any, status: int = 200) -> Response:
    return Response(
        orjson.dumps(body, default=_plain), status, {"content-type": "application/json"}
    )


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


# Looking


def _health(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    return {"tenant": tenant.id, "now": tenant.clock(), "users": sum(1 for _ in tenant.directory)}


def _mails(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    return [asdict(mail) for mail in tenant.mail_log[int(asked.get("from", 0)) :]]


def _calls(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    return [asdict(call) for call in tenant.calls[int(asked.get("from", 0)) :]]


def _complaints(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    return tenant.complaints


def _events(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    return [asdict(event) for event in tenant.events_of(asked["mailbox"])]


def _occurrences(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    return [asdict(seen) for seen in tenant.occurrences_of(asked["mailbox"], start, end)]


def _clock(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    return {"now": tenant.clock()}


def _behaviour(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    return asdict(tenant.behaviour)


def _faults(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    return [asdict(fault) for fault in tenant.faults.planned]


def _subscriptions(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    return [
        {name: value for name, value in asdict(one).items() if name != "client_state"}
        for one in tenant.subscriptions
    ]


def _deliveries(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    delivery = tenant.delivery
    return {
        "next": tenant.next_delivery_at(),
        "tally": delivery.tally,
        "posted": [asdict(one) for one in delivery.posted[int(asked.get("from", 0)) :]],
    }


def _acts_on(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """What people do on ``day``; further members are rates other than the believable ones."""
    rates = {name: float(value) for name, value in asked.items() if name != "day"}
    day = date.fromisoformat(asked["day"])
    return [asdict(act) for act in tenant.acts_on(day, Rates(**rates))]


def _gatherings(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    return [asdict(one) for one in tenant.gatherings.past()[int(asked.get("from", 0)) :]]


def _replies(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """What people do about mails with a link that begins with ``link``."""
    mails = tenant.mail_log[int(asked.get("from", 0)) :]
    asks: Asks = "how" if asked.get("asks") == "how" else "whether"
    return [asdict(one) for one in tenant.gatherings.replies(asked["link"], mails, asks=asks)]


# Acting


async def _deliver(tenant: Tenant, _: Mapping[str, Any]) -> Any:
    taken = await tenant.deliver_due(tenant.clock())
    return {"taken": taken, "next": tenant.next_delivery_at()}


def _lifecycle(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Let a lifecycle ``event`` come over a ``subscription``."""
    {
        "reauthorizationRequired": tenant.demand_reauthorization,
        "subscriptionRemoved": tenant.take_subscription_away,
        "missed": tenant.miss_notifications,
    }[asked["event"]](asked["subscription"])
    return {}


def _carry_out(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Let somebody do now what ``GET people/acts`` told of her; null: it struck nothing."""
    done = tenant.carry_out(PersonAct.from_document(dict(asked)))
    return None if done is None else asdict(done)


def _set_clock(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Set the clock, or let time pass; people do what they do meanwhile if life has begun."""
    clock = tenant.clock
    if not isinstance(clock, AdjustableClock):
        raise TypeError("this tenant's clock cannot be set")
    if "now" in asked:
        clock.set(datetime.fromisoformat(asked["now"]))
    if "advance_seconds" in asked:
        until = clock() + timedelta(seconds=float(asked["advance_seconds"]))
        tenant.life.pass_until(until)
        clock.set(until)
    tenant.delivery.stir()
    return _clock(tenant, asked)


def _begin_life(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Let people act and come to meetings whenever time passes.

    Members are rates and manners other than the believable ones.
    """
    shares = {name: float(value) for name, value in asked.items()}
    of_meetings = {one.name for one in fields(Manners)} & set(shares)
    manners = Manners(**{name: shares.pop(name) for name in of_meetings})
    tenant.life.begin(Rates(**shares), manners)
    return {"next": tenant.life.next_at()}


def _set_behaviour(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Turn switches; lengths of time are in seconds."""
    known = {field.name for field in fields(tenant.behaviour)}
    for name in asked:
        if name not in known:
            raise KeyError(name)
    for name, value in asked.items():
        setattr(tenant.behaviour, name, _switch(name, getattr(tenant.behaviour, name), value))
    return _behaviour(tenant, asked)


def _switch(name: str, before: Any, value: Any) -> Any:
    if name in _NEVER and value is None:
        return None
    if isinstance(before, timedelta) or name in _NEVER:
        return timedelta(seconds=float(value))
    if isinstance(before, set):
        return {str(mail).lower() for mail in value}
    if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, type(before)):
        raise TypeError(f"{name} takes {type(before).__name__}, not {value!r}")
    if name == "id_tokens" and value not in get_args(IdTokens):
        raise ValueError(f"{name} takes one of {', '.join(get_args(IdTokens))}, not {value!r}")
    return value


def _plan_fault(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    latency = timedelta(seconds=float(asked.get("latency", 0)))
    tenant.faults.plan(Fault(**{**asked, "latency": latency}))
    return _faults(tenant, asked)


def _set_chance(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    tenant.faults.chance = Chance(**asked)
    return asdict(tenant.faults.chance)


def _clear_faults(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    tenant.faults.clear()
    return _faults(tenant, asked)


def _register_app(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    app = AppRegistration.from_document(asked)
    tenant.register_app(app)
    return {"client_id": app.client_id}


def _sign_in(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Let ``person`` sign in where the app sent the browser, ``url``, without a page."""
    return {"location": tenant.sign_in_as(asked["person"], asked["url"])}


def _teams_token(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """What Teams hands to a tab of the app ``client_id`` that ``person`` opens."""
    signs_in = tenant.people_sign_in
    token = signs_in.token_in_teams(asked["person"], asked["client_id"], asked["origin"])
    return {"token": token}


def _teams_app(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """Give ``person`` the app that declares ``activities``; with none take it away."""
    user = tenant.directory.user(asked["person"])
    tenant.feeds.install(user.id, *asked["activities"])
    return sorted(tenant.feeds.activities_of(user.id))


def _feed(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    lines = tenant.feeds.lines_of(tenant.directory.user(asked["person"]).id)
    return [asdict(line) for line in lines]


def _teams_policy(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    tenant.teams_policy = TeamsPolicy(**asked)
    return asdict(tenant.teams_policy)


def _answer(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    proposed = asked.get("proposed")
    tenant.answer(
        asked["person"],
        asked["item"],
        asked["response"],
        day=_day(asked),
        send_reply=asked.get("send_reply", True),
        proposed=None if proposed is None else (_instant(proposed[0]), _instant(proposed[1])),
    )
    return {}


def _delete(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    tenant.delete_from_calendar(asked["person"], asked["item"], day=_day(asked))
    return {}


def _book(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    """``start`` and ``end`` are wall-clock times of ``zone``."""
    until = asked.get("until")
    plan = {name: value for name, value in asked.items() if name != "person"}
    plan |= {"start": _instant(asked["start"]), "end": _instant(asked["end"])}
    plan |= {"until": date.fromisoformat(until) if until else None}
    plan |= {"skipped": tuple(map(date.fromisoformat, asked.get("skipped", ())))}
    tenant.book_appointment(asked["person"], Appointment(**plan))
    return {}


def _change(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    tenant.change_event(asked["item"], asked["changes"], day=_day(asked))
    return {}


def _cancel(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    tenant.cancel_event(asked["item"], day=_day(asked), comment=asked.get("comment", ""))
    return {}


def _make(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    return {"item": tenant.make_event(asked["mailbox"], asked["event"])}


def _change_person(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    changes = {name: value for name, value in asked.items() if name != "person"}
    tenant.change_person(asked["person"], **changes)
    return {}


def _join(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    at = asked.get("at")
    admission = tenant.join(asked["person"], asked["join_url"], _instant(at) if at else None)
    return {"admission": admission}


def _attend(tenant: Tenant, asked: Mapping[str, Any]) -> Any:
    how = {name: asked[name] for name in ("way", "device") if name in asked}
    ends = (_instant(asked["joined"]), _instant(asked["left"]))
    return asdict(tenant.attend(asked["person"], asked["join_url"], *ends, **how))


def _day(asked: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(asked["day"]) if asked.get("day") else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


_ACTS: dict[tuple[str, str], Act] = {
    ("GET", "health"): _health,
    ("GET", "mails"): _mails,
    ("GET", "calls"): _calls,
    ("GET", "complaints"): _complaints,
    ("GET", "events"): _events,
    ("GET", "occurrences"): _occurrences,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _set_clock,
    ("GET", "subscriptions"): _subscriptions,
    ("POST", "subscriptions/lifecycle"): _lifecycle,
    ("GET", "deliveries"): _deliveries,
    ("POST", "deliveries"): _deliver,
    ("GET", "behaviour"): _behaviour,
    ("POST", "behaviour"): _set_behaviour,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _plan_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "chance"): _set_chance,
    ("POST", "apps"): _register_app,
    ("POST", "people/sign-in"): _sign_in,
    ("POST", "people/teams-token"): _teams_token,
    ("POST", "people/teams-app"): _teams_app,
    ("GET", "people/feed"): _feed,
    ("POST", "teams-policy"): _teams_policy,
    ("GET", "people/acts"): _acts_on,
    ("POST", "people/act"): _carry_out,
    ("GET", "people/gatherings"): _gatherings,
    ("GET", "people/replies"): _replies,
    ("POST", "people/life"): _begin_life,
    ("POST", "people/answer"): _answer,
    ("POST", "people/delete"): _delete,
    ("POST", "people/appointment"): _book,
    ("POST", "people/change"): _change_person,
    ("POST", "people/join"): _join,
    ("POST", "people/attend"): _attend,
    ("POST", "organizer/make"): _make,
    ("POST", "organizer/change"): _change,
    ("POST", "organizer/cancel"): _cancel,
}
