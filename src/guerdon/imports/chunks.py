"""Good rows on their way from the file into the house: printed, sealed, and opened again by whoever takes them in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO
from uuid import UUID

import msgspec
from pydantic import BaseModel

from guerdon.imports.model import Chunk
from guerdon.passes.model import write_json
from guerdon.platform.keys import MasterKey

Given = tuple[int, BaseModel]
Opened = tuple[int, dict[str, object]]
_decoder = msgspec.json.Decoder(list[Opened], float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals the rows of one import and opens them, nowhere else."""

    master_key: MasterKey
    tenant_id: str
    import_id: UUID

    def close(self, first_row: int, rows: Sequence[Given]) -> Chunk:
        """Seal some rows, the first of which is the `first_row`th good one of its file: lines and what they say."""
        members = [(line, given.model_dump(by_alias=True, exclude_defaults=True)) for line, given in rows]
        return Chunk(first_row, self.master_key.encrypt(write_json(members).encode(), self._context(first_row)))

    def open(self, chunk: Chunk) -> list[Opened]:
        """Give the rows of a chunk back, what they say as JSON members. Raises MasterKeyInvalid."""
        return _decoder.decode(self.master_key.decrypt(chunk.sealed, self._context(chunk.first_row)))

    def _context(self, first_row: int) -> str:
        return f"{self.tenant_id}/import/{self.import_id.hex}/{first_row}"


@dataclass(slots=True)
class Spool:
    """A file in which sealed chunks wait until all of the rows are checked.

    So no transaction that writes is open while a file is read: readers of events wait for those.
    """

    file: IO[bytes]
    seal: Seal
    rows: int = 0

    async def keep(self, rows: Sequence[Given]) -> None:
        """Add rows behind those that are there."""
        if rows:
            await asyncio.to_thread(self._write, rows)

    async def read(self) -> AsyncIterator[Chunk]:
        """Give the chunks in their order."""
        self.file.seek(0)
        while line := await asyncio.to_thread(self.file.readline):
            first_row, sealed = msgspec.json.decode(line, type=tuple[int, bytes])
            yield Chunk(first_row, sealed)

    def _write(self, rows: Sequence[Given]) -> None:
        chunk = self.seal.close(self.rows + 1, rows)
        self.file.write(msgspec.json.encode((chunk.first_row, chunk.sealed)) + b"\n")
        self.rows += len(rows)
