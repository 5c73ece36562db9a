"""Writing a tenant's files into a folder.

PlaceOccupied  409  where a file should go there is something else
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from guerdon.configuration.model import Moved
from guerdon.configuration.pushing import list_all_files
from guerdon.platform.db import Tx
from guerdon.platform.problems import Conflict
from guerdon.tenants.files import get_file
from guerdon.tenants.model import check_path, digest_of

_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class PlaceOccupied(Conflict):
    """Where a file should go there is something else."""

    code = "place_occupied"

    def __init__(self, place: Path, what: str) -> None:
        super().__init__(f"{place} is {what}; nothing is written through or over it. Move it away first.")


async def pull_files(tx: Tx, folder: Path, *, is_dry_run: bool) -> list[Moved]:
    """Write the tenant's files that differ into a folder, which may be new, and tell which; others there stay.

    Nothing is written outside the folder, nor through a symbolic link in it. Raises PlaceOccupied, OSError.
    """
    moved: list[Moved] = []
    for path, version in sorted((await list_all_files(tx)).items()):
        check_path(path)
        place = folder / path
        before = _content(folder, place)
        if before is not None and digest_of(before) == version.digest:
            continue
        if not is_dry_run:
            _write(place, (await get_file(tx, path, version.version)).content)
        moved.append(Moved(path, "added" if before is None else "changed", version.version))
    return moved


def _content(folder: Path, place: Path) -> bytes | None:
    for above in [*reversed(place.relative_to(folder).parents)][1:]:
        _check_kind(folder / above, stat.S_ISDIR)
    return place.read_bytes() if _check_kind(place, stat.S_ISREG) else None


def _check_kind(place: Path, is_right: Callable[[int], bool]) -> bool:
    """Tell whether something of the right kind is there. Raises PlaceOccupied when it is something else."""
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not is_right(mode):
        raise PlaceOccupied(place, "a symbolic link" if stat.S_ISLNK(mode) else "of another kind")
    return True


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        aside.unlink()
    with os.fdopen(os.open(aside, _NEW_FILE, 0o644), "wb") as file:
        file.write(content)
    aside.replace(place)
