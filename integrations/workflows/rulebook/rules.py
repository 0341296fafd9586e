"""A program's rule as stored data: the cadence rule of the core, and what surrounds it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from integrations.errors import Fault, FaultsError
from integrations.language import N_
from integrations.records import Json, Session, SessionDate
from scheduling.attendance.credit import CapPeriod, CreditAccount, Purpose, Role, Rounding
from scheduling.attendance.evidence import EvidenceKind
from scheduling.attendance.thresholds import Thresholds
from scheduling.changes.limits import DEFAULT_LIMITS, Limits
from scheduling.changes.views import Mode
from scheduling.errors import InvalidRuleError, SchedulingError
from scheduling.office_days import UnknownOfficeCountryError, office_holidays
from scheduling.rule import CadenceRule, SessionKind


class RuleError(FaultsError):
    """A rule that cannot be used; every fault with its path."""

    remedy = N_("Correct the members named; `tandem program rule --template` shows them all.")


class OfficeHolidays(BaseModel):
    """Whose public holidays an office keeps: ISO 3166 country and, where it matters, region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str
    region: str | None = None

    @model_validator(mode="after")
    def _known(self) -> OfficeHolidays:
        try:
            self.dates(date(2027, 1, 1), date(2027, 1, 1))
        except UnknownOfficeCountryError:
            raise ValueError("an ISO 3166 country and one of its subdivisions") from None
        return self

    def dates(self, first: date, last: date) -> frozenset[date]:
        """Public holidays from ``first`` to ``last``, both included."""
        # Asked for whole years, so that all looks over the same months share one answer.
        years = date(first.year, 1, 1), date(last.year, 12, 31)
        days = office_holidays(self.country, self.region, *years)
        return frozenset(day for day in days if first <= day <= last)


NO_TIME = timedelta(0)
ON_TEAMS = "Teams"
"""The place of a meeting that has no other."""
_ONE_LINE = r"^\S(?:[^\x00-\x1f\x7f]*\S)?$"


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class ProgramLimits(Limits):
    """The core's limits as a coordinator writes them: each member within its bounds."""

    freeze: timedelta = Field(default=DEFAULT_LIMITS.freeze, ge=NO_TIME, le=timedelta(days=14))
    moves_per_date: int = Field(default=DEFAULT_LIMITS.moves_per_date, ge=1, le=20)
    mails_per_week: int = Field(default=DEFAULT_LIMITS.mails_per_week, ge=1, le=100)
    patience_days: int = Field(default=DEFAULT_LIMITS.patience_days, ge=0, le=60)
    grace_days: int = Field(default=DEFAULT_LIMITS.grace_days, ge=0, le=60)
    first_month: timedelta = Field(
        default=DEFAULT_LIMITS.first_month, ge=NO_TIME, le=timedelta(days=366)
    )
    conflict_days: int = Field(default=DEFAULT_LIMITS.conflict_days, ge=0, le=60)
    conflict_stands: timedelta = Field(
        default=DEFAULT_LIMITS.conflict_stands, ge=NO_TIME, le=timedelta(days=5)
    )
    conflict_looks: int = Field(default=DEFAULT_LIMITS.conflict_looks, ge=1, le=20)
    make_up_weeks: int = Field(default=DEFAULT_LIMITS.make_up_weeks, ge=0, le=26)
    pick_days: int = Field(default=DEFAULT_LIMITS.pick_days, ge=1, le=60)
    gap_days: int = Field(default=DEFAULT_LIMITS.gap_days, ge=1, le=366)


_USUAL = Thresholds()


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class AttendanceRule(Thresholds):
    """What counts as a meeting, as a coordinator writes it; each member within its bounds.

    ``retention_days`` after a session its intervals are deleted; minutes and kind stay.
    """

    held_minutes: int = Field(default=_USUAL.held_minutes, ge=1, le=24 * 60)
    grace_minutes: int = Field(default=_USUAL.grace_minutes, ge=0, le=240)
    slack: timedelta = Field(default=_USUAL.slack, ge=NO_TIME, le=timedelta(hours=12))
    restart_within: timedelta = Field(
        default=_USUAL.restart_within, ge=NO_TIME, le=timedelta(hours=12)
    )
    ask_after: timedelta = Field(default=_USUAL.ask_after, ge=NO_TIME, le=timedelta(days=7))
    blocked_for: timedelta = Field(default=_USUAL.blocked_for, ge=NO_TIME, le=timedelta(days=30))
    answer_within: timedelta = Field(
        default=_USUAL.answer_within, ge=timedelta(days=1), le=timedelta(days=30)
    )
    objection_days: int = Field(default=_USUAL.objection_days, ge=1, le=30)
    retention_days: int = Field(default=30, ge=1, le=366)


