"""The rule of a program: as it is, what a change comes to, and putting it in force."""

from __future__ import annotations

from integrations.api_client.models import RuleAnswer, RulePairPreview, RulePreview, RuleSaved
from integrations.api_client.orders import RuleAsked, RuleYes
from integrations.errors import NotPossibleError
from integrations.ports import Transaction
from integrations.records import Json
from integrations.web.access import Who
from integrations.web.api.endpoint import Call, Endpoint
from integrations.web.api.problems import ApiError
from integrations.web.page import program_of
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.rulebook.rule_trials import is_large
from integrations.workflows.rulebook.rule_whatif import (
    Comparison,
    OtherMailsError,
    WhatIf,
    compare,
    save_rule,
    why_in_words,
)
from integrations.workflows.rulebook.rules import ProgramRule

PATH = "/programs/{program}/rule"


async def show_rule(call: Call) -> RuleAnswer:
    """The rule in force."""
    program = program_of(call.visit)

    def look(tx: Transaction) -> RuleAnswer:
        record = tx.rules.current(program.id)
        return RuleAnswer(version=record.version, rule=parsed_rule(record.body).to_body())

    return await call.visit.app.store.run(look)


async def preview_rule(call: Call) -> RulePreview:
    """What a rule would come to for each pair; nothing is saved."""
    await _require_small(call)
    rule = ProgramRule.from_body(call.body.rule)
    return _shown(await compare(call.visit.app, program_of(call.visit).id, rule))


def _shown(found: Comparison) -> RulePreview:
    totals = found.totals
    return RulePreview(
        mails=totals.mails,
        changed=totals.changed,
        unknown=totals.unknown,
        pairs=[_of_pair(one) for one in found.pairs],
    )


def _of_pair(one: WhatIf) -> RulePairPreview:
    return RulePairPreview(
        pair=one.pair_id,
        dates_before=one.before.dates,
        dates_after=None if one.after is None else one.after.dates,
        changed=one.changed,
        mails=one.mails,
        why=why_in_words(one.why),
    )


async def put_rule(call: Call) -> RuleSaved:
    """Put a rule in force if it causes exactly the mails that were named."""
    program, by = program_of(call.visit), call.visit.viewer.directory_id
    await _require_small(call)
    rule = ProgramRule.from_body(call.body.rule)

    def also(tx: Transaction) -> None:
        call.mark(tx, {"program": program.id})

    try:
        await save_rule(call.visit.app, program.id, rule, mails=call.body.mails, by=by, also=also)
    except OtherMailsError as error:
        said = f"It would cause {error.mails} mails."
        raise ApiError("more_mails", said, mails=error.mails) from None
    return await _saved(call)


async def _require_small(call: Call) -> None:
    """Raise where trying a rule takes longer than a request may."""
    if await is_large(call.visit.app, program_of(call.visit).id):
        raise TooLargeError(program_of(call.visit).id)


class TooLargeError(NotPossibleError):
    """The program has so many pairs that a rule is tried on them as due work."""

    remedy = "Try the rule and put it in force on the program's page, which shows the progress."

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(f"{program_id} has too many pairs to try a rule within a request")


async def _saved(call: Call) -> RuleSaved:
    program = program_of(call.visit)
    version = await call.visit.app.store.run(lambda tx: tx.rules.current(program.id).version)
    return RuleSaved(program=program.id, version=version)


async def put_before(call: Call, done: Json) -> RuleSaved:
    """The rule was put in force before this process was there."""
    return await _saved(call)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=PATH,
        who=Who.COORDINATOR,
        do=show_rule,
        answer=RuleAnswer,
        summary="The rule in force",
        tag="Rule",
    ),
    Endpoint(
        method="POST",
        path=f"{PATH}/preview",
        who=Who.COORDINATOR,
        do=preview_rule,
        body=RuleAsked,
        answer=RulePreview,
        summary="What a changed rule would do to each pair",
        tag="Rule",
        about="Calendars are read while you wait; of a large program the page does it as work.",
    ),
    Endpoint(
        method="PUT",
        path=PATH,
        who=Who.COORDINATOR,
        do=put_rule,
        body=RuleYes,
        answer=RuleSaved,
        summary="Put a rule in force",
        tag="Rule",
        go_on=put_before,
    ),
)
