"""Makes a believable law firm of any size, the same one every time for the same seed."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from random import Random

from simulator.firm_diary import Horizon
from simulator.firm_groups import make_groups
from simulator.firm_offices import OFFICES
from simulator.firm_staff import DOMAIN, Staff, program_mailbox
from simulator.people import Firm, FirmPair, FirmPerson, Office

PAIRS_PER_MAILBOX = 50
SENIORS_PER_ASSISTANT = 12
WEEKS = 27
"""Calendars are filled from the Monday before the week of the start, for so many weeks."""


def make_firm(
    pairs: int = 24,
    seed: int = 1,
    start: date = date(2027, 1, 11),
    *,
    offices: Sequence[Office] = OFFICES,
    troubles: bool = True,
) -> Firm:
    """A law firm whose roster holds ``pairs`` pairs that begin on ``start``.

    There are 15 to 20 lawyers for ten pairs, one licensed program mailbox for every 50 pairs and
    an assistant for every twelve seniors of an office; the first office has a coordinator, a
    sponsor and an administrator, who are in no pair. Firms of a dozen pairs or more have pairs
    between New York and London and between London and Sydney, and one in fifty pairs has a senior
    in a trial that leaves no hour.

    Parameters:
        pairs: at least 1.
        seed: another seed is another firm; the same seed is the same firm on every machine.
        start: the roster's start date, usually a Monday.
        offices: the first is the largest, each further one has six tenths of its predecessor.
        troubles: whether one pair in twelve has somebody whose mailbox cannot be used: none at
            all, a disabled account, on premises, a guest of another firm, or one without Teams,
            in this order. Such pairs share nobody with other pairs.

    Raises:
        ValueError: no pair or no office was asked for.
    """
    if pairs < 1 or not offices:
        raise ValueError(f"a firm needs pairs and offices: {pairs} and {len(offices)} asked for")
    monday = start - timedelta(days=start.weekday())
    staff = Staff(seed, Horizon(monday - timedelta(weeks=1), WEEKS))
    groups = make_groups(pairs, Random(f"{seed}/groups"), offices, troubles=troubles)
    with _no_garbage():
        hired = [pair for group in groups for pair in staff.hire(group)]
        staff.hire_assistants(offices, SENIORS_PER_ASSISTANT)
        staff.hire_services(offices[0])
    return Firm(
        name="Harcourt Vale LLP",
        domain=DOMAIN,
        offices=tuple(offices),
        people=tuple(staff.people),
        program_mailboxes=tuple(
            program_mailbox(number, seed, offices[0])
            for number in range(1, 1 + -(-pairs // PAIRS_PER_MAILBOX))
        ),
        pairs=tuple(
            FirmPair(
                id=f"P{number:05}",
                mentor=pair.mentor.id,
                mentee=pair.mentee.id,
                start_date=start,
                office=pair.mentor.office.name,
                practice_group=pair.practice_group,
            )
            for number, pair in enumerate(hired, 1)
        ),
    )


def in_trouble(person: FirmPerson) -> bool:
    """Whether this person's mailbox or account cannot take part as a licensed one does."""
    return person.mailbox != "licensed" or not person.enabled or person.guest


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Spare the collector from walking again and again over millions of values that all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
