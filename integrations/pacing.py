"""How many mails a mailbox may send: a leaky bucket, as arithmetic on instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MailPace:
    """What one mail costs of the mailbox's time, and how much of it may be saved up."""

    per_mail: timedelta
    burst: timedelta

    @classmethod
    def within_a_minute(cls, limit: int, *, largest: int) -> MailPace:
        """The pace at which no minute ever sees more than ``limit`` mails.

        ``largest`` is the most mails one write sends at once. Whatever was saved up can go in
        the same minute as what flows, so both together have to fit: with a limit of 30 and
        writes of two mails a mail costs 60 s / 28, not 60 s / 30.
        """
        if not 0 < largest < limit:
            raise ValueError(f"one write sends {largest} mails, a minute may see {limit}")
        # Rounded up: a microsecond too little each time would let one mail too many through.
        per_mail = -(-_MINUTE // (limit - largest))
        return cls(per_mail=per_mail, burst=per_mail * largest)


def place_in_pace(
    paced_until: datetime | None,
    mails: int,
    now: datetime,
    per_mail: timedelta,
    burst: timedelta,
) -> tuple[datetime, datetime]:
    """Put ``mails`` behind what was granted before.

    Parameters:
        paced_until: when the mailbox's time granted so far ends; None if none was.
        mails: how many go out at once.
        per_mail: what one costs of the mailbox's time.
        burst: how much unused time before ``now`` still counts.

    Returns:
        The new end of the granted time, and when these mails may go: at that end, at once if it
        lies in the past. Whoever sends at the instants returned sends in no stretch of length L
        more than ``(L + max(burst, mails of one write * per_mail)) / per_mail``.
    """
    if mails < 0 or per_mail < timedelta(0) or burst < timedelta(0):
        raise ValueError(f"nothing can be paced by {mails} mails, {per_mail} each, {burst} saved")
    earliest = now - burst
    begins = earliest if paced_until is None else max(paced_until, earliest)
    ends = begins + mails * per_mail
    return ends, max(now, ends)
