"""Checking a whole file of balances before the first of its lots is posted, and adding up what it says."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from guerdon.imports import queries
from guerdon.imports.balance_model import Tally
from guerdon.imports.chunks import Given
from guerdon.imports.model import Totals
from guerdon.platform.db import Database
from guerdon.points.import_rows import BadLot, LotRow, named_lot
from guerdon.points.importing import ROWS_IN_CHUNK, judge_lots

DIGEST_BYTES = 8


async def check_balances(
    database: Database,
    tenant_id: str,
    rows: Iterator[LotRow | BadLot],
    clock: Callable[[], datetime],
    report: Callable[[BadLot], None],
    keep: Callable[[Sequence[Given]], Awaitable[None]],
) -> tuple[Totals, Tally]:
    """Hold the rows of a file against what is there and against each other; nothing is written.

    `report` is told of each bad row; `keep` gets the others, at most 500 at a time, those that are there already too:
    they are held against the ledger once more when their turn comes. What the file has said before is remembered in
    about 100 bytes for each lot and for each wallet. Raises what reading the rows raises.
    """
    totals, tally, seen = Totals(), Tally(), _Seen()
    while chunk := await asyncio.to_thread(_read_chunk, rows):
        met = [seen.meet(row) for row in chunk]
        async with database.tenant(tenant_id) as tx:
            await queries.plan_anew(tx)
            judged = await judge_lots(tx, met, clock())
        for row in judged.bad:
            report(row)
        good = sorted([*judged.good, *judged.existing], key=lambda row: row.line)
        seen.remember(good)
        await keep([(row.line, row.given) for row in good])
        tally.add(good)
        tally.leave_out(judged.bad)
        tally.new_rows += len(judged.good)
        totals.good += len(good)
        totals.bad += len(judged.bad)
    tally.wallets = len(seen.wallets)
    return totals, tally


def _read_chunk(rows: Iterator[LotRow | BadLot]) -> list[LotRow | BadLot]:
    return list(islice(rows, ROWS_IN_CHUNK))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Which lots and wallets the rows of a file have named; lots as short digests."""

    batches: set[bytes] = field(default_factory=set[bytes])
    wallets: set[bytes] = field(default_factory=set[bytes])

    def meet(self, row: LotRow | BadLot) -> LotRow | BadLot:
        """Give a row back as it is if no earlier one, bad or good, has named its lot."""
        named = named_lot(row)
        if named is None:
            return row
        digest = hashlib.blake2b(named.batch.encode(), digest_size=DIGEST_BYTES).digest()
        if digest in self.batches:
            return row.with_mistakes({"batch": ["An earlier row has the same."]})
        self.batches.add(digest)
        return row

    def remember(self, rows: Sequence[LotRow]) -> None:
        """Count the wallets of rows that are to be taken in."""
        self.wallets.update(row.given.wallet.bytes for row in rows)
