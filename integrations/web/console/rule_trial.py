"""A changed rule that is tried on a large program: how far it is, what it comes to, one yes."""

from __future__ import annotations

from typing import Any

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.page_records import TryState
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.console.rule_form import altered, values_of
from integrations.web.console.rule_shown import comparison_shown, hidden_fields, speaks_later
from integrations.web.console.saying import by_field, number_of
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.web.paging import AT_ONCE, Listed, offset_in
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.rulebook import rule_trials
from integrations.workflows.rulebook.rule_trials import Found, HowFar
from integrations.workflows.work import WITHHELD

PATH = "/programs/{program}/rule/what-if"


async def show_trial(visit: Visit) -> Shown:
    """How far the trial is, and once it is through, what the rule comes to."""
    return await _shown(visit, {})


async def _shown(visit: Visit, faults: dict[str, str], mails: str = "") -> Shown:
    program = program_of(visit)

    def look(tx: Transaction) -> dict[str, Any] | None:
        if tx.tried_rules.get(program.id) is None:
            return None
        far = rule_trials.how_far(tx, program.id)
        if far.trial.state is not TryState.DONE:
            return {"far": far, "found": None, **_asked(tx, visit, far)}
        found = rule_trials.found_of(tx, program.id)
        return {
            "far": far,
            "found": found,
            **_asked(tx, visit, far),
            **_pairs_shown(tx, visit, found),
            "is_old": found.is_old(visit.now),
            "may_say_yes": _may_say_yes(visit, found),
        }

    data = await visit.app.store.run(look)
    shown = {"far": None, "found": None, **(data or {})}
    return Shown({**shown, "faults": faults, "mails": mails}, status=400 if faults else 200)


def _asked(tx: Transaction, visit: Visit, far: HowFar) -> dict[str, Any]:
    """What is being tried, by whom, and what keeps it up."""
    rule, trial = parsed_rule(far.trial.rule), far.trial
    before = parsed_rule(tx.rules.current(trial.program_id).body)
    member = tx.staff.get(f"{trial.program_id}/{trial.begun_by}/coordinator")
    return {
        "altered": altered(before, rule),
        "is_same": rule == before,
        "speaks_later": speaks_later(before, rule),
        "fields": hidden_fields(values_of(rule)),
        "by": member.name if member is not None else gettext("a coordinator"),
        "trouble": far.trouble is not None and far.trouble != WITHHELD,
        "zone": program_of(visit).zone,
    }


def _pairs_shown(tx: Transaction, visit: Visit, found: Found) -> dict[str, Any]:
    """The figures, and the stretch of the pairs that is asked for."""
    program_id, offset = found.trial.program_id, offset_in(visit.query, AT_ONCE)
    some = rule_trials.pairs_of(tx, program_id, offset=offset, limit=AT_ONCE)
    listed = Listed(
        path=f"/programs/{program_id}/rule/what-if",
        query={},
        offset=offset,
        shown=len(some),
        total=found.totals.pairs,
        at_once=AT_ONCE,
    )
    return comparison_shown(tx, found.totals, some, listed)


def _may_say_yes(visit: Visit, found: Found) -> bool:
    few = len(found.outdated) <= visit.app.options.tried_at_once
    return few and not found.is_other_rule


async def do_stop(visit: Visit) -> Go:
    """Look at no more pairs."""
    await rule_trials.stop(visit.app, program_of(visit).id)
    return _back(visit, gettext("Stopped. What was found so far is kept."))


async def do_go_on(visit: Visit) -> Go:
    """Look at the pairs that are not known, or that have changed since."""
    await rule_trials.go_on(visit.app, program_of(visit).id)
    return _back(visit, gettext("It goes on."))


async def do_again(visit: Visit) -> Go:
    """Try the same rule on every pair anew."""
    program = program_of(visit)
    trial = await visit.app.store.run(lambda tx: rule_trials.trial_of(tx, program.id))
    rule = parsed_rule(trial.rule)
    await rule_trials.begin(visit.app, program.id, rule, by=visit.viewer.directory_id)
    return _back(visit, gettext("Every pair is looked at anew."))


async def do_drop(visit: Visit) -> Go:
    """Leave everything as it is."""
    program = program_of(visit)
    await rule_trials.drop(visit.app, program.id)
    return Go(f"/programs/{program.id}/rule", gettext("Left as it is; nothing was changed."))


async def do_save(visit: Visit) -> Shown | Go:
    """Put the tried rule in force if the number typed is the number of mails."""
    program, typed = program_of(visit), visit.form.get("mails")
    try:
        mails = number_of(typed, "mails")
        await rule_trials.save(visit.app, program.id, mails=mails, by=visit.viewer.directory_id)
    except FaultsError as error:
        return await _shown(visit, by_field(error), typed)
    said = gettext("Saved. Booked pairs follow now; the others are planned anew.")
    return Go(f"/programs/{program.id}/rule", said)


def _back(visit: Visit, said: str) -> Go:
    return Go(f"/programs/{program_of(visit).id}/rule/what-if", said)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_trial,
        template="console/rule_trial.html",
        title=N_("What the changed rule would do"),
        section="rule",
        acts=(
            Act(path=f"{PATH}/stop", do=do_stop),
            Act(path=f"{PATH}/go-on", do=do_go_on),
            Act(path=f"{PATH}/again", do=do_again),
            Act(path=f"{PATH}/drop", do=do_drop),
            Act(path=f"{PATH}/save", do=do_save),
        ),
    ),
)
