"""What paths of pages can name in a served firm, and who is who there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from integrations.ports import Transaction
from integrations.records import SessionState
from tests.browser.firm import ServedFirm
from tests.web.access_table import Visits

WEEK = timedelta(weeks=1)
_WITH_QUERY = {"/needs/{need}/act": "?act=pause"}


@dataclass(frozen=True)
class Guide:
    """Real things by the names they have in paths, and people's addresses."""

    named: dict[str, str]
    mails: dict[Visits, str]

    def path(self, template: str) -> str | None:
        """A path with real things in it; None where the firm has no such thing."""
        if not set(re.findall(r"\{(\w+)\}", template)) <= set(self.named):
            return None
        path = re.sub(r"\{(\w+)\}", lambda found: self.named[found[1]], template)
        return path + _WITH_QUERY.get(template, "")


def guide_to(firm: ServedFirm) -> Guide:
    """A booked pair with an assistant, its next date and its last, and whatever else there is."""
    pair, now = firm.booked_pair(), firm.now()

    def look(tx: Transaction) -> dict[str, str]:
        dates = sorted(tx.sessions.of_pair(pair["id"]), key=lambda one: one.start)
        kept = [one for one in dates if one.state is SessionState.SCHEDULED]
        there = {
            "message": "invitation",
            # Not one of these days: around those often nothing else is free.
            "session": next((one.id for one in kept if one.start > now + WEEK), None),
            "wave": next((wave.id for wave in tx.waves.all()), None),
            "need": next((need.id for need in tx.needs.all() if need.closed_at is None), None),
        }
        return {name: id_ for name, id_ in there.items() if id_ is not None}

    return Guide(
        {"pair": pair["id"], "program": pair["program"], **firm.read(look)},
        {
            Visits.PARTICIPANT: pair["mentee"],
            Visits.ASSISTANT: pair["assistant"],
            Visits.COORDINATOR: firm.staff("coordinator"),
            Visits.SPONSOR: firm.staff("sponsor"),
            Visits.ADMINISTRATOR: firm.staff("administrator"),
        },
    )
