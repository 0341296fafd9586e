"""Signing in to PostgreSQL in Azure by the app's managed identity: a token stands for a password.

A token is asked for at each new connection; the library keeps it until shortly before it ends.
The server looks at it only while a connection is made, so a pool outlives the tokens it began with.
"""

from __future__ import annotations

from collections.abc import Callable

from azure.core.exceptions import AzureError
from azure.identity import ManagedIdentityCredential

from integrations.errors import StoreUnreachableError

SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
"""What tokens for PostgreSQL are asked for; the same in every tenant."""
_CONNECT_SECONDS = 5
_READ_SECONDS = 15


def identity_password(client_id: str | None) -> Callable[[], str]:
    """What gives the password of a new connection; blocking.

    It raises ``StoreUnreachableError`` where the identity has no token to give.
    """
    identity = ManagedIdentityCredential(
        client_id=client_id, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
    )

    def password() -> str:
        try:
            return str(identity.get_token(SCOPE).token)
        except AzureError as error:
            # Its text names the identity's endpoint and quotes the answer.
            raise StoreUnreachableError(
                f"no token for the store from the managed identity ({type(error).__name__})"
            ) from None

    return password
