"""`guerdon doctor`: what is wrong, or soon will be."""

import typer

from guerdon.entrypoints.cli_running import REFUSED, AsJson, Home, run, say, show_json
from guerdon.entrypoints.doctor import examine
from guerdon.entrypoints.home import settings_at
from guerdon.platform.clock import utc_now


def register(app: typer.Typer, sentence: str) -> None:
    """Add the command to the program."""
    app.command("doctor", help=sentence)(look)


def look(*, as_json: AsJson = False, home: Home = None) -> None:
    """Look at home, keys, issuers, database, roles, jobs and certificates; code 1 when anything does not work."""

    async def work() -> int:
        checks = await examine(settings_at(home), utc_now(), say)
        if as_json:
            show_json([{"name": one.name, "outcome": one.outcome, "detail": one.detail} for one in checks])
        else:
            for one in checks:
                typer.echo(f"{one.outcome:<8}{one.name}: {one.detail}")
        return REFUSED if any(one.outcome == "failed" for one in checks) else 0

    run(work())
