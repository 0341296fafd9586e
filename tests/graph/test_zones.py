"""Zone names on the wire and back, and which zones can anchor a series."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from integrations.graph.zones import (
    UnmappableZoneError,
    anchor_zones,
    iana_name,
    windows_name,
    zone_of,
)

WINTER = [date(2026, 10, 6) + timedelta(weeks=2 * n) for n in range(9)]


@pytest.mark.parametrize(
    ("zone", "windows"),
    [
        ("Europe/London", "GMT Standard Time"),
        ("Europe/Vienna", "W. Europe Standard Time"),
        ("America/New_York", "Eastern Standard Time"),
        ("Australia/Sydney", "AUS Eastern Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
        ("Asia/Calcutta", "India Standard Time"),
        ("UTC", "UTC"),
    ],
)
def test_windows_names_go_out(zone: str, windows: str) -> None:
    assert windows_name(zone) == windows


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Eastern Standard Time"])
def test_a_zone_without_a_windows_name_is_an_error(zone: str) -> None:
    with pytest.raises(UnmappableZoneError):
        windows_name(zone)


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("eastern standard time", "America/New_York"),
        ("Europe/Vienna", "Europe/Vienna"),
        ("UTC", "UTC"),
        ("", None),
        (None, None),
        ("tzone://Microsoft/Custom", None),
        ("Customized Time Zone", None),
    ],
)
def test_both_styles_come_in_and_what_is_no_zone_is_none(
    told: str | None, zone: str | None
) -> None:
    assert iana_name(told) == zone


def test_a_time_without_a_zone_is_utc_and_one_in_an_unknown_zone_an_error() -> None:
    assert str(zone_of("")) == "UTC"
    with pytest.raises(UnmappableZoneError):
        zone_of("tzone://Microsoft/Custom")


def test_a_zone_anchors_only_where_its_windows_name_means_the_same_every_day() -> None:
    zones = {"Europe/London", "Europe/Vienna", "America/New_York", "Australia/Sydney"}
    assert anchor_zones(zones, WINTER) == zones
    # Greenland's east moved to another offset in 2024; its Windows name still means the Azores.
    assert anchor_zones([*zones, "America/Scoresbysund", "Mars/Olympus"], WINTER) == zones
