"""What all commands share: running to the end, one plain sentence instead of a traceback, options, tables and JSON."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import asyncpg
import typer

from guerdon.access.errors import IssuersInvalid
from guerdon.platform.keys import MasterKeyInvalid
from guerdon.platform.migrate import MigrationRefused
from guerdon.platform.problems import Problem
from guerdon.platform.settings import SettingsInvalid

REFUSED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130

NewLoop = Callable[[], asyncio.AbstractEventLoop]
Row = Mapping[str, object]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Home = Annotated[Path | None, typer.Option("--home", help="The data folder; else GUERDON_HOME, else ./.guerdon.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="The tenant's id.")]


def run(work: Coroutine[object, object, int | None], new_loop: NewLoop | None = None) -> None:
    """Run a command to its end and leave with its exit code, 0 for None.

    A refusal is one sentence on standard error and code 1; wrong settings are code 2.
    """
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            code = runner.run(work)
    except (SettingsInvalid, IssuersInvalid) as refused:
        _fail(str(refused), MISUSED)
    except Problem as refused:
        _fail(sentence(refused))
    except (MigrationRefused, MasterKeyInvalid) as refused:
        _fail(str(refused))
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as refused:
        _fail(f"The database refused: {refused}")
    except (OSError, TimeoutError) as refused:
        _fail(f"This failed: {refused or type(refused).__name__}")
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(code or 0)


def say(text: str) -> None:
    """Tell a person what happens; data goes to standard output, this does not."""
    typer.echo(text, err=True)


def sentence(refused: Problem) -> str:
    """Say a refusal in plain words, every mistake of it on a line of its own."""
    if refused.errors is None:
        return refused.detail
    return "\n".join(f"{path}: {message}" for path, messages in refused.errors.items() for message in messages)


def show(rows: Sequence[Row], *, as_json: bool, empty: str) -> None:
    """Print rows as JSON or as a table; `empty` is what a person reads when there are none."""
    if as_json:
        show_json([dict(row) for row in rows])
    elif not rows:
        typer.echo(empty)
    else:
        _show_table(rows)


def show_json(document: object) -> None:
    """Print a JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def read_input(bytes_max: int) -> bytes:
    """Read standard input, at most one byte more than `bytes_max`, so that too much is noticed."""
    return sys.stdin.buffer.read(bytes_max + 1)


def _fail(text: str, code: int = REFUSED) -> NoReturn:
    say(text)
    raise typer.Exit(code)


def _show_table(rows: Sequence[Row]) -> None:
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(str(part) for part in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # any JSON
        case _:
            return str(value)
