"""The `.pkpass` file: manifest, signature and archive; and the `.pkpasses` bundle of several."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Final

from guerdon.delivery.apple.archive import Entries, archive, entries_of
from guerdon.delivery.apple.errors import PackageFileRefused, TooManyPasses

PACKAGE_MEDIA_TYPE: Final = "application/vnd.apple.pkpass"
BUNDLE_MEDIA_TYPE: Final = "application/vnd.apple.pkpasses"
BUNDLE_PASSES_MAX: Final = 10
BUNDLE_BYTES_MAX: Final = 150_000_000
FILES_MAX: Final = 500
FILES_BYTES_MAX: Final = 50_000_000  # ours: no pass on a phone is near it

_DOCUMENT = "pass.json"
_MANIFEST = "manifest.json"
_SIGNATURE = "signature"
_FILE_NAME = re.compile(
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,4}){0,2}\.lproj/)?[A-Za-z0-9_-]{1,64}(?:@[123]x)?\.[a-z]{2,8}"
)


@dataclass(frozen=True, slots=True)
class PackageParts:
    """All files of a pass but the three that differ from pass to pass, hashed and in archive form.

    Prepare them once for a pass type's version and use them for every pass of it, from any thread.
    """

    manifest_before: bytes
    manifest_after: bytes
    entries: Entries

    def manifest(self, document: bytes) -> bytes:
        """Give the manifest of the pass with this `pass.json`: sorted, on one line, equal for equal files."""
        return b"".join((self.manifest_before, _line(_DOCUMENT, document).encode(), self.manifest_after))

    def content_hash(self, document: bytes) -> str:
        """Name the content whatever the time of signing: equal names mean that nothing has changed."""
        return sha256(self.manifest(document)).hexdigest()

    def package(self, document: bytes, manifest: bytes, signature: bytes) -> bytes:
        """Put the three files of one pass behind the shared ones."""
        files = ((_DOCUMENT, document), (_MANIFEST, manifest), (_SIGNATURE, signature))
        return archive(entries_of(files, after=self.entries))


def package_parts(files: Mapping[str, bytes]) -> PackageParts:
    """Hash and lay out the files that many passes share, by their names inside the package.

    Raises PackageFileRefused for names outside root and `.lproj` folders, and over 500 files or 50 MB.
    """
    _check(files)
    names = sorted(files)
    before = [_line(name, files[name]) for name in names if name < _DOCUMENT]
    after = [_line(name, files[name]) for name in names if name > _DOCUMENT]
    return PackageParts(
        manifest_before=("{" + "".join(line + "," for line in before)).encode(),
        manifest_after=("".join("," + line for line in after) + "}").encode(),
        entries=entries_of((name, files[name]) for name in names),
    )


def bundle(packages: Sequence[bytes]) -> bytes:
    """Put several passes into one `.pkpasses` file. Raises TooManyPasses."""
    bytes_total = sum(map(len, packages))
    if not 1 <= len(packages) <= BUNDLE_PASSES_MAX or bytes_total > BUNDLE_BYTES_MAX:
        raise TooManyPasses(
            passes=len(packages),
            bytes_total=bytes_total,
            passes_max=BUNDLE_PASSES_MAX,
            bytes_max=BUNDLE_BYTES_MAX,
        )
    return archive(entries_of((f"{number:02}.pkpass", package) for number, package in enumerate(packages, 1)))


def _check(files: Mapping[str, bytes]) -> None:
    if len(files) > FILES_MAX:
        raise PackageFileRefused(f"A pass carries at most {FILES_MAX} files; these are {len(files)}.")
    bytes_total = sum(map(len, files.values()))
    if bytes_total > FILES_BYTES_MAX:
        raise PackageFileRefused(f"A pass carries at most {FILES_BYTES_MAX} bytes; these are {bytes_total}.")
    for name in files:
        if name in {_DOCUMENT, _MANIFEST} or _FILE_NAME.fullmatch(name) is None:
            raise PackageFileRefused(
                f"{name!r} is no file name of a pass. Files stand at the root or in xx.lproj, "
                f"like icon@2x.png; {_DOCUMENT}, {_MANIFEST} and {_SIGNATURE} are made here."
            )


def _line(name: str, content: bytes) -> str:
    # Apple's format prescribes SHA-1 here; what is signed over the manifest is SHA-256.
    return f'"{name}":"{sha1(content, usedforsecurity=False).hexdigest()}"'
