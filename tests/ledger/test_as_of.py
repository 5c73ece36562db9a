"""How an account's place at an instant is found."""

from datetime import timedelta

from guerdon.ledger.accounts import seq_as_of
from tests.architecture.plans import nodes, run_explained
from tests.conftest import Alone
from tests.ledger.builders import day, opened, standing

ENTRIES = 4_000  # of which twelve are looked at, if they are halved
ENTRIES_MADE = """
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT tenant_id, account_id, n, 'earn', 1, n, account_id || '-' || n, 'tester',
       '2026-01-01Z'::timestamptz + n * interval '1 minute', sha256('')
  FROM ledger_account, generate_series(1, $2) AS n WHERE account_id = $1
"""


async def test_a_long_account_is_halved_and_not_read(alone: Alone) -> None:
    wallet = await opened(alone.database, alone.tenant_id, "wallet", now=day(1, 1))
    account = await standing(alone.database, alone.tenant_id, wallet)
    await alone.owner.execute(ENTRIES_MADE, account.account_id, ENTRIES)
    await alone.owner.execute("UPDATE ledger_account SET seq = $2 WHERE account_id = $1", account.account_id, ENTRIES)
    await alone.owner.execute("VACUUM ANALYZE ledger_entry")
    middle = day(1, 1) + timedelta(minutes=ENTRIES // 2)

    async with alone.database.tenant(alone.tenant_id) as tx:
        plan = await run_explained(tx, "ledger.queries.find_seq_as_of", account.account_id, middle)
        found = await seq_as_of(tx, account.account_id, middle)

    looks = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes(plan)
        if node.get("Relation Name") == "ledger_entry"
    )
    assert found == ENTRIES // 2
    assert 0 < looks <= ENTRIES.bit_length()
