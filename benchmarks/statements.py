"""Statements of a wallet with a million entries over HTTP: any page of it, against the same page of a short one."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg

from benchmarks.load import Wrk, run_wrk
from benchmarks.measuring import Bar, Measure, Run
from benchmarks.stage import Place, Service, Stage

PAGE, CONNECTIONS = 100, 8
SHORT, LONG = UUID(int=1), UUID(int=2)
SHORT_ENTRIES, LONG_ENTRIES = 1_000, 1_000_000
BEGAN_AT = datetime(2025, 1, 1, tzinfo=UTC)
REFERENCE = "first page of 1 000 entries"
# Entries come in pairs, a minute apart: ten points are added, and spent again.
FILL = """
INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head, has_lots, opened_at,
                            moved_at)
VALUES ('bench', $1::uuid, 'wallet', $1::uuid::text, $1::uuid::text, 0, $2::bigint, sha256(''), true, $3::timestamptz,
        $3::timestamptz + $2::bigint * interval '1 minute')
"""
KEEP = """
INSERT INTO wallet (tenant_id, wallet_id, account_id, attributes, created_at, updated_at)
SELECT 'bench', account_id, account_id, '{{}}'::jsonb, opened_at, opened_at
  FROM ledger_account WHERE account_id = '{wallet}';
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT 'bench', account_id, n, CASE n % 2 WHEN 1 THEN 'earn' ELSE 'spend' END,
       CASE n % 2 WHEN 1 THEN 10000000 ELSE -10000000 END, n % 2 * 10000000, md5(owner_id || n)::uuid, 'key:seed',
       opened_at + n * interval '1 minute', sha256('')
  FROM ledger_account, generate_series(1, seq) AS n WHERE account_id = '{wallet}';
INSERT INTO ledger_lot (tenant_id, account_id, lot_id, amount, remaining, opened_seq, opened_at)
SELECT 'bench', account_id, movement_id::uuid, 10000000, 0, seq, recorded_at
  FROM ledger_entry WHERE account_id = '{wallet}' AND kind = 'earn';
INSERT INTO ledger_allocation (tenant_id, account_id, seq, ordinal, lot_id, amount)
SELECT 'bench', account_id, opened_seq + 1, 0, lot_id, -10000000 FROM ledger_lot WHERE account_id = '{wallet}';
"""


def statement_measures(stage: Stage, place: Place, service: Service) -> list[Measure]:
    """Make a short wallet and a long one and list the measure; the bar is turned round, as that of growth."""
    asyncio.run(_fill(place))
    middle = BEGAN_AT + timedelta(minutes=LONG_ENTRIES // 2)
    pages = {
        REFERENCE: (SHORT, ""),
        "first page": (LONG, ""),
        "any page by cursor": (LONG, "&cursor=%d"),
        "any page backwards": (LONG, "&cursor=%d&_order=DESC"),
        "from the middle on": (LONG, f"&from={_written(middle)}"),
        "a day in the middle": (LONG, f"&from={_written(middle)}&to={_written(middle + timedelta(days=1))}"),
        "last page as of the middle": (LONG, f"&asOf={_written(middle)}&_order=DESC"),
        "from the middle on, as of later": (
            LONG,
            f"&from={_written(middle)}&asOf={_written(middle + timedelta(days=90))}",
        ),
        "the middle by range": (LONG, f"&_start={LONG_ENTRIES // 2}&_end={LONG_ENTRIES // 2 + PAGE}"),
    }
    sides: dict[str, Run] = {}
    for name, (wallet, asked) in pages.items():
        limit = "" if "_start" in asked else f"limit={PAGE}"
        address = f"/wallet2-api/api/wallet/{wallet}/statement?{limit}{asked}"
        wrk = Wrk("page", [place.api_key, address, str(LONG_ENTRIES - 2 * PAGE)], CONNECTIONS)
        sides[name] = partial(run_wrk, stage, service, wrk)
    bars = [Bar(name, REFERENCE, least=round(1 / 1.3, 2)) for name in pages if name != REFERENCE]
    return [Measure(f"statement of {LONG_ENTRIES:,} entries, {PAGE} a page", sides, bars)]


async def _fill(place: Place) -> None:
    owner = await asyncpg.connect(place.url)
    for wallet, entries in ((SHORT, SHORT_ENTRIES), (LONG, LONG_ENTRIES)):
        await owner.execute(FILL, wallet, entries, BEGAN_AT)
        await owner.execute(KEEP.format(wallet=wallet), timeout=600)
    await owner.execute("VACUUM ANALYZE ledger_account, ledger_entry, ledger_lot, ledger_allocation", timeout=600)
    await owner.execute("CHECKPOINT", timeout=600)
    await owner.close()


def _written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
