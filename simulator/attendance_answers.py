"""The answers about attendance reports, as Teams writes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from simulator.answers import METADATA, meeting_asked_for
from simulator.attendance import Report, Stay
from simulator.errors import GraphError, NotSimulatedError
from simulator.requests import Answer, Call
from simulator.services import Services

_RECORDS = "attendanceRecords"


def list_reports(tenant: Services, call: Call) -> Answer:
    """GET …/attendanceReports: the newest ones, without anybody in them."""
    meeting = meeting_asked_for(tenant, call)
    found = tenant.attendance.reports(meeting["id"], tenant.clock())
    listed = found[: tenant.behaviour.reports_listed]
    value = [{**_report(tenant, one), _RECORDS: []} for one in listed]
    return Answer(200, {"@odata.context": _context(call, meeting), "value": value})


def get_report(tenant: Services, call: Call) -> Answer:
    """GET …/attendanceReports/{report}: with its records where they are asked for."""
    meeting, report = _asked_for(tenant, call)
    expand = call.request.query.get("$expand")
    if expand not in (None, _RECORDS):
        raise NotSimulatedError(f"$expand={expand}", status=400)
    records = _records(tenant, report) if expand else []
    context = f"{_context(call, meeting)}/$entity"
    body = {"@odata.context": context, **_report(tenant, report), _RECORDS: records}
    return Answer(200, body)


def list_records(tenant: Services, call: Call) -> Answer:
    """GET …/attendanceReports/{report}/attendanceRecords."""
    meeting, report = _asked_for(tenant, call)
    context = f"{_context(call, meeting)}('{report.id}')/{_RECORDS}"
    return Answer(200, {"@odata.context": context, "value": _records(tenant, report)})


def _context(call: Call, meeting: dict[str, Any]) -> str:
    owner = f"users('{call.mailbox.id}')/onlineMeetings('{meeting['id']}')"
    return f"{METADATA}{owner}/attendanceReports"


def _asked_for(tenant: Services, call: Call) -> tuple[dict[str, Any], Report]:
    meeting = meeting_asked_for(tenant, call)
    report = tenant.attendance.report(meeting["id"], call.parts["report"], tenant.clock())
    if report is None:
        raise GraphError(404, "NotFound", "Attendance report not found.")
    return meeting, report


def _report(tenant: Services, report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "totalParticipantCount": len({(stay.way, stay.person) for stay in report.stays}),
        "meetingStartDateTime": _moment(report.start),
        "meetingEndDateTime": _moment(report.end),
    }


def _records(tenant: Services, report: Report) -> list[dict[str, Any]]:
    """One for each person; for each device where the tenant is so."""
    apart = tenant.behaviour.records_per_device
    groups: dict[tuple[str, ...], list[Stay]] = {}
    for stay in report.stays:
        if stay.person.lower() not in tenant.behaviour.hidden_from_reports:
            key = (stay.way, stay.person, stay.device if apart else "")
            groups.setdefault(key, []).append(stay)
    return [_record(tenant, f"{report.id}/{'/'.join(key)}", stays) for key, stays in groups.items()]


def _record(tenant: Services, name: str, stays: Iterable[Stay]) -> dict[str, Any]:
    intervals = [_interval(stay) for stay in stays]
    return {
        "id": tenant.mint.guid("record", name),
        "totalAttendanceInSeconds": sum(one["durationInSeconds"] for one in intervals),
        **_who(tenant, next(iter(stays))),
        "attendanceIntervals": intervals,
    }


def _interval(stay: Stay) -> dict[str, Any]:
    return {
        "joinDateTime": _moment(stay.joined),
        "leaveDateTime": _moment(stay.left),
        "durationInSeconds": int((stay.left - stay.joined).total_seconds()),
    }


def _who(tenant: Services, stay: Stay) -> dict[str, Any]:
    """Address, role and identity of somebody, as far as Teams knows them.

    Teams knows no address of a guest, and of callers and visitors not even who they are.
    """
    if stay.way == "phone":
        number = f"+1425555{tenant.mint.number(4, 'caller', stay.person)}"
        return _stranger(f"4:{number}", f"{number[:5]}*****{number[-2:]}")
    if stay.way == "anonymous":
        visitor = tenant.mint.guid("visitor", stay.meeting_id, stay.person).replace("-", "")
        return _stranger(f"teamsvisitor:{visitor}", stay.person)
    user = tenant.directory.find(stay.person)
    if user is None or user.guest:
        domain = stay.person.partition("@")[2].lower()
        return {
            "emailAddress": None,
            "role": "Attendee",
            "identity": {
                "@odata.type": "#microsoft.graph.communicationsUserIdentity",
                "id": tenant.mint.guid("account", stay.person.lower()) if user is None else user.id,
                "displayName": stay.person.partition("@")[0] if user is None else user.name,
                "tenantId": tenant.mint.guid("other tenant", domain),
            },
        }
    organizer = (tenant.meetings.of_id(stay.meeting_id) or {}).get("organizer") == user.id
    return {
        "emailAddress": user.mail,
        "role": "Organizer" if organizer else "Presenter",
        "identity": {
            "@odata.type": "#microsoft.graph.communicationsUserIdentity",
            "id": user.id,
            "displayName": user.name,
            # The documentation's own examples leave it out for people of the same tenant.
            "tenantId": tenant.id if tenant.behaviour.reports_name_own_tenant else None,
        },
    }


def _stranger(identity: str, shown: str) -> dict[str, Any]:
    return {
        "emailAddress": None,
        "role": "Attendee",
        "identity": {
            "@odata.type": "#microsoft.graph.communicationsUserIdentity",
            "id": identity,
            "displayName": shown,
            "tenantId": None,
        },
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
