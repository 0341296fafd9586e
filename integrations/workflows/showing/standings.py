"""How each pair stands, worked out once and kept, so that lists of ten thousand pairs are quick.

A pair's standing follows from its dates, verdicts, rows of *Needs you* and blockers. Whatever
changes one of these is journalled, so the journal tells which pairs have to be worked out again:
a look through what is new in it happens at every hour of looks, and before a list is shown. Once a
night all pairs are worked out, because with each day gaps grow and dates pass. What is kept here
can be thrown away at any time; the next night makes it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.blockers import STOPPING
from integrations.errors import StoreLockedError
from integrations.page_records import Risk, Standing
from integrations.ports import Transaction
from integrations.records import OVER, Blocker, BlockerScope, Pair, PairState
from integrations.standing_records import ProgramWeek
from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.look_times import last_night, next_look, zones_of_work
from integrations.workflows.reporting.history import AT_ONCE, History, histories_of
from integrations.workflows.reporting.sheets import keep_sheets
from integrations.workflows.standing_work import DueAgain
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import OPEN, Forecast, held_meetings

KIND = "refresh_standings"
SEEN = "standings_seen"
"""The switch that holds the number of the last journal entry taken in."""
ALL_AT = "standings_made"
"""The switch that holds when all pairs were last worked out."""
AT_A_PAGE = 200
"""So many pairs are worked out while somebody waits for a page; the others by the hourly look."""
_ENTRIES = 2_000
_NOT_BOOKED = frozenset({PairState.ENROLLED, PairState.PLANNED, PairState.BOOKING})
_WELL = frozenset({Forecast.REACHED, Forecast.ON_COURSE})


async def refresh_standings(app: App, claim: Claim, subject: str) -> None:
    """Work out how pairs stand: all of them once a night, else those the journal tells of.

    Raises:
        NotYet: always; the next look is due then.
    """
    now = app.clock.now()
    zones, is_night, is_done = await app.store.run(lambda tx: _begin(tx, app, now))
    if is_night:
        await _refresh_all(app, now)
    while not is_done:
        is_done = await app.store.run(lambda tx: catch_up(tx, app, now, AT_ONCE))
    await app.store.run(lambda tx: keep_sheets(tx, now, app.options.zone))

    def keep(tx: Transaction) -> None:
        count_weeks(tx, now)
        if is_night:
            tx.switches.set(ALL_AT, now.isoformat())

    raise DueAgain(next_look(now, zones), "the next look", keep)


def _begin(tx: Transaction, app: App, now: datetime) -> tuple[list[str], bool, bool]:
    """The firm's zones, whether all is worked out anew, and whether nothing else is left to do."""
    zones, made = zones_of_work(tx, app), tx.switches.get(ALL_AT)
    is_night = made is None or datetime.fromisoformat(made) < last_night(now, zones[0])
    return zones, is_night, is_night or catch_up(tx, app, now, AT_ONCE)


async def bring_up_to_date(app: App) -> None:
    """Take in what was journalled since the last look, before a list is shown.

    A page shows what is known rather than wait for somebody who holds the store.
    """
    now = app.clock.now()
    with suppress(StoreLockedError):
        await app.store.run(lambda tx: catch_up(tx, app, now))


async def _refresh_all(app: App, now: datetime) -> None:
    """Work out every pair, some at a time, so that nobody waits long for the store."""

    def begin(tx: Transaction) -> list[str]:
        # What is journalled while this goes on is taken in after it, even if it was seen already.
        tx.switches.set(SEEN, str(tx.journal.last_seq()))
        return [pair.id for pair in tx.pairs.all()]

    ids = await app.store.run(begin)
    for first in range(0, len(ids), AT_ONCE):
        await _refresh(app, ids[first : first + AT_ONCE], now)


async def _refresh(app: App, pair_ids: Sequence[str], now: datetime) -> None:
    await app.store.run(lambda tx: refresh(tx, pair_ids, now, app.options.zone))


def catch_up(tx: Transaction, app: App, now: datetime, limit: int = AT_A_PAGE) -> bool:
    """Work out the pairs that the journal tells of since the last look, at most ``limit``.

    Transactions that run side by side may journal with lower numbers later (see the port); what is
    missed by that is found at night.

    Returns:
        Whether nothing is left to be taken in.
    """
    seen = int(tx.switches.get(SEEN) or 0)
    last = tx.journal.last_seq()
    if seen >= last:
        return True
    touched = tx.journal.touched(after=seen, limit=_ENTRIES)
    concerned: dict[str, None] = {}
    upto = seen
    for entry in touched:
        pairs = [entry.pair_id] if entry.pair_id else []
        if not pairs and entry.person_id:
            pairs = [pair.id for pair in tx.pairs.of_people([entry.person_id])]
        if concerned and len(concerned) + len(pairs) > limit:
            break
        concerned.update(dict.fromkeys(pairs))
        upto = entry.seq
    else:
        upto = touched[-1].seq if touched else last
    refresh(tx, concerned, now, app.options.zone)
    tx.switches.set(SEEN, str(upto))
    return upto >= last


