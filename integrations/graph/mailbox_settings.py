"""What mailbox settings say of participants: zone, working hours, language, format of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.users.item.mailbox_settings.mailbox_settings_request_builder import (
    MailboxSettingsRequestBuilder,
)

from integrations.graph import models
from integrations.graph.batch import ItemAnswer, read_all
from integrations.graph.client import Wire
from integrations.graph.hours import settings_from
from integrations.graph.operations import READ_MAILBOX_SETTINGS
from integrations.graph.refusals import code_of, reason_unreadable
from integrations.ports import MailboxSettings, Unreadable


class SettingsOfMailboxes:
    """Implements :class:`integrations.ports.MailboxSettingsSource`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def read(self, user_ids: Sequence[str]) -> dict[str, MailboxSettings | Unreadable]:
        asked = list(dict.fromkeys(user_ids))
        requests = [self._request(user_id) for user_id in asked]
        answers = await read_all(self._wire, READ_MAILBOX_SETTINGS, requests)
        return {user_id: _reading(answer) for user_id, answer in zip(asked, answers, strict=True)}

    def _request(self, user_id: str) -> RequestInformation:
        # Only these of the settings: automatic replies would bring people's words along.
        parameters = MailboxSettingsRequestBuilder.MailboxSettingsRequestBuilderGetQueryParameters(
            select=["timeZone", "workingHours", "language", "timeFormat"]
        )
        builder = self._wire.graph.users.by_user_id(user_id).mailbox_settings
        return builder.to_get_request_information(RequestConfiguration(query_parameters=parameters))


def _reading(answer: ItemAnswer) -> MailboxSettings | Unreadable:
    if not answer.ok:
        return Unreadable(reason_unreadable(answer.status, code_of(answer.error)))
    try:
        settings = models.parse_data(models.MailboxSettingsAnswer, answer.body)
    except models.MalformedAnswerError:
        return Unreadable("malformed_answer")
    return replace(
        settings_from(settings.zone, settings.hours),
        language=settings.language.locale if settings.language else None,
        time_format=settings.time_format or None,
    )
