"""Everything that Tandem answers over HTTP, as one ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.routing import Route

from integrations.web.met import MET_PATH, MetPage
from integrations.web.webhook import GraphWebhook
from integrations.workflows.app import App

WEBHOOK_PATH = "/webhooks/graph"


def asgi_app(application: Callable[[], Awaitable[App]]) -> Starlette:
    """The ASGI application. Nothing is opened before the first request that needs it.

    Parameters:
        application: gives the open application of the running event loop, the same each time.
    """
    webhook, met = GraphWebhook(application), MetPage(application)
    return Starlette(
        routes=[
            Route(WEBHOOK_PATH, webhook.answer, methods=["POST"]),
            Route(MET_PATH, met.show, methods=["GET"]),
            Route(MET_PATH, met.take, methods=["POST"]),
        ]
    )
