"""`guerdon passes`: passes that come from another provider."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from guerdon.entrypoints.cli_running import REFUSED, AsJson, Home, TenantOption, run, say, show_json
from guerdon.entrypoints.home import Place, open_place, settings_at
from guerdon.imports.checking import check_rows
from guerdon.imports.chunks import Given
from guerdon.imports.files import RowT, Shape, read_rows
from guerdon.imports.model import Totals
from guerdon.imports.shapes import PASSES
from guerdon.imports.whole_files import take_in_file
from guerdon.passes.import_rows import BadRow
from guerdon.passes.importing import Importer
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import utc_now
from guerdon.platform.tables import CSV, JSON_LINES, XLSX, Mistakes
from guerdon.tenants.clocks import TenantClocks

ACTOR = "operator"
ROWS_BETWEEN_WORDS = 10_000
MEDIA_TYPES = {".jsonl": JSON_LINES, ".ndjson": JSON_LINES, ".json": JSON_LINES, ".xlsx": XLSX}


class Rows(StrEnum):
    """Which rows of a file are taken in."""

    ALL = "all"
    GOOD = "good"


FileArgument = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        help="CSV with a header, a workbook (.xlsx), or JSON lines (.jsonl).",
    ),
]
RowsOption = Annotated[
    Rows, typer.Option("--rows", help="all: a file with a bad row changes nothing; good: bad rows are left out.")
]
IsDryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row, tell of the bad ones, and change nothing.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    group.command("import")(import_file)
    group.callback()(_group)
    app.add_typer(group, name="passes")


def import_file(
    file: FileArgument,
    tenant: TenantOption,
    *,
    rows: RowsOption = Rows.ALL,
    dry_run: IsDryRun = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Take in passes with their serials, tokens and Google ids; docs/operating.md has the columns.

    Every bad row is told with its line. The same serial is the same pass, so that a file may be taken in again.
    """

    async def work() -> int:
        async with open_place(settings_at(home), say) as place:
            importer = await _importer(place, tenant)
            totals = Totals()
            if dry_run or rows is Rows.ALL:
                totals = await _check(place, tenant, importer, file)
            is_refused = rows is Rows.ALL and totals.bad > 0
            if not dry_run and not is_refused:
                totals = await _take_in(place, tenant, importer, file)
        _tell(totals, is_kept=not (dry_run or is_refused), as_json=as_json)
        return REFUSED if totals.bad else 0

    run(work())


def _group() -> None:
    """Keep `import` a word of its own though it is the only one."""


async def _importer(place: Place, tenant: str) -> Importer:
    async with place.tenant(tenant) as tx:
        names = frozenset(await PassTypes().list_names(tx))
    return Importer(place.master_key, names, ACTOR)


async def _check(place: Place, tenant: str, importer: Importer, path: Path) -> Totals:
    clock = await clock_of(place, tenant)
    return await check_rows(
        place.database, tenant, importer, rows_of(path, PASSES, "checked"), clock, _report, _keep_none
    )


async def _keep_none(_rows: Sequence[Given]) -> None:
    """Let go of rows: the file is read again when they are taken in."""


async def _take_in(place: Place, tenant: str, importer: Importer, path: Path) -> Totals:
    clock = await clock_of(place, tenant)
    return await take_in_file(place.database, tenant, importer, rows_of(path, PASSES, "read"), clock, _report)


async def clock_of(place: Place, tenant: str) -> Callable[[], datetime]:
    """Give the clock by which a tenant lives: its own, when it has one."""
    clocks = TenantClocks(place.database, utc_now)
    await clocks.look(tenant)
    return partial(clocks, tenant)


def rows_of(path: Path, shape: Shape[RowT], done: str) -> Iterator[RowT]:
    """Read a file of the kind that its name says, and tell now and then how far it has come."""
    for number, row in enumerate(read_rows(path, MEDIA_TYPES.get(path.suffix.lower(), CSV), shape), 1):
        yield row
        if number % ROWS_BETWEEN_WORDS == 0:
            say(f"{done} {number} rows")


def _report(bad: BadRow) -> None:
    tell_mistakes(bad.line, bad.serial, bad.mistakes)


def tell_mistakes(line: int, name: str | None, mistakes: Mistakes) -> None:
    """Tell what is wrong with a row: its line, what it names, and its mistakes by column."""
    named = "" if name is None else f" ({name[:200]})"
    said = (f"{column}: {message}" for column, messages in mistakes.items() for message in messages)
    say(f"line {line}{named}: {'; '.join(said)}")


def _tell(totals: Totals, *, is_kept: bool, as_json: bool) -> None:
    if as_json:
        show_json(
            {"imported": totals.good, "existing": totals.existing, "bad": totals.bad, "nothingChanged": not is_kept}
        )
        return
    would = "" if is_kept else " could be"
    typer.echo(
        f"{totals.good} passes{would} taken in, {totals.existing} were there already, {totals.bad} rows are bad."
    )
    if not is_kept:
        typer.echo("Nothing was changed.")
