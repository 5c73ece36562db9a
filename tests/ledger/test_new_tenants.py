"""A tenant that the statistics do not know yet, however much it has already."""

from guerdon.ledger.accounts import open_accounts
from guerdon.ledger.model import AccountKey, Earn, Return, Spend
from guerdon.ledger.posting import post
from guerdon.platform.db import Database, Tx
from guerdon.platform.ids import new_id
from tests.conftest import Alone
from tests.ledger.builders import NOON, as_posted, command

WALLETS = 500


async def furnish(database: Database, tenant_id: str) -> list[AccountKey]:
    """Open wallets of which each has earned and spent."""
    wallets = [AccountKey("wallet", f"wallet-{number}") for number in range(WALLETS)]
    async with database.tenant(tenant_id) as tx:
        await open_accounts(tx, [(new_id(), wallet) for wallet in wallets], NOON, has_lots=True)
        await post(tx, [command(wallet, Earn(10, new_id())) for wallet in wallets], NOON)
        await post(tx, [command(wallet, Spend(8), f"s-{wallet.owner_id}") for wallet in wallets], NOON)
    return wallets


async def rows_read(tx: Tx) -> int:
    """Tell how many rows of the ledger this connection has read that it has not reported yet."""
    return await tx.value(
        "SELECT coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::bigint FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'ledger_%'"
    )


async def test_a_return_does_not_hold_every_row_against_every_other(alone: Alone) -> None:
    await furnish(alone.database, "known")
    await alone.owner.execute("ANALYZE")
    *_, last = await furnish(alone.database, alone.tenant_id)

    async with alone.database.tenant(alone.tenant_id, by_keys=True) as tx:
        before = await rows_read(tx)
        (outcome,) = await post(tx, [command(last, Return(f"s-{last.owner_id}", 3))], NOON)
        read = await rows_read(tx) - before

    assert as_posted(outcome).entry.amount == 3
    # Small tables may be read whole, once.
    assert read < 10 * WALLETS
