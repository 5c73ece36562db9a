"""How long the reports of a million lots take, now and as of a past date, and how much memory.

`python -m benchmarks.liability [--lots N]`. Ten lots to a wallet in a hundred prices, over two years; half of them were
taken from, each by an entry of its own, and one in ten expired and was posted.
"""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import open_quiet_stage, script_arguments
from guerdon.platform.db import Database, Tx, open_database
from guerdon.points.report_model import EXPIRING, LIABILITY
from guerdon.points.report_queries import iter_expiring, iter_liability, list_wallets
from guerdon.points.report_writing import write_json

ENDS_AT = datetime(2026, 1, 1, tzinfo=UTC)
DAYS_BACK = (0, 30, 365, 700)
Report = Callable[[Tx, datetime], Awaitable[object]]
FILL = """
CREATE TEMP TABLE made AS
SELECT n, md5('lot' || n)::uuid AS lot_id, md5('account' || n % ($1::int / 10))::uuid AS account_id,
       n / ($1::int / 10) * 2 + 1 AS seq,
       $2::timestamptz - interval '730 days' * (1 - n::numeric / $1::int) AS opened_at
  FROM generate_series(0, $1::int - 1) AS n
"""
KEEP = """
INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head, has_lots, opened_at,
                            moved_at)
SELECT 'bench', account_id, 'wallet', account_id, account_id, sum(CASE n % 2 WHEN 0 THEN 60000000 ELSE 100000000 END),
       max(seq) + 1, sha256(''), true, min(opened_at), max(opened_at)
  FROM made GROUP BY account_id;
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT 'bench', account_id, seq, 'earn', 100000000, 100000000, 'e' || n, 'key:seed', opened_at, sha256('')
  FROM made ORDER BY opened_at;
INSERT INTO ledger_lot (tenant_id, account_id, lot_id, amount, remaining, unit_price, opened_seq, opened_at, expires_at)
SELECT 'bench', account_id, lot_id, 100000000,
       CASE WHEN n % 10 = 4 THEN 0 WHEN n % 2 = 0 THEN 60000000 ELSE 100000000 END, n % 100 * 500, seq, opened_at,
       CASE WHEN n % 10 = 4 THEN opened_at + interval '20 days' ELSE opened_at + interval '1095 days' END
  FROM made;
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT 'bench', account_id, seq + 1, CASE WHEN n % 10 = 4 THEN 'expire' ELSE 'spend' END, -40000000, 60000000,
       's' || n, 'key:seed', opened_at + interval '20 days', sha256('')
  FROM made WHERE n % 2 = 0 ORDER BY opened_at;
INSERT INTO ledger_allocation (tenant_id, account_id, seq, ordinal, lot_id, amount)
SELECT 'bench', account_id, seq + 1, 1, lot_id, CASE WHEN n % 10 = 4 THEN -100000000 ELSE -40000000 END
  FROM made WHERE n % 2 = 0;
INSERT INTO wallet (tenant_id, wallet_id, account_id, attributes, created_at, updated_at)
SELECT DISTINCT 'bench', account_id, account_id, '{}'::jsonb, '2023-01-01Z'::timestamptz, '2023-01-01Z'::timestamptz
  FROM made;
DROP TABLE made;
"""


def main() -> None:
    parser = script_arguments("liability")
    parser.add_argument("--lots", type=int, default=1_000_000, help="lots of the tenant")
    asked = parser.parse_args()
    with open_quiet_stage(asked) as stage:
        asyncio.run(_measure(stage.place("liability", Sizes(0)).url, asked.lots))


async def _measure(url: str, lots: int) -> None:
    await _fill(url, lots)
    database = await open_database(url, 2)
    for name, report in REPORTS.items():
        for days in DAYS_BACK:
            times = [await _timed(database, report, ENDS_AT - timedelta(days=days)) for _ in range(3)]
            middle, best = sorted(times)[1], min(times)
            print(f"{lots:,} lots, {name}, {days} days back: {middle:.2f} s (best {best:.2f} s)", flush=True)
    print(f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")
    await database.close()


async def _fill(url: str, lots: int) -> None:
    owner = await asyncpg.connect(url)
    await owner.execute(FILL, lots, ENDS_AT, timeout=600)
    await owner.execute(KEEP, timeout=600)
    await owner.execute(
        "VACUUM ANALYZE ledger_account, ledger_entry, ledger_lot, ledger_allocation, ledger_hold", timeout=600
    )
    await owner.close()


async def _timed(database: Database, report: Report, as_of: datetime) -> float:
    began_at = time.perf_counter()
    async with database.tenant(TENANT, dry_run=True) as tx:
        await report(tx, as_of)
    return time.perf_counter() - began_at


async def _liability(tx: Tx, as_of: datetime) -> object:
    return b"".join(await write_json({}, LIABILITY, iter_liability(tx, as_of)))


async def _expiring(tx: Tx, as_of: datetime) -> object:
    return b"".join(await write_json({}, EXPIRING, iter_expiring(tx, as_of, 30, "Europe/Warsaw")))


async def _wallets(tx: Tx, as_of: datetime) -> object:
    return await list_wallets(tx, as_of, UUID(int=2**127), 0, 1_000)


REPORTS: dict[str, Report] = {"liability": _liability, "expiring points": _expiring, "1 000 wallets": _wallets}


if __name__ == "__main__":
    main()
