"""The statements of a search, composed of the conditions of `filter_queries` and the orders of `order_queries`.

No text of a caller is in a statement: all of them are constant fragments and numbered parameters. The tests of the
architecture prepare every condition in every phase of every order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, LiteralString

import msgspec

from guerdon.passes.filter_queries import Parameters, compose_alone, compose_conditions, compose_sorted
from guerdon.passes.filters import Filter
from guerdon.passes.model import ListedPass
from guerdon.passes.order_queries import Mark, Order, OrderText, compose_phase, compose_several
from guerdon.platform.db import Tx

_SELECT: Final = "SELECT p.pass_id"
_OF_TENANT: Final = " WHERE p.tenant_id = $1 AND p.voided_at IS NULL"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which passes are meant: all filters hold, the type is this one, the id is higher than `after`."""

    filters: Sequence[Filter] = ()
    pass_type: str | None = None
    after: str | None = None
    driver: Filter | None = None  # one of the filters that finds few passes, which is asked first

    def compose(self, parameters: Parameters) -> LiteralString:
        """Give the conditions as text that begins with AND or is empty."""
        return compose_conditions(self.filters, self.pass_type, parameters, self.after, self.driver)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the passes of one phase of an order: those behind the mark, without the first `offset` of them."""

    order: Order
    phase: int
    limit: int
    offset: int = 0
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Where a name occurs: among identifiers, and as a number in metadata."""

    is_identifier: bool
    is_number: bool


async def list_part(tx: Tx, narrowing: Narrowing, part: Part) -> list[Mark]:
    """List a part of one phase."""
    parameters = Parameters(tx.tenant_id)
    records = await tx.records(compose_part(narrowing, part, parameters), *parameters.arguments)
    return [Mark(part.phase, tuple(record["keys"]), record["pass_id"]) for record in records]


async def list_by_several(
    tx: Tx, narrowing: Narrowing, orders: Sequence[Order], *, offset: int, limit: int
) -> list[str]:
    """List ids in an order by several things."""
    parameters = Parameters(tx.tenant_id)
    statement = compose_by_several(narrowing, orders, offset, limit, parameters)
    return [record["pass_id"] for record in await tx.records(statement, *parameters.arguments)]


async def count_passes(tx: Tx, narrowing: Narrowing, bound: int) -> int:
    """Count passes, up to `bound`."""
    parameters = Parameters(tx.tenant_id)
    count: int = await tx.value(compose_count(narrowing, bound, parameters), *parameters.arguments)
    return count


async def count_alone(tx: Tx, asked: Filter, bound: int) -> int:
    """Count what one filter finds by its index, up to `bound`."""
    parameters = Parameters(tx.tenant_id)
    count: int = await tx.value(compose_count_alone(asked, bound, parameters), *parameters.arguments)
    return count


async def count_phase(tx: Tx, narrowing: Narrowing, part: Part) -> int:
    """Count the passes of a part."""
    parameters = Parameters(tx.tenant_id)
    count: int = await tx.value(compose_phase_count(narrowing, part, parameters), *parameters.arguments)
    return count


async def estimate_passes(tx: Tx, narrowing: Narrowing) -> int:
    """Give how many passes PostgreSQL believes there are, from its statistics alone."""
    parameters = Parameters(tx.tenant_id)
    plan = await tx.value(compose_estimate(narrowing, parameters), *parameters.arguments)
    (explained,) = msgspec.json.decode(plan, type=list[dict[str, dict[str, object]]])
    rows = explained["Plan"]["Plan Rows"]
    assert isinstance(rows, int)
    return rows


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
    """Read passes in the order of the ids given."""
    return await tx.all(
        ListedPass,
        """
        SELECT p.pass_id, p.pass_type, p.sealed_secret, p.identifiers, p.metadata, p.additional_data, p.created_at,
               p.updated_at, p.apple_installed_at, p.google_installed_at
          FROM unnest($2::text[]) WITH ORDINALITY AS wanted (pass_id, place)
          JOIN pass p ON p.tenant_id = $1 AND p.pass_id = wanted.pass_id
         ORDER BY wanted.place
        """,
        tx.tenant_id,
        pass_ids,
    )


