"""Which lots a posting reads."""

from guerdon.ledger.model import AccountKey, Earn, Expire, Return, Spend
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from tests.architecture.plans import looked_at, run_explained, used_indexes
from tests.conftest import Alone
from tests.ledger.builders import NOON, command, day, opened, post, posted, remaining, rows, standing

EMPTY = 500
LIVE = 5
LIST_LOTS = "ledger.lot_queries.list_lots"
LOTS_MADE = """
INSERT INTO ledger_lot (tenant_id, lot_id, account_id, opened_seq, amount, remaining, opened_at)
SELECT $1, gen_random_uuid(), $2, n, 1, (n % 4000 = 0)::int, now() FROM generate_series(1, 4000 * $3::int) AS n
"""


async def a_wallet_that_has_seen_much(database: Database, tenant_id: str) -> tuple[AccountKey, str]:
    """A wallet with hundreds of empty lots and a few live ones, and the spending that emptied the others."""
    wallet = await opened(database, tenant_id, "wallet", now=day(1, 1))
    spending = command(wallet, Spend(EMPTY))
    earnings = [command(wallet, Earn(1, new_id())) for _ in range(EMPTY)]
    await post(database, tenant_id, *earnings, spending, now=day(1, 2))
    await post(database, tenant_id, *(command(wallet, Earn(10, new_id())) for _ in range(LIVE)), now=day(1, 3))
    return wallet, spending.movement_id


async def test_empty_lots_are_not_looked_at(alone: Alone) -> None:
    account = await standing(alone.database, alone.tenant_id, await opened(alone.database, alone.tenant_id, "wallet"))
    await alone.owner.execute(LOTS_MADE, alone.tenant_id, account.account_id, LIVE)
    await alone.owner.execute("VACUUM ANALYZE ledger_lot")

    async with alone.database.tenant(alone.tenant_id) as tx:
        plan = await run_explained(tx, LIST_LOTS, [account.account_id], [])

    assert looked_at(plan) == LIVE
    assert "ledger_lot_filled" in used_indexes(plan)


async def test_a_lot_that_is_filled_again_is_found_by_the_next_spending(database: Database, tenant_id: str) -> None:
    wallet, spend_id = await a_wallet_that_has_seen_much(database, tenant_id)
    await posted(database, tenant_id, command(wallet, Spend(10 * LIVE)))

    await posted(database, tenant_id, command(wallet, Return(spend_id, 3)))
    spent = await posted(database, tenant_id, command(wallet, Spend(3)))

    assert len(spent.entry.allocations) == 3
    assert sum(await remaining(database, tenant_id, wallet)) == 0


async def test_a_return_fills_empty_lots_beside_an_earning_that_needs_none(database: Database, tenant_id: str) -> None:
    wallet, spend_id = await a_wallet_that_has_seen_much(database, tenant_id)

    await post(database, tenant_id, command(wallet, Earn(7, new_id())), command(wallet, Return(spend_id, 2)))

    assert sum(await remaining(database, tenant_id, wallet)) == 10 * LIVE + 7 + 2


async def test_a_spending_in_the_same_call_as_a_return_sees_every_lot(database: Database, tenant_id: str) -> None:
    wallet, spend_id = await a_wallet_that_has_seen_much(database, tenant_id)

    await post(database, tenant_id, command(wallet, Return(spend_id, 2)), command(wallet, Spend(10 * LIVE + 2)))

    assert sum(await remaining(database, tenant_id, wallet)) == 0


async def test_whether_a_lot_is_empty_is_what_remains_in_it(database: Database, tenant_id: str) -> None:
    wallet = await opened(database, tenant_id, "wallet", now=day(1, 1))
    first = command(wallet, Earn(4, new_id(), NOON))
    await post(database, tenant_id, first, command(wallet, Earn(4, new_id())), now=day(1, 2))

    await posted(database, tenant_id, command(wallet, Expire()))
    await posted(database, tenant_id, command(wallet, Spend(1)))

    found = await rows(
        database, tenant_id, "SELECT remaining, is_empty FROM ledger_lot WHERE tenant_id = $1", tenant_id
    )
    assert {(row["remaining"], row["is_empty"]) for row in found} == {(0, True), (3, False)}
