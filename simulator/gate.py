"""What every Graph call passes on its way in and out: token, faults, limits, rights, strictness."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from simulator.deeds import Deeds
from simulator.directory import User
from simulator.errors import GraphError, NotSimulatedError
from simulator.event_body import unknown_members
from simulator.faults import Fault
from simulator.odata import Preferences
from simulator.operations import Operation, find, knows_path
from simulator.registration import AppRegistration
from simulator.requests import Answer, Call, ConnectionCutError, GraphRequest, LoggedCall
from simulator.throttle import throttled

_ACCESS_DENIED = "Access is denied. Check credentials and try again."
_BROKEN_PAGE = (
    "<html>\r\n<head><title>{status} Service Unavailable</title></head>\r\n"
    "<body><h1>The service is unavailable.</h1></body>\r\n</html>\r\n"
)
# Paths whose body is an entity, not the parameters of an action.
_ENTITIES = ("events", "{event}", "{meeting}", "subscriptions", "{subscription}")


@dataclass(frozen=True, slots=True)
class _Visit:
    """A call whose operation and mailbox are known."""

    request: GraphRequest
    operation: Operation
    parts: Mapping[str, str]
    user: User | None
    fault: Fault | None

    @property
    def mailbox(self) -> str:
        """The mailbox concerned, as the call log names it; empty for a call without one."""
        named = self.parts.get("user", "")
        return self.user.mail.lower() if self.user is not None else named.lower()

    @property
    def names(self) -> frozenset[str]:
        """Every name under which a fault may have been planned for the mailbox."""
        if self.user is None:
            return frozenset({self.mailbox})
        user = self.user
        return frozenset({user.mail.lower(), user.id.lower(), user.principal_name.lower()})


class Gate:
    """Lets calls in, one by one."""

    def __init__(self, tenant: Deeds) -> None:
        self._tenant = tenant

    async def answer(self, request: GraphRequest) -> Answer:
        """The answer to one request, which is also logged.

        Raises:
            ConnectionCutError: a fault broke the connection.
        """
        found = find(request.method, request.path)
        if found is None:
            return self._unknown(request)
        operation, parts = found
        user = self._tenant.directory.find(parts["user"]) if "user" in parts else None
        visit = _Visit(request, operation, parts, user, None)
        fault = self._tenant.faults.meeting(request.method, operation.template, visit.names)
        visit = _Visit(request, operation, parts, user, fault)
        try:
            answer = await self._visited(visit)
        except GraphError as refusal:
            answer = self.refused(request, refusal)
            if isinstance(refusal, NotSimulatedError):
                self.complain(request, refusal.what)
        except ConnectionCutError:
            before = fault is not None and fault.effect == "cut_before"
            self._log(request, operation.template, visit.mailbox, 0 if before else 200, cut=True)
            raise
        self._log(request, operation.template, visit.mailbox, answer.status)
        return self.finished(request, answer)

    def refused(self, request: GraphRequest, refusal: GraphError) -> Answer:
        """The answer that a refusal becomes."""
        behaviour = self._tenant.behaviour
        inner = {
            "date": f"{request.arrived.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            "request-id": self._tenant.request_id(request),
            "client-request-id": request.client_request_id or self._tenant.request_id(request),
        }
        error = {
            "code": "" if behaviour.empty_error_codes else refusal.code,
            "message": refusal.message,
            **refusal.members,
            behaviour.inner_error_name: inner,
        }
        return Answer(refusal.status, {"error": error}, refusal.headers)

    def complain(self, request: GraphRequest, what: str) -> None:
        """Note something a strict tenant does not put up with."""
        self._tenant.complaints.append(f"{request.method} {request.path}: {what}")

    def finished(self, request: GraphRequest, answer: Answer) -> Answer:
        """The answer with the headers every answer bears."""
        headers = {
            "request-id": self._tenant.request_id(request),
            "client-request-id": request.client_request_id or self._tenant.request_id(request),
            "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Simulated","Slice":"E"}}',
            **answer.headers,
        }
        off_by = self._tenant.behaviour.date_off_by
        if off_by is not None and not request.in_batch:
            headers["Date"] = format_datetime(
                (self._tenant.clock() + off_by).astimezone(UTC), usegmt=True
            )
        if request.in_batch and answer.body is not None:
            headers["Content-Type"] = "application/json"
        return Answer(answer.status, answer.body, headers, answer.page)

    def _unknown(self, request: GraphRequest) -> Answer:
        if knows_path(request.path):
            refusal = GraphError(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            )
        elif self._tenant.behaviour.strict:
            refusal = NotSimulatedError("this path")
        else:
            segment = request.path.rsplit("/", 1)[-1]
            refusal = GraphError(
                400, "BadRequest", f"Resource not found for the segment '{segment}'."
            )
        if self._tenant.behaviour.strict:
            self.complain(request, "unknown path or method")
        self._log(request, request.path, "", refusal.status)
        return self.finished(request, self.refused(request, refusal))

    async def _visited(self, visit: _Visit) -> Answer:
        """Everything that happens while the call is counted as running."""
        tenant, fault = self._tenant, visit.fault
        app = tenant.sign_in.app_of(visit.request.headers.get("authorization", ""))
        in_mailbox = visit.operation.needs == "exchange"
        key = (app.client_id, visit.mailbox if in_mailbox else visit.operation.needs)
        too_early = tenant.throttle.arrive(key, visit.request.arrived)
        if too_early is not None:
            self.complain(visit.request, f"did not wait out Retry-After: {too_early}")
        try:
            tenant.throttle.check(key, visit.request.arrived, mailbox=in_mailbox)
        except GraphError as refusal:
            tenant.throttle.told(key, int(refusal.headers["Retry-After"]), tenant.clock())
            raise
        tenant.throttle.begin(key)
        try:
            await self._pass_time(fault)
            self._break_before(fault, key)
            answer = await self._handled(visit, app)
        finally:
            tenant.throttle.end(key)
        if fault is not None and fault.effect == "cut_after":
            raise ConnectionCutError
        if fault is not None and fault.html:
            page = _BROKEN_PAGE.format(status=fault.status)
            return Answer(fault.status, None, _retry_after(fault), page)
        return answer

    async def _pass_time(self, fault: Fault | None) -> None:
        latency = self._tenant.behaviour.latency
        if fault is not None and fault.effect == "slow":
            latency += fault.latency
        if latency:
            await asyncio.sleep(latency.total_seconds())

    def _break_before(self, fault: Fault | None, key: tuple[str, str]) -> None:
        """Let a fault strike before anything is done; an HTML page is told of later."""
        if fault is None:
            return
        if fault.effect == "cut_before":
            raise ConnectionCutError
        seconds = fault.retry_after
        if fault.effect == "throttle":
            seconds = 10 if seconds is None else seconds
            self._tenant.throttle.told(key, seconds, self._tenant.clock())
            raise throttled(seconds, "TooManyRequests", "Please retry again later.")
        if fault.effect == "error" and seconds is not None:
            self._tenant.throttle.told(key, seconds, self._tenant.clock())
        if fault.effect == "error" and not fault.html:
            raise GraphError(
                fault.status,
                fault.code,
                "The mailbox database is temporarily unavailable.",
                headers=_retry_after(fault),
            )

    async def _handled(self, visit: _Visit, app: AppRegistration) -> Answer:
        tenant, fault = self._tenant, visit.fault
        if fault is not None and fault.effect == "error":
            return Answer(fault.status)
        prefer = Preferences.read(visit.request.headers.get("prefer", ""))
        self._check_right(visit, app)
        user = self._user(visit)
        self._check_strictness(visit, prefer)
        tenant.gatherings.catch_up()
        call = Call(visit.request, app, visit.parts, user, prefer)
        try:
            given = visit.operation.handler(tenant, call)
            answer = await given if inspect.isawaitable(given) else given
        except GraphError:
            tenant.storage.roll_back()
            raise
        tenant.storage.commit()
        if not prefer.honoured:
            return answer
        applied = {"Preference-Applied": ", ".join(prefer.honoured)}
        return Answer(answer.status, answer.body, {**answer.headers, **applied}, answer.page)

    def _user(self, visit: _Visit) -> User | None:
        if "user" not in visit.parts:
            return None
        if visit.operation.needs == "exchange":
            return self._tenant.directory.mailbox(visit.parts["user"])
        return self._tenant.directory.user(visit.parts["user"])

    def _check_right(self, visit: _Visit, app: AppRegistration) -> None:
        operation = visit.operation
        mailbox = visit.user.mail if visit.user is not None else visit.parts.get("user")
        scoped = mailbox if operation.needs == "exchange" else None
        if operation.needs in ("subscription", "teams_app"):
            # Whose mailbox is concerned stands in the body or in the subscription; the right to
            # tell somebody something in Teams comes with the app. Whoever answers knows.
            return
        if operation.needs == "teams":
            self._check_teams(visit, app)
        elif not app.may(operation.role, scoped):
            if operation.needs == "directory":
                raise GraphError(
                    403,
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                )
            raise GraphError(403, "ErrorAccessDenied", _ACCESS_DENIED)

    def _check_teams(self, visit: _Visit, app: AppRegistration) -> None:
        named = visit.parts["user"]
        if not app.may(visit.operation.role, None):
            raise GraphError(403, "Forbidden", "Insufficient permissions for this operation.")
        if visit.user is None or visit.user.id != named.lower():
            raise GraphError(
                400, "BadRequest", "Invalid user id: an object id is needed, not a name."
            )
        if named.lower() not in {organizer.lower() for organizer in app.teams_organizers}:
            raise GraphError(
                403,
                "Unauthorized",
                f"App {app.client_id} is not authorized to read meetings on behalf of user "
                f"{named}. No Application Access Policy found for this app.",
            )

    def _check_strictness(self, visit: _Visit, prefer: Preferences) -> None:
        if not self._tenant.behaviour.strict:
            return
        operation, request = visit.operation, visit.request
        unknown = sorted(set(request.query) - operation.options)
        if unknown:
            raise NotSimulatedError(f"query option {', '.join(unknown)} here", status=400)
        if operation.outlook_item and not prefer.immutable_ids:
            raise NotSimulatedError('a call without Prefer: IdType="ImmutableId"', status=400)
        if operation.members is not None:
            strange = unknown_members(_checked(request.body, operation), operation.members)
            if strange:
                raise NotSimulatedError(f"body member {', '.join(strange)} here", status=400)

    def _log(
        self, request: GraphRequest, template: str, mailbox: str, status: int, *, cut: bool = False
    ) -> None:
        self._tenant.log_call(
            LoggedCall(
                at=request.arrived,
                method=request.method,
                path=template,
                mailbox=mailbox,
                status=status,
                client_request_id=request.client_request_id,
                in_batch=request.in_batch,
                cut=cut,
            )
        )


def _checked(body: Any, operation: Operation) -> Any:
    """The body, with the names of an action's parameters in lower case."""
    last = operation.template.rsplit("/", 1)[-1]
    if last in _ENTITIES or not isinstance(body, Mapping):
        return body
    return {str(name).lower(): value for name, value in body.items()}


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
