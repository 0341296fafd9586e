"""What is said at a terminal after a backup was put back."""

from __future__ import annotations

from integrations.cli import console, opening
from integrations.cli.answers.programs import TERMINAL
from integrations.workflows.app import App
from integrations.workflows.operating.restoring import Restored, take_over


def say_restored() -> None:
    """Have the store catch up with its tenant."""

    async def run(app: App) -> Restored:
        return await take_over(app, by=TERMINAL)

    made = opening.with_app(run)
    console.out.print(
        f"Nothing is written. {made.pairs} pairs are compared with the calendars;"
        f" {made.mails} mails that may have gone out before are given up."
    )
    console.out.print(
        "Do again what was done through Tandem since the backup (pauses, ends, rules), then:"
        " `tandem writing go-on`."
    )
