"""The statements of a search: composed of the conditions of `filter_queries` and the orders that stand here.

No text of a caller is in a statement. An order has phases: passes that have what is sorted by, in the order of an
index, and then those that lack it. The tests of the architecture prepare every condition in every order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

import msgspec

from guerdon.passes.filter_queries import Parameters, compose_conditions
from guerdon.passes.filters import Filter
from guerdon.platform.db import Tx

_SELECT: Final = "SELECT p.pass_id FROM pass p WHERE p.tenant_id = $1"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which passes are meant: all filters hold, the type is this one, the id is higher than `after`."""

    filters: Sequence[Filter] = ()
    pass_type: str | None = None
    after: str | None = None

    def compose(self, parameters: Parameters) -> LiteralString:
        """Give the conditions as text that begins with AND or is empty."""
        return compose_conditions(self.filters, self.pass_type, parameters, self.after)


async def list_pass_ids(tx: Tx, narrowing: Narrowing, limit: int) -> list[str]:
    """List ids in their order."""
    parameters = Parameters(tx.tenant_id)
    await _plan_for_these(tx)
    records = await tx.records(compose_list(narrowing, limit, parameters), *parameters.arguments)
    return [record["pass_id"] for record in records]


async def count_passes(tx: Tx, narrowing: Narrowing, bound: int) -> int:
    """Count passes, up to `bound`."""
    parameters = Parameters(tx.tenant_id)
    await _plan_for_these(tx)
    count: int = await tx.value(compose_count(narrowing, bound, parameters), *parameters.arguments)
    return count


async def estimate_passes(tx: Tx, narrowing: Narrowing) -> int:
    """Give how many passes PostgreSQL believes there are, from its statistics alone."""
    parameters = Parameters(tx.tenant_id)
    plan = await tx.value(compose_estimate(narrowing, parameters), *parameters.arguments)
    (explained,) = msgspec.json.decode(plan, type=list[dict[str, dict[str, object]]])
    rows = explained["Plan"]["Plan Rows"]
    assert isinstance(rows, int)
    return rows


def compose_list(narrowing: Narrowing, limit: int, parameters: Parameters) -> LiteralString:
    """Compose the list of ids in their order."""
    conditions = narrowing.compose(parameters)
    return _SELECT + conditions + " ORDER BY p.pass_id LIMIT " + parameters.put(limit) + "::bigint"


def compose_count(narrowing: Narrowing, bound: int, parameters: Parameters) -> LiteralString:
    """Compose the count up to a bound."""
    found = _SELECT + narrowing.compose(parameters) + " LIMIT " + parameters.put(bound) + "::bigint"
    return "SELECT count(*) FROM (" + found + ") AS found"  # noqa: S608  # fragments and placeholders only


def compose_estimate(narrowing: Narrowing, parameters: Parameters) -> LiteralString:
    """Compose the question how many rows the planner expects."""
    return "EXPLAIN (FORMAT JSON) " + _SELECT + narrowing.compose(parameters)


async def _plan_for_these(tx: Tx) -> None:
    # One statement finds three passes or three million, by its values; a plan for any values would fit neither.
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
