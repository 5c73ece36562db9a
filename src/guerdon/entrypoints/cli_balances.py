"""`guerdon balances`: points that come from another system."""

import csv
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, TextIO
from uuid import UUID

import typer

from guerdon.entrypoints.cli_passes import (
    ACTOR,
    ROWS_BETWEEN_WORDS,
    FileArgument,
    IsDryRun,
    Rows,
    RowsOption,
    clock_of,
    rows_of,
    tell_mistakes,
)
from guerdon.entrypoints.cli_running import REFUSED, AsJson, Home, TenantOption, run, say
from guerdon.entrypoints.home import Place, open_place, settings_at
from guerdon.imports.balance_checking import check_balances
from guerdon.imports.balance_files import bring_in
from guerdon.imports.balance_model import Reconciliation, Tally
from guerdon.imports.balance_reading import list_wallets
from guerdon.imports.chunks import Seal, Spool
from guerdon.imports.model import Checked, Import
from guerdon.imports.reading import LIST_MAX
from guerdon.imports.shapes import BALANCES
from guerdon.passes.model import write_json
from guerdon.platform.ids import new_id
from guerdon.points.import_rows import BadLot
from guerdon.points.report_model import as_money, as_points, cell_text

WALLET_COLUMNS = ("wallet", "rows", "points", "money", "postedRows", "postedPoints", "postedMoney")
WalletsOption = Annotated[
    Path | None,
    typer.Option(
        "--wallets", dir_okay=False, help="Write what the file says and the ledger has of each wallet, as CSV."
    ),
]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    group.command("import")(import_file)
    group.callback()(_group)
    app.add_typer(group, name="balances")


def import_file(
    file: FileArgument,
    tenant: TenantOption,
    *,
    rows: RowsOption = Rows.ALL,
    dry_run: IsDryRun = False,
    wallets: WalletsOption = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Bring in balances with their lots and reconcile them with the ledger; docs/points.md has the columns.

    Every bad row is told with its line. The same batch is posted once, so that a file may be brought in again.
    """
    if dry_run and wallets is not None:
        raise typer.BadParameter("Give either --dry-run or --wallets: what is not posted is on no wallet.")

    async def work() -> int:
        async with open_place(settings_at(home), say) as place:
            async with place.tenant(tenant):
                seal = Seal(place.master_key, tenant, new_id())
            with TemporaryFile() as working_file:
                spool = Spool(working_file, seal)
                clock = await clock_of(place, tenant)
                checked, tally = await _check(place, tenant, file, spool, clock)
                is_refused = rows is Rows.ALL and checked.totals.bad > 0
                if dry_run or is_refused:
                    _tell(None, tally.reconciliation(), checked, tally, as_json=as_json)
                    return REFUSED if checked.totals.bad else 0
                ended, found = await bring_in(place.database, spool, checked, tally, ACTOR, clock, _say_progress)
            if wallets is not None:
                with wallets.open("w", newline="", encoding="utf-8") as out:
                    await _write_wallets(place, tenant, ended.import_id, out)
        _tell(ended, found, checked, tally, as_json=as_json)
        is_whole = ended.state == "finished" and ended.rejected == 0 and found.said == found.posted
        return 0 if is_whole else REFUSED

    run(work())


def _group() -> None:
    """Keep `import` a word of its own though it is the only one."""


async def _check(
    place: Place, tenant: str, path: Path, spool: Spool, clock: Callable[[], datetime]
) -> tuple[Checked, Tally]:
    rows = rows_of(path, BALANCES, "checked")
    totals, tally = await check_balances(place.database, tenant, rows, clock, _report, spool.keep)
    return Checked(totals, []), tally


def _say_progress(one: Import) -> None:
    done = one.imported + one.existing
    if done % ROWS_BETWEEN_WORDS == 0:
        say(f"posted {done} rows")


def _report(bad: BadLot) -> None:
    tell_mistakes(bad.line, bad.batch, bad.mistakes)


async def _write_wallets(place: Place, tenant: str, import_id: UUID, out: TextIO) -> None:
    table = csv.writer(out)
    table.writerow(WALLET_COLUMNS)
    after: UUID | None = None
    while True:
        async with place.tenant(tenant) as tx:
            page = await list_wallets(tx, import_id, after, LIST_MAX)
        for one in page:
            said = (one.said_rows, cell_text(as_points(one.said_amount)), cell_text(as_money(one.said_money)))
            posted = (one.posted_rows, cell_text(as_points(one.posted_amount)), cell_text(as_money(one.posted_money)))
            table.writerow([str(one.wallet_id), *said, *posted])
        if len(page) < LIST_MAX:
            return
        after = page[-1].wallet_id


def _tell(ended: Import | None, found: Reconciliation, checked: Checked, tally: Tally, *, as_json: bool) -> None:
    rejected = checked.totals.bad if ended is None else ended.rejected
    if as_json:
        document = {
            "importId": None if ended is None else ended.import_id.hex,
            "imported": 0 if ended is None else ended.imported,
            "existing": tally.rows - tally.new_rows if ended is None else ended.existing,
            "bad": rejected,
            "nothingChanged": ended is None,
            "reconciliation": found.document(rejected),
        }
        typer.echo(write_json(document))
        return
    said, posted, missing = found.said, found.posted, found.said.less(found.posted)
    typer.echo(f"The file: {said.rows} lots in {found.wallets} wallets, {_sums(said.amount, said.money)}.")
    typer.echo(f"Left out: {rejected} rows, {cell_text(as_points(found.left_out_amount))} points.")
    if ended is None:
        typer.echo(f"{tally.new_rows} of the lots are new. Nothing was changed.")
        return
    typer.echo(f"The ledger: {posted.rows} lots, {_sums(posted.amount, posted.money)}; {ended.imported} posted now.")
    typer.echo(f"Difference: {missing.rows} lots, {_sums(missing.amount, missing.money)}.")


def _sums(amount: Decimal, money: Decimal) -> str:
    return f"{cell_text(as_points(amount))} points worth {cell_text(as_money(money))}"
