"""A folder of a tenant's files on this machine: read whole, checked whole, before anything is saved.

FolderMissing  404  there is no such folder
"""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from guerdon.passes.pass_type_reading import FILE_SUFFIXES
from guerdon.passes.pass_types import FOLDER as PASS_TYPES
from guerdon.platform.problems import NotFound
from guerdon.rendering.checking import check_pass_type
from guerdon.tenants.errors import FilePathInvalid, FileTooLarge
from guerdon.tenants.model import FILES_MAX, check_file_size, check_path

IMAGES: Final = "server/images/"


class FolderMissing(NotFound):
    """There is no such folder."""

    code = "folder_missing"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not a folder.")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a file; a warning does not stop a push. Lines and columns count from 1."""

    path: str
    line: int
    column: int
    message: str
    is_warning: bool = False

    def text(self) -> str:
        """Say it as compilers do, so that editors can jump there."""
        kind = "warning: " if self.is_warning else ""
        return f"{self.path}:{self.line}:{self.column}: {kind}{self.message}"


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
            reading.findings.append(_whole(path, f"A tenant may have {FILES_MAX} files; this is one more."))
            break
        _read(folder, path, reading)
    return Folder(reading.files, tuple(reading.skipped), tuple(reading.findings))


def check_folder(folder: Folder, stored: Collection[str]) -> list[Finding]:
    """List everything that is wrong or doubtful, by path and line.

    `stored` are the paths that the tenant has already: a pass type may use pictures from there.
    """
    paths = {*folder.files, *stored}
    images = {path.removeprefix(IMAGES) for path in paths if path.startswith(IMAGES)}
    findings = [*folder.findings, *_same_names(paths)]
    for path, content in folder.files.items():
        if path.startswith(PASS_TYPES):
            findings += _check_pass_type(path, content, images)
    return sorted(findings, key=lambda finding: (finding.path, finding.line, finding.column))


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
        reading.findings.append(_whole(path, "This is a link or no plain file; put the file itself here."))
        return
    try:
        check_path(path)
        check_file_size(path, place.stat().st_size)
    except FilePathInvalid as refused:
        reading.findings.append(_whole(path, " ".join((refused.errors or {}).get("path", (refused.detail,)))))
    except FileTooLarge as refused:
        reading.findings.append(_whole(path, refused.detail))
    else:
        reading.files[path] = place.read_bytes()


def _check_pass_type(path: str, content: bytes, images: Collection[str]) -> list[Finding]:
    name, suffix = PurePosixPath(path).stem, PurePosixPath(path).suffix
    is_plain = name.isascii() and name.replace("-", "").isalnum()
    if suffix not in FILE_SUFFIXES or path != f"{PASS_TYPES}{name}{suffix}" or not is_plain:
        endings = ", ".join(FILE_SUFFIXES)
        return [_whole(path, f"A pass type is {PASS_TYPES}<name> with {endings}; its name of a-z, A-Z, 0-9 and '-'.")]
    return [
        Finding(path, mistake.place.line, mistake.place.column, mistake.message, mistake.is_warning)
        for mistake in check_pass_type(name, content, images)
    ]


def _same_names(paths: Collection[str]) -> list[Finding]:
    stems = Counter(path.rpartition(".")[0] for path in paths if path.startswith(PASS_TYPES))
    return [
        _whole(path, "There is another file for this pass type, with another ending; keep one.")
        for path in sorted(paths)
        if stems[path.rpartition(".")[0]] > 1 and path.startswith(PASS_TYPES)
    ]


def _whole(path: str, message: str) -> Finding:
    return Finding(path, 1, 1, message)
