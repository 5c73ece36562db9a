"""Taking in the lots of an import of balances, and holding them against the ledger in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from guerdon.imports import balance_queries
from guerdon.imports.balance_model import Sums
from guerdon.imports.balance_reading import get_reconciliation
from guerdon.imports.chunks import Seal
from guerdon.imports.model import Chunk, Import, LeftOut, Members, TakenIn
from guerdon.platform.db import Tx
from guerdon.points.import_rows import BadLot, ImportedLot, LotRow
from guerdon.points.importing import sum_posted, take_in_lots


@dataclass(frozen=True, slots=True)
class LotTaker:
    """Takes in the rows of an import of balances, in the name of an actor."""

    actor: str
    seal: Seal

    @property
    def import_id(self) -> UUID:
        """The import."""
        return self.seal.import_id

    @property
    def is_ordered(self) -> bool:
        """Lots that end together are spent in the order in which they were opened: that of the file."""
        return True

    async def take_in(self, tx: Tx, chunk: Chunk, now: datetime) -> TakenIn:
        """Post the lots of a chunk, and read back what the ledger has of them."""
        rows = [LotRow(line, ImportedLot.model_validate(members)) for line, members in self.seal.open(chunk)]
        done = await take_in_lots(tx, rows, self.actor, now)
        there = [*done.posted, *done.existing]
        await balance_queries.insert_rows(tx, self.import_id, there)
        posted = await sum_posted(tx, there)
        bad = {row.line for row in done.bad}
        missing = _sums([row for row in rows if row.line in bad])
        sums = Sums(posted.rows, posted.amount, posted.money)
        await balance_queries.add_posted(tx, self.import_id, sums, missing, done.wallets_opened)
        return TakenIn(len(done.posted), len(done.existing), [left_out(row) for row in done.bad])

    async def describe(self, tx: Tx, one: Import) -> Members:
        """Give the reconciliation of the file."""
        return {"reconciliation": (await get_reconciliation(tx, self.import_id)).document(one.rejected)}


def left_out(row: BadLot) -> LeftOut:
    """Give a row of balances as one that is left out."""
    return LeftOut(row.line, row.batch, row.mistakes)


def _sums(rows: Sequence[LotRow]) -> Sums:
    wishes = [row.given.wish() for row in rows]
    money = sum(wish.amount * wish.unit_price() for wish in wishes)
    return Sums(len(rows), Decimal(sum(wish.amount for wish in wishes)), Decimal(money))
