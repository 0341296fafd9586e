"""Programs: what there is, at a glance, the sponsor's figures, the journal; who calls."""

from __future__ import annotations

from integrations.api_client.models import (
    JournalLine,
    JournalPage,
    Me,
    OverviewAnswer,
    ProgramRef,
    Programs,
    SponsorAnswer,
    WeekFigures,
)
from integrations.api_client.orders import JournalAsked, Listed
from integrations.ports import Transaction
from integrations.records import Program
from integrations.web.access import Who
from integrations.web.api.cursors import cursor_of, stretch, values_in
from integrations.web.api.endpoint import Call, Endpoint
from integrations.web.page import program_of
from integrations.workflows.reporting.sheets import FEWEST, sheet_of
from integrations.workflows.showing.journal_words import Line, lines_of
from integrations.workflows.showing.overview import overview_of
from integrations.workflows.showing.standings import bring_up_to_date
from integrations.writing import is_stopped


async def show_me(call: Call) -> Me:
    """Who calls."""
    visit, viewer = call.visit, call.visit.viewer

    def look(tx: Transaction) -> Me:
        mine = tx.pairs.of_people([viewer.person_id]) if viewer.person_id else []
        return Me(
            id=viewer.directory_id,
            is_administrator=viewer.is_administrator,
            coordinates=sorted(viewer.coordinates),
            sponsors=sorted(viewer.sponsors),
            pairs=sorted(pair.id for pair in mine),
            writing_stopped=visit.app.options.read_only or is_stopped(tx),
        )

    return await visit.app.store.run(look)


async def show_programs(call: Call) -> Programs:
    """The programs that the caller coordinates or sponsors."""
    viewer = call.visit.viewer
    after = values_in(call.query.cursor, str)

    def look(tx: Transaction) -> list[Program]:
        found = (tx.programs.get(key) for key in sorted(viewer.coordinates | viewer.sponsors))
        return [program for program in found if program is not None]

    found = await call.visit.app.store.run(look)
    here, following = stretch(found, lambda p: (p.id,), after, call.query.limit)
    items = [ProgramRef(id=p.id, name=p.name, zone=p.zone, state=p.state.value) for p in here]
    return Programs(items=items, next=following)


async def show_overview(call: Call) -> OverviewAnswer:
    """How a program stands."""
    visit, program = call.visit, program_of(call.visit)
    await bring_up_to_date(visit.app)
    seen = await visit.app.store.run(lambda tx: overview_of(tx, program, visit.now))
    return OverviewAnswer(
        program=program.id,
        pairs=seen.pairs,
        by_risk={risk.value: count for risk, count in seen.by_risk.items()},
        forecasts={code: count for code, _, count in seen.forecasts},
        held=seen.held,
        required=seen.required,
        needs=seen.needs,
        live=seen.live,
        begun=seen.begun,
        half=seen.half,
        whole=seen.whole,
        weeks=[
            WeekFigures(
                monday=week.monday,
                held=week.held,
                not_held=week.not_held,
                not_known=week.not_known,
                to_come=week.to_come,
            )
            for week in seen.weeks
        ],
    )


async def show_sponsor(call: Call) -> SponsorAnswer:
    """The sponsor's figures; nothing of a small program."""
    visit, program = call.visit, program_of(call.visit)
    zone = visit.app.options.zone
    sheet = await visit.app.store.run(lambda tx: sheet_of(tx, program, visit.now, zone))
    is_small = sheet.pairs < FEWEST
    return SponsorAnswer(
        program=program.id,
        counted_at=sheet.counted_at,
        pairs=None if is_small else sheet.pairs,
        fewest=FEWEST,
        whole=None if is_small else sheet.whole,
        groups={} if is_small else sheet.groups,
        objectives=[] if is_small else sheet.objectives,
        pulse=None if is_small else sheet.pulse,
        surveys=[] if is_small else sheet.surveys,
    )


async def show_journal(call: Call) -> JournalPage:
    """The newest lines of a program, or of one of its pairs."""
    return await journal_of(call, call.query.pair)


async def journal_of(call: Call, pair_id: str | None) -> JournalPage:
    """A stretch of the journal, of one pair if it is named."""
    program, limit = program_of(call.visit), call.query.limit
    after = values_in(call.query.cursor, int)
    before = int(after[0]) if after else None

    def look(tx: Transaction) -> tuple[list[Line], bool]:
        found = tx.journal.newest(program.id, pair_id=pair_id, before=before, limit=limit + 1)
        return lines_of(tx, found[:limit]), len(found) > limit

    lines, more = await call.visit.app.store.run(look)
    return JournalPage(
        items=[_line(line) for line in lines],
        next=cursor_of([lines[-1].seq]) if more else None,
    )


def _line(line: Line) -> JournalLine:
    return JournalLine(
        seq=line.seq,
        at=line.at,
        code=line.code,
        words=line.words,
        pair=line.pair_id,
        date=line.date,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/me",
        who=Who.SIGNED_IN,
        do=show_me,
        answer=Me,
        summary="Who the token stands for",
        tag="You",
    ),
    Endpoint(
        method="GET",
        path="/programs",
        who=Who.SIGNED_IN,
        do=show_programs,
        query=Listed,
        answer=Programs,
        summary="Programs that you coordinate or sponsor",
        tag="Programs",
    ),
    Endpoint(
        method="GET",
        path="/programs/{program}/overview",
        who=Who.COORDINATOR,
        do=show_overview,
        answer=OverviewAnswer,
        summary="A program at a glance",
        tag="Programs",
    ),
    Endpoint(
        method="GET",
        path="/programs/{program}/sponsor",
        who=Who.SPONSOR,
        do=show_sponsor,
        answer=SponsorAnswer,
        summary="The sponsor's figures, without a name",
        tag="Programs",
        about="Groups under five pairs are withheld, so that they cannot be worked out either.",
    ),
    Endpoint(
        method="GET",
        path="/programs/{program}/journal",
        who=Who.COORDINATOR,
        do=show_journal,
        query=JournalAsked,
        answer=JournalPage,
        summary="What was decided, done or left alone, newest first",
        tag="Programs",
    ),
)
