"""Taking in the passes of an import."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.imports.chunks import Seal
from guerdon.imports.model import Chunk, Import, LeftOut, Members, TakenIn
from guerdon.passes.import_rows import BadRow, ImportedPass, Row
from guerdon.passes.importing import Importer
from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class PassTaker:
    """Takes in the rows of an import of passes."""

    importer: Importer
    seal: Seal

    @property
    def import_id(self) -> UUID:
        """The import."""
        return self.seal.import_id

    @property
    def is_ordered(self) -> bool:
        """Passes know no order."""
        return False

    async def take_in(self, tx: Tx, chunk: Chunk, now: datetime) -> TakenIn:
        """Take in the passes of a chunk."""
        rows = [Row(line, ImportedPass.model_validate(members)) for line, members in self.seal.open(chunk)]
        done = await self.importer.take_in(tx, rows, now)
        return TakenIn(len(done.good), done.existing, [left_out(row) for row in done.bad])

    async def describe(self, _tx: Tx, _one: Import) -> Members:
        """Say nothing beside the counters."""
        return {}


def left_out(row: BadRow) -> LeftOut:
    """Give a row of passes as one that is left out."""
    return LeftOut(row.line, row.serial, row.mistakes)
