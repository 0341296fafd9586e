"""Microsoft's own client reads free/busy and creates a series on it."""

from __future__ import annotations

from datetime import date
from typing import Self

import httpx
from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.default_query_parameters import QueryParameters
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.attendee_type import AttendeeType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.day_of_week import DayOfWeek
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.online_meeting_provider_type import OnlineMeetingProviderType
from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
from msgraph.generated.models.recurrence_pattern import RecurrencePattern
from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
from msgraph.generated.models.recurrence_range import RecurrenceRange
from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
    GetSchedulePostRequestBody,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from simulator.asgi import application
from simulator.transport import TenantTransport
from tests.simulator.tenancy import ADA, BEN, PROGRAM, Tenancy


class _Given:
    """A credential that holds the token the test signed in with."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        return AccessToken(self._token, 4102444800)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def sdk_of(tenancy: Tenancy) -> GraphServiceClient:
    token = tenancy.client.headers["Authorization"].removeprefix("Bearer ")
    provider = AzureIdentityAuthenticationProvider(_Given(token))
    http = httpx.AsyncClient(transport=TenantTransport(application(tenancy.tenant)))
    return GraphServiceClient(request_adapter=GraphRequestAdapter(provider, http))


def moment(text: str) -> DateTimeTimeZone:
    return DateTimeTimeZone(date_time=text, time_zone="W. Europe Standard Time")


async def test_the_sdk_reads_free_busy_and_books_a_series(tenancy: Tenancy) -> None:
    user = sdk_of(tenancy).users.by_user_id(PROGRAM)
    asked = GetSchedulePostRequestBody(
        schedules=[ADA, "nobody@firm.example"],
        start_time=moment("2027-03-01T09:00:00"),
        end_time=moment("2027-03-01T12:00:00"),
        availability_view_interval=30,
    )
    answer = await user.calendar.get_schedule.post(asked)
    assert answer is not None
    assert answer.value is not None
    ada, nobody = answer.value
    assert ada.availability_view == "222000"
    assert ada.schedule_items is not None
    assert ada.schedule_items[0].status == FreeBusyStatus.Busy
    assert nobody.error is not None
    assert nobody.error.response_code == "ErrorMailRecipientNotFound"

    configuration: RequestConfiguration[QueryParameters] = RequestConfiguration()
    configuration.headers.add("Prefer", 'IdType="ImmutableId"')
    made = await user.events.post(
        Event(
            subject="Mentoring",
            start=moment("2027-03-02T10:30:00"),
            end=moment("2027-03-02T11:30:00"),
            attendees=[
                Attendee(email_address=EmailAddress(address=mail), type=AttendeeType.Required)
                for mail in (ADA, BEN)
            ],
            is_online_meeting=True,
            online_meeting_provider=OnlineMeetingProviderType.TeamsForBusiness,
            recurrence=PatternedRecurrence(
                pattern=RecurrencePattern(
                    type=RecurrencePatternType.Weekly, interval=2, days_of_week=[DayOfWeek.Tuesday]
                ),
                range=RecurrenceRange(
                    type=RecurrenceRangeType.Numbered,
                    start_date=date(2027, 3, 2),
                    number_of_occurrences=9,
                ),
            ),
        ),
        request_configuration=configuration,
    )
    assert made is not None
    assert made.online_meeting is not None
    assert made.online_meeting.join_url is not None
    [seen] = tenancy.tenant.events_of(PROGRAM)
    assert (seen.id, seen.join_url) == (made.id, made.online_meeting.join_url)
    assert set(seen.responses) == {ADA, BEN}
