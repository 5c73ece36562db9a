"""Taking in the rows of an import: chunk by chunk, each in one transaction with its counters."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import asyncpg

from guerdon.imports import queries
from guerdon.imports.model import EVENT_FINISHED, Chunk, Import, Members, TakenIn
from guerdon.imports.recording import record_bad_rows, tell
from guerdon.platform.db import Tx

# What meets others at the same rows: nothing was done, and doing it again soon finds what they did.
IN_THE_WAY = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # somebody creates the same pass or wallet; once that is over, it is there
)


class Taker(Protocol):
    """Takes in the rows of one import, of whatever kind they are."""

    @property
    def import_id(self) -> UUID:
        """The import."""
        ...

    @property
    def is_ordered(self) -> bool:
        """Whether chunks are taken in one after the other, in the order of the file."""
        ...

    async def take_in(self, tx: Tx, chunk: Chunk, now: datetime) -> TakenIn:
        """Take in the rows of a chunk; what is there already, and bad rows, change nothing."""
        ...

    async def describe(self, tx: Tx, one: Import, /) -> Members:
        """Give what the end of the import is told with, beside its counters."""
        ...


async def work_chunk(tx: Tx, taker: Taker, now: datetime) -> Import | None:
    """Take in the next chunk and give the import as it is then; None when there is none, or it was cancelled.

    What is taken in, events, counters and the chunk's end commit together, so that a crash at any moment leaves nothing
    done twice and nothing out. What has become bad since the check is kept with its line.
    """
    await queries.hurry(tx)
    await queries.plan_anew(tx)
    if taker.is_ordered:
        await queries.lock_import(tx, taker.import_id)
    chunk = await queries.claim_chunk(tx, taker.import_id)
    if chunk is None:
        return None
    done = await taker.take_in(tx, chunk, now)
    await record_bad_rows(tx, taker.import_id, done.bad)
    await queries.delete_chunk(tx, taker.import_id, chunk.first_row)
    one = await queries.count_rows(
        tx, taker.import_id, now, imported=done.imported, existing=done.existing, rejected=len(done.bad)
    )
    if one.state == "finished":
        await tell(tx, EVENT_FINISHED, one, one.actor, now, await taker.describe(tx, one))
    return one