_AS_ALL = CreditAccount(purpose=Purpose.DEVELOPMENT, code="-")


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class CreditRule(CreditAccount):
    """One way in which time is credited, as a coordinator writes it."""

    code: str = Field(min_length=1, max_length=40)
    narrative: str = Field(default=_AS_ALL.narrative, min_length=1, max_length=120)
    roles: frozenset[Role] = _AS_ALL.roles
    rounding: Rounding = _AS_ALL.rounding
    cap_tenths: int | None = Field(default=None, ge=0, le=100_000)
    period: CapPeriod = _AS_ALL.period
    evidence: frozenset[EvidenceKind] = _AS_ALL.evidence

    @field_serializer("roles", "evidence")
    def _in_order(self, words: frozenset[str]) -> list[str]:
        return sorted(words)


class Figure(StrEnum):
    """What an objective of a program is measured by."""

    HELD_RATE = "held_rate"
    """Of a hundred sessions that are over, how many were held."""
    ON_COURSE_RATE = "on_course_rate"
    """Of a hundred pairs, how many have what is required, or dates enough for it."""
    MEETINGS_HELD = "meetings_held"
    HOURS_TOGETHER = "hours_together"
    LONGEST_GAP_DAYS = "longest_gap_days"
    """The longest stretch without a meeting of any pair; the target is the most it may be."""


