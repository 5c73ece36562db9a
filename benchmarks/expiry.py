"""How fast a million ended lots are posted, how much memory that takes, and whether the pace stays.

`python -m benchmarks.expiry [--lots N] [--each N]`. What the job does is done here, step by step until nothing is due:
one transaction for at most a thousand wallets, each with an entry of its own.
"""

import asyncio
import resource
import time
from datetime import UTC, datetime

import asyncpg

from benchmarks.load import server_s
from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import Stage, open_quiet_stage, script_arguments
from guerdon.platform.db import Database, open_database
from guerdon.points.expiring import expire_due

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TENTHS = 10
NIGHT_BAR = 20_000_000 / (8 * 3_600)  # lots a second: 20 million in a night of eight hours
FILL = """
CREATE TEMP TABLE made AS
SELECT n, md5('lot' || n)::uuid AS lot_id, md5('account' || n / $2::int)::uuid AS account_id, n % $2::int + 1 AS seq
  FROM generate_series(0, $1::int - 1) AS n
"""
# All lots of a wallet were added within minutes and end within minutes; wallets are due over a month, in an order of
# their own.
KEEP = """
INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head, has_lots, opened_at,
                            moved_at)
SELECT 'bench', account_id, 'wallet', account_id, account_id, sum(10000000), max(seq), sha256(''), true, now(),
       '2025-01-01Z'
  FROM made GROUP BY account_id;
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT 'bench', account_id, seq, 'earn', 10000000, seq * 10000000, 'e' || n, 'key:seed', '2025-01-01Z', sha256('')
  FROM made;
INSERT INTO ledger_lot (tenant_id, account_id, lot_id, amount, remaining, unit_price, opened_seq, opened_at, expires_at)
SELECT 'bench', account_id, lot_id, 10000000, 10000000, 10000, seq, '2025-01-01Z',
       '2025-12-31Z'::timestamptz - interval '30 days' * ((hashtext(account_id::text) & 65535) / 65536.0)
       + seq * interval '1 minute'
  FROM made;
DROP TABLE made;
"""


def main() -> None:
    parser = script_arguments("expiry")
    parser.add_argument("--lots", type=int, default=1_000_000, help="lots that have ended")
    parser.add_argument("--each", type=int, default=10, help="lots of each wallet")
    asked = parser.parse_args()
    with open_quiet_stage(asked) as stage:
        asyncio.run(_measure(stage, stage.place("expiry", Sizes(0)).url, asked.lots, asked.each))


async def _measure(stage: Stage, url: str, lots: int, each: int) -> None:
    await _fill(url, lots, each)
    database = await open_database(url, 2)
    memory_before_mb, used_before_s = _memory_mb(), _used_s(stage)
    began_at = time.perf_counter()
    wallets = await _expire(stage, database, lots // each)
    seconds, used_s = time.perf_counter() - began_at, _used_s(stage) - used_before_s
    await database.close()
    await _check(url, wallets)
    pace = f"{lots / seconds:,.0f} lots/s, {wallets / seconds:,.0f} entries/s"
    print(f"{lots:,} lots of {wallets:,} wallets in {seconds:.1f} s: {pace}")
    print(f"{1e6 * used_s / lots:.0f} µs of processor time for a lot; the bar is {NIGHT_BAR:,.0f} lots/s")
    print(f"memory: {memory_before_mb} MiB before, {_memory_mb()} MiB at most")


async def _expire(stage: Stage, database: Database, wallets: int) -> int:
    """Post all that is due, and print the pace of each tenth with what it cost."""
    posted, told, began_at, used_s = 0, 0, time.perf_counter(), _used_s(stage)
    step = -1
    while step != 0:
        async with database.tenant(TENANT) as tx:
            step = await expire_due(tx, NOW)
        posted += step
        if posted - told >= wallets / TENTHS:
            pace = (posted - told) / (time.perf_counter() - began_at)
            cost = 1e6 * (_used_s(stage) - used_s) / (posted - told)
            print(f"  {posted:,} of {wallets:,} wallets: {pace:,.0f} entries/s, {cost:.0f} µs each", flush=True)
            told, began_at, used_s = posted, time.perf_counter(), _used_s(stage)
    return posted


async def _fill(url: str, lots: int, each: int) -> None:
    owner = await asyncpg.connect(url)
    await owner.execute(FILL, lots, each, timeout=600)
    await owner.execute(KEEP, timeout=600)
    await owner.execute("VACUUM ANALYZE ledger_account, ledger_entry, ledger_lot, ledger_allocation", timeout=600)
    await owner.execute("CHECKPOINT", timeout=600)
    await owner.close()


async def _check(url: str, wallets: int) -> None:
    """See that nothing is left, and that each wallet has one entry more."""
    owner = await asyncpg.connect(url)
    left = await owner.fetchval(
        "SELECT coalesce(sum(remaining), 0) + (SELECT sum(value) FROM ledger_account) FROM ledger_lot"
    )
    expired = await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'expire'")
    await owner.close()
    assert (left, expired) == (0, wallets), (left, expired, wallets)


def _used_s(stage: Stage) -> float:
    ours = resource.getrusage(resource.RUSAGE_SELF)
    return server_s(stage.postmaster) + ours.ru_utime + ours.ru_stime


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
