"""What a simulated firm consists of: offices, people and what stands in their calendars.

Plain values, made by :mod:`simulator.firm` or by a test, and taken in by the tenant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal

ShowAs = Literal["free", "tentative", "busy", "oof", "workingElsewhere"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Mailbox = Literal["licensed", "noTeams", "missing", "onPremises", "softDeleted"]


@dataclass(frozen=True, slots=True)
class Office:
    """Where people work: an IANA zone, and country and region by which public holidays go."""

    name: str
    zone: str
    country: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """One entry of somebody's calendar, in the wall clock of ``zone``.

    ``weekly_interval`` > 0 repeats it every so many weeks until ``until`` (inclusive local date);
    0 is a single entry. An all-day entry starts and ends at midnight. ``skipped`` are local dates
    on which an instance was cancelled.
    """

    start: datetime
    end: datetime
    zone: str
    show_as: ShowAs
    subject: str
    all_day: bool = False
    private: bool = False
    weekly_interval: int = 0
    until: date | None = None
    skipped: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class FirmPerson:
    """A user of the tenant.

    ``hours`` are what the mailbox settings publish: one range for all ``workdays``;
    ``hours_by_weekday`` are the hours really worked (part-timers), which only a roster or the
    person knows.
    """

    id: str
    mail: str
    name: str
    office: Office
    title: str
    senior: bool
    workdays: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    hours: tuple[time, time] = (time(9), time(17, 30))
    hours_by_weekday: dict[Weekday, tuple[time, time]] = field(default_factory=dict)
    mailbox: Mailbox = "licensed"
    enabled: bool = True
    guest: bool = False
    appointments: tuple[Appointment, ...] = ()


@dataclass(frozen=True, slots=True)
class FirmPair:
    """Two people of the roster and what the roster says about them."""

    id: str
    mentor: str
    mentee: str
    start_date: date
    office: str
    practice_group: str


@dataclass(frozen=True, slots=True)
class Firm:
    """A whole firm: everybody in it, its program mailboxes and the pairs of its roster."""

    name: str
    domain: str
    offices: tuple[Office, ...]
    people: tuple[FirmPerson, ...]
    program_mailboxes: tuple[FirmPerson, ...]
    pairs: tuple[FirmPair, ...]
