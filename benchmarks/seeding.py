"""The data of a run: passes, privileges and their accounts, made by the database itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from guerdon.access.keys import KeyPepper, create_key
from guerdon.access.model import Caller
from guerdon.platform.db import open_database
from guerdon.platform.keys import load_master_key

TENANT = "bench"
HOT_COUNT = 10
LISTED_PRIVILEGES = 5
LISTED_MOVEMENTS = 10

MADE = """
CREATE TEMP TABLE made AS
SELECT $1::text || n AS name, gen_random_uuid() AS account_id, $1::text || 'pass' || n / $3::int AS pass_id,
       $4::int AS seq
  FROM generate_series(0, $2::int - 1) AS n
"""
FILL = """
INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, identity, metadata, additional_data,
                  created_at, updated_at)
SELECT DISTINCT 'bench', pass_id, 'loyalty', sha256(pass_id::bytea), '{"customerId": "7"}'::jsonb,
       sha256(pass_id::bytea), '{"tier": "Friend"}'::jsonb, '{"firstName": "Ada", "points": 120}'::jsonb, now(), now()
  FROM made;
INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head, has_lots, opened_at,
                            moved_at)
SELECT 'bench', account_id, 'privilege', name, pass_id, seq * 1000000, seq, sha256(''), false, now(), now() FROM made;
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, remarks, actor,
                          recorded_at, hash)
SELECT 'bench', account_id, n, 'move', 1000000, n * 1000000, name || '-' || n, 'scan at counter 4', 'key:seed',
       now(), sha256(name::bytea)
  FROM made, generate_series(1, seq) AS n;
INSERT INTO privilege (tenant_id, privilege_id, pass_id, account_id, type, priority, body, data_content, created_at,
                       updated_at)
SELECT 'bench', name, pass_id, account_id, 'MultiUse', 3,
       '{"externalId": "stamps", "origin": "shop", "categories": ["coffee", "cake"],
         "content": {"title": "Stamps", "description": "7 of 10 stamps until the next coffee is free"}}'::jsonb,
       'Stamps', now(), now()
  FROM made;
DROP TABLE made;
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much data a database gets."""

    privileges: int
    movements_each: int = 0
    listed_passes: int = 0


async def seed(url: str, home: Path, sizes: Sizes) -> str:
    """Fill a migrated database for one tenant and give a key for everything in it."""
    owner = await asyncpg.connect(url)
    now = datetime.now(UTC)
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", TENANT, now)
    await _fill(owner, "p", sizes.privileges, 1, sizes.movements_each)
    for kind in ("hot", "warm"):
        await _fill(owner, kind, HOT_COUNT, 1, 0)
    await _fill(owner, "list", sizes.listed_passes * LISTED_PRIVILEGES, LISTED_PRIVILEGES, LISTED_MOVEMENTS)
    await owner.execute("VACUUM ANALYZE")
    await owner.execute("CHECKPOINT")
    await owner.close()
    database = await open_database(url, 2)
    async with database.tenant(TENANT) as tx:
        all_scopes = frozenset({"*"})
        caller = Caller(TENANT, "bench", all_scopes)
        pepper = KeyPepper(load_master_key(None, home))
        made = await create_key(tx, pepper, name="bench", scopes=all_scopes, caller=caller, now=now)
    await database.close()
    return made.text


async def _fill(owner: "asyncpg.Connection[asyncpg.Record]", name: str, count: int, each: int, movements: int) -> None:
    await owner.execute(MADE, name, count, each, movements)
    await owner.execute(FILL)
