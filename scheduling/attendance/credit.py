"""Time credit: what held meetings are worth in tenths of an hour, under a firm's own codes.

Lines that were exported stay as they are. What a later verdict changes is a line of its own,
which says which line it corrects; so the same verdicts and the same lines give the same ledger.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scheduling.attendance.evidence import EvidenceKind, VerdictKind

MINUTES_OF_A_TENTH = 6
# Up to Python 3.11 a member of an enumeration takes ten times as long to find as a name.
_HELD = VerdictKind.HELD


class Purpose(StrEnum):
    """What the time is credited as; each has a code, a rounding and a cap of its own."""

    BILLABLE_CREDIT = "billable_credit"
    DEVELOPMENT = "development"


class Role(StrEnum):
    """Which of the two somebody was in the pair."""

    MENTOR = "mentor"
    MENTEE = "mentee"


class Rounding(StrEnum):
    """How minutes become tenths of an hour."""

    DOWN = "down"
    NEAREST = "nearest"
    """Three minutes and more count as a tenth."""
    UP = "up"


class CapPeriod(StrEnum):
    """The stretch a cap holds for, by the date of the meeting."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditAccount:
    """One way in which time is credited.

    ``code`` is the firm's own, ``narrative`` the neutral words beside it. ``cap_tenths`` of a
    person in each ``period``, None for no cap. ``evidence``: the kinds that are good enough.
    """

    purpose: Purpose
    code: str
    narrative: str = "Mentoring program"
    roles: frozenset[Role] = frozenset(Role)
    rounding: Rounding = Rounding.NEAREST
    cap_tenths: int | None = None
    period: CapPeriod = CapPeriod.YEAR
    evidence: frozenset[EvidenceKind] = frozenset(EvidenceKind)

    def __post_init__(self) -> None:
        if not self.code.strip():
            raise ValueError(f"{self.purpose} is credited under no code")
        if self.cap_tenths is not None and self.cap_tenths < 0:
            raise ValueError(f"{self.code}: a cap of {self.cap_tenths} tenths")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """One person's part in one judged session; every verdict is named, not the held ones alone.

    ``planned_minutes`` is the session's length: nobody is credited for more of it.
    """

    session_id: str
    timekeeper: str
    role: Role
    day: date
    verdict: VerdictKind
    minutes: int
    planned_minutes: int
    evidence: EvidenceKind | None

    def __post_init__(self) -> None:
        if self.minutes < 0 or self.planned_minutes <= 0:
            raise ValueError(f"session {self.session_id}: minutes below zero or none planned")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """One line of the export. ``tenths`` is below zero where a correction takes time back.

    ``id`` is made of session, person, purpose and number; ``corrects`` is the id of the first
    line of the same three, None for that line itself.
    """

    id: str
    session_id: str
    timekeeper: str
    purpose: Purpose
    code: str
    day: date
    tenths: int
    narrative: str
    corrects: str | None = None


_Key = tuple[str, str, Purpose]


def ledger(
    attended: Iterable[Attended],
    accounts: Sequence[CreditAccount],
    exported: Iterable[CreditLine] = (),
) -> tuple[CreditLine, ...]:
    """Every line of credit: those exported before, and what is new or corrected.

    Parameters:
        attended: judged sessions with their latest verdict, in any order. Lines of a session
            that is not named stay as they are, and use up the cap.
        accounts: at most one for each purpose.
        exported: every line that left before.

    Returns:
        Lines by date, person, purpose and number. Given back as ``exported``, with the same
        sessions, they come out unchanged.

    Raises:
        ValueError: a purpose has two accounts, or a person has a session twice.
    """
    if len({account.purpose for account in accounts}) != len(accounts):
        raise ValueError("a purpose has two accounts")
    taking_part = sorted(attended, key=lambda a: (a.day, a.session_id, a.timekeeper))
    named = {(a.session_id, a.timekeeper) for a in taking_part}
    if len(named) != len(taking_part):
        raise ValueError("a person has a session twice")
    lines: dict[_Key, list[CreditLine]] = {}
    for line in exported:
        lines.setdefault((line.session_id, line.timekeeper, line.purpose), []).append(line)
    for account in accounts:
        used = _used_by_others(lines, account, named)
        for part in taking_part:
            _write(
                lines.setdefault((part.session_id, part.timekeeper, account.purpose), []),
                part,
                account,
                _due(part, account, used),
            )
    return tuple(sorted((line for written in lines.values() for line in written), key=_order))


def tenths_of(minutes: int, rounding: Rounding) -> int:
    """Minutes as tenths of an hour."""
    if rounding is Rounding.UP:
        return -(-minutes // MINUTES_OF_A_TENTH)
    more = MINUTES_OF_A_TENTH // 2 if rounding is Rounding.NEAREST else 0
    return (minutes + more) // MINUTES_OF_A_TENTH


def period_of(day: date, period: CapPeriod) -> tuple[int, int]:
    """The stretch a date belongs to, as a year and a number in it."""
    match period:
        case CapPeriod.MONTH:
            return (day.year, day.month)
        case CapPeriod.QUARTER:
            return (day.year, (day.month + 2) // 3)
        case CapPeriod.YEAR:
            return (day.year, 0)
        case CapPeriod.PROGRAM:
            return (0, 0)


_Used = dict[tuple[str, tuple[int, int]], int]


def _used_by_others(
    lines: dict[_Key, list[CreditLine]], account: CreditAccount, named: set[tuple[str, str]]
) -> _Used:
    """What exported lines of sessions that are not named leave of each person's cap."""
    used: _Used = {}
    for (session_id, timekeeper, purpose), written in lines.items():
        if purpose is account.purpose and (session_id, timekeeper) not in named:
            for line in written:
                where = (timekeeper, period_of(line.day, account.period))
                used[where] = used.get(where, 0) + line.tenths
    return used


def _due(part: Attended, account: CreditAccount, used: _Used) -> int:
    """What this session is worth, and it is taken off the cap."""
    good = (
        part.verdict is _HELD and part.role in account.roles and part.evidence in account.evidence
    )
    if not good:
        return 0
    tenths = tenths_of(min(part.minutes, part.planned_minutes), account.rounding)
    where = (part.timekeeper, period_of(part.day, account.period))
    before = used.get(where, 0)
    if account.cap_tenths is not None:
        tenths = max(0, min(tenths, account.cap_tenths - before))
    used[where] = before + tenths
    return tenths


def _write(written: list[CreditLine], part: Attended, account: CreditAccount, due: int) -> None:
    """Add the line that brings what is written to what is due, if it differs."""
    difference = due - sum(line.tenths for line in written) if written else due
    if difference == 0:
        return
    first = min(written, key=_order) if written else None
    number = max(map(_number, written), default=0) + 1
    written.append(
        CreditLine(
            id=f"{part.session_id}:{part.timekeeper}:{account.purpose}:{number}",
            session_id=part.session_id,
            timekeeper=part.timekeeper,
            purpose=account.purpose,
            code=first.code if first else account.code,
            day=first.day if first else part.day,
            tenths=difference,
            narrative=account.narrative,
            corrects=first.id if first else None,
        )
    )


def _order(line: CreditLine) -> tuple[date, str, str, str, int]:
    return (line.day, line.timekeeper, line.session_id, line.purpose, _number(line))


def _number(line: CreditLine) -> int:
    return int(line.id.rpartition(":")[2])
