"""`python -m benchmarks.searching`: lists of passes in a tenant of many, and what they cost beside a tenant of 10^4.

Each query is asked as the API asks it (page and total, in a transaction of the tenant), without HTTP.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg

from benchmarks.stage import open_stage
from guerdon.passes.filter_queries import Parameters
from guerdon.passes.model import ListedPass
from guerdon.passes.search_parameters import parse_search
from guerdon.passes.search_queries import Narrowing, compose_count
from guerdon.passes.searching import search_passes
from guerdon.platform.db import Database, open_database
from guerdon.platform.migrate import migrate

SMALL = 10_000
CHUNK = 500_000
SEEDED = (
    """
    INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, metadata, additional_data, created_at,
                      updated_at, apple_installed_at, apple_devices, google_installed_at, google_devices)
    SELECT $1, 'pass-' || md5(n::text), (ARRAY['loyalty', 'loyalty', 'loyalty', 'ticket', 'giftcard'])[1 + n % 5],
           ''::bytea, jsonb_build_object('customerId', n::text),
           jsonb_build_object('tier', (ARRAY['gold', 'silver', 'silver', 'blue', 'blue', 'blue'])[1 + n % 6],
                              'storeId', 'store-' || n % 5000, 'points', n * 7919::bigint % 100003),
           '{"firstName": "Ada"}', '2024-01-01T00:00:00Z'::timestamptz + n * interval '5 seconds', now(),
           CASE WHEN n % 3 = 0 THEN now() - n * interval '1 second' END, (n % 3 = 0)::int,
           CASE WHEN n % 40 = 1 THEN now() - n * interval '1 second' END, (n % 40 = 1)::int
      FROM generate_series($2::int, $3::int) AS n
    """,
    """
    INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
    SELECT $1, 'customerId', n::text, 'pass-' || md5(n::text) FROM generate_series($2::int, $3::int) AS n
    """,
    """
    INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
    SELECT $1, m.name, m.value, m.number, 'pass-' || md5(n::text)
      FROM generate_series($2::int, $3::int) AS n,
           LATERAL (VALUES ('tier', (ARRAY['gold', 'silver', 'silver', 'blue', 'blue', 'blue'])[1 + n % 6], NULL),
                           ('storeId', 'store-' || n % 5000, NULL),
                           ('points', (n * 7919::bigint % 100003)::text, n * 7919::bigint % 100003)
                   ) AS m (name, value, number)
    """,
)


def _filter(field: str, operator: str, value: str, index: int = 0) -> str:
    return f"filter[{index}].field={field}&filter[{index}].operator={operator}&filter[{index}].value={value}"


STORE = _filter("metadata.storeId", "equals", "store-77")
QUERIES = {
    "newest": "sortBy[0].field=creationDate&sortBy[0].direction=DESC",
    "page 50 of the newest": "sortBy[0].field=creationDate&sortBy[0].direction=DESC&pageIndex=50",
    "by customerId (one)": _filter("identifiers.customerId", "equals", "4711"),
    "a type, newest": _filter("passType", "equals", "giftcard") + "&sortBy[0].field=creationDate",
    "gold, newest": _filter("metadata.tier", "equals", "gold") + "&sortBy[0].field=creationDate",
    "a store, by points": STORE + "&sortBy[0].field=metadata.points&sortBy[0].direction=DESC",
    "gold in a store": STORE + "&" + _filter("metadata.tier", "equals", "gold", 1),
    "most points": "sortBy[0].field=metadata.points&sortBy[0].direction=DESC",
    "most points of gold": _filter("metadata.tier", "equals", "gold") + "&sortBy[0].field=points",
    "less than 2 points": _filter("metadata.points", "lessThan", "2"),
    "last of the stores": _filter("metadata.storeId", "startsWith", "store-499") + "&sortBy[0].field=creationDate",
    "installed in Google, latest": _filter("installationStatus", "contains", "google") + "&sortBy[0].field=google",
    "one hour": _filter("creationDate", "greaterThan", "2024-01-01T08:00:00Z")
    + "&"
    + _filter("creationDate", "lessThan", "2024-01-01T09:00:00Z", 1),
    "by customerId, from there": _filter("identifiers.customerId", "greaterThan", "5") + "&sortBy[0].field=customerId",
    "cursor, all by tier": "limit=20&sortBy[0].field=metadata.tier",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """What one query took, in milliseconds, and how many passes it said there are."""

    p50: float
    p99: float
    total: str
    plan: str


def main() -> None:
    """Seed both tenants, ask everything, print the table."""
    asked = _arguments()
    with open_stage(asked.bin_dir) as stage:
        asyncio.run(_run(stage.owner_url, asked.passes, asked.repeats))


async def _run(url: str, passes: int, repeats: int) -> None:
    await migrate(url)
    owner = await asyncpg.connect(url)
    tenants = {"small": SMALL, "large": passes}
    for tenant_id, count in tenants.items():
        await _seed(owner, tenant_id, count)
    began = time.perf_counter()
    await owner.execute("VACUUM ANALYZE pass, pass_identifier, pass_metadata")
    print(f"vacuum and analyze: {time.perf_counter() - began:.0f} s", flush=True)
    database = await open_database(url, 2)
    print("| query | p50 ms at 10^4 | p50 ms | p99 ms | ratio | total | scans of the count |\n" + "|---" * 7 + "|")
    for name, query in QUERIES.items():
        small, large = [await _time(database, tenant_id, query, repeats) for tenant_id in tenants]
        times = f"{small.p50:.1f} | {large.p50:.1f} | {large.p99:.1f} | {large.p50 / small.p50:.1f}"
        print(f"| {name} | {times} | {large.total} | {large.plan} |", flush=True)
    await database.close()
    await owner.close()


async def _seed(owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, count: int) -> None:
    began = time.perf_counter()
    await owner.execute(
        "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", tenant_id, datetime.now(UTC)
    )
    await owner.execute("SET synchronous_commit = off; SET session_replication_role = replica")
    for first in range(1, count + 1, CHUNK):
        for statement in SEEDED:
            await owner.execute(statement, tenant_id, first, min(first + CHUNK - 1, count))
    await owner.execute("SET session_replication_role = origin")
    print(f"{count:,} passes made in {time.perf_counter() - began:.0f} s", flush=True)


async def _time(database: Database, tenant_id: str, query: str, repeats: int) -> Timing:
    search = parse_search(query.encode())
    took: list[float] = []
    total = ""
    for _ in range(repeats):
        began = time.perf_counter()
        listing = await search_passes(database, tenant_id, search)
        took.append((time.perf_counter() - began) * 1000)
        assert all(isinstance(one, ListedPass) for one in listing.passes)
        if listing.total is not None:
            total = f"{'' if listing.total.is_exact else '~'}{listing.total.count:,}"
    cuts = quantiles(took, n=100, method="inclusive")
    return Timing(cuts[49], cuts[98], total, await _plan(database, tenant_id, query))


async def _plan(database: Database, tenant_id: str, query: str) -> str:
    parameters = Parameters(tenant_id)
    filters = [one.filter for one in parse_search(query.encode()).filters]
    sql = compose_count(Narrowing(filters), 10_001, parameters)
    async with database.tenant(tenant_id) as tx:
        text = await tx.connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *parameters.arguments)
    return ", ".join(_indexes([json.loads(text)[0]["Plan"]]))


def _indexes(nodes: Sequence[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for node in nodes:
        found += [node.get("Index Name") or node["Node Type"]] if "Scan" in node["Node Type"] else []
        found += _indexes(node.get("Plans", ()))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.searching", description=__doc__)
    parser.add_argument("--passes", type=int, default=200_000, help="how many passes the large tenant has")
    parser.add_argument("--repeats", type=int, default=30, help="how often each query is asked")
    parser.add_argument("--bin-dir", type=Path, help="folder of PostgreSQL's programs; else the embedded ones")
    return parser.parse_args()


if __name__ == "__main__":
    main()
