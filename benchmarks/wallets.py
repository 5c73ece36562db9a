"""Wallets with three lots each for the measures of points, made by the database itself.

Wallets of a family are numbered; their ids, those of their accounts and those of their lots are made from the number.
"""

import asyncio
from dataclasses import dataclass

import asyncpg

from benchmarks.stage import Place

LOTS_EACH = 3
UNDER_WAY_MAX = 256
# Wallets are used in an order that no index has, so that neighbours in time are none on disk.
SCATTER = 15_485_863  # a prime beyond any number of wallets
UUID_TAIL = "-0000-4000-8000-' || lpad(to_hex(({number})::bigint), 12, '0'))::uuid"

FILL = """
CREATE TEMP TABLE made AS
SELECT n, (lpad($1::int::text, 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS wallet_id
  FROM generate_series(0, $2::bigint - 1) AS n
"""
KEEP = """
INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head, has_lots, opened_at,
                            moved_at)
SELECT 'bench', wallet_id, 'wallet', wallet_id, wallet_id, {each} * {lots}, {lots}, sha256(''), true, now(), now()
  FROM made;
INSERT INTO wallet (tenant_id, wallet_id, account_id, attributes, created_at, updated_at)
SELECT 'bench', wallet_id, wallet_id, '{{"name": "Ada"}}'::jsonb, now(), now() FROM made;
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT 'bench', wallet_id, k, 'earn', {each}, k * {each}, 'earn-' || wallet_id || '-' || k, 'key:seed', now(),
       sha256('')
  FROM made, generate_series(1, {lots}) AS k;
INSERT INTO ledger_lot (tenant_id, account_id, lot_id, amount, remaining, unit_price, opened_seq, opened_at, expires_at)
SELECT 'bench', wallet_id, (k || substr(wallet_id::text, 2))::uuid, {each}, {each}, 10000, k, now(),
       now() + k * interval '30 days'
  FROM made, generate_series(1, {lots}) AS k;
DROP TABLE made;
"""
LAST_USED = """
SELECT max(n)
  FROM generate_series($2::bigint, $3::bigint - 1) AS n
  JOIN ledger_account a
    ON a.tenant_id = 'bench' AND a.kind = 'wallet' AND a.closed_at IS NULL AND a.seq > $4
   AND a.owner_id = lpad($1::int::text, 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n * $5 % $3), 12, '0')
"""


@dataclass(slots=True)
class Wallets:
    """A family of wallets with three lots of `each` millionths, and how many of them are still as they were made."""

    place: Place
    family: int
    count: int
    each: int
    first: int = 0

    def fill(self) -> None:
        """Make them."""
        assert self.count < SCATTER
        asyncio.run(self._fill())

    def go_on(self) -> None:
        """Find out where those begin that nobody has used."""
        last = asyncio.run(self._last_used())
        # Requests that were under way when the window closed may use theirs a little later.
        self.first = self.first if last is None else last + 1 + UNDER_WAY_MAX

    def id_expression(self, number: str, lot: int = 0) -> str:
        """Give SQL for the id of a wallet, which is its account's too, or of its lot."""
        head = f"{self.family:08}" if lot == 0 else f"{lot}{self.family:07}"
        return f"('{head}{UUID_TAIL.format(number=number)}"

    async def _fill(self) -> None:
        owner = await asyncpg.connect(self.place.url)
        await owner.execute(FILL, self.family, self.count, timeout=600)
        await owner.execute(KEEP.format(each=self.each, lots=LOTS_EACH), timeout=600)
        await owner.execute("VACUUM ANALYZE ledger_account, ledger_entry, ledger_lot, wallet", timeout=600)
        await owner.execute("CHECKPOINT", timeout=600)
        await owner.close()

    async def _last_used(self) -> int | None:
        owner = await asyncpg.connect(self.place.url)
        last: int | None = await owner.fetchval(LAST_USED, self.family, self.first, self.count, LOTS_EACH, SCATTER)
        await owner.close()
        return last
