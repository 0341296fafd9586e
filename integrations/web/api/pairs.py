"""Pairs: lists as on the page, one with everything about it, and one's own."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.api_client.models import (
    BlockerShown,
    JournalPage,
    OwnDate,
    OwnPair,
    PairAnswer,
    PairDate,
    PairListed,
    PairProgress,
    PairsListed,
    PauseShown,
    Person,
    PulseGiven,
    PulseSide,
)
from integrations.api_client.orders import Listed, PairsAsked
from integrations.page_records import Risk
from integrations.records import PairState
from integrations.standing_records import PairRow, PairSearch
from integrations.web.access import Who
from integrations.web.api.cursors import cursor_of, values_in
from integrations.web.api.endpoint import Call, Endpoint
from integrations.web.api.programs import journal_of
from integrations.web.page import pair_of, program_of
from integrations.web.pair.saying import actor_of
from integrations.workflows.pair_page import home
from integrations.workflows.showing.pair_overview import PairShown, overview_of_pair
from integrations.workflows.showing.standings import bring_up_to_date

PATH = "/programs/{program}/pairs/{pair}"


async def show_pairs(call: Call) -> PairsListed:
    """A stretch of the pairs asked for."""
    program = program_of(call.visit)
    await bring_up_to_date(call.visit.app)
    wanted, after = _wanted(call.query, program.id), values_in(call.query.cursor, str)
    last = str(after[0]) if after else None
    limit = call.query.limit
    rows, more = await call.visit.app.store.run(
        lambda tx: tx.standings.after(wanted, last, limit=limit)
    )
    following = cursor_of([rows[-1].standing.pair_id]) if more else None
    return PairsListed(items=[_listed(row) for row in rows], next=following)


def _wanted(asked: PairsAsked, program_id: str) -> PairSearch:
    return PairSearch(
        program_id=program_id,
        words=tuple(asked.q.split()),
        risk=Risk(asked.risk) if asked.risk else None,
        state=PairState(asked.state) if asked.state else None,
        forecast=asked.forecast,
        office=asked.office,
        practice_group=asked.group,
        needs=asked.needs,
        unconfirmed=asked.unconfirmed,
        sort=asked.sort,
    )


def _listed(row: PairRow) -> PairListed:
    standing = row.standing
    return PairListed(
        id=standing.pair_id,
        program=standing.program_id,
        state=standing.state.value,
        risk=standing.risk.value,
        mentor=row.mentor,
        mentee=row.mentee,
        office=row.office,
        practice_group=row.practice_group,
        roster_id=row.roster_id,
        held=standing.held,
        required=standing.required,
        planned=standing.planned,
        still_possible=standing.still_possible,
        longest_gap_days=standing.longest_gap_days,
        forecast=standing.forecast,
        next_start=standing.next_start,
        last_met=standing.last_met,
        needs=standing.needs,
        blocker=standing.blocker,
        as_of=standing.updated_at,
    )


async def show_pair(call: Call) -> PairAnswer:
    """One pair with people, dates, progress and what holds it up."""
    visit, pair = call.visit, pair_of(call.visit)
    shown = await visit.app.store.run(
        lambda tx: overview_of_pair(tx, visit.app, pair.id, visit.now, most_lines=1)
    )
    pause = (
        None if shown.pause is None else PauseShown(first=shown.pause.first, last=shown.pause.last)
    )
    return PairAnswer(
        id=pair.id,
        program=pair.program_id,
        names=shown.names,
        state=shown.pair.state.value,
        zone=shown.zone,
        rhythm=shown.rhythm,
        place=shown.place,
        hour=shown.hour,
        pause=pause,
        people=_people(shown),
        progress=_progress(shown),
        dates=_dates(shown),
        blockers=[
            BlockerShown(code=b.code, words=b.words, remedies=list(b.remedies))
            for b in shown.blockers
        ],
        needs=[line.need.id for line in shown.needs],
        pulses=_pulses(shown),
    )


def _people(shown: PairShown) -> list[Person]:
    return [
        Person(
            id=person.id,
            name=person.name,
            mail=person.mail,
            role=person.role,
            zone=person.zone,
            office=person.office,
            trouble=person.trouble,
            has_confirmed=person.has_confirmed,
        )
        for person in shown.people
    ]


def _pulses(shown: PairShown) -> list[PulseSide]:
    return [
        PulseSide(
            name=side.name,
            given=[PulseGiven(date=at, score=score, text=text) for at, score, text in side.said],
            trend=side.trend,
        )
        for side in shown.pulses
    ]


def _progress(shown: PairShown) -> PairProgress:
    found = shown.progress
    return PairProgress(
        required=found.required,
        planned=found.planned,
        held=found.held,
        short=found.short,
        not_held=found.not_held,
        to_confirm=found.to_confirm,
        pending=found.pending,
        unknown=found.unknown,
        disputed=found.disputed,
        to_come=found.to_come,
        longest_gap_days=found.longest_gap_days,
        forecast=found.forecast.value,
    )


def _dates(shown: PairShown) -> list[PairDate]:
    return [
        PairDate(
            id=one.id,
            start=one.start,
            leads=one.leads,
            verdict=one.verdict,
            minutes=one.minutes,
            became=one.became,
            remarks=list(one.remarks),
            why=list(one.why),
            is_to_come=one.is_to_come,
        )
        for one in shown.dates
    ]


async def show_timeline(call: Call) -> JournalPage:
    """The pair's own lines of the journal."""
    return await journal_of(call, pair_of(call.visit).id)


async def show_own(call: Call) -> OwnPair:
    """The pair as its own page shows it to whoever asks."""
    visit, pair = call.visit, pair_of(call.visit)
    actor = actor_of(visit)
    seen = await visit.app.store.run(
        lambda tx: home.home_of(tx, visit.app, actor, pair.id, visit.now)
    )
    coming = (() if seen.next is None else (seen.next,)) + seen.coming
    return OwnPair(
        id=pair.id,
        program=seen.program,
        mentor=seen.mentor,
        mentee=seen.mentee,
        zone=seen.zone,
        rhythm=seen.rhythm,
        coming=_own(coming, seen),
        past=_own(seen.past, seen),
        pause=None if seen.pause is None else PauseShown(first=seen.pause[0], last=seen.pause[1]),
    )


def _own(dates: Iterable[home.DateShown], seen: home.Home) -> list[OwnDate]:
    return [
        OwnDate(
            id=one.session_id,
            start=one.begins.at,
            minutes=one.minutes,
            leads=seen.names.get(one.leads, one.leads),
            place=one.place,
            became=one.became,
        )
        for one in dates
    ]


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/programs/{program}/pairs",
        who=Who.COORDINATOR,
        do=show_pairs,
        query=PairsAsked,
        answer=PairsListed,
        summary="Pairs of a program: searched, filtered and sorted as on the page",
        tag="Pairs",
    ),
    Endpoint(
        method="GET",
        path=PATH,
        who=Who.COORDINATOR,
        do=show_pair,
        answer=PairAnswer,
        summary="One pair: people, dates with verdicts and reasons, progress",
        tag="Pairs",
    ),
    Endpoint(
        method="GET",
        path=f"{PATH}/timeline",
        who=Who.COORDINATOR,
        do=show_timeline,
        query=Listed,
        answer=JournalPage,
        summary="The story of one pair with reasons, newest first",
        tag="Pairs",
    ),
    Endpoint(
        method="GET",
        path="/pairs/{pair}",
        who=Who.OF_PAIR,
        do=show_own,
        answer=OwnPair,
        summary="Your own pair, or one whose calendar you keep",
        tag="You",
    ),
)
