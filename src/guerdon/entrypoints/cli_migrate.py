"""`guerdon migrate`: the database brought to this release."""

import typer

from guerdon.entrypoints.cli_running import AsJson, Home, run, say, show_json
from guerdon.entrypoints.home import database_url, owner_connection, settings_at
from guerdon.platform.migrate import list_missing, migrate


def register(app: typer.Typer, sentence: str) -> None:
    """Add the command to the program."""
    app.command("migrate", help=sentence)(bring)


def bring(*, as_json: AsJson = False, home: Home = None) -> None:
    """Apply the migrations that are missing; several processes may do so at once."""

    async def work() -> None:
        async with database_url(settings_at(home), say) as url:
            applied = await migrate(url)
            async with owner_connection(url) as owner:
                assert not await list_missing(owner)
        if as_json:
            show_json({"applied": applied})
        else:
            typer.echo(f"Applied {', '.join(applied)}." if applied else "The database is at this release.")

    run(work())