class Objective(BaseModel):
    """What a program is to reach, in its own words, and the figure that says how far it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: str = Field(min_length=1, max_length=200)
    figure: Figure
    target: int = Field(ge=0, le=1_000_000)


class Participation(StrEnum):
    """Whether those enrolled are to take part, or may."""

    REQUIRED = "required"
    VOLUNTARY = "voluntary"


class Asking(StrEnum):
    """Who may ask for a pairing in the program."""

    NOBODY = "nobody"
    PARTICIPANTS = "participants"
    EVERYBODY = "everybody"


AgendaLine = Annotated[str, Field(min_length=1, max_length=120, pattern=_ONE_LINE)]


class ProgramRule(BaseModel):
    """Everything a coordinator configures for a program's cadence.

    ``holidays`` maps an office, as rosters spell it, to whose public holidays it keeps.
    ``least_share`` is the share of windows that must have a date before a pair is booked at all.
    ``mode`` says who finds the hour, ``senior_first_days`` for how many working days the mentee
    may pick one before Tandem does (None: not asked), ``ends_on`` the last day of the program,
    ``attendance`` what counts as a meeting, ``credit`` how time is credited (at most one account
    for each purpose; none: it is not), ``objectives`` what the program is to reach.
    ``place`` is where its pairs meet unless they have a place of their own (None: on Teams),
    ``agenda`` what invitations propose to talk about, line by line, and ``kinds`` what a date is
    for, by its number from 1, where that is not ``cadence.kind``.
    ``asking`` says who may ask for a pairing, which a coordinator approves or not.
    ``thanks`` reminds whoever is mentored, at milestones, to say thanks.
    ``pulse_every`` asks both how it was after each so many meetings held (None: nobody is asked).
    ``group_sessions`` is how many meetings of several pairs count for each of them.
    ``half_sessions`` has a pair without an hour in common meet half as long and twice as often.
    ``contact_at_check_ins`` invites the program's contact to dates that are check-ins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cadence: CadenceRule = Field(default_factory=CadenceRule)
    holidays: dict[str, OfficeHolidays] = Field(default_factory=dict)
    least_share: float = Field(default=0.5, gt=0, le=1)
    mode: Mode = Mode.MANAGED
    senior_first_days: int | None = Field(default=None, ge=1, le=60)
    ends_on: date | None = None
    limits: ProgramLimits = Field(default_factory=ProgramLimits)
    attendance: AttendanceRule = Field(default_factory=AttendanceRule)
    credit: tuple[CreditRule, ...] = ()
    objectives: tuple[Objective, ...] = Field(default=(), max_length=20)
    participation: Participation = Participation.REQUIRED
    place: str | None = Field(default=None, min_length=1, max_length=80, pattern=_ONE_LINE)
    agenda: tuple[AgendaLine, ...] = Field(default=(), max_length=12)
    kinds: dict[int, SessionKind] = Field(default_factory=dict)
    asking: Asking = Asking.NOBODY
    thanks: bool = False
    pulse_every: int | None = Field(default=None, ge=1, le=26)
    group_sessions: int = Field(default=0, ge=0, le=12)
    contact_at_check_ins: bool = False
    half_sessions: bool = False
    _dates_before: int = PrivateAttr(default=0)

    @field_validator("credit")
    @classmethod
    def _one_of_each(cls, value: tuple[CreditRule, ...]) -> tuple[CreditRule, ...]:
        if len({account.purpose for account in value}) != len(value):
            raise ValueError("at most one account for each purpose")
        return value

    @field_validator("kinds")
    @classmethod
    def _of_its_dates(
        cls, value: dict[int, SessionKind], info: ValidationInfo
    ) -> dict[int, SessionKind]:
        cadence: CadenceRule | None = info.data.get("cadence")
        if cadence is None:
            return value
        if not all(1 <= number <= cadence.occurrences for number in value):
            raise ValueError(f"numbers of dates from 1 to {cadence.occurrences}")
        usual = cadence.kind is SessionKind.MEETING
        others = sum((kind is SessionKind.MEETING) != usual for kind in value.values())
        meetings = cadence.occurrences - others if usual else others
        if value and (cadence.minimum_held or 0) > meetings:
            raise ValueError(
                f"kinds that leave the {cadence.minimum_held} meetings asked for, not {meetings}"
            )
        return dict(sorted(value.items()))

    @field_validator("cadence", mode="before")
    @classmethod
    def _known_members(cls, value: Any) -> Any:
        known = {f.name for f in fields(CadenceRule)}
        if isinstance(value, dict) and (unknown := sorted(set(value) - known)):
            raise ValueError(f"only {', '.join(sorted(known))}; not {', '.join(unknown)}")
        return value

    def with_own(self, cadence: CadenceRule) -> ProgramRule:
        """The rule of a pair with a cadence of its own, which plans the dates that are left.

        Where two dates stand for one, half the time together counts as a meeting, and both are of
        the kind of the one.
        """
        own, dates = {"cadence": cadence}, self.cadence.occurrences
        if cadence.is_half_of(self.cadence):
            own, dates = {**own, **self._for_halves()}, 2 * dates
        rule = self.model_copy(update=own)
        rule._dates_before = max(0, dates - cadence.occurrences)
        return rule

    def halved(self) -> ProgramRule | None:
        """The rule with two dates in place of each; None where it does not want or allow that."""
        cadence = self.cadence.halved() if self.half_sessions else None
        return None if cadence is None else self.with_own(cadence)

    def _for_halves(self) -> Json:
        least = max(1, self.attendance.held_minutes // 2)
        kinds = {half: k for n, k in self.kinds.items() for half in (2 * n - 1, 2 * n)}
        attendance = replace(self.attendance, held_minutes=least)
        # What is halved is not halved again.
        return {"attendance": attendance, "kinds": kinds, "half_sessions": False}

    def kind_of(self, generation: int, window: int) -> SessionKind:
        """What the date of a window (from 0) of a pair's n-th series is for.

        Dates are counted over all series of a pair; make-ups beyond the last are of the usual kind.
        """
        before = 0 if generation == 1 else self._dates_before
        return self.kinds.get(before + window + 1, self.cadence.kind)

    def place_of(self, place: str | None) -> str:
        """Where a pair with that place of its own, or none, meets."""
        return place or self.place or ON_TEAMS

    def to_body(self) -> Json:
        """The rule as JSON data, every member spelled out."""
        return self.model_dump(mode="json")

    @classmethod
    def from_body(cls, body: Json) -> ProgramRule:
        """The rule that ``to_body`` wrote, or a coordinator's file with some of its members.

        Raises:
            RuleError: every fault with its JSON path.
        """
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise RuleError([_fault(found) for found in error.errors()]) from None
        except SchedulingError as error:
            raise RuleError([Fault("$.cadence", str(error))]) from None


def kind_of(rule: ProgramRule, session: Session | SessionDate) -> SessionKind:
    """What a session of a pair is for; one outside all plans is a meeting wherever it fell."""
    if session.ad_hoc:
        return SessionKind.MEETING
    return rule.kind_of(session.generation, session.window)


def _fault(found: ErrorDetails) -> Fault:
    """What is wrong with one member, by its JSON path; a contradiction by the member it names."""
    path = "$." + ".".join(map(str, found["loc"]))
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, InvalidRuleError):
        return Fault(f"{path}.{cause.field}", cause.expected, str(cause.value))
    return Fault(path, str(found["msg"]))
