"""Searching passes by what they say: walking all matches, counting them, and pages of them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import asyncpg

from guerdon.passes import search_queries, walk_queries
from guerdon.passes.cursors import read_cursor, write_cursor
from guerdon.passes.errors import CursorInvalid, PageTooDeep, SearchTooSlow
from guerdon.passes.filter_queries import INDEX_OF, condition_of
from guerdon.passes.filters import MEMBER_KINDS, Filter
from guerdon.passes.model import ListedPass
from guerdon.passes.order_queries import ORDERS, Mark, Order
from guerdon.passes.search_parameters import MEMBER, Search, Sort
from guerdon.passes.search_queries import Narrowing, Part
from guerdon.platform.db import Database, Tx
from guerdon.platform.problems import Overloaded

EXACT_MAX = 10_000
OFFSET_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Total:
    """How many passes match; beyond 10 000, or when counting took too long, PostgreSQL's estimate."""

    count: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a list; `next_cursor` goes on, `total` is there for pages and the beginning."""

    passes: Sequence[ListedPass]
    next_cursor: str | None
    total: Total | None


async def walk_pass_ids(
    tx: Tx, filters: Sequence[Filter], pass_type: str | None, limit: int
) -> AsyncIterator[list[str]]:
    """Give the ids of all passes that all filters match, each once, in their order, in pages of at most `limit`.

    The transaction is for this alone: all of its statements are planned as those of a search.
    """
    narrowing = await _narrow(tx, filters, pass_type, after="")
    await _plan(tx, narrowing)
    while page := await walk_queries.list_page(tx, narrowing, limit):
        yield page
        if len(page) < limit:
            break
        narrowing = replace(narrowing, after=page[-1])


async def count_passes(tx: Tx, filters: Sequence[Filter], pass_type: str | None, bound: int) -> tuple[int, bool]:
    """Count the passes that all filters match, and tell whether the count is exact.

    Beyond `bound` it is PostgreSQL's estimate, which is never told as less than what was counted.
    """
    total = await _count_narrowed(tx, await _narrow(tx, filters, pass_type), bound)
    await search_queries.plan_as_usual(tx)
    return total.count, total.is_exact


async def search_passes(database: Database, tenant_id: str, search: Search) -> Listing:
    """List what a query asks for, in transactions of bounded time.

    Raises CursorInvalid, PageTooDeep, SearchTooSlow, Overloaded when a search that uses indexes took too long as well.
    """
    filters = [one.filter for one in search.filters]
    try:
        total, driver = None, None
        if search.cursor is None:
            total, driver = await _count(database, tenant_id, filters)
        async with database.tenant(tenant_id) as tx:
            await search_queries.allow_some_time(tx)
            narrowing = await _narrow(tx, filters) if total is None else Narrowing(filters, driver=driver)
            pass_ids, next_cursor = await _list(tx, narrowing, search, total)
            return Listing(await search_queries.list_passes(tx, pass_ids), next_cursor, total)
    except asyncpg.QueryCanceledError as slow:
        places = unindexed(search)
        raise SearchTooSlow(places) if places else Overloaded from slow
    except asyncpg.DataError as forged:
        raise CursorInvalid from forged


def unindexed(search: Search) -> list[str]:
    """Name the filters and sorts that can use no index, by their places."""
    filters = [one.place for one in search.filters if condition_of(one.filter) not in INDEX_OF]
    has_none = len(search.sorts) > 1
    sorts = [one.place for one in search.sorts if has_none or one.kind == "lastUpdateDate"]
    return filters + sorts


async def _narrow(
    tx: Tx, filters: Sequence[Filter], pass_type: str | None = None, after: str | None = None
) -> Narrowing:
    """Choose the filter to begin with: of members, no statistics tell how many passes a filter finds."""
    await search_queries.plan_for_search(tx)
    await search_queries.prefer_indexes(tx)
    found: list[tuple[int, int]] = []
    for place, one in enumerate(filters):
        if one.field.kind in MEMBER_KINDS and condition_of(one) in INDEX_OF:
            found.append((await search_queries.count_alone(tx, one, EXACT_MAX + 1), place))
    count, place = min(found, default=(EXACT_MAX + 1, 0))
    return Narrowing(filters, pass_type, after, filters[place] if count <= EXACT_MAX else None)


async def _plan(tx: Tx, narrowing: Narrowing) -> None:
    await search_queries.plan_for_search(tx)
    if narrowing.driver is not None:
        await search_queries.prefer_indexes(tx)


async def _count_narrowed(tx: Tx, narrowing: Narrowing, bound: int) -> Total:
    await _plan(tx, narrowing)
    count = await search_queries.count_passes(tx, narrowing, bound + 1)
    if count <= bound:
        return Total(count, is_exact=True)
    return Total(max(count, await search_queries.estimate_passes(tx, narrowing)), is_exact=False)


async def _count(database: Database, tenant_id: str, filters: Sequence[Filter]) -> tuple[Total, Filter | None]:
    narrowing = Narrowing(filters)
    try:
        async with database.tenant(tenant_id) as tx:
            await search_queries.allow_little_time(tx)
            narrowing = await _narrow(tx, filters)
            return await _count_narrowed(tx, narrowing, EXACT_MAX), narrowing.driver
    except asyncpg.QueryCanceledError:
        async with database.tenant(tenant_id) as tx:
            await search_queries.allow_little_time(tx)
            return Total(await search_queries.estimate_passes(tx, narrowing), is_exact=False), narrowing.driver


async def _list(tx: Tx, narrowing: Narrowing, search: Search, total: Total | None) -> tuple[list[str], str | None]:
    await search_queries.prefer_indexes(tx)
    orders = [await _resolve(tx, sort) for sort in search.sorts] or [Order()]
    await _plan(tx, narrowing)
    if search.offset is None:
        return await _go_on(tx, narrowing, orders[0], search)
    if total is not None and total.is_exact and search.offset >= total.count:
        return [], None
    if search.offset > OFFSET_MAX:
        raise PageTooDeep(OFFSET_MAX)
    if len(orders) > 1:
        limit = search.limit
        return await search_queries.list_by_several(tx, narrowing, orders, offset=search.offset, limit=limit), None
    found = await _page(tx, narrowing, orders[0], search.offset, search.limit)
    return [mark.pass_id for mark in found], None


async def _resolve(tx: Tx, sort: Sort) -> Order:
    kind = sort.kind
    if kind in {MEMBER, "metadata"}:
        member = await search_queries.tell_member(tx, sort.name)
        if kind == MEMBER:
            kind = "identifiers" if member.is_identifier else "metadata"
        if kind == "metadata" and member.is_number:
            kind = "metadata number"
    return Order(kind, sort.name, sort.is_descending)


async def _go_on(tx: Tx, narrowing: Narrowing, order: Order, search: Search) -> tuple[list[str], str | None]:
    mark = None if search.cursor is None else read_cursor(order, search.cursor)
    wanted = search.limit + 1
    found: list[Mark] = []
    for phase in range(0 if mark is None else mark.phase, len(ORDERS[order.by])):
        behind = mark if mark is not None and mark.phase == phase else None
        part = Part(order, phase, wanted - len(found), mark=behind)
        found += await search_queries.list_part(tx, narrowing, part)
        if len(found) == wanted:
            break
    pass_ids = [one.pass_id for one in found[: search.limit]]
    return pass_ids, write_cursor(order, found[search.limit - 1]) if len(found) == wanted else None


async def _page(tx: Tx, narrowing: Narrowing, order: Order, offset: int, limit: int) -> list[Mark]:
    found: list[Mark] = []
    for phase in range(len(order.phases)):
        part = Part(order, phase, limit - len(found), offset)
        here = await search_queries.list_part(tx, narrowing, part)
        found += here
        if len(found) == limit:
            break
        if here:
            offset = 0
        elif offset and phase + 1 < len(order.phases):
            offset -= await search_queries.count_phase(tx, narrowing, Part(order, phase, offset))
    return found
