"""What the app package tells Teams: its tabs, what it may tell people, who signs in to it.

Source: the Teams app manifest, schema 1.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from integrations.errors import Fault, FaultsError

SCHEMA_VERSION = "1.17"
COLOR_ICON, OUTLINE_ICON = "color.png", "outline.png"
ACTIVITY = "tandemNews"
"""The kind of activity of everything that Tandem tells somebody in Teams."""
TAB_PATH = "/teams"
"""Where a tab begins: signs in with Teams, then goes on to ``next``."""
_ACCENT = "#4F52B2"
_TABS = (
    ("meetings", "My meetings", "/"),
    ("coordination", "Coordination", "/needs"),
)
_LONGEST_FIRM = 32
_VERSION = re.compile(r"(0|[1-9]\d{0,4})(\.(0|[1-9]\d{0,4})){2}")


class TeamsAppError(FaultsError):
    """The settings do not make a Teams app; each fault names what is missing."""

    remedy = "Set what is named; docs/how-to/teams.md says where each comes from."


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsApp:
    """An installation as a Teams app.

    Parameters:
        client_id: the application id of the app registration, a GUID.
        public_url: address of the pages, ``https`` and without a path.
        firm: who publishes it, as people read it in Teams; 32 characters at most.
        version: of the package; Teams takes an update only with a higher one.
        privacy_url, terms_url: pages of the firm's own; the public address where none are named.

    Raises:
        TeamsAppError: one or more of these make no Teams app.
    """

    client_id: str
    public_url: str
    firm: str
    version: str
    privacy_url: str | None = None
    terms_url: str | None = None

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise TeamsAppError(faults)

    @property
    def host(self) -> str:
        """The name of the host that serves the pages."""
        return urlsplit(self.public_url).netloc

    @property
    def app_id(self) -> UUID:
        """The Teams app's own id: the same for one registration at one address, always."""
        return uuid5(NAMESPACE_URL, f"{self.public_url}/{self.client_id}/teams")

    @property
    def resource(self) -> str:
        """The Application ID URI that Teams asks tokens for; the registration has to expose it."""
        return f"api://{self.host}/{self.client_id}"

    def _faults(self) -> Iterator[Fault]:
        address = urlsplit(self.public_url)
        if not _is_guid(self.client_id):
            yield Fault("TANDEM_CLIENT_ID", "the application id, a GUID", self.client_id)
        if address.scheme != "https" or not address.netloc or address.path.strip("/"):
            yield Fault("TANDEM_PUBLIC_URL", "an https address without a path", self.public_url)
        if not 0 < len(self.firm.strip()) <= _LONGEST_FIRM:
            yield Fault("--firm", f"1 to {_LONGEST_FIRM} characters", self.firm)
        if not _VERSION.fullmatch(self.version):
            yield Fault("--version", "three numbers like 1.0.2", self.version)
        for option, url in (("--privacy", self.privacy_url), ("--terms", self.terms_url)):
            if url is not None and urlsplit(url).scheme != "https":
                yield Fault(option, "an https address", url)


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def manifest_of(app: TeamsApp) -> dict[str, Any]:
    """The manifest, ready to be written as JSON."""
    root = app.public_url.rstrip("/")
    return {
        "$schema": "https://developer.microsoft.com/json-schemas/teams/"
        f"v{SCHEMA_VERSION}/MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA_VERSION,
        "version": app.version,
        "id": str(app.app_id),
        "developer": {
            "name": app.firm.strip(),
            "websiteUrl": root,
            "privacyUrl": app.privacy_url or root,
            "termsOfUseUrl": app.terms_url or root,
        },
        "name": {"short": "Tandem", "full": "Tandem reverse mentoring"},
        "description": {
            "short": "Your reverse-mentoring meetings: see them, move them, say that you met.",
            "full": "Tandem books the meetings of reverse-mentoring pairs in Outlook and keeps them"
            " alive while calendars change. Here each of a pair sees the meetings to come, picks"
            " another hour, leaves a date out or says that they met. Coordinators see which pairs"
            " need them.",
        },
        "icons": {"color": COLOR_ICON, "outline": OUTLINE_ICON},
        "accentColor": _ACCENT,
        "staticTabs": [
            *(_tab(root, *tab) for tab in _TABS),
            {"entityId": "about", "scopes": ["personal"]},
        ],
        "activities": {"activityTypes": [_activity()]},
        "permissions": ["identity"],
        "validDomains": [app.host],
        "webApplicationInfo": {"id": app.client_id, "resource": app.resource},
        "authorization": {
            "permissions": {
                "resourceSpecific": [{"name": "TeamsActivity.Send.User", "type": "Application"}]
            }
        },
        "defaultInstallScope": "personal",
        "showLoadingIndicator": False,
    }


def _tab(root: str, entity_id: str, name: str, path: str) -> Mapping[str, Any]:
    return {
        "entityId": entity_id,
        "name": name,
        "contentUrl": f"{root}{TAB_PATH}?next={path}",
        "websiteUrl": f"{root}{path}",
        "scopes": ["personal"],
    }


def _activity() -> Mapping[str, str]:
    return {
        "type": ACTIVITY,
        "description": "News of your reverse-mentoring meetings",
        "templateText": "{news}",
    }
