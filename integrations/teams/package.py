"""The app package: a zip of the manifest and two icons, made of the same bytes each time."""

from __future__ import annotations

import io
import json
import zipfile
from importlib import resources

from integrations.teams.manifest import COLOR_ICON, OUTLINE_ICON, TeamsApp, manifest_of

_WHEN = (2027, 1, 1, 0, 0, 0)
"""What the files in it are dated, so that the same settings make the same package."""


def package_of(app: TeamsApp) -> bytes:
    """The package that is uploaded to Teams' admin center."""
    folder = resources.files("integrations.teams")
    files = {
        "manifest.json": json.dumps(manifest_of(app), indent=2).encode(),
        **{name: (folder / name).read_bytes() for name in (COLOR_ICON, OUTLINE_ICON)},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), body, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
