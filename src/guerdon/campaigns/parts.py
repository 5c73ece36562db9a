"""Parts of a campaign on their way from its selection to its chunks, kept in a file so that memory stays the same."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import IO

import msgspec


@dataclass(frozen=True, slots=True)
class Part:
    """Some passes of a campaign; `changes` is what each of them gets (`write_each`), None when all get the same.

    With changes of its own, a part is not larger than a chunk.
    """

    pass_ids: Sequence[str]
    changes: str | None = None


def keep_part(spool: IO[bytes], part: Part) -> None:
    """Add a part to a file."""
    spool.write(msgspec.json.encode((part.pass_ids, part.changes)) + b"\n")


async def read_parts(spool: IO[bytes]) -> AsyncIterator[Part]:
    """Give the parts of a file, from its beginning; it can be read again."""
    spool.seek(0)
    while line := await asyncio.to_thread(spool.readline):
        yield Part(*msgspec.json.decode(line, type=tuple[list[str], str | None]))
