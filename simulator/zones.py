"""Zone names: Windows names as Exchange keeps them, IANA names as the computer knows them.

The table of names is icalendar's, which follows CLDR.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

# Names that Graph documents beside the Windows ones, or that it answers with.
_PLAIN = {"utc": "UTC", "etc/utc": "UTC", "etc/gmt": "UTC", "tzone://microsoft/utc": "UTC"}
# Part of the tz database, and observed to be refused all the same.
_REFUSED_IANA = {"africa/casablanca"}
_BY_LOWER_NAME = {name.lower(): iana for name, iana in WINDOWS_TO_OLSON.items()}


class UnknownZoneError(LookupError):
    """A zone name that Exchange would refuse."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Exchange knows no zone {name!r}")


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name, in any case.

    Raises:
        UnknownZoneError: neither table holds the name.
    """
    lower = name.strip().lower()
    if lower in _PLAIN:
        return ZoneInfo("UTC")
    if lower in _BY_LOWER_NAME:
        return ZoneInfo(_BY_LOWER_NAME[lower])
    if lower not in _iana_by_lower_name():
        raise UnknownZoneError(name)
    return ZoneInfo(_iana_by_lower_name()[lower])


def zone_sent(name: str) -> ZoneInfo:
    """The zone of a name that a client sent.

    Raises:
        UnknownZoneError: no table holds the name, or Exchange refuses it all the same.
    """
    if name.strip().lower() in _REFUSED_IANA:
        raise UnknownZoneError(name)
    return zone_named(name)


@cache
def _iana_by_lower_name() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def windows_name(iana: str) -> str:
    """The Windows name whose zone keeps the same time as ``iana``.

    Where no entry of the table bears the name, the first one with equal offsets
    through 2026 and 2027 is taken, one of the same continent before others.

    Raises:
        UnknownZoneError: no Windows zone keeps that time.
    """
    if iana.lower() in _PLAIN:
        return "UTC"
    for name, olson in WINDOWS_TO_OLSON.items():
        if olson == iana:
            return name
    day, hour = timedelta(days=1), timedelta(hours=1)
    alike = [
        name
        for name, olson in WINDOWS_TO_OLSON.items()
        if _offsets(olson, day) == _offsets(iana, day)
        and _offsets(olson, hour) == _offsets(iana, hour)
    ]
    if not alike:
        raise UnknownZoneError(iana)
    continent = iana.split("/", 1)[0] + "/"
    return min(alike, key=lambda name: (not WINDOWS_TO_OLSON[name].startswith(continent), name))


@cache
def _offsets(iana: str, step: timedelta) -> tuple[timedelta, ...]:
    zone = ZoneInfo(iana)
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    return tuple(offset_at(first + step * n, zone) for n in range(int((last - first) / step)))


def offset_at(instant: datetime, zone: ZoneInfo) -> timedelta:
    """How far the zone's clocks are ahead of UTC at an instant."""
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time, aware, in UTC.

    Of two instants that bear the time the first is meant; a time the clocks
    jump over is counted on from before the jump, as Exchange does.
    """
    return local.replace(tzinfo=zone).astimezone(UTC)


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The wall-clock time of an instant, without its zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def supported(standard: str) -> list[dict[str, str]]:
    """What ``supportedTimeZones`` lists: ``standard`` is ``windows`` or ``iana``."""
    if standard == "iana":
        names = sorted({*WINDOWS_TO_OLSON.values(), "UTC"})
        return [{"alias": name, "displayName": name} for name in names]
    names = sorted({*WINDOWS_TO_OLSON, "UTC"})
    return [{"alias": name, "displayName": _display_name(name)} for name in names]


def _display_name(windows: str) -> str:
    iana = "UTC" if windows == "UTC" else WINDOWS_TO_OLSON[windows]
    offset = datetime(2026, 1, 1, 12, tzinfo=ZoneInfo(iana)).strftime("%z")
    return f"(UTC{offset[:3]}:{offset[3:]}) {iana.rsplit('/', 1)[-1].replace('_', ' ')}"


def custom_zone(zone: ZoneInfo, year: int, *, swapped: bool) -> dict[str, object]:
    """``customTimeZone`` of working hours; ``swapped`` repeats a defect Exchange has shown.

    The bias counts minutes west of UTC. A zone without clock changes has both
    change rules at zero.
    """
    winter, summer = _seasons(zone, year)
    into_standard, into_daylight = _changes(zone, year)
    standard = _change_rule(into_standard)
    daylight = _change_rule(into_daylight)
    if swapped:
        standard, daylight = daylight, standard
    saved = int((summer - winter).total_seconds() // 60)
    return {
        "@odata.type": "#microsoft.graph.customTimeZone",
        "bias": int(-winter.total_seconds() // 60),
        "name": "Customized Time Zone",
        "standardOffset": standard,
        "daylightOffset": {"daylightBias": -saved, **daylight},
    }


def _seasons(zone: ZoneInfo, year: int) -> tuple[timedelta, timedelta]:
    offsets = [offset_at(datetime(year, month, 1, tzinfo=UTC), zone) for month in range(1, 13)]
    return min(offsets), max(offsets)


def _changes(zone: ZoneInfo, year: int) -> tuple[datetime | None, datetime | None]:
    """Wall-clock times before the change into standard time and into daylight time."""
    into_standard = into_daylight = None
    hour = datetime(year, 1, 1, tzinfo=UTC)
    before = offset_at(hour, zone)
    while hour.year == year:
        later = hour + timedelta(hours=1)
        after = offset_at(later, zone)
        if after != before:
            wall = later.replace(tzinfo=None) + before
            if after < before:
                into_standard = wall
            else:
                into_daylight = wall
        hour, before = later, after
    return into_standard, into_daylight


def _change_rule(wall: datetime | None) -> dict[str, object]:
    if wall is None:
        return {
            "time": "00:00:00.0000000",
            "dayOccurrence": 0,
            "dayOfWeek": "sunday",
            "month": 0,
            "year": 0,
        }
    is_last = (wall + timedelta(days=7)).month != wall.month
    return {
        "time": f"{wall:%H:%M:%S}.0000000",
        "dayOccurrence": 5 if is_last else (wall.day - 1) // 7 + 1,
        "dayOfWeek": f"{wall:%A}".lower(),
        "month": wall.month,
        "year": 0,
    }


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day on which an instant falls in ``zone``."""
    return instant.astimezone(zone).date()
