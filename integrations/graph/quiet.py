"""Keeps the libraries underneath from writing addresses into anybody's log."""

from __future__ import annotations

import logging

TALKATIVE = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "h2",
    "hpack",
    "msal",
    "msal.application",
    "msal.authority",
    "msal.managed_identity",
    "msal.oauth2cli.oidc",
    "msal.oauth2cli.oauth2",
    "msal.telemetry",
    "msal.token_cache",
    "requests",
    "urllib3",
    "urllib3.connectionpool",
    "urllib3.util.retry",
    "kiota_abstractions",
    "kiota_http",
    "msgraph",
    "msgraph_core",
)
"""Loggers of the libraries between Tandem and the wire: their records quote URLs."""


class _Silence(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return False


_SILENCE = _Silence()


def quiet_libraries() -> None:
    """Let none of these loggers say anything, whatever level somebody sets for them later.

    Each call Tandem makes has a record of its own, without addresses, so nothing is missed.
    Calling it again changes nothing.
    """
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        logger.addFilter(_SILENCE)
        logger.propagate = False
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
