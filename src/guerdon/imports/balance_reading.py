"""Reading how the balances of a file are held against the ledger."""

from collections.abc import Sequence
from uuid import UUID

from guerdon.imports import balance_queries
from guerdon.imports.balance_model import Reconciliation, WalletSums
from guerdon.imports.model import Import
from guerdon.imports.reading import LIST_MAX, get_import, list_imports
from guerdon.platform.db import Tx


async def get_reconciliation(tx: Tx, import_id: UUID) -> Reconciliation:
    """Read what the file of an import of balances says, and what of it was posted."""
    return (await balance_queries.list_reconciliations(tx, [import_id]))[import_id]


async def get_progress(tx: Tx, import_id: UUID) -> tuple[Import, Reconciliation]:
    """Read how far an import of balances has come and its reconciliation, which add up; the first of `tx` to ask.

    Raises ImportNotFound.
    """
    await tx.read_one_snapshot()
    return await get_import(tx, "balances", import_id), await get_reconciliation(tx, import_id)


async def list_progress(tx: Tx, before: UUID | None, limit: int) -> Sequence[tuple[Import, Reconciliation]]:
    """Read the same of several imports, newest first, at most 1000; `before` is the last one of the page before."""
    await tx.read_one_snapshot()
    found = await list_imports(tx, "balances", before, limit)
    said = await balance_queries.list_reconciliations(tx, [one.import_id for one in found])
    return [(one, said[one.import_id]) for one in found]


async def list_wallets(tx: Tx, import_id: UUID, after: UUID | None, limit: int) -> Sequence[WalletSums]:
    """Hold what a file says of its wallets against the ledger as it stands now, at most 1000 of them.

    A row counts once it is posted, or found to be there. Raises ImportNotFound.
    """
    assert 1 <= limit <= LIST_MAX, limit
    await get_import(tx, "balances", import_id)
    return await balance_queries.list_wallets(tx, import_id, after, limit)
