"""Taking in a whole file here and now, chunk by chunk: what the operator's command does."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import asyncpg

from guerdon.imports.model import Totals
from guerdon.passes.import_rows import BadRow, Row
from guerdon.passes.importing import ROWS_IN_CHUNK, Importer, Judged
from guerdon.platform.db import Database

ATTEMPTS_MAX = 3


async def take_in_file(
    database: Database,
    tenant_id: str,
    importer: Importer,
    rows: Iterator[Row | BadRow],
    clock: Callable[[], datetime],
    report: Callable[[BadRow], None],
) -> Totals:
    """Take in the good rows of a file, 500 in a transaction, and report each bad one as it is met.

    What was taken in stays, so that a second run goes on where a crash ended the first. Raises what reading the rows
    raises.
    """
    totals = Totals()
    while chunk := list(islice(rows, ROWS_IN_CHUNK)):
        good = [row for row in chunk if isinstance(row, Row)]
        judged = await _take_in(database, tenant_id, importer, good, clock())
        bad = [*(importer.complete(row) for row in chunk if isinstance(row, BadRow)), *judged.bad]
        for row in sorted(bad, key=lambda row: row.line):
            report(row)
        totals.good += len(judged.good)
        totals.existing += judged.existing
        totals.bad += len(bad)
    return totals


async def _take_in(
    database: Database, tenant_id: str, importer: Importer, rows: Sequence[Row], now: datetime
) -> Judged:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            async with database.tenant(tenant_id) as tx:
                return await importer.take_in(tx, rows, now)
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError
