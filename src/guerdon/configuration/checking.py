"""Everything that can be said of a tenant's files before they are saved: names, sizes, pictures, keys, types, rules."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from guerdon.configuration.apple_checking import check_for_apple
from guerdon.configuration.model import Finding, ordered, whole
from guerdon.delivery.apple.errors import ImageRefused
from guerdon.delivery.apple.images import check_picture
from guerdon.passes.pass_type_parts import NAME_PATTERN, NAME_RULE
from guerdon.passes.pass_type_reading import FILE_SUFFIXES
from guerdon.passes.pass_type_text import Mistake
from guerdon.passes.pass_types import FOLDER as PASS_TYPES
from guerdon.points.earning_rule import PATH as EARNING_RULE
from guerdon.points.earning_rule import EarningRuleInvalid, read_earning_rule
from guerdon.points.expiry_rule import PATH as EXPIRY_RULE
from guerdon.points.expiry_rule import read_expiry_rule
from guerdon.rendering.checking import check_pass_type
from guerdon.tenants.errors import FilePathInvalid, FileTooLarge
from guerdon.tenants.model import check_file_size, check_path

IMAGES: Final = "server/images/"
POINTS: Final = "server/points/"
PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
KEY_SUFFIXES: Final = frozenset({".p12", ".pfx", ".p8", ".key"})
KEY_FOUND: Final = (
    "This is or holds a private key, and many may read files. Upload a signing certificate as such "
    "(POST /config/apple/certificate, `guerdon apple certificate`), and keep other keys as secrets "
    "(PUT /secrets/{name}, `guerdon secret set`)."
)
PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----|PuTTY-User-Key-File-\d")


def check_files(files: Mapping[str, bytes], stored: Collection[str], now: datetime) -> list[Finding]:
    """List everything that is wrong or doubtful, by path and line; this computes for some 50 ms a pass type.

    `stored` are the paths that the tenant will have beside these: a pass type may use pictures from there.
    """
    paths = {*files, *stored}
    images = {path.removeprefix(IMAGES) for path in paths if path.startswith(IMAGES)}
    findings = [*_same_names(paths)]
    for path, content in files.items():
        findings += _check_file(path, content)
        if path.startswith(PASS_TYPES):
            findings += _check_pass_type(path, content, images, now)
        if path.startswith(POINTS):
            findings += _check_points(path, content)
    return ordered(findings)


def _check_file(path: str, content: bytes) -> Iterator[Finding]:
    try:
        check_path(path)
        check_file_size(path, len(content))
    except FilePathInvalid as refused:
        yield whole(path, " ".join((refused.errors or {}).get("path", (refused.detail,))))
    except FileTooLarge as refused:
        yield whole(path, refused.detail)
    suffix = PurePosixPath(path).suffix.lower()
    found = PRIVATE_KEY.search(content)
    if found is not None or suffix in KEY_SUFFIXES:
        line = 1 if found is None else content.count(b"\n", 0, found.start()) + 1
        yield Finding(path, line, 1, KEY_FOUND)
    elif path.startswith(IMAGES) and suffix in PICTURE_SUFFIXES:
        try:
            check_picture(content)
        except ImageRefused as refused:
            yield whole(path, refused.detail)


def _check_pass_type(path: str, content: bytes, images: Collection[str], now: datetime) -> list[Finding]:
    name, suffix = PurePosixPath(path).stem, PurePosixPath(path).suffix
    is_named = path == f"{PASS_TYPES}{name}{suffix}" and re.fullmatch(NAME_PATTERN, name) is not None
    if suffix not in FILE_SUFFIXES or not is_named:
        endings = ", ".join(FILE_SUFFIXES)
        return [whole(path, f"A pass type is {PASS_TYPES}<name> with {endings}; its name has {NAME_RULE}.")]
    mistakes = [
        Finding(path, one.place.line, one.place.column, one.message, "warning" if one.is_warning else "error")
        for one in check_pass_type(name, content, images)
    ]
    # What a sample shows where the file has a mistake only says that mistake again.
    told = {(one.line, one.column) for one in mistakes if one.is_error}
    drawn = check_for_apple(path, name, content, now)
    return [*mistakes, *(one for one in drawn if (one.line, one.column) not in told)]


def _check_points(path: str, content: bytes) -> list[Finding]:
    if path not in RULES:
        names = " and ".join(f"{name}, which says {what}" for name, (_, what) in RULES.items())
        return [whole(path, f"Under {POINTS} there are two files: {names}.")]
    find_mistakes, _ = RULES[path]
    return [Finding(path, one.place.line, one.place.column, one.message) for one in find_mistakes(content)]


def _earning_mistakes(content: bytes) -> Sequence[Mistake]:
    try:
        read_earning_rule(content)
    except EarningRuleInvalid as invalid:
        return invalid.mistakes
    return ()


RULES: Final[Mapping[str, tuple[Callable[[bytes], Sequence[Mistake]], str]]] = {
    EARNING_RULE: (_earning_mistakes, "how orders earn points"),
    EXPIRY_RULE: (lambda content: read_expiry_rule(content)[1], "when points end because nothing happens"),
}


def _same_names(paths: Collection[str]) -> list[Finding]:
    stems = Counter(path.rpartition(".")[0] for path in paths if path.startswith(PASS_TYPES))
    return [
        whole(path, "There is another file for this pass type, with another ending; keep one.")
        for path in sorted(paths)
        if stems[path.rpartition(".")[0]] > 1 and path.startswith(PASS_TYPES)
    ]
