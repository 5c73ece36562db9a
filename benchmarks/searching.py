"""`python -m benchmarks.searching`: lists of passes in a tenant of many, and what they cost beside a tenant of 10^4.

Each query is asked as the API asks it (a page and its total, in transactions of the tenant), without HTTP: in a
database of 10^4 passes, in a tenant of 10^4 beside the large one, and in the large one, in turn.
"""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from benchmarks.crowds import make_crowd
from benchmarks.queries import QUERIES, Asked, Asking
from benchmarks.stage import Stage, open_stage
from guerdon.passes.errors import SearchTooSlow
from guerdon.passes.search_parameters import parse_search
from guerdon.passes.searching import search_passes
from guerdon.platform.db import Database, Tx, open_database

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

SMALL = 10_000
VILLAGE, CITY = "village", "city"
# What is slow is asked five times.
SLOW_MS, SLOW_REPEATS = 500, 5
HEAD = """
| query | goes through | p50 ms at 10^4 | beside | p50 ms | p99 ms | ratio | blocks at 10^4 | blocks | total |
|---|---|---|---|---|---|---|---|---|---|"""
SHOWN = ("Node Type", "Index Name", "Relation Name", "Index Cond", "Filter", "Sort Key")


class Watched(Database):
    """A database that keeps what its transactions ask."""

    def __init__(self, watched: Database) -> None:
        """Watch an open database."""
        self._watched = watched
        self.asked: list[LoggedQuery] = []

    @asynccontextmanager
    async def tenant(self, tenant_id: str, *, dry_run: bool = False, by_keys: bool = False) -> AsyncGenerator[Tx]:
        """Open a transaction and keep what it asks."""
        async with self._watched.tenant(tenant_id, dry_run=dry_run, by_keys=by_keys) as tx:
            with tx.connection.query_logger(self.asked.append):
                yield tx


@dataclass(slots=True)
class Side:
    """One tenant in one database, and what was seen there of one query."""

    database: Database
    tenant_id: str
    passes: int
    took_ms: list[float] = field(default_factory=list[float])
    total: str = ""
    blocks: int = 0
    indexes: Sequence[str] = ()
    plans: Sequence[str] = ()

    @property
    def p50(self) -> float:
        """Give the median."""
        return quantiles(self.took_ms, n=100, method="inclusive")[49]

    @property
    def p99(self) -> float:
        """Give the 99th percentile."""
        return quantiles(self.took_ms, n=100, method="inclusive")[98]


def main() -> None:
    """Make the crowds, ask everything, print the table."""
    asked = _arguments()
    with open_stage(asked.bin_dir, asked.keep) as stage:
        asyncio.run(_run(stage, asked))


async def _run(stage: Stage, asked: argparse.Namespace) -> None:
    alone = await make_crowd(stage, f"crowd_{SMALL}", {VILLAGE: SMALL})
    crowded = await make_crowd(stage, f"crowd_{asked.passes}", {VILLAGE: SMALL, CITY: asked.passes})
    databases = [await open_database(url, 2) for url in (alone, crowded)]
    plans = asked.plans.open("w") if asked.plans else None
    print(HEAD)
    for name, query in QUERIES.items():
        if asked.only not in name:
            continue
        sides = [
            Side(databases[0], VILLAGE, SMALL),
            Side(databases[1], VILLAGE, SMALL),
            Side(databases[1], CITY, asked.passes),
        ]
        await _measure(sides, query, asked.repeats, vary=asked.vary)
        print(_line(name, *sides), flush=True)
        if plans:
            plans.write(f"## {name}\n\n{query(Asking(asked.passes, 0))}\n\n" + "\n".join(sides[-1].plans) + "\n\n")
    for database in databases:
        await database.close()


async def _measure(sides: Sequence[Side], query: Asked, repeats: int, *, vary: bool) -> None:
    for side in sides:
        # The first time is no measure: it reads what the others find in memory, unless they are about something else.
        await _ask(side.database, side, query, 0)
        await _explain(side, query)
        side.took_ms.clear()
    for number in range(repeats):
        for side in sides:
            if number < SLOW_REPEATS or sum(side.took_ms) < SLOW_MS * number:
                await _ask(side.database, side, query, number if vary else 0)


async def _ask(database: Database, side: Side, query: Asked, number: int) -> None:
    search = parse_search(query(Asking(side.passes, number)).encode())
    began = time.perf_counter()
    try:
        listing = await search_passes(database, side.tenant_id, search)
    except SearchTooSlow:
        side.total = "refused"
    else:
        if listing.total is not None:
            side.total = f"{'' if listing.total.is_exact else '~'}{listing.total.count:,}"
    side.took_ms.append((time.perf_counter() - began) * 1000)


async def _explain(side: Side, query: Asked) -> None:
    """Ask once more, and have every statement that was asked explained under the same settings."""
    watched = Watched(side.database)
    await _ask(watched, side, query, 0)
    indexes: dict[str, None] = {}
    texts: list[str] = []
    async with side.database.tenant(side.tenant_id) as tx:
        for one in watched.asked:
            if one.query.startswith(("EXPLAIN", "SET LOCAL statement_timeout")) or one.exception is not None:
                continue
            if one.query.startswith("SET"):
                await tx.connection.execute(one.query)
                continue
            explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {one.query}"
            (explained,) = json.loads(await tx.connection.fetchval(explain, *one.args))
            side.blocks += explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
            indexes |= dict.fromkeys(_indexes([explained["Plan"]]))
            texts.append(f"{one.query}\n{_drawn(explained['Plan'])}\n")
    side.indexes, side.plans = list(indexes), texts


def _line(name: str, alone: Side, beside: Side, large: Side) -> str:
    times = f"{alone.p50:.1f} | {beside.p50:.1f} | {large.p50:.1f} | {large.p99:.1f} | {large.p50 / alone.p50:.1f}"
    return f"| {name} | {', '.join(large.indexes)} | {times} | {alone.blocks:,} | {large.blocks:,} | {large.total} |"


def _indexes(nodes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if "Index Name" in node or node["Node Type"] == "Seq Scan":
            yield node.get("Index Name", "(all)")
        yield from _indexes(node.get("Plans", ()))


def _drawn(node: Mapping[str, Any], depth: int = 0) -> str:
    shown = [str(node[name]) for name in SHOWN if name in node]
    rows = f"rows={node['Actual Rows']} of {node['Plan Rows']} expected, loops={node['Actual Loops']}"
    blocks = f"blocks={node['Shared Hit Blocks']}+{node['Shared Read Blocks']}"
    below = "".join(_drawn(child, depth + 1) for child in node.get("Plans", ()))
    return f"\n{'  ' * depth}{' '.join(shown)} ({rows}, {blocks}){below}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.searching", description=__doc__)
    parser.add_argument("--passes", type=int, default=200_000, help="how many passes the large tenant has")
    parser.add_argument("--repeats", type=int, default=30, help="how often each query is asked")
    parser.add_argument("--only", default="", help="ask only queries with this in their names")
    parser.add_argument("--vary", action="store_true", help="ask about another customer, batch, store, city each time")
    parser.add_argument("--keep", type=Path, help="folder in which the databases are made, and found the next time")
    parser.add_argument("--plans", type=Path, help="file for the plans of all statements, as they ran")
    parser.add_argument("--bin-dir", type=Path, help="folder of PostgreSQL's programs; else the embedded ones")
    return parser.parse_args()


if __name__ == "__main__":
    main()
