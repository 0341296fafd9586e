"""What is asked of the pairs of a program as they stand, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from integrations.page_records import Risk, Standing
from integrations.records import Json, PairState

SORTS = frozenset(
    {"id", "name", "mentee", "office", "risk", "state", "held", "gap", "next", "met", "needs"}
)
"""What a list of pairs can be in the order of; with a minus before it, the other way round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSearch:
    """Which pairs of a program are wanted, and in which order; None is no condition.

    Each of ``words`` has to stand in a name, an address, an office, a practice group or the
    roster's id, in whatever case. ``needs`` leaves pairs without open *Needs you* rows out,
    ``running`` all but booked and paused ones, ``unconfirmed`` all but booked ones that not both
    of the two have confirmed. ``sort`` is one of ``SORTS``; pairs that have
    nothing there come last either way.
    """

    program_id: str
    words: tuple[str, ...] = ()
    risk: Risk | None = None
    state: PairState | None = None
    forecast: str | None = None
    office: str | None = None
    practice_group: str | None = None
    needs: bool = False
    running: bool = False
    unconfirmed: bool = False
    sort: str = "risk"

    def __post_init__(self) -> None:
        if self.sort.removeprefix("-") not in SORTS:
            raise ValueError(f"pairs cannot be sorted by {self.sort!r}")


class PairRow(NamedTuple):
    """One pair of a list: how it stands and who it is."""

    standing: Standing
    mentor: str
    mentee: str
    mentor_id: str
    mentee_id: str
    office: str | None
    practice_group: str | None
    roster_id: str | None
    series: Json | None


class StandingCount(NamedTuple):
    """How many pairs are in one state, of one risk and forecast, and their figures together.

    ``begun``, ``half`` and ``whole`` count the pairs that held a first meeting, half of what is
    required of them and all of it.
    """

    state: PairState
    risk: Risk
    forecast: str | None
    pairs: int
    held: int
    required: int
    still_possible: int
    needs: int
    begun: int
    half: int
    whole: int


class Touched(NamedTuple):
    """Whom an entry of the journal is about."""

    seq: int
    pair_id: str | None
    person_id: str | None


class ProgramWeek(NamedTuple):
    """What became of a program's dates in the week from ``monday`` on, in the program's zone.

    ``not_known`` are dates that are over and may still turn out either way.
    """

    program_id: str
    monday: date
    held: int = 0
    not_held: int = 0
    not_known: int = 0
    to_come: int = 0
