"""Public holidays of an office."""

from datetime import date

import pytest

from scheduling.office_days import UnknownOfficeCountryError, office_holidays


def test_epiphany_is_kept_in_munich_and_not_in_berlin_or_london() -> None:
    span = (date(2027, 1, 2), date(2027, 1, 31))
    assert office_holidays("DE", "BY", *span) == {date(2027, 1, 6)}
    assert office_holidays("DE", "BE", *span) == set()
    assert office_holidays("GB", "ENG", *span) == set()


def test_holidays_are_found_over_the_turn_of_a_year() -> None:
    found = office_holidays("GB", "ENG", date(2026, 12, 20), date(2027, 1, 5))
    assert {date(2026, 12, 25), date(2027, 1, 1)} <= found


def test_a_place_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownOfficeCountryError):
        office_holidays("XX", None, date(2027, 1, 1), date(2027, 2, 1))
