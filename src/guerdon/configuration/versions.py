"""Versions of one file: which one a writer may write over, and what differs between two."""

import asyncio
from collections import Counter
from difflib import Match, SequenceMatcher, unified_diff
from typing import Final

from guerdon.configuration.errors import DiffTooLarge, FileNotText, FileVersionMoved
from guerdon.platform.db import Tx
from guerdon.platform.problems import InvalidRequest
from guerdon.tenants.administration import lock_tenant
from guerdon.tenants.files import get_file, list_history
from guerdon.tenants.model import TenantFile

DIFF_LINES_MAX: Final = 5_000
DIFF_STEPS_MAX: Final = 5_000_000  # pairs of lines held against each other: about a second of a processor
SHORT_LINES: Final = 200


async def check_precondition(tx: Tx, path: str, if_match: str | None, if_none_match: str | None) -> None:
    """Let a writer pass who has seen the newest version, and make the next one wait until this one has written.

    `if_match` and `if_none_match` are the headers of RFC 9110, section 13.1. Raises FileVersionMoved, InvalidRequest.
    """
    errors: dict[str, list[str]] = {}
    if if_match is not None and not _is_tag_list(if_match):
        errors["If-Match"] = ['Send the ETag of the file, such as "3", or *.']
    if if_none_match is not None and if_none_match.strip() != "*":
        errors["If-None-Match"] = ["A write knows * only: the file must not be there yet."]
    if errors:
        raise InvalidRequest(errors)
    if if_match is None and if_none_match is None:
        return
    await lock_tenant(tx)
    history = await list_history(tx, path, limit=1)
    version = history[0].version if history and not history[0].is_removed else None
    if if_none_match is not None and version is not None:
        raise FileVersionMoved(path, version)
    if if_match is not None and not _names(if_match, version):
        raise FileVersionMoved(path, version)


async def diff(old: TenantFile, new: TenantFile) -> str:
    """Compare two versions of a text, as a unified diff; empty when they are equal.

    At most 5000 lines each, and five million comparisons, in a thread. Raises FileNotText, DiffTooLarge.
    """
    before, after = _lines(old), _lines(new)
    return await asyncio.to_thread(_unified, old, new, before, after)


async def get_versions(tx: Tx, path: str, old: int, new: int | None) -> tuple[TenantFile, TenantFile]:
    """Read two versions of a file, the second the newest unless it is named. Raises FileMissing."""
    return await get_file(tx, path, old), await get_file(tx, path, new)


def etag(version: int) -> str:
    """Write the entity tag of a version."""
    return f'"{version}"'


def _names(if_match: str, version: int | None) -> bool:
    return version is not None and (if_match.strip() == "*" or etag(version) in _tags(if_match))


def _is_tag_list(header: str) -> bool:
    return header.strip() == "*" or all(tag[:1] == tag[-1:] == '"' and len(tag) > 1 for tag in _tags(header))


def _tags(header: str) -> list[str]:
    # If-Match compares strongly: a weak tag never matches (RFC 9110, section 8.8.3.2).
    return [tag.strip() for tag in header.split(",")]


def _lines(file: TenantFile) -> list[str]:
    try:
        lines = file.content.decode().splitlines(keepends=True)
    except UnicodeDecodeError as binary:
        raise FileNotText(file.path, file.version) from binary
    if "\x00" in "".join(lines[:1]):
        raise FileNotText(file.path, file.version)
    if len(lines) > DIFF_LINES_MAX:
        raise DiffTooLarge(DIFF_LINES_MAX)
    return lines


def _unified(old: TenantFile, new: TenantFile, before: list[str], after: list[str]) -> str:
    _Trial(before, after).get_opcodes()
    names = (f"{old.path} (version {old.version})", f"{new.path} (version {new.version})")
    found = unified_diff(before, after, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)


class _Trial(SequenceMatcher[str]):
    """Compares two texts as the library will, for at most so many steps: lines that repeat could take it minutes."""

    def __init__(self, before: list[str], after: list[str]) -> None:
        # What stands in more than a hundredth of a long text's lines is passed over by the library.
        most = len(after) // 100 + 1 if len(after) >= SHORT_LINES else len(after)
        self._times = {line: times for line, times in Counter(after).items() if times <= most}
        self._before = before
        self._steps_left = DIFF_STEPS_MAX
        super().__init__(None, before, after)

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """Find the longest block that two ranges share. Raises DiffTooLarge."""
        lines = self._before[alo:ahi]
        self._steps_left -= len(lines) + sum(self._times.get(line, 0) for line in lines)
        if self._steps_left < 0:
            raise DiffTooLarge(DIFF_LINES_MAX)
        return super().find_longest_match(alo, ahi, blo, bhi)
