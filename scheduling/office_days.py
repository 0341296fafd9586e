"""Public holidays of an office, which no mailbox shows: they go into ``Person.absent_dates``."""

from datetime import date
from functools import cache

import holidays

from scheduling.errors import SchedulingError


class UnknownOfficeCountryError(SchedulingError):
    """A country or part of one whose holidays the library does not know."""

    def __init__(self, country: str, subdivision: str | None) -> None:
        self.country, self.subdivision = country, subdivision
        super().__init__(f"no public holidays known for {country} {subdivision or ''}".rstrip())


# Asked for every person of an office over the same dates.
@cache
def office_holidays(
    country: str, subdivision: str | None, first: date, last: date
) -> frozenset[date]:
    """Public holidays from ``first`` to ``last``, both included.

    Parameters:
        country: ISO 3166-1 alpha-2 code (``DE``).
        subdivision: part of the country with holidays of its own (``BY``), or ``None``.

    Raises:
        UnknownOfficeCountryError: the library has no such place.
    """
    years = range(first.year, last.year + 1)
    try:
        days = holidays.country_holidays(country, subdiv=subdivision, years=years)
    except NotImplementedError:
        raise UnknownOfficeCountryError(country, subdivision) from None
    return frozenset(day for day in days if first <= day <= last)
