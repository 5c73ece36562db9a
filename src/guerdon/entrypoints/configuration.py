"""A folder of a tenant's files on this machine, read whole before anything is checked or saved.

FolderMissing  404  there is no such folder
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from guerdon.configuration.model import Finding, whole
from guerdon.platform.problems import NotFound
from guerdon.tenants.errors import FilePathInvalid, FileTooLarge
from guerdon.tenants.model import FILES_MAX, check_file_size, check_path


class FolderMissing(NotFound):
    """There is no such folder."""

    code = "folder_missing"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not a folder.")


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds: the contents by path, what was left out, and what is wrong already."""

    files: Mapping[str, bytes]
    skipped: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Reading:
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    skipped: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])


def read_folder(folder: Path) -> Folder:
    """Read every file below a folder; hidden ones are left out, symbolic links are never followed.

    At most as many files as a tenant may have are read. Raises FolderMissing, OSError.
    """
    if not folder.is_dir():
        raise FolderMissing(folder)
    reading = _Reading()
    for path in _walk(folder):
        if len(reading.files) == FILES_MAX:
            reading.findings.append(whole(path, f"A tenant may have {FILES_MAX} files; this is one more."))
            break
        _read(folder, path, reading)
    return Folder(reading.files, tuple(reading.skipped), tuple(reading.findings))


def _walk(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        here = Path(place).relative_to(folder)
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in links)
        yield from (str(PurePosixPath(here / name)) for name in sorted([*files, *links]))


def _read(folder: Path, path: str, reading: _Reading) -> None:
    place = folder / path
    if place.name.startswith("."):
        reading.skipped.append(path)
        return
    if place.is_symlink() or not place.is_file():
        reading.findings.append(whole(path, "This is a link or no plain file; put the file itself here."))
        return
    try:
        check_path(path)
        check_file_size(path, place.stat().st_size)
    except FilePathInvalid as refused:
        reading.findings.append(whole(path, " ".join((refused.errors or {}).get("path", (refused.detail,)))))
    except FileTooLarge as refused:
        reading.findings.append(whole(path, refused.detail))
    else:
        reading.files[path] = place.read_bytes()
