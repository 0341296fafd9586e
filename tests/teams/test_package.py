"""The Teams app package: held to Microsoft's own schema, and to what the installation answers."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator

from integrations.teams.manifest import (
    ACTIVITY,
    SCHEMA_VERSION,
    TeamsApp,
    TeamsAppError,
    manifest_of,
)
from integrations.teams.package import package_of

CLIENT = "8c3d6a2e-1111-4222-8333-944455556666"
SCHEMAS = Path(__file__).parent / "node_modules/@microsoft/app-manifest/build/json-schemas/teams"
APP = TeamsApp(
    client_id=CLIENT,
    public_url="https://tandem.firm.example",
    firm="Harcourt Vale LLP",
    version="1.0.0",
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    if not SCHEMAS.is_dir():
        pytest.skip("Microsoft's schemas need Node: make node")
    file = SCHEMAS / f"v{SCHEMA_VERSION}/MicrosoftTeams.schema.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8-sig"))
    return found


def told(manifest: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """What the schema says against a manifest; formats, which are hints in draft 4, included."""
    checker = Draft4Validator.FORMAT_CHECKER
    return [
        error.message
        for error in Draft4Validator(schema, format_checker=checker).iter_errors(manifest)
    ]


@pytest.mark.node
def test_the_manifest_is_what_microsofts_schema_asks_for(schema: dict[str, Any]) -> None:
    assert told(manifest_of(APP), schema) == []


@pytest.mark.node
@pytest.mark.parametrize("member", ["developer", "icons", "name", "version", "accentColor"])
def test_the_schema_would_see_that_a_member_is_missing(member: str, schema: dict[str, Any]) -> None:
    manifest = {key: value for key, value in manifest_of(APP).items() if key != member}
    assert told(manifest, schema) == [f"'{member}' is a required property"]


def test_every_address_in_it_is_the_installations_own() -> None:
    manifest = manifest_of(APP)
    urls = [manifest["developer"][name] for name in ("websiteUrl", "privacyUrl", "termsOfUseUrl")]
    urls += [tab[key] for tab in manifest["staticTabs"] for key in tab if key.endswith("Url")]
    assert {urlsplit(url).netloc for url in urls} == {"tandem.firm.example"}
    assert manifest["validDomains"] == ["tandem.firm.example"]
    assert manifest["webApplicationInfo"] == {
        "id": CLIENT,
        "resource": f"api://tandem.firm.example/{CLIENT}",
    }


def test_news_may_be_told_to_whoever_installed_it_and_to_nobody_else() -> None:
    manifest = manifest_of(APP)
    (activity,) = manifest["activities"]["activityTypes"]
    assert activity["type"] == ACTIVITY
    asked = manifest["authorization"]["permissions"]["resourceSpecific"]
    assert asked == [{"name": "TeamsActivity.Send.User", "type": "Application"}]


def test_the_package_holds_the_manifest_and_icons_of_the_sizes_teams_asks_for() -> None:
    packed = package_of(APP)
    assert packed == package_of(APP)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    assert json.loads(files["manifest.json"]) == manifest_of(APP)
    sizes = {
        name: struct.unpack(">II", files[name][16:24]) for name in ("color.png", "outline.png")
    }
    assert sizes == {"color.png": (192, 192), "outline.png": (32, 32)}


def test_one_registration_at_one_address_is_one_app_whatever_the_version() -> None:
    def made(**other: str) -> TeamsApp:
        wish = {"client_id": CLIENT, "public_url": APP.public_url, "firm": "F", "version": "1.0.0"}
        return TeamsApp(**{**wish, **other})

    assert made().app_id == made(version="1.0.1", firm="G").app_id
    assert made().app_id != made(public_url="https://other.example").app_id


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(TeamsAppError) as caught:
        TeamsApp(
            client_id="tandem",
            public_url="http://tandem.firm.example/pages",
            firm=" ",
            version="1.0",
            privacy_url="ftp://firm.example",
        )
    assert [fault.where for fault in caught.value.faults] == [
        "TANDEM_CLIENT_ID",
        "TANDEM_PUBLIC_URL",
        "--firm",
        "--version",
        "--privacy",
    ]
