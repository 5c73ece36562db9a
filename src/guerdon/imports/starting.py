"""Starting and cancelling imports."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from guerdon.imports import queries
from guerdon.imports.jobs import defer_import
from guerdon.imports.model import EVENT_CANCELLED, EVENT_FINISHED, EVENT_STARTED, Checked, Chunk, PassImport
from guerdon.imports.reading import get_import
from guerdon.imports.recording import record_bad_rows, tell
from guerdon.platform.db import Tx


async def start_import(
    tx: Tx, import_id: UUID, checked: Checked, chunks: AsyncIterator[Chunk], actor: str, now: datetime
) -> PassImport:
    """Keep an import with all of its good rows and have them taken in; without any it is finished at once."""
    totals = checked.totals
    new = PassImport(import_id, actor, totals.rows(), 0, totals.existing, totals.bad, now, now, None)
    await queries.insert_import(tx, new)
    await record_bad_rows(tx, import_id, checked.named)
    async for chunk in chunks:
        await queries.insert_chunk(tx, import_id, chunk)
    await tell(tx, EVENT_STARTED, new, actor, now)
    if new.state == "finished":
        await tell(tx, EVENT_FINISHED, new, actor, now)
    else:
        await defer_import(tx, import_id)
    return new


async def cancel_import(tx: Tx, import_id: UUID, actor: str, now: datetime) -> None:
    """Stop an import after the rows that it is at; passes that were taken in stay.

    One that is over, or was cancelled before, stays as it is. Raises ImportNotFound.
    """
    is_stopped = await queries.cancel_running(tx, import_id, now)
    one = await get_import(tx, import_id)
    if is_stopped:
        await queries.drop_unclaimed(tx, import_id)
        await tell(tx, EVENT_CANCELLED, one, actor, now)
