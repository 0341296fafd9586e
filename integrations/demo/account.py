"""The story in figures: what became of dates and pairs, and how often people were mailed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import PairState, SessionState
from integrations.workflows.telling.daily_list import CONTACT

_TAKEN_OUT = frozenset({SessionState.SKIPPED, SessionState.CANCELLED})
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Numbers of dates, of pairs, and of the mails that Tandem caused.

    ``past`` are past dates that stood in both calendars to their end, ``to_come`` later ones.
    Mails are those to people of pairs; a program's contact is written to as a colleague.
    ``most_at_first`` is the most that one person was mailed in the first week, that of the
    booking, ``most_later`` in any week after it; weeks count from the first mail.
    """

    past: int
    to_come: int
    moved: int
    left_out: int
    made_up: int
    pairs: Counter[PairState]
    needing_somebody: int
    most_at_first: int
    most_later: int

    @property
    def words(self) -> tuple[str, str]:
        """The figures as two lines."""
        states = ", ".join(f"{n} {state.value}" for state, n in sorted(self.pairs.items()))
        dates = (
            f"Dates: {self.past} stood in both calendars to their end, {self.to_come} to come; of "
            f"these {self.moved} not where they were planned and {self.made_up} made up. "
            f"{self.left_out} left out."
        )
        pairs = (
            f"Pairs: {states}; {self.needing_somebody} need somebody. Nobody got more than "
            f"{self.most_at_first} mails in the week of booking and {self.most_later} in any "
            "week after it."
        )
        return dates, pairs


def account_of(tx: Transaction, now: datetime) -> Account:
    """The figures as the store has them at ``now``."""
    pairs = tx.pairs.all()
    sessions = [s for some in tx.sessions.of_pairs([p.id for p in pairs]).values() for s in some]
    standing = [s for s in sessions if s.state is SessionState.SCHEDULED]
    weeks = _mails_by_week(tx)
    return Account(
        past=sum(s.end <= now for s in standing),
        to_come=sum(s.end > now for s in standing),
        moved=sum(s.start != (s.planned_start or s.series_start) for s in standing),
        left_out=sum(s.state in _TAKEN_OUT for s in sessions),
        made_up=sum(s.make_up for s in standing),
        pairs=Counter(pair.state for pair in pairs),
        needing_somebody=len({need.pair_id for need in tx.needs.open()}),
        most_at_first=max((n for (_, week), n in weeks.items() if week == 0), default=0),
        most_later=max((n for (_, week), n in weeks.items() if week > 0), default=0),
    )


def _mails_by_week(tx: Transaction) -> Counter[tuple[str | None, int]]:
    """How many mails each person was sent in each week since the first one."""
    written = tx.journal.read(code="mail")
    mails = [mail for mail in written if not str(mail.person_id).startswith(CONTACT)]
    first = min((mail.at for mail in mails), default=None)
    return Counter((mail.person_id, (mail.at - first) // _WEEK) for mail in mails if first)
