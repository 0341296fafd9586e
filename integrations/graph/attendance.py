"""Teams' reports of who was in a meeting: read as told, decided upon elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.users.item.online_meetings.item.attendance_reports.attendance_reports_request_builder import (  # noqa: E501
    AttendanceReportsRequestBuilder,
)
from msgraph.generated.users.item.online_meetings.item.attendance_reports.item.meeting_attendance_report_item_request_builder import (  # noqa: E501
    MeetingAttendanceReportItemRequestBuilder,
)
from msgraph.graph_service_client import GraphServiceClient

from integrations.graph import models
from integrations.graph.batch import ItemAnswer, read_all
from integrations.graph.client import Wire
from integrations.graph.operations import LIST_REPORTS, READ_REPORT
from integrations.graph.refusals import UNAVAILABLE, refusal_from
from integrations.ports import AttendanceRecord, AttendanceReport, ListedReport, Stay, Unreadable

_PHONE_ID = re.compile(r"(4:|\+)\+?\d+")
"""Teams writes a caller's id as her number, with or without the mark of a phone before it."""

_ACCOUNT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class MeetingAttendance:
    """Implements :class:`integrations.ports.AttendanceReports`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def listed(self, organizer_id: str, meeting_id: str) -> list[ListedReport]:
        answer = await self._wire.fetch(
            models.AttendanceReports,
            LIST_REPORTS,
            lambda graph, c: _reports(graph, organizer_id, meeting_id).get(c),
        )
        return [
            ListedReport(id=found.id, started_at=found.start, ended_at=found.end)
            for found in answer.value
        ]

    async def read(
        self, organizer_id: str, meeting_id: str, report_ids: Sequence[str]
    ) -> dict[str, AttendanceReport | Unreadable]:
        asked = list(dict.fromkeys(report_ids))
        requests = [self._request(organizer_id, meeting_id, report_id) for report_id in asked]
        answers = await read_all(self._wire, READ_REPORT, requests)
        home = self._wire.tenant_id
        return {
            report_id: _report(answer, home)
            for report_id, answer in zip(asked, answers, strict=True)
        }

    def _request(self, organizer_id: str, meeting_id: str, report_id: str) -> RequestInformation:
        builder = MeetingAttendanceReportItemRequestBuilder
        query = builder.MeetingAttendanceReportItemRequestBuilderGetQueryParameters(
            expand=["attendanceRecords"]
        )
        return (
            _reports(self._wire.graph, organizer_id, meeting_id)
            .by_meeting_attendance_report_id(report_id)
            .to_get_request_information(RequestConfiguration(query_parameters=query))
        )


def _reports(
    graph: GraphServiceClient, organizer_id: str, meeting_id: str
) -> AttendanceReportsRequestBuilder:
    meetings = graph.users.by_user_id(organizer_id).online_meetings
    return meetings.by_online_meeting_id(meeting_id).attendance_reports


def _report(answer: ItemAnswer, home: str) -> AttendanceReport | Unreadable:
    """One report of an envelope.

    Raises:
        RefusedError: a right is missing, which concerns every report of the mailbox.
    """
    if answer.status in (401, 403):
        raise refusal_from(answer.status, answer.error, operation=READ_REPORT.name)
    if answer.status in (404, 410):
        return Unreadable("gone")
    if not answer.ok:
        return Unreadable(UNAVAILABLE)
    try:
        found = models.parse_data(models.AttendanceReport, answer.body)
    except models.MalformedAnswerError:
        return Unreadable("malformed_answer")
    return AttendanceReport(
        id=found.id,
        started_at=found.start,
        ended_at=found.end,
        participants=found.participants,
        records=tuple(_record(record, home) for record in found.records or ()),
    )


def _record(record: models.AttendanceRecord, home: str) -> AttendanceRecord:
    identity = record.identity or models.AttendanceIdentity()
    mail = (record.mail or "").strip().casefold() or None
    kind = _kind(identity, mail, home)
    # A caller's id is her number, which is nobody's business.
    is_account = kind in ("member", "guest")
    return AttendanceRecord(
        kind=kind,
        user_id=(identity.id or "").casefold() or None if is_account else None,
        mail=mail,
        role=record.role,
        stays=tuple(Stay(stay.joined_at, stay.left_at) for stay in record.intervals or ()),
    )


def _kind(identity: models.AttendanceIdentity, mail: str | None, home: str) -> str:
    """How somebody came in, by what Teams wrote of the identity, never by a name."""
    person = (identity.id or "").casefold()
    if "phone" in identity.type or _PHONE_ID.fullmatch(person):
        return "phone"
    if identity.tenant and identity.tenant.casefold() != home.casefold():
        return "guest"
    if _ACCOUNT_ID.fullmatch(person) and "guest" not in identity.type:
        return "member"
    # An address without an identity is one Teams knew from a sign-in.
    return "member" if not person and mail else "anonymous"
