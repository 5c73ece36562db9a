"""Starting imports of balances."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from guerdon.imports import balance_queries
from guerdon.imports.balance_model import Tally
from guerdon.imports.model import Checked, Chunk, Import
from guerdon.imports.starting import start_import
from guerdon.platform.db import Tx


async def start_balance_import(
    tx: Tx, import_id: UUID, checked: Checked, tally: Tally, chunks: AsyncIterator[Chunk], actor: str, now: datetime
) -> Import:
    """Keep an import of balances with its rows and with what the file says, and have them posted."""
    said = tally.reconciliation()
    more = {"reconciliation": said.document(checked.totals.bad)}
    new = await start_import(tx, "balances", import_id, checked, chunks, actor, now, more)
    await balance_queries.insert_reconciliation(tx, import_id, said)
    return new
