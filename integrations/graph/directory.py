"""The firm's directory: who is behind an address."""

from __future__ import annotations

from collections.abc import Sequence

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

from integrations.graph import models
from integrations.graph.batch import ItemAnswer, read_all
from integrations.graph.client import Wire, malformed
from integrations.graph.operations import FIND_USER
from integrations.graph.refusals import refusal_from
from integrations.ports import DirectoryUser

_SELECT = [
    "id",
    "displayName",
    "mail",
    "userPrincipalName",
    "userType",
    "accountEnabled",
    "officeLocation",
]
_MOST_CLAUSES = 15
"""A filter of the directory takes no more values than this."""


class PeopleDirectory:
    """Implements :class:`integrations.ports.Directory`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def find(self, mails: Sequence[str]) -> dict[str, DirectoryUser | None]:
        asked = list(dict.fromkeys(mails))
        requests = [self._request(mail) for mail in asked]
        answers = await read_all(self._wire, FIND_USER, requests)
        return {mail: _best(mail, answer) for mail, answer in zip(asked, answers, strict=True)}

    async def standing(self, user_ids: Sequence[str]) -> dict[str, DirectoryUser | None]:
        asked = list(dict.fromkeys(user_ids))
        chunks = [asked[i : i + _MOST_CLAUSES] for i in range(0, len(asked), _MOST_CLAUSES)]
        filters = [f"id in ({','.join(map(_quoted, chunk))})" for chunk in chunks]
        answers = await read_all(self._wire, FIND_USER, [self._asking(text) for text in filters])
        found = {user.id.casefold(): _to_tandem(user) for a in answers for user in _users(a)}
        return {user_id: found.get(user_id.casefold()) for user_id in asked}

    def _request(self, mail: str) -> RequestInformation:
        literal = _quoted(mail)
        return self._asking(f"mail eq {literal} or userPrincipalName eq {literal}")

    def _asking(self, filter_text: str) -> RequestInformation:
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter=filter_text, select=_SELECT
        )
        return self._wire.graph.users.to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )


def _quoted(text: str) -> str:
    """An OData string literal."""
    return "'" + text.replace("'", "''") + "'"


def _users(answer: ItemAnswer) -> list[models.User]:
    if not answer.ok:
        raise refusal_from(answer.status, answer.error, operation=FIND_USER.name)
    try:
        return models.parse_data(models.Users, answer.body).value
    except models.MalformedAnswerError:
        raise malformed(FIND_USER, answer.status) from None


def _best(mail: str, answer: ItemAnswer) -> DirectoryUser | None:
    """The user the address belongs to. A mail address outranks a sign-in name, and an account in
    use one that is switched off: leavers' addresses are sometimes given to others."""
    users = _users(answer)

    def rank(user: models.User) -> tuple[bool, bool, str]:
        return ((user.mail or "").casefold() != mail.casefold(), not user.enabled, user.id)

    return _to_tandem(min(users, key=rank)) if users else None


def _to_tandem(user: models.User) -> DirectoryUser:
    return DirectoryUser(
        id=user.id,
        mail=user.mail or user.upn or "",
        name=user.name or "",
        enabled=bool(user.enabled),
        guest=(user.type or "").casefold() == "guest",
        office=user.office or None,
    )
