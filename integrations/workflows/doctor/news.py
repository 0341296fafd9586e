"""Whether Teams takes the news that are not mailed: seen from those that were last told."""

from __future__ import annotations

from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.doctor.checks import Check, Finding, untried
from integrations.workflows.telling.feed import REFUSED, TOLD

_LINES = 20_000
"""How much of the journal's end is looked at."""
_REMEDY = (
    "Install the Teams app for the people of the programs (Teams admin center, setup policies), and"
    " compare TANDEM_TEAMS_APP with the app's id there; until then they are mailed."
)


async def news_checks(app: App) -> list[Check]:
    """Whether anybody can be told in Teams; nothing where the settings do not ask for it.

    There is no call that shows it and leaves no trace: the right comes person by person, with the
    app, so what became of the last news tells it.
    """
    if app.options.teams_app is None:
        return []
    told, refusals = await app.store.run(_last_news)
    if not told and not refusals:
        return [untried("teams_news", "no news were due lately")]
    if not told:
        said = f"Teams took none of the last {len(refusals)}, which were mailed: {refusals[-1]}"
        return [Check("teams_news", Finding.MISSING, said, _REMEDY)]
    said = f"{told} of the last {told + len(refusals)} were told in Teams, the others were mailed"
    return [Check("teams_news", Finding.WELL, said)]


def _last_news(tx: Transaction) -> tuple[int, list[str]]:
    """How many were told, and why the others were not, oldest first."""
    after = max(0, tx.journal.last_seq() - _LINES)
    refused = tx.journal.read(code=REFUSED, after=after)
    told = tx.journal.read(code=TOLD, after=after)
    return len(told), [str(entry.data.get("why", "")) for entry in refused]
