"""`guerdon config`: a tenant's files moved between a folder and the database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from guerdon.configuration.checking import check_files
from guerdon.configuration.errors import finding_members
from guerdon.configuration.model import Finding, Moved, ordered
from guerdon.configuration.pushing import Checked, list_all_files, save_checked
from guerdon.entrypoints.cli_running import REFUSED, AsJson, Home, TenantOption, run, say, show_json
from guerdon.entrypoints.configuration import Folder, read_folder
from guerdon.entrypoints.configuration_moving import pull_files
from guerdon.entrypoints.home import open_place, settings_at
from guerdon.platform.clock import utc_now
from guerdon.tenants.clocks import find_time

ACTOR = "operator"

FolderArgument = Annotated[Path, typer.Argument(help="Holds server/passes/, server/images/ and so on.")]
IsDryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")]
IsPruning = Annotated[bool, typer.Option("--prune", help="Remove the tenant's files that the folder does not have.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    group.command("push")(push)
    group.command("pull")(pull)
    app.add_typer(group, name="config")


def push(
    folder: FolderArgument,
    tenant: TenantOption,
    *,
    dry_run: IsDryRun = False,
    prune: IsPruning = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Check a folder and save what differs; if any pass type is wrong, all mistakes are told and nothing is saved."""

    async def work() -> int:
        read = read_folder(folder)
        async with open_place(settings_at(home), say) as place:
            async with place.tenant(tenant) as tx:
                now = await find_time(tx, utc_now())
                stored = frozenset[str]() if prune else frozenset(await list_all_files(tx))
            findings = ordered([*read.findings, *check_files(read.files, stored, now)])
            is_wrong = any(finding.is_error for finding in findings)
            checked, moved = Checked(read.files, tuple(findings), stored, prune), list[Moved]()
            if not is_wrong:
                async with place.tenant(tenant, dry_run=dry_run) as tx:
                    moved = await save_checked(tx, checked, now=now, actor=ACTOR)
        _tell_push(read, findings, moved, dry_run=dry_run, as_json=as_json)
        return REFUSED if is_wrong else 0

    run(work())


def pull(
    folder: FolderArgument,
    tenant: TenantOption,
    *,
    dry_run: IsDryRun = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Write the tenant's files that differ into a folder; what else is there stays."""

    async def work() -> None:
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            moved = await pull_files(tx, folder, is_dry_run=dry_run)
        if as_json:
            show_json({"dryRun": dry_run, "changes": _rows(moved)})
        else:
            _tell_changes(moved, dry_run=dry_run)

    run(work())


def _tell_push(
    folder: Folder, findings: Sequence[Finding], moved: Sequence[Moved], *, dry_run: bool, as_json: bool
) -> None:
    mistakes = [finding for finding in findings if finding.is_error]
    if as_json:
        found = [{**finding_members(finding), "isWarning": not finding.is_error} for finding in findings]
        show_json({"dryRun": dry_run, "findings": found, "skipped": list(folder.skipped), "changes": _rows(moved)})
        return
    for finding in findings:
        say(finding.text())
    for path in folder.skipped:
        say(f"{path}: hidden, left out")
    if mistakes:
        say(f"{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'}; nothing was saved.")
    else:
        _tell_changes(moved, dry_run=dry_run)


def _tell_changes(moved: Sequence[Moved], *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for one in moved:
        typer.echo(f"{would}{one.change}: {one.path} (version {one.version})")
    if not moved:
        typer.echo("Nothing differs.")


def _rows(moved: Sequence[Moved]) -> list[dict[str, object]]:
    return [{"path": one.path, "change": one.change, "version": one.version} for one in moved]
