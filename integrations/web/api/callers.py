"""Who calls: an access token, verified, and the roles of this moment as on the pages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request

from integrations.errors import SignInFailedError
from integrations.page_records import WebSession
from integrations.ports import DirectoryUser, Identity
from integrations.web.access import Viewer, viewer_of
from integrations.workflows.app import App

_LONGEST_TOKEN = 16_384
_MOST_KNOWN = 10_000
ACCOUNT_KEEPS = timedelta(minutes=5)
"""So long what the directory said of an account is believed, beside its token."""


def token_in(request: Request) -> str:
    """The token that a request bears.

    Raises:
        SignInFailedError: there is none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN:
        raise SignInFailedError("no_token")
    return token.strip()


@dataclass(slots=True)
class Callers:
    """Knows callers by their tokens; remembers for a while whose account is in use."""

    _known: OrderedDict[str, tuple[DirectoryUser, datetime]] = field(default_factory=OrderedDict)

    async def identity(self, app: App, token: str) -> Identity:
        """Whose token it is.

        Raises:
            SignInFailedError: it is none to be believed.
            UnreachableError
        """
        if not token.isascii():
            raise SignInFailedError("bad_token")
        return await app.graph.sign_in.bearer(token)

    async def viewer(self, app: App, identity: Identity, now: datetime) -> Viewer:
        """The caller with the grants of this moment.

        Raises:
            SignInFailedError: the directory does not know the account, or has switched it off.
        """
        mail, name = "", ""
        if not identity.is_app:
            account = await self._account(app, identity.directory_id, now)
            mail, name = account.mail, account.name
        # As somebody signed in to the pages for the length of this one request; nothing is kept.
        session = WebSession(
            id="",
            directory_id=identity.directory_id,
            mail=mail,
            name=name,
            roles=identity.roles,
            created_at=now,
            seen_at=now,
            expires_at=now,
        )
        return await app.store.run(lambda tx: viewer_of(tx, session))

    async def _account(self, app: App, directory_id: str, now: datetime) -> DirectoryUser:
        known = self._known.get(directory_id)
        if known is not None and now < known[1]:
            return known[0]
        account = (await app.graph.directory.standing([directory_id]))[directory_id]
        if account is None or not account.enabled:
            raise SignInFailedError("no_account")
        self._known[directory_id] = (account, now + ACCOUNT_KEEPS)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return account
