"""`guerdon passes`: passes that come from another provider."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from guerdon.entrypoints.cli_running import REFUSED, AsJson, Home, TenantOption, run, say, show_json
from guerdon.entrypoints.home import Place, open_place, settings_at
from guerdon.passes.import_files import Totals, take_in_file
from guerdon.passes.import_rows import BadRow, FileFormat, Row, read_lines, read_rows
from guerdon.passes.importing import Importer
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import utc_now

ACTOR = "operator"
ROWS_BETWEEN_WORDS = 10_000


class Rows(StrEnum):
    """Which rows of a file are taken in."""

    ALL = "all"
    GOOD = "good"


FileArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV with a header, or JSON lines (.jsonl).")
]
RowsOption = Annotated[
    Rows, typer.Option("--rows", help="all: a file with a bad row changes nothing; good: bad rows are left out.")
]
IsDryRun = Annotated[bool, typer.Option("--dry-run", help="Do the work, take it back, and tell of every bad row.")]


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
                totals = await _take_in(importer, file, dry_run=True)
            is_refused = rows is Rows.ALL and totals.bad > 0
            if not dry_run and not is_refused:
                totals = await _take_in(importer, file, dry_run=False)
        _tell(totals, is_kept=not (dry_run or is_refused), as_json=as_json)
        return REFUSED if totals.bad else 0

    run(work())


def _group() -> None:
    """Keep `import` a word of its own though it is the only one."""


async def _importer(place: Place, tenant: str) -> Importer:
    async with place.tenant(tenant) as tx:
        names = frozenset(await PassTypes().list_names(tx))
    return Importer(place.database, place.master_key, tenant, names, ACTOR)


async def _take_in(importer: Importer, path: Path, *, dry_run: bool) -> Totals:
    told = 0

    def tell(totals: Totals) -> None:
        nonlocal told
        if totals.rows() - told >= ROWS_BETWEEN_WORDS:
            told = totals.rows()
            say(f"{'checked' if dry_run else 'read'} {told} rows, {totals.bad} bad")

    return await take_in_file(importer, _rows(path), utc_now, _report, tell, dry_run=dry_run)


def _rows(path: Path) -> Iterator[Row | BadRow]:
    file_format: FileFormat = "jsonl" if path.suffix.lower() in {".jsonl", ".ndjson", ".json"} else "csv"
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from read_rows(read_lines(file), file_format)


def _report(bad: BadRow) -> None:
    serial = "" if bad.serial is None else f" ({bad.serial[:200]})"
    say(f"line {bad.line}{serial}: {'; '.join(bad.mistakes)}")


def _tell(totals: Totals, *, is_kept: bool, as_json: bool) -> None:
    if as_json:
        show_json(
            {"imported": totals.imported, "existing": totals.existing, "bad": totals.bad, "nothingChanged": not is_kept}
        )
        return
    would = "" if is_kept else " could be"
    typer.echo(
        f"{totals.imported} passes{would} taken in, {totals.existing} were there already, {totals.bad} rows are bad."
    )
    if not is_kept:
        typer.echo("Nothing was changed.")
