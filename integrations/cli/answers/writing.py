"""What stopping all writing, and letting it go on, says at a terminal."""

from __future__ import annotations

from integrations.cli import console, opening
from integrations.cli.answers.programs import TERMINAL
from integrations.workflows.app import App
from integrations.workflows.operating.writing import let_writing_go_on, stop_writing


def stop() -> None:
    """Stop all writing."""

    async def run(app: App) -> bool:
        return await stop_writing(app, by=TERMINAL)

    was_new = opening.with_app(run)
    before = "" if was_new else "It was stopped already. "
    console.out.print(f"{before}Nothing is written until `tandem writing go-on`.")


def go_on() -> None:
    """Let writing go on."""

    async def run(app: App) -> tuple[int, bool]:
        return await let_writing_go_on(app, by=TERMINAL), app.options.read_only

    waited, forbidden = opening.with_app(run)
    if forbidden:
        console.show_wait("TANDEM_READ_ONLY is on here, which is stronger than this")
    console.out.print(f"Writing goes on; {waited} pieces of work waited for it.")
