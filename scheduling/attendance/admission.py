"""From what Teams wrote down to a report: whose presence it is, and what is odd about it.

People are recognised by directory id, then by address, never by display name. Nothing is
thrown away for being odd: it is flagged, and what cannot be trusted is nobody's presence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.attendance.evidence import Flag, Presence, PresenceKind, Report
from scheduling.timespan import TimeSpan

ROLES = frozenset({"organizer", "presenter", "attendee", "none"})
"""Roles of Graph's ``attendanceRecord``; a role that is not among them is not trusted."""

_LONGEST = timedelta(hours=24)
_LEAST = timedelta(seconds=1)

Join = tuple[datetime | None, datetime | None]
"""When somebody came and left, as written down: either may be missing, or before the other."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How one of the two is recognised: directory ids and addresses, in any case of letters.

    A new id of somebody who became a guest belongs here once the link between the two was
    confirmed, and not before.
    """

    person: str
    directory_ids: frozenset[str]
    addresses: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in ("directory_ids", "addresses"):
            folded = frozenset(value.casefold() for value in getattr(self, name) if value)
            object.__setattr__(self, name, folded)


@dataclass(frozen=True, slots=True)
class Record:
    """One attendance record as Teams wrote it; what Teams left out is None."""

    joins: tuple[Join, ...]
    directory_id: str | None = None
    address: str | None = None
    tenant_id: str | None = None
    role: str | None = None
    by_phone: bool = False


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Who the two are, and the tenant they belong to (None: any tenant is taken for theirs)."""

    people: tuple[Identity, ...]
    home_tenant: str | None = None

    def report(
        self,
        report_id: str,
        ran: Join,
        records: Iterable[Record],
        participants: int | None = None,
    ) -> Report | None:
        """The report of one meeting; None if no time in it can be meant.

        Parameters:
            ran: start and end of the meeting. Where they are absurd, the first join to the last
                leave stand for them.
            participants: how many Teams counted, None if it does not say.
        """
        flags: set[str] = set()
        records = tuple(records)
        if participants is not None and participants > _people_in(records):
            flags.add(Flag.HIDDEN_PRESENCE)
        presences = tuple(self._presence(record, flags) for record in records)
        stays = [span for presence in presences for span in presence.spans]
        span = _span_of(ran)
        if span is None:
            flags.add(Flag.ABSURD_TIMES)
            if stays:
                span = TimeSpan(min(s.start for s in stays), max(s.end for s in stays))
            else:
                span = _moment_of(ran)
        if span is None:
            return None
        return Report(report_id, span, presences, tuple(sorted(flags)))

    def _presence(self, record: Record, flags: set[str]) -> Presence:
        spans = tuple(span for join in record.joins if (span := _span_of(join)) is not None)
        if len(spans) < len(record.joins):
            flags.add(Flag.ABSURD_TIMES)
        return Presence(*self._who(record, flags), spans)

    def _who(self, record: Record, flags: set[str]) -> tuple[str | None, PresenceKind]:
        directory_id, address = _folded(record.directory_id), _folded(record.address)
        foreign = self._is_foreign(record)
        if foreign:
            flags.add(Flag.FOREIGN_TENANT)
        if not directory_id and not address and not record.by_phone:
            flags.add(Flag.MISSING_IDENTITY)
        trusted = _folded(record.role) in ROLES or not record.role
        if not trusted:
            flags.add(Flag.UNKNOWN_ROLE)
        person = self._person(directory_id, "" if foreign else address) if trusted else None
        if record.by_phone:
            return person, PresenceKind.PHONE
        if person is not None or (directory_id and not foreign and trusted):
            return person, PresenceKind.GUEST if foreign else PresenceKind.MEMBER
        return None, PresenceKind.GUEST if foreign or address else PresenceKind.ANONYMOUS

    def _is_foreign(self, record: Record) -> bool:
        tenant = _folded(record.tenant_id)
        return bool(tenant and self.home_tenant and tenant != self.home_tenant.casefold())

    def _person(self, directory_id: str, address: str) -> str | None:
        by_id = (i.person for i in self.people if directory_id in i.directory_ids)
        by_address = (i.person for i in self.people if address in i.addresses)
        return next(by_id, None) or next(by_address, None)


def _people_in(records: tuple[Record, ...]) -> int:
    """How many people the records show at most: one with two devices may have two records."""
    known = {_folded(record.directory_id) or _folded(record.address) for record in records}
    strangers = sum(not (record.directory_id or record.address) for record in records)
    return len(known - {""}) + strangers


def _folded(value: str | None) -> str:
    return value.strip().casefold() if value else ""


def _span_of(join: Join) -> TimeSpan | None:
    """The stretch two instants mean; None where they cannot mean one."""
    start, end = join
    if start is None or end is None or start.utcoffset() is None or end.utcoffset() is None:
        return None
    return TimeSpan(start, end) if timedelta(0) < end - start <= _LONGEST else None


def _moment_of(ran: Join) -> TimeSpan | None:
    """The moment at which something ran that has no length."""
    at = next((t for t in ran if t is not None and t.utcoffset() is not None), None)
    return None if at is None else TimeSpan(at, at + _LEAST)
