"""Crowds: a database with tenants of up to millions of passes, made once by the database itself.

A database has its name only when it is whole, so that what was cut off is made anew.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import asyncpg

from benchmarks.stage import Stage
from guerdon.platform.migrate import migrate

CHUNK = 500_000
FIRST_CREATED, CREATED_EACH = datetime(2024, 1, 1, tzinfo=UTC), timedelta(seconds=5)
TABLES = ("pass", "pass_identifier", "pass_metadata")

# Every property has a modulus of its own that shares no factor with the others, so that they say nothing of each other.
# But a city follows from the store, season and batch from the date of creation, and the newsletter from the tier:
# nobody with gold gets it.
SEEDED = (
    """
    INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, metadata, additional_data, created_at,
                      updated_at, apple_installed_at, apple_devices, google_installed_at, google_devices, voided_at)
    SELECT $1, substr(md5(n::text), 1, 20),
           CASE WHEN n % 9973 = 0 THEN 'vip' ELSE
               (ARRAY['loyalty', 'loyalty', 'loyalty', 'loyalty', 'ticket', 'ticket', 'giftcard'])[1 + n % 7] END,
           sha256(n::text::bytea), jsonb_build_object('customerId', n::text),
           jsonb_build_object('tier', (ARRAY['platinum', 'gold', 'gold', 'silver', 'silver', 'silver', 'blue', 'blue',
                                             'blue', 'blue'])[1 + n % 10],
                              'newsletter', n % 10 > 4, 'season', (ARRAY['2024', '2025'])[1 + n / 6324480],
                              'batch', 'batch-' || n / 1000, 'storeId', 'store-' || n % 4999,
                              'city', 'city-' || n % 4999 % 100, 'points', n * 7919::bigint % 100003),
           '{"firstName": "Ada"}', '2024-01-01T00:00:00Z'::timestamptz + n * interval '5 seconds', now(),
           CASE WHEN n % 3 = 0 THEN now() - n * interval '1 second' END, (n % 3 = 0 AND n % 11 > 0)::int,
           CASE WHEN n % 41 = 1 THEN now() - n * interval '1 second' END, (n % 41 = 1)::int,
           CASE WHEN n % 1009 = 5 THEN now() END
      FROM generate_series($2::int, $3::int) AS n
    """,
    """
    INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
    SELECT $1, m.name, n::text, substr(md5(n::text), 1, 20)
      FROM generate_series($2::int, $3::int) AS n,
           LATERAL (VALUES ('customerId'), (CASE WHEN n % 1000 = 0 THEN 'employeeId' END)) AS m (name)
     WHERE n % 1009 <> 5 AND m.name IS NOT NULL
    """,
    """
    INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
    SELECT $1, m.name, m.value, m.number, substr(md5(n::text), 1, 20)
      FROM generate_series($2::int, $3::int) AS n,
           LATERAL (VALUES ('tier', (ARRAY['platinum', 'gold', 'gold', 'silver', 'silver', 'silver', 'blue', 'blue',
                                           'blue', 'blue'])[1 + n % 10], NULL),
                           ('newsletter', (n % 10 > 4)::text, NULL),
                           ('season', (ARRAY['2024', '2025'])[1 + n / 6324480], NULL),
                           ('batch', 'batch-' || n / 1000, NULL),
                           ('storeId', 'store-' || n % 4999, NULL),
                           ('city', 'city-' || n % 4999 % 100, NULL),
                           ('points', (n * 7919::bigint % 100003)::text, n * 7919::bigint % 100003)
                   ) AS m (name, value, number)
     WHERE n % 1009 <> 5
    """,
)


async def make_crowd(stage: Stage, name: str, tenants: Mapping[str, int]) -> str:
    """Make a database with so many passes in each tenant, unless it is there, and give its address."""
    server = await asyncpg.connect(stage.owner_url)
    if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await server.execute(f"DROP DATABASE IF EXISTS {name}_unfinished")
        await server.execute(f"CREATE DATABASE {name}_unfinished")
        url = _address(stage, f"{name}_unfinished")
        await migrate(url)
        await _fill(url, tenants)
        await server.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
    await server.close()
    return _address(stage, name)


async def _fill(url: str, tenants: Mapping[str, int]) -> None:
    owner = await asyncpg.connect(url)
    # Indexes are built at the end, which takes a tenth of the time: until then no insert sees them.
    tables = "ARRAY['" + "', '".join(TABLES) + "']::regclass[]"
    await owner.execute(
        f"UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = ANY({tables})"  # noqa: S608
    )
    await owner.close()
    owner = await asyncpg.connect(url)
    await owner.execute("SET synchronous_commit = off; SET session_replication_role = replica")
    await owner.execute("SET maintenance_work_mem = '2GB'")
    for tenant_id, count in tenants.items():
        began = time.perf_counter()
        await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, now())", tenant_id)
        for first in range(1, count + 1, CHUNK):
            for statement in SEEDED:
                await owner.execute(statement, tenant_id, first, min(first + CHUNK - 1, count))
            _say(f"{tenant_id}: {min(first + CHUNK - 1, count):,} of {count:,} passes", began)
    for table in TABLES:
        began = time.perf_counter()
        await owner.execute(f"REINDEX TABLE {table}")
        _say(f"indexes of {table}", began)
        await owner.execute(f"VACUUM (FREEZE, ANALYZE) {table}")
        _say(f"{table} vacuumed", began)
    # Of each hundredth pass something has moved since, as in a shop that is open.
    await owner.execute("UPDATE pass SET revision = revision + 1, updated_at = now() WHERE hashtext(pass_id) % 100 = 0")
    await owner.execute("CHECKPOINT")
    await owner.close()


def _address(stage: Stage, name: str) -> str:
    return stage.owner_url.replace("/guerdon?", f"/{name}?")


def _say(what: str, began: float) -> None:
    print(f"{what}: {time.perf_counter() - began:.0f} s", flush=True)
