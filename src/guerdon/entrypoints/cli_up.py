"""`guerdon up`: everything in one process tree."""

from typing import Annotated

import typer

from guerdon.entrypoints.cli_running import Home, run
from guerdon.entrypoints.home import settings_at
from guerdon.entrypoints.up import run_up
from guerdon.platform.log import configure_log

IsSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Two demo tenants, keys and stand-ins; no account anywhere is needed.")
]
Host = Annotated[str | None, typer.Option("--host", help="The address to listen on; else GUERDON_HOST.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the command to the program."""
    app.command("up", help=sentence)(start)


def start(*, sandbox: IsSandbox = False, host: Host = None, port: Port = None, home: Home = None) -> None:
    """Run database, migrations, API and worker until SIGTERM or SIGINT."""

    async def work() -> int:
        settings = settings_at(home, host, port)
        configure_log(settings)
        return await run_up(settings, _say, is_sandbox=sandbox)

    run(work())


def _say(text: str) -> None:
    # Read by whoever started us, perhaps through a pipe that would otherwise keep it until it is full.
    typer.echo(text)
