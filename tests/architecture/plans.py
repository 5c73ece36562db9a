"""What PostgreSQL itself says of a statement: its parameters, its columns, and which rows of which tables it reads."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import asyncpg

from guerdon.platform.db import Tx
from tests.architecture.statements import statements

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def explain(connection: "Connection", sql: str, parameters: int, role: str | None = None) -> dict[str, Any]:
    """Give the plan that serves any parameters; in a role, this asks for the role's rights as well.

    Raises asyncpg.InsufficientPrivilegeError.
    """
    nulls = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        if role is not None:
            await connection.execute(f"SET LOCAL ROLE {role}; SET LOCAL app.tenant_id = 'somebody'")
        await connection.execute(f"PREPARE explained AS {sql}")
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE explained{nulls}")
    finally:
        await transaction.rollback()
        with contextlib.suppress(asyncpg.InvalidSQLStatementNameError):
            await connection.execute("DEALLOCATE explained")
    return json.loads(plan)[0]["Plan"]


async def run_explained(tx: Tx, key: str, *arguments: object) -> dict[str, Any]:
    """Run the one statement of a name, as the application, and give its plan with what came of it."""
    (sql,) = (one.sql for one in statements() if one.key == key)
    text = await tx.connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", tx.tenant_id, *arguments)
    return json.loads(text)[0]["Plan"]


def looked_at(plan: Mapping[str, Any]) -> int:
    """Count the rows of tables that all scans of a plan looked at."""
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        (node["Actual Rows"] + sum(node.get(why, 0) for why in removed)) * node["Actual Loops"]
        for node in nodes(plan)
        if "Scan" in node["Node Type"] and "Relation Name" in node
    )


def used_indexes(plan: Mapping[str, Any]) -> set[str]:
    """Name the indexes that a plan reads."""
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give every node of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def conditions(node: Mapping[str, Any]) -> str:
    """Give all that a scan asks of its rows."""
    return " ".join(str(value) for name, value in node.items() if name.endswith(("Cond", "Filter")))
