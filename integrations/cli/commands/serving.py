"""The command that serves the pages: a firm's own, or those of an invented firm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integrations.cli import console


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(serve)


def serve(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address of this machine to listen at.")] = "127.0.0.1",
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve an invented firm in a simulated tenant.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the invented firm lives.")] = Path(
        ".tandem/serve"
    ),
    pairs: Annotated[int, typer.Option(min=1, max=500, help="Pairs of a new invented firm.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed makes the same firm.")] = 1,
    months: Annotated[
        int, typer.Option(min=0, max=12, help="Months of four weeks it has lived when it is shown.")
    ] = 2,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the invented firm anew.")] = False,
) -> None:
    """Serve the pages and do due work in one process, until a signal ends both.

    The settings of the environment say for which firm; TLS is for a proxy in front. With --demo an
    invented firm is served on this machine, whose people one can sign in as; a folder that `tandem
    demo` filled may be named too.
    """
    if demo:
        from integrations.demo.run import Wish
        from integrations.demo.serving import PagesWish, serve_demo

        story = Wish(pairs=pairs, seed=seed, months=months, fresh=fresh)
        serve_demo(PagesWish(story=story, port=port), folder)
        return
    from integrations.bootstrap import warm_up
    from integrations.cli import opening
    from integrations.serving import listen
    from integrations.serving import serve as serve_pages
    from integrations.workflows.app import App

    with listen(host, port) as listener:
        shown = f"http://{host}:{listener.getsockname()[1]}"

        async def run(tandem: App) -> None:
            warm_up()
            await serve_pages(tandem, listener, lambda: console.out.print(f"Serving at {shown}."))

        opening.with_app(run)
