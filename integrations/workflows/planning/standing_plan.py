"""Planning as standing work: who was enrolled, or found no hour or no answer before."""

from __future__ import annotations

from integrations.ports import Transaction
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking.beginning import close_those_over
from integrations.workflows.booking.launching import schedule_bookings
from integrations.workflows.booking.waves import settle_done
from integrations.workflows.holding import held
from integrations.workflows.look_times import next_night, zones_of_work
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.standing_work import ensure_standing

KIND = "plan"


async def plan_and_launch(app: App, claim: Claim, subject: str) -> None:
    """Plan whoever is enrolled and have work for every planned pair of a running program.

    Programs of which everything is over are closed.

    What else stands is seen to as well, so that a mailbox that came since is looked after.

    Raises:
        NotYet: always; the next planning is due then.
    """
    async with held(app, claim):
        await plan_enrolled(app)
    now = app.clock.now()

    def record(tx: Transaction) -> str:
        ensure_standing(tx, app, now)
        schedule_bookings(tx, now)
        settle_done(tx, now)
        close_those_over(tx, now)
        return zones_of_work(tx, app)[0]

    # Who found no hour today hardly finds one in the next; who is enrolled makes this due.
    raise NotYet(next_night(now, await app.store.run(record)), "the next planning")
