"""Wallets with their balances as they are now; concurrent reads share their statements."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.gather import Gatherer
from guerdon.points import balance_queries, queries
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import Balance, Wallet

WALLETS_MAX = 64


class WalletBalances:
    """Reads wallets for a whole process, those asked for at the same time in one transaction."""

    def __init__(self, database: Database, clock: TenantClock, *, in_flight: int = 2, queue_max: int = 4096) -> None:
        """Read in at most `in_flight` transactions at a time."""
        self._database = database
        self._clock = clock
        self._gatherer = Gatherer[UUID, tuple[Wallet, Balance]](
            self._read_batch, items_max=WALLETS_MAX, in_flight=in_flight, queue_max=queue_max
        )

    def begin(self, tenant_id: str, wallet_id: UUID) -> "asyncio.Future[tuple[Wallet, Balance]]":
        """Give a wallet to come, with what it holds; the future raises WalletNotFound. Raises Overloaded."""
        return self._gatherer.call(tenant_id, wallet_id)

    async def _read_batch(
        self, tenant_id: str, wallet_ids: Sequence[UUID]
    ) -> list[tuple[Wallet, Balance] | BaseException]:
        async with self._database.tenant(tenant_id, by_keys=True) as tx:
            wallets = await queries.find_wallets(tx, wallet_ids)
            account_ids = [wallet.account_id for wallet in wallets.values()]
            balances = await balance_queries.find_balances(tx, account_ids, self._clock(tenant_id))
        return [
            (wallets[one], balances[wallets[one].account_id]) if one in wallets else WalletNotFound(one)
            for one in wallet_ids
        ]
