"""What a search asks the database: pages, counts, PostgreSQL's expectations, and how statements are planned meanwhile.

Statements are composed of the conditions of `filter_queries` and the orders of `order_queries`; those of pages stand in
`page_queries`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

import msgspec

from guerdon.passes.filter_queries import Parameters, compose_alone, compose_expected, compose_joined
from guerdon.passes.filters import Filter
from guerdon.passes.model import ListedPass
from guerdon.passes.order_queries import Mark
from guerdon.passes.page_queries import (
    OF_TENANT,
    Gathering,
    Walk,
    compose_gathering,
    compose_walk,
    compose_walk_count,
    compose_walk_end,
)
from guerdon.platform.db import Tx

_IDS: Final = "SELECT p.pass_id FROM pass p" + OF_TENANT  # noqa: S608  # constant fragments


@dataclass(frozen=True, slots=True)
class Member:
    """Where a name occurs: among identifiers, and as a number in metadata."""

    is_identifier: bool
    is_number: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """A part of what was gathered, and how many there are in all; unknown (None) when the part is empty."""

    marks: Sequence[Mark]
    total: int | None


async def walk_passes(tx: Tx, walk: Walk, *, limit: int, offset: int = 0) -> list[Mark]:
    """List a part of the passes that a walk finds."""
    parameters = Parameters(tx.tenant_id)
    records = await tx.records(compose_walk(walk, limit, offset, parameters), *parameters.arguments)
    return [Mark(walk.phase_number, tuple(record["keys"]), record["pass_id"]) for record in records]


async def count_walked(tx: Tx, walk: Walk) -> int:
    """Count the passes that a walk finds."""
    parameters = Parameters(tx.tenant_id)
    count: int = await tx.value(compose_walk_count(walk, parameters), *parameters.arguments)
    return count


async def find_walk_end(tx: Tx, walk: Walk) -> Mark | None:
    """Find the last pass that a walk may look at, or None when its index ends before."""
    parameters = Parameters(tx.tenant_id)
    records = await tx.records(compose_walk_end(walk, parameters), *parameters.arguments)
    return next((Mark(walk.phase_number, tuple(one["keys"]), one["pass_id"]) for one in records), None)


async def gather_passes(tx: Tx, gathering: Gathering, *, limit: int, offset: int = 0) -> Gathered:
    """List a part of what is gathered, and count all of it. Marks are those of the first of its orders."""
    parameters = Parameters(tx.tenant_id)
    records = await tx.records(compose_gathering(gathering, limit, offset, parameters), *parameters.arguments)
    has_phases = len(gathering.orders[0].phases) > 1
    marks: list[Mark] = []
    for record in records:
        lacks_key = has_phases and record["keys"][0] is None
        marks.append(Mark(int(lacks_key), () if lacks_key else tuple(record["keys"]), record["pass_id"]))
    return Gathered(marks, records[0]["total"] if records else None)


async def count_passes(tx: Tx, filters: Sequence[Filter], bound: int) -> int:
    """Count passes, up to `bound`."""
    parameters = Parameters(tx.tenant_id)
    count: int = await tx.value(compose_count(filters, bound, parameters), *parameters.arguments)
    return count


async def count_alone(tx: Tx, asked: Filter, bound: int) -> int:
    """Count what one filter finds by its index, up to `bound`."""
    parameters = Parameters(tx.tenant_id)
    count: int = await tx.value(compose_count_alone(asked, bound, parameters), *parameters.arguments)
    return count


async def expect_passes(tx: Tx, filters: Sequence[Filter]) -> int:
    """Give how many passes PostgreSQL expects filters to find, from its statistics alone."""
    parameters = Parameters(tx.tenant_id)
    return await _expect(tx, _IDS + compose_expected(filters, parameters), parameters)


async def expect_alone(tx: Tx, asked: Filter) -> int:
    """Give how many rows PostgreSQL expects one filter to find, from its statistics alone."""
    parameters = Parameters(tx.tenant_id)
    return await _expect(tx, compose_alone(asked, parameters), parameters)


async def tell_member(tx: Tx, name: str) -> Member:
    """Tell where a name occurs."""
    (record,) = await tx.records(
        """
        SELECT EXISTS (SELECT FROM pass_identifier WHERE tenant_id = $1 AND name = $2) AS is_identifier,
               EXISTS (SELECT FROM pass_metadata WHERE tenant_id = $1 AND name = $2 AND number IS NOT NULL) AS is_number
        """,
        tx.tenant_id,
        name,
    )
    return Member(record["is_identifier"], record["is_number"])


async def list_passes(tx: Tx, pass_ids: Sequence[str]) -> list[ListedPass]:
    """Read passes in the order of the ids given, but for those that are voided."""
    return await tx.all(
        ListedPass,
        """
        SELECT p.pass_id, p.pass_type, p.sealed_secret, p.identifiers, p.metadata, p.additional_data, p.created_at,
               p.updated_at, p.apple_installed_at, p.google_installed_at
          FROM unnest($2::text[]) WITH ORDINALITY AS wanted (pass_id, place)
          JOIN pass p ON p.tenant_id = $1 AND p.pass_id = wanted.pass_id AND p.voided_at IS NULL
         ORDER BY wanted.place
        """,
        tx.tenant_id,
        pass_ids,
    )


async def prepare_page(tx: Tx) -> None:
    """Have all that this transaction asks be of one instant, and a statement of it stopped after ten seconds.

    So what a list shows, where it goes on and how many there are belong together, whatever is written meanwhile.
    """
    await tx.execute(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = '10s';"
        " SET LOCAL plan_cache_mode = force_custom_plan"
    )


async def prepare_total(tx: Tx) -> None:
    """Have a statement of this transaction stopped after two seconds."""
    await tx.execute("SET LOCAL statement_timeout = '2s'; SET LOCAL plan_cache_mode = force_custom_plan")


async def plan_by_values(tx: Tx) -> None:
    """Have every statement of this transaction planned for its values, by which it finds three passes or three million.

    A plan that was made for any values is bad for most of them.
    """
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")


async def plan_to_walk(tx: Tx) -> None:
    """Have an index give the order, and whatever is asked besides looked up for one pass after the other.

    PostgreSQL does not know how soon a page is full; everything else reads all matches first.
    """
    await tx.execute(
        "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;"
        " SET LOCAL enable_mergejoin = off; SET LOCAL max_parallel_workers_per_gather = 0"
    )


async def plan_to_gather_few(tx: Tx) -> None:
    """Have indexes used, whatever statistics say: it was counted that few are found."""
    await tx.execute(
        "SET LOCAL enable_sort = on; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;"
        " SET LOCAL enable_mergejoin = off; SET LOCAL max_parallel_workers_per_gather = 0"
    )


async def plan_freely(tx: Tx) -> None:
    """Leave it to PostgreSQL again how statements are worked off."""
    await tx.execute(
        "SET LOCAL enable_sort TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT;"
        " SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
    )


async def plan_onward(tx: Tx) -> None:
    """Leave it to PostgreSQL, but for merges: one would begin at the first pass, wherever a list goes on."""
    await plan_freely(tx)
    await tx.execute("SET LOCAL enable_mergejoin = off")


def compose_count(filters: Sequence[Filter], bound: int, parameters: Parameters) -> LiteralString:
    """Compose the count up to a bound."""
    return _compose_bounded_count(_IDS + compose_joined(filters, parameters), bound, parameters)


def compose_count_alone(asked: Filter, bound: int, parameters: Parameters) -> LiteralString:
    """Compose the count of what one filter finds, up to a bound."""
    return _compose_bounded_count(compose_alone(asked, parameters), bound, parameters)


async def _expect(tx: Tx, statement: LiteralString, parameters: Parameters) -> int:
    plan = await tx.value("EXPLAIN (FORMAT JSON) " + statement, *parameters.arguments)
    (explained,) = msgspec.json.decode(plan, type=list[dict[str, dict[str, object]]])
    rows = explained["Plan"]["Plan Rows"]
    assert isinstance(rows, int)
    return rows


def _compose_bounded_count(found: LiteralString, bound: int, parameters: Parameters) -> LiteralString:
    limited: LiteralString = found + " LIMIT " + parameters.put(bound) + "::bigint"
    return "SELECT count(*) FROM (" + limited + ") AS found"  # noqa: S608  # fragments and parameters only
