"""Files of a tenant (pass types, images, texts), every version of them kept."""

from datetime import datetime

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.tenants import queries
from guerdon.tenants.administration import lock_tenant
from guerdon.tenants.errors import FileMissing, TooManyFiles
from guerdon.tenants.model import (
    FILES_MAX,
    LIST_MAX,
    VERSION_MAX,
    FileVersion,
    TenantFile,
    check_file_size,
    check_path,
    check_path_start,
    digest_of,
)

FILE_SAVED = "tenant.file-saved"
FILE_REMOVED = "tenant.file-removed"


async def save_file(tx: Tx, *, path: str, content: bytes, now: datetime, actor: str) -> FileVersion:
    """Append a version of a file; the same content again is answered with the version that has it.

    At most 1 MiB, 5 MiB of an image, and 2000 files a tenant. Raises FilePathInvalid, FileTooLarge, TooManyFiles.
    """
    check_path(path)
    check_file_size(path, len(content))
    # Versions count without gaps and files are bounded, so that saves of one tenant wait for each other.
    await lock_tenant(tx)
    latest = await queries.find_latest_version(tx, path)
    digest = digest_of(content)
    is_new = latest is None or latest.is_removed
    if latest is not None and not is_new and latest.digest == digest:
        return latest
    if is_new and await queries.count_files(tx) >= FILES_MAX:
        raise TooManyFiles(FILES_MAX)
    number = 1 if latest is None else latest.version + 1
    version = FileVersion(path, number, digest, len(content), is_removed=False, created_at=now, actor=actor)
    return await _append(tx, version, content, FILE_SAVED)


async def remove_file(tx: Tx, *, path: str, now: datetime, actor: str) -> FileVersion:
    """Append the version from which on the file is gone; earlier ones stay readable. Raises FileMissing."""
    await lock_tenant(tx)
    latest = await queries.find_latest_version(tx, path)
    if latest is None or latest.is_removed:
        raise FileMissing(path, None)
    number = latest.version + 1
    version = FileVersion(path, number, digest_of(b""), 0, is_removed=True, created_at=now, actor=actor)
    return await _append(tx, version, None, FILE_REMOVED)


async def get_file(tx: Tx, path: str, version: int | None = None) -> TenantFile:
    """Read a file with its content, in one version or (None) the newest. Raises FileMissing."""
    is_possible = version is None or 1 <= version <= VERSION_MAX
    found = await queries.find_file(tx, path, version) if is_possible else None
    if found is None:
        raise FileMissing(path, version)
    return found


async def list_files(tx: Tx, *, prefix: str = "", limit: int = LIST_MAX, after: str = "") -> list[FileVersion]:
    """Tell the files whose path begins with `prefix` and follows `after`, at most `limit` (1000 at most).

    Raises FilePathInvalid.
    """
    check_path_start(prefix)
    check_path_start(after)
    return await queries.list_files(tx, prefix=prefix, after=after, limit=min(limit, LIST_MAX))


async def list_history(tx: Tx, path: str, *, before: int | None = None, limit: int = LIST_MAX) -> list[FileVersion]:
    """Tell the versions of a file below `before`, newest first, at most `limit` (1000 at most)."""
    return await queries.list_versions(tx, path, before=before, limit=min(limit, LIST_MAX))


async def _append(tx: Tx, version: FileVersion, content: bytes | None, kind: str) -> FileVersion:
    await queries.insert_file_version(tx, version, content)
    await queries.raise_revision(tx)
    payload = msgspec.json.encode({"path": version.path, "version": version.version}).decode()
    await emit(tx, [Event(kind, version.path, payload, version.actor)], version.created_at)
    return version
