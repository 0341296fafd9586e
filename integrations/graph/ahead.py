"""Imports ahead what the first calls would import: msgraph, msal and httpx do so when first used.

Together they take the better part of a second, longer where no bytecode is cached, and the event
loop stands still meanwhile.
"""

from __future__ import annotations

from importlib import import_module

from integrations.graph.models import Answer

_LAZY = (
    "anyio._backends._asyncio",
    "httpcore",
    "msal_extensions",
    "msgraph.generated.models.base_collection_pagination_count_response",
    "msgraph.generated.models.calendar",
    "msgraph.generated.models.event_collection_response",
    "msgraph.generated.models.o_data_errors.o_data_error",
    "msgraph.generated.models.online_meeting_collection_response",
    "msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_response",
    "msgraph.generated.users.item.calendar.get_schedule.get_schedule_request_builder",
    "msgraph.generated.users.item.events.item.cancel.cancel_request_builder",
    "msgraph.generated.users.item.user_item_request_builder",
)


def import_ahead() -> None:
    """Have everything imported and built that looks and bookings take; blocking."""
    for name in _LAZY:
        import_module(name)
    for answer in Answer.__subclasses__():
        answer.model_rebuild()