async def plan_for_search(tx: Tx) -> None:
    """Have every statement planned for its values: one finds three passes or three million, by them.

    A merge would begin at the first pass, wherever a list goes on.
    """
    await tx.execute(
        "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = on"
    )


async def prefer_indexes(tx: Tx) -> None:
    """Have indexes used where there is one, whatever statistics say of how many rows are found."""
    await tx.execute("SET LOCAL enable_seqscan = off")


async def plan_as_usual(tx: Tx) -> None:
    """Leave the transaction as it was to what comes after a search."""
    await tx.execute("SET LOCAL plan_cache_mode = auto; SET LOCAL enable_mergejoin = on; SET LOCAL enable_seqscan = on")


async def allow_little_time(tx: Tx) -> None:
    """Have what this transaction still asks stopped after two seconds a statement."""
    await tx.execute("SET LOCAL statement_timeout = '2s'")


async def allow_some_time(tx: Tx) -> None:
    """Have what this transaction still asks stopped after ten seconds a statement."""
    await tx.execute("SET LOCAL statement_timeout = '10s'")


def compose_list(narrowing: Narrowing, limit: int, parameters: Parameters) -> LiteralString:
    """Compose the list of ids in their order."""
    found = _SELECT + " FROM pass p" + _OF_TENANT + narrowing.compose(parameters)
    return found + " ORDER BY p.pass_id LIMIT " + parameters.put(limit) + "::bigint"


def compose_part(narrowing: Narrowing, part: Part, parameters: Parameters) -> LiteralString:
    """Compose a part of one phase."""
    text = compose_phase(part.order, part.order.phases[part.phase], part.mark, parameters)
    if part.phase == 0 and part.order.member is not None:
        text = replace(text, only=text.only + compose_sorted(narrowing.filters, part.order.member, parameters))
    return _compose_page(narrowing, text, part.offset, part.limit, parameters)


def compose_by_several(
    narrowing: Narrowing, orders: Sequence[Order], offset: int, limit: int, parameters: Parameters
) -> LiteralString:
    """Compose a page in an order by several things."""
    return _compose_page(narrowing, compose_several(orders, parameters), offset, limit, parameters)


def compose_count(narrowing: Narrowing, bound: int, parameters: Parameters) -> LiteralString:
    """Compose the count up to a bound."""
    found = _SELECT + " FROM pass p" + _OF_TENANT + narrowing.compose(parameters)
    return _compose_bounded_count(found, bound, parameters)


def compose_count_alone(asked: Filter, bound: int, parameters: Parameters) -> LiteralString:
    """Compose the count of what one filter finds, up to a bound."""
    return _compose_bounded_count(compose_alone(asked, parameters), bound, parameters)


def compose_phase_count(narrowing: Narrowing, part: Part, parameters: Parameters) -> LiteralString:
    """Compose the count of a part."""
    text = compose_phase(part.order, part.order.phases[part.phase], part.mark, parameters)
    found = _SELECT + " FROM pass p" + text.join + _OF_TENANT + text.only + narrowing.compose(parameters)
    return _compose_bounded_count(found, part.limit, parameters)


def compose_estimate(narrowing: Narrowing, parameters: Parameters) -> LiteralString:
    """Compose the question how many rows the planner expects."""
    return "EXPLAIN (FORMAT JSON) " + _SELECT + " FROM pass p" + _OF_TENANT + narrowing.compose(parameters)


def _compose_page(
    narrowing: Narrowing, text: OrderText, offset: int, limit: int, parameters: Parameters
) -> LiteralString:
    columns = _SELECT + ", " + text.keys + " AS keys FROM pass p"
    where = _OF_TENANT + text.only + narrowing.compose(parameters) + " ORDER BY " + text.order_by
    window = " LIMIT " + parameters.put(limit) + "::bigint OFFSET " + parameters.put(offset) + "::bigint"
    return columns + text.join + where + window


def _compose_bounded_count(found: LiteralString, bound: int, parameters: Parameters) -> LiteralString:
    limited: LiteralString = found + " LIMIT " + parameters.put(bound) + "::bigint"
    return "SELECT count(*) FROM (" + limited + ") AS found"  # noqa: S608  # fragments and parameters only
