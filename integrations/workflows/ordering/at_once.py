"""What somebody tells Tandem and waits for: it is kept, carried out here and now, and shown.

The order is on record before anything is tried. Where it cannot be carried out at once it stays
due, and whoever works next goes on with it; the answer then says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import Need, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes import reconcile
from integrations.workflows.enrolment.programs import find_program
from integrations.workflows.ordering import orders, ready_acts
from integrations.workflows.registry import HANDLERS
from integrations.workflows.rulebook.rule_previews import apply_rule, preview_rule
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.showing.journal_words import Line, lines_of
from integrations.workflows.telling import needs
from integrations.workflows.work import WITHHELD, Worker
from scheduling.changes.acts import ReadyAct

Telling = Callable[[App, Transaction, Pair, datetime], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: the new lines of the journal, and why something has to wait, if it has."""

    lines: list[Line]
    waits: tuple[str, ...] = ()


async def tell_pair(app: App, name: str, telling: Telling) -> Outcome:
    """Keep what is told about a pair, reconcile the pair, and say what came of it.

    Raises:
        NotPossibleError, FaultsError: as ``telling`` says; nothing was kept.
    """

    def keep(tx: Transaction) -> tuple[str, int]:
        pair = orders.find_pair(tx, name)
        last = tx.journal.last_seq()
        telling(app, tx, pair, app.clock.now())
        return pair.id, last

    pair_id, last = await app.store.run(keep)
    return await go_on(app, [pair_id], last)


async def act_on_need(
    app: App, need_id: str, act: str, *, until: date | None = None, by: str = orders.COORDINATOR
) -> Outcome:
    """Do what a *Needs you* row offers; ``until`` for acts that need a date.

    Raises:
        FaultsError: no such act, or no date for one that needs it; nothing was kept.
        NotPossibleError: no such row, or the act is not ready in it.
    """
    if act not in set(ReadyAct):
        raise FaultsError(
            [Fault("--act", f"one of {', '.join(ReadyAct)}", act)],
            remedy=N_("`tandem needs-you` shows the acts that are ready."),
        )

    def keep(tx: Transaction) -> tuple[str, int]:
        def carry_out(tx: Transaction, need: Need, order: str) -> None:
            ready_acts.carry_out(app, tx, need, order, until=until, by=by)

        last = tx.journal.last_seq()
        row = needs.find_need(tx, need_id).id
        done = needs.act(tx, row, ReadyAct(act), app.clock.now(), by=by, carry_out=carry_out)
        return done.pair_id, last

    pair_id, last = await app.store.run(keep)
    return await go_on(app, [pair_id], last)


async def reconcile_pairs(app: App, name: str | None) -> Outcome:
    """Compare one pair, or all booked ones, with the calendars and act on what is found."""

    def wanted(tx: Transaction) -> tuple[list[str], int]:
        if name is not None:
            return [orders.find_pair(tx, name).id], tx.journal.last_seq()
        living = tx.pairs.in_state(PairState.BOOKED, PairState.PAUSED)
        return [pair.id for pair in living], tx.journal.last_seq()

    pair_ids, last = await app.store.run(wanted)
    return await go_on(app, pair_ids, last)


async def apply_changed_rule(app: App, name: str, rule: ProgramRule, *, mails: int) -> Outcome:
    """Apply a changed rule to every booked pair, if it causes no more mails than were seen.

    Raises:
        FaultsError: it would cause more, or no program is called that; nothing was changed.
    """
    key = (await app.store.run(lambda tx: find_program(tx, name))).id
    previews = await preview_rule(app, key, rule)
    expected = sum(one.mails for one in previews)
    if expected > mails:
        raise FaultsError(
            [Fault("--mails", f"at least {expected}, which it would cause", str(mails))],
            remedy=N_("Look at `tandem rule preview` and name the number of mails it shows."),
        )

    def apply(tx: Transaction) -> int:
        last = tx.journal.last_seq()
        apply_rule(app, tx, key, rule)
        return last

    last = await app.store.run(apply)
    return await go_on(app, [one.pair.id for one in previews], last)


async def go_on(app: App, pair_ids: Iterable[str], last: int) -> Outcome:
    """Reconcile pairs that something was told about; what came of it after entry ``last``."""
    wanted = list(pair_ids)
    waits = [why for pair_id in wanted if (why := await reconcile_now(app, pair_id))]

    def new_lines(tx: Transaction) -> list[Line]:
        return lines_of(tx, [e for e in tx.journal.read(after=last) if e.pair_id in set(wanted)])

    return Outcome(lines=await app.store.run(new_lines), waits=tuple(waits))


async def reconcile_now(app: App, pair_id: str) -> str | None:
    """Have the pair reconciled here; why that has to wait for another try, if it has."""
    now = app.clock.now()
    work_id = (await app.store.run(lambda tx: tx.work.schedule(reconcile.KIND, pair_id, now))).id
    is_ours = await Worker(app, HANDLERS).do(work_id)
    if not is_ours:
        return gettext("another process works on the pair; `tandem work` goes on after it")
    work = await app.store.run(lambda tx: tx.work.get(work_id))
    if work is not None and work.last_error == WITHHELD:
        return gettext("nothing may be written at present; it goes on as soon as writing does")
    if work is not None and work.last_error is not None:
        return gettext("it failed (%(error)s); `tandem work` tries again", error=work.last_error)
    if await app.store.run(lambda tx: bool(tx.intents.open(pair_id))):
        return gettext("a write waits for its turn, which comes within minutes")
    return None
