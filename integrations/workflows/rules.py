"""A program's rule as stored data: the cadence rule of the core, and what surrounds it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from integrations.errors import Fault, FaultsError
from integrations.records import Json
from scheduling.errors import SchedulingError
from scheduling.office_days import UnknownOfficeCountryError, office_holidays
from scheduling.rule import CadenceRule


class RuleError(FaultsError):
    """A rule that cannot be used; every fault with its path."""

    remedy = "Correct the members named; `tandem program rule --template` shows them all."


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
        return office_holidays(self.country, self.region, first, last)


class ProgramRule(BaseModel):
    """Everything a coordinator configures for a program's cadence.

    ``holidays`` maps an office, as rosters spell it, to whose public holidays it keeps.
    ``least_share`` is the share of windows that must have a date before a pair is booked at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cadence: CadenceRule = Field(default_factory=CadenceRule)
    holidays: dict[str, OfficeHolidays] = Field(default_factory=dict)
    least_share: float = Field(default=0.5, gt=0, le=1)

    @field_validator("cadence", mode="before")
    @classmethod
    def _known_members(cls, value: Any) -> Any:
        known = {f.name for f in fields(CadenceRule)}
        if isinstance(value, dict) and (unknown := sorted(set(value) - known)):
            raise ValueError(f"only {', '.join(sorted(known))}; not {', '.join(unknown)}")
        return value

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
            faults = [
                Fault("$." + ".".join(map(str, e["loc"])), str(e["msg"])) for e in error.errors()
            ]
            raise RuleError(faults) from None
        except SchedulingError as error:
            raise RuleError([Fault("$.cadence", str(error))]) from None
