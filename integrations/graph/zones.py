"""Zone names: IANA inside Tandem, Windows names on the wire, by CLDR's table.

Windows names exist only in this package. The table maps many IANA names to one Windows name, so
the way back gives the zone CLDR names for the whole world: ``Europe/Vienna`` goes out as
``W. Europe Standard Time`` and would come back as ``Europe/Berlin``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import tz_win, win_tz


class UnmappableZoneError(LookupError):
    """An IANA zone that has no Windows name, so no event can be anchored in it."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        super().__init__(f"no Windows zone name for {zone}")


def windows_name(zone: str) -> str:
    """The Windows name Graph is told for an IANA zone.

    Raises:
        UnmappableZoneError: CLDR knows none.
    """
    # CLDR's table has an entry for the empty name, too.
    name = tz_win.get(zone) if zone else None
    if name is None:
        raise UnmappableZoneError(zone)
    return str(name)


def iana_name(name: str | None) -> str | None:
    """The IANA zone behind a name Graph gave, in either style; None if it is empty or unknown.

    ``tzone://Microsoft/Custom`` and ``Customized Time Zone`` are such unknown names.
    """
    if not name:
        return None
    found = _iana_by_windows().get(name.casefold())
    if found is not None:
        return "UTC" if found == "Etc/UTC" else found
    return name if name in _iana_zones() else None


def zone_of(name: str) -> tzinfo:
    """The zone of a name in an answer; an empty name means UTC, as Graph reads it.

    Raises:
        UnmappableZoneError: neither a Windows nor an IANA name.
    """
    if not name or name == "UTC":
        return UTC
    zone = iana_name(name)
    if zone is None:
        raise UnmappableZoneError(name)
    return ZoneInfo(zone)


def anchor_zones(zones: Iterable[str], days: Iterable[date]) -> frozenset[str]:
    """Those ``zones`` whose Windows name means the same offsets throughout all ``days``.

    Exchange expands a series by the rules of the Windows name, so a zone whose rules differ from
    it on a planned day would put that date at another hour.
    """
    planned = tuple(days)
    return frozenset(zone for zone in set(zones) if _means_the_same(zone, planned))


def _means_the_same(zone: str, days: tuple[date, ...]) -> bool:
    if zone not in _iana_zones() or zone not in tz_win:
        return False
    theirs = win_tz[tz_win[zone]]
    return theirs == zone or all(_same_on(day, zone, theirs) for day in days)


# Every reconciliation of a pair asks for nearly the same days again.
@lru_cache(maxsize=50_000)
def _same_on(day: date, zone: str, other: str) -> bool:
    ours, theirs = ZoneInfo(zone), ZoneInfo(other)
    return all(_offset(day, hour, ours) == _offset(day, hour, theirs) for hour in range(24))


def _offset(day: date, hour: int, zone: ZoneInfo) -> object:
    return datetime.combine(day, time(hour), zone).utcoffset()


@cache
def _iana_by_windows() -> dict[str, str]:
    return {windows.casefold(): iana for windows, iana in win_tz.items()}


@cache
def _iana_zones() -> frozenset[str]:
    return frozenset(available_timezones())
