"""A client of Tandem's JSON API, and the shapes of everything that is sent and answered there.

It needs httpx and pydantic alone. The server answers with these very shapes, so that client,
server and OpenAPI document cannot part.
"""

from integrations.api_client.client import ApiClient, ApiProblemError

__all__ = ["ApiClient", "ApiProblemError"]