def refresh(tx: Transaction, pair_ids: Iterable[str], now: datetime, zone: str) -> None:
    """Work these pairs out and keep it; ids of no pair are passed over."""
    pairs = list(tx.pairs.many(pair_ids).values())
    ids = [pair.id for pair in pairs]
    people = {person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)}
    needs: dict[str, int] = {}
    for need in tx.needs.open(ids):
        # A row that is put off still waits; one that somebody settled only waits for its cause.
        if need.outcome is None:
            needs[need.pair_id] = needs.get(need.pair_id, 0) + 1
    held_up: dict[tuple[BlockerScope, str], list[Blocker]] = {}
    for scope, subjects in ((BlockerScope.PAIR, ids), (BlockerScope.PERSON, sorted(people))):
        for blocker in tx.blockers.open(scope, subjects):
            held_up.setdefault((scope, blocker.subject_id), []).append(blocker)
    tx.standings.put_many(
        [
            standing_of(history, needs.get(history.pair.id, 0), _blocker(history, held_up), now)
            for history in histories_of(tx, pairs, now, zone)
        ]
    )


def count_weeks(tx: Transaction, now: datetime) -> None:
    """Count anew what became of each program's dates, week by week."""
    for program in tx.programs.all():
        weeks: dict[date, Counter[str]] = {}
        zone = ZoneInfo(program.zone)
        for start, verdict, dates in tx.standings.dates(program.id):
            day = start.astimezone(zone).date()
            monday = day - timedelta(days=day.weekday())
            weeks.setdefault(monday, Counter())[_became(start, verdict, now)] += dates
        counted = [ProgramWeek(program.id, monday, **weeks[monday]) for monday in sorted(weeks)]
        tx.standings.replace_weeks(program.id, counted)


def _became(start: datetime, verdict: str | None, now: datetime) -> str:
    """Which of a week's counts a date belongs to."""
    if verdict is None:
        return "to_come" if start > now else "not_known"
    if verdict == VerdictKind.HELD:
        return "held"
    return "not_known" if verdict in OPEN else "not_held"


def standing_of(history: History, needs: int, blocker: str | None, now: datetime) -> Standing:
    """How a pair stands, from its history, its open rows and what holds it up."""
    pair, progress = history.pair, history.progress
    ahead = [j.session.start for j in history.sessions if j.outcome.verdict is None]
    met = [outcome.day for outcome in held_meetings(history.outcomes)]
    return Standing(
        pair_id=pair.id,
        program_id=pair.program_id,
        state=pair.state,
        risk=_risk(history, needs, blocker),
        held=progress.held,
        required=progress.required,
        planned=progress.planned,
        still_possible=progress.still_possible,
        longest_gap_days=progress.longest_gap_days,
        forecast=progress.forecast.value if has_begun(pair) else None,
        next_start=min(ahead, default=None),
        last_met=max(met, default=None),
        needs=needs,
        blocker=blocker,
        updated_at=now,
    )


def has_begun(pair: Pair) -> bool:
    """Whether there is anything to forecast from: until it is booked a pair has no dates."""
    return pair.state not in _NOT_BOOKED


def _risk(history: History, needs: int, blocker: str | None) -> Risk:
    if history.pair.state in OVER:
        return Risk.OVER
    if blocker is not None:
        return Risk.BLOCKED
    if needs or (has_begun(history.pair) and history.progress.forecast not in _WELL):
        return Risk.AT_RISK
    return Risk.ON_TRACK


def _blocker(
    history: History, held_up: Mapping[tuple[BlockerScope, str], Sequence[Blocker]]
) -> str | None:
    """The oldest thing that stops the pair; what only hampers it is no reason to call it blocked.

    What holds a program mailbox or the whole firm up is shown once, on the page about health.
    """
    pair = history.pair
    subjects = (
        (BlockerScope.PAIR, pair.id),
        (BlockerScope.PERSON, pair.mentor_id),
        (BlockerScope.PERSON, pair.mentee_id),
    )
    found = [b for subject in subjects for b in held_up.get(subject, ()) if b.code in STOPPING]
    return min(found, key=lambda b: b.since).code if found else None
