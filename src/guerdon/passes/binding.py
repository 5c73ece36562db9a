"""Which wallet of points a pass names, and holding the wallets that new identifiers name."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from guerdon.ledger.accounts import lock_accounts
from guerdon.ledger.model import AccountKey
from guerdon.passes.binding_queries import list_long_values, list_shared
from guerdon.platform.db import Tx

UUID_CHARACTERS: Final = 36


def read_wallet_id(value: object) -> UUID | None:
    """Read the wallet that an identifier's value names: a uuid in its usual form, small letters; None for all else."""
    if not isinstance(value, str) or len(value) != UUID_CHARACTERS:
        return None
    try:
        wallet_id = UUID(value)
    except ValueError:
        return None
    return wallet_id if str(wallet_id) == value else None


async def list_named_wallets(tx: Tx, pass_ids: Sequence[str]) -> Sequence[UUID]:
    """List the ids of wallets that these passes name, whether there are such wallets or not."""
    values = await list_long_values(tx, pass_ids)
    return [wallet_id for value in values if (wallet_id := read_wallet_id(value)) is not None]


async def leave_out_shared(tx: Tx, wallet_ids: Sequence[UUID], pass_ids: Sequence[str]) -> Sequence[UUID]:
    """Leave out of some wallets those that a pass names which is not one of these."""
    shared = await list_shared(tx, list(map(str, wallet_ids)), pass_ids) if wallet_ids else set[str]()
    return [wallet_id for wallet_id in wallet_ids if str(wallet_id) not in shared]


async def hold_wallets(tx: Tx, values: Iterable[object]) -> None:
    """Hold the wallets that new identifiers name, before any pass is held.

    Who changes a wallet at the same moment could not see the pass yet: it would be drawn from what was in the wallet
    before, and never be told.
    """
    named = {str(wallet_id) for value in values if (wallet_id := read_wallet_id(value)) is not None}
    if named:
        await lock_accounts(tx, [AccountKey("wallet", wallet_id) for wallet_id in named])
