"""Starting and cancelling imports."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from guerdon.imports import queries
from guerdon.imports.jobs import defer_import
from guerdon.imports.model import EVENT_CANCELLED, EVENT_FINISHED, EVENT_STARTED, Checked, Chunk, Import, Kind, Members
from guerdon.imports.reading import get_import
from guerdon.imports.recording import record_bad_rows, tell
from guerdon.platform.db import Tx


async def start_import(
    tx: Tx,
    kind: Kind,
    import_id: UUID,
    checked: Checked,
    chunks: AsyncIterator[Chunk],
    actor: str,
    now: datetime,
    more: Members | None = None,
) -> Import:
    """Keep an import with the rows that are to be taken in and have that done; without any it is finished at once.

    `more` is what its kind has to tell beside the counters.
    """
    totals = checked.totals
    new = Import(import_id, kind, actor, totals.rows(), 0, totals.existing, totals.bad, now, now, None)
    await queries.insert_import(tx, new)
    await record_bad_rows(tx, import_id, checked.named)
    async for chunk in chunks:
        await queries.insert_chunk(tx, import_id, chunk)
    await tell(tx, EVENT_STARTED, new, actor, now, more)
    if new.state == "finished":
        await tell(tx, EVENT_FINISHED, new, actor, now, more)
    else:
        await defer_import(tx, import_id)
    return new


async def cancel_import(tx: Tx, kind: Kind, import_id: UUID, actor: str, now: datetime) -> None:
    """Stop an import after the rows that it is at; what was taken in stays.

    One that is over, or was cancelled before, stays as it is. Raises ImportNotFound.
    """
    await get_import(tx, kind, import_id)
    if await queries.cancel_running(tx, import_id, now):
        await queries.drop_unclaimed(tx, import_id)
        await tell(tx, EVENT_CANCELLED, await get_import(tx, kind, import_id), actor, now)
