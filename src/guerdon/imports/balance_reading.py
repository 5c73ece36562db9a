"""Reading how the balances of a file are held against the ledger."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from guerdon.imports import balance_queries
from guerdon.imports.balance_model import Reconciliation, WalletSums
from guerdon.imports.reading import LIST_MAX, get_import
from guerdon.platform.db import Tx


async def get_reconciliation(tx: Tx, import_id: UUID) -> Reconciliation:
    """Read what the file of an import of balances says, and what of it was posted."""
    return (await balance_queries.list_reconciliations(tx, [import_id]))[import_id]


async def list_reconciliations(tx: Tx, import_ids: Sequence[UUID]) -> Mapping[UUID, Reconciliation]:
    """Read the same of several imports of balances."""
    return await balance_queries.list_reconciliations(tx, import_ids)


async def list_wallets(tx: Tx, import_id: UUID, after: UUID | None, limit: int) -> Sequence[WalletSums]:
    """Hold what a file says of its wallets against the ledger as it stands now, at most 1000 of them.

    A row counts once it is posted, or found to be there. Raises ImportNotFound.
    """
    assert 1 <= limit <= LIST_MAX, limit
    await get_import(tx, "balances", import_id)
    return await balance_queries.list_wallets(tx, import_id, after, limit)
