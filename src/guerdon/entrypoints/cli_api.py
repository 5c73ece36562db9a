"""`guerdon api`: one API process, until it is told to stop."""

import socket
from typing import Annotated

import typer
import uvloop

from guerdon.entrypoints.api import serve
from guerdon.entrypoints.cli_running import Home, run
from guerdon.entrypoints.home import settings_at
from guerdon.entrypoints.listening import listening_socket
from guerdon.platform.cores import ALLOWED
from guerdon.platform.log import configure_log

Host = Annotated[str | None, typer.Option("--host", help="The address to listen on; else GUERDON_HOST.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")]
Descriptor = Annotated[
    int | None,
    typer.Option("--descriptor", min=0, hidden=True, help="A listening socket that was inherited."),
]
Core = Annotated[
    int | None,
    typer.Option("--core", min=0, help="The processor core that postings keep to, with their session of PostgreSQL."),
]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the command to the program."""
    app.command("api", help=sentence)(listen)


def listen(
    host: Host = None, port: Port = None, descriptor: Descriptor = None, core: Core = None, home: Home = None
) -> None:
    """Answer requests until SIGTERM or SIGINT; DATABASE_URL says where the data is."""
    if core is not None and core not in ALLOWED:
        had = ", ".join(map(str, sorted(ALLOWED))) or "none to choose from"
        raise typer.BadParameter(f"--core {core}: this process has {had}.")

    async def work() -> None:
        settings = settings_at(home, host, port)
        configure_log(settings)
        if descriptor is None:
            listening = listening_socket(settings.host, settings.port)
        else:
            listening = socket.socket(fileno=descriptor)
        with listening:
            await serve(settings, listening, core)

    run(work(), uvloop.new_event_loop)
