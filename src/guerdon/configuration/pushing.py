"""Several files of a tenant saved together: what differs, all or none, and only when nothing is wrong."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from guerdon.configuration.checking import IMAGES, check_files
from guerdon.configuration.errors import FilesChanged, FilesInvalid, PassTypeInUse, PictureInUse
from guerdon.configuration.model import Finding, Moved
from guerdon.passes.finding import has_passes_of
from guerdon.passes.pass_types import FOLDER as PASS_TYPES
from guerdon.platform.db import Database, Tx
from guerdon.rendering.checking import list_pictures
from guerdon.tenants.administration import lock_tenant
from guerdon.tenants.files import get_file, list_files, remove_file, save_file
from guerdon.tenants.model import LIST_MAX, FileVersion, TenantFile, digest_of


@dataclass(frozen=True, slots=True)
class Checked:
    """Files with all that is to be said of them; `rested_on` are the tenant's files that stood beside them."""

    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    rested_on: frozenset[str]
    is_pruning: bool = False

    def refuse_mistakes(self) -> None:
        """Let files without mistakes pass. Raises FilesInvalid."""
        if any(finding.is_error for finding in self.findings):
            raise FilesInvalid(self.findings)


async def check_beside_stored(
    database: Database, tenant_id: str, files: Mapping[str, bytes], now: datetime, *, is_pruning: bool = False
) -> Checked:
    """Check files as they will stand among those of the tenant; no transaction is open while a thread computes.

    With `is_pruning`, they will be the only ones.
    """
    stored: Collection[str] = ()
    if not is_pruning:
        async with database.tenant(tenant_id) as tx:
            stored = await list_all_files(tx)
    findings = await asyncio.to_thread(check_files, files, frozenset(stored), now)
    return Checked(files, tuple(findings), frozenset(stored), is_pruning)


async def save_checked(tx: Tx, checked: Checked, *, now: datetime, actor: str) -> list[Moved]:
    """Save checked files that differ from the tenant's, all or none, and tell which.

    Raises FilesInvalid, FilesChanged when files that they rest on are gone, and what `push_files` does.
    """
    checked.refuse_mistakes()
    await lock_tenant(tx)
    if not checked.rested_on <= (await list_all_files(tx)).keys():
        raise FilesChanged
    return await push_files(tx, checked.files, is_pruning=checked.is_pruning, now=now, actor=actor)


async def push_files(tx: Tx, files: Mapping[str, bytes], *, is_pruning: bool, now: datetime, actor: str) -> list[Moved]:
    """Save the files that differ from the tenant's, all or none, and tell which.

    With `is_pruning`, the tenant's other files are removed. Raises PassTypeInUse, and what `save_file` does.
    """
    stored = await list_all_files(tx)
    moved: list[Moved] = []
    for path, content in sorted(files.items()):
        before = stored.get(path)
        if before is None or before.digest != digest_of(content):
            saved = await save_file(tx, path=path, content=content, now=now, actor=actor)
            moved.append(Moved(path, "added" if before is None else "changed", saved.version))
    others = sorted(stored.keys() - files.keys()) if is_pruning else []
    return [*moved, *[await remove_unused(tx, path, files, now=now, actor=actor) for path in others]]


async def remove_unused(tx: Tx, path: str, others: Collection[str], *, now: datetime, actor: str) -> Moved:
    """Remove a file, unless it is the type of passes; `others` are the files that stay.

    Raises FileMissing, PassTypeInUse.
    """
    name, is_type = PurePosixPath(path).stem, path.startswith(PASS_TYPES)
    is_elsewhere = any(PurePosixPath(one).stem == name for one in others if one.startswith(PASS_TYPES) and one != path)
    if is_type and not is_elsewhere and await has_passes_of(tx, name):
        raise PassTypeInUse(name)
    removed = await remove_file(tx, path=path, now=now, actor=actor)
    return Moved(path, "removed", removed.version)


@dataclass(frozen=True, slots=True)
class Removal:
    """A file that is to go: who shows it, and in which versions all pass types were when that was found."""

    path: str
    shown_by: tuple[str, ...]
    types: Mapping[str, int]


async def check_removal(database: Database, tenant_id: str, path: str) -> Removal:
    """Find the pass types that show a picture; no transaction is open while a thread reads them."""
    if not path.startswith(IMAGES):
        return Removal(path, (), {})
    async with database.tenant(tenant_id) as tx:
        types = [await get_file(tx, one) for one in await list_all_files(tx) if one.startswith(PASS_TYPES)]
    shown_by = await asyncio.to_thread(_list_showing, path.removeprefix(IMAGES), types)
    return Removal(path, shown_by, {one.path: one.version for one in types})


async def remove_checked(tx: Tx, removal: Removal, *, now: datetime, actor: str) -> None:
    """Remove a file that was looked at before.

    Raises PictureInUse, FilesChanged when pass types are not what they were then, and what `remove_unused` does.
    """
    await lock_tenant(tx)
    stored = await list_all_files(tx)
    if removal.shown_by:
        raise PictureInUse(removal.path, removal.shown_by)
    types = {path: file.version for path, file in stored.items() if path.startswith(PASS_TYPES)}
    if removal.path.startswith(IMAGES) and types != removal.types:
        raise FilesChanged
    await remove_unused(tx, removal.path, stored, now=now, actor=actor)


def _list_showing(name: str, types: Sequence[TenantFile]) -> tuple[str, ...]:
    # Most files do not even hold the name, and reading one whole takes its time.
    likely = [one for one in types if name.encode() in one.content]
    return tuple(one.path for one in likely if name in list_pictures(PurePosixPath(one.path).stem, one.content))


async def list_all_files(tx: Tx) -> dict[str, FileVersion]:
    """Read the newest version of every file of the tenant, without contents."""
    found: dict[str, FileVersion] = {}
    page = await list_files(tx)
    while page:
        found |= {file.path: file for file in page}
        page = await list_files(tx, after=page[-1].path) if len(page) == LIST_MAX else []
    return found
