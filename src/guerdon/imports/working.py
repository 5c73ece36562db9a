"""Taking in the passes of an import: chunk by chunk, each in one transaction with its counters."""

from datetime import datetime

from guerdon.imports import queries
from guerdon.imports.chunks import Seal
from guerdon.imports.model import EVENT_FINISHED, PassImport
from guerdon.imports.recording import record_bad_rows, tell
from guerdon.passes.importing import Importer
from guerdon.platform.db import Tx


async def work_chunk(tx: Tx, importer: Importer, seal: Seal, now: datetime) -> PassImport | None:
    """Take in the next chunk and give the import as it is then; None when there is none, or it was cancelled.

    Passes, events, counters and the chunk's end commit together, so that a crash at any moment leaves nothing done
    twice and nothing out. What has become bad since the check is kept with its line.
    """
    await queries.hurry(tx)
    chunk = await queries.claim_chunk(tx, seal.import_id)
    if chunk is None:
        return None
    done = await importer.take_in(tx, seal.open(chunk), now)
    await record_bad_rows(tx, seal.import_id, done.bad)
    await queries.delete_chunk(tx, seal.import_id, chunk.first_row)
    one = await queries.count_rows(
        tx, seal.import_id, now, imported=len(done.good), existing=done.existing, rejected=len(done.bad)
    )
    if one.state == "finished":
        await tell(tx, EVENT_FINISHED, one, one.actor, now)
    return one
