"""Searching passes by what they say: walking all matches, and pages of them in any order."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import asyncpg

from guerdon.passes import search_queries
from guerdon.passes.cursors import read_cursor, write_cursor
from guerdon.passes.errors import CursorInvalid, PageTooDeep, SearchTooSlow
from guerdon.passes.filter_queries import INDEX_OF, condition_of
from guerdon.passes.filters import Filter
from guerdon.passes.model import ListedPass
from guerdon.passes.order_queries import Mark, Order
from guerdon.passes.page_queries import Gathering, Walk
from guerdon.passes.search_parameters import MEMBER, Search, Sort
from guerdon.passes.selection_queries import Narrowing, list_part
from guerdon.passes.totals import (
    Bounds,
    Total,
    count_matches,
    expect_fewest,
    expects_few,
    expects_too_many,
    find_driver,
)
from guerdon.platform.db import Database, Tx
from guerdon.platform.problems import Overloaded

OFFSET_MAX = 100_000
BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a list; `next_cursor` goes on, `total` is there for pages and the beginning."""

    passes: Sequence[ListedPass]
    next_cursor: str | None
    total: Total | None


@dataclass(frozen=True, slots=True)
class Found:
    """The passes of a part; `gathered` tells how many there are in all, if they were gathered."""

    marks: Sequence[Mark]
    next_cursor: str | None = None
    gathered: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for: from an offset on, or behind a mark; neither begins a list by cursor."""

    limit: int
    offset: int | None
    mark: Mark | None


async def select_pass_ids(
    tx: Tx, filters: Sequence[Filter], pass_type: str | None, limit: int
) -> AsyncIterator[list[str]]:
    """Give the ids of all passes that all filters match, each once, in their order, in pages of at most `limit`.

    The transaction is for this alone: all of its statements are planned as those of a search.
    """
    await search_queries.plan_by_values(tx)
    driver = await find_driver(tx, filters, BOUNDS.few)
    if driver is None:
        await search_queries.plan_onward(tx)
    narrowing = Narrowing(filters, pass_type, driver=driver)
    while page := await list_part(tx, narrowing, limit):
        yield page
        if len(page) < limit:
            break
        narrowing = replace(narrowing, after=page[-1])


async def search_passes(database: Database, tenant_id: str, search: Search, bounds: Bounds = BOUNDS) -> Listing:
    """List what a query asks for, in transactions of bounded time.

    Raises CursorInvalid, PageTooDeep, SearchTooSlow, Overloaded when even a list without filters took too long.
    """
    filters = [one.filter for one in search.filters]
    is_deep = search.offset is not None and search.offset > OFFSET_MAX
    try:
        async with database.tenant(tenant_id) as tx:
            await search_queries.prepare_page(tx)
            driver = await find_driver(tx, filters, bounds.few_behind(0 if is_deep else search.offset or 0))
            found = Found(()) if is_deep else await _find(tx, filters, driver, search, bounds)
            passes = await search_queries.list_passes(tx, [mark.pass_id for mark in found.marks])
        total = None
        if search.cursor is None and found.gathered is not None:
            total = Total(found.gathered, is_exact=True)
        elif search.cursor is None:
            total = await count_matches(database, tenant_id, filters, driver, bounds)
            total = total.at_least((search.offset or 0) + len(passes) if passes else 0)
    except asyncpg.QueryCanceledError as slow:
        raise _refuse(search) from slow
    except asyncpg.DataError as forged:
        raise CursorInvalid from forged
    if is_deep and not (total and total.is_exact and total.count <= OFFSET_MAX):
        raise PageTooDeep(OFFSET_MAX)
    return Listing(passes, found.next_cursor, total)


def unindexed(search: Search) -> list[str]:
    """Name the filters and sorts that can use no index, by their places."""
    filters = [one.place for one in search.filters if condition_of(one.filter) not in INDEX_OF]
    has_none = len(search.sorts) > 1
    sorts = [one.place for one in search.sorts if has_none or one.kind == "lastUpdateDate"]
    return filters + sorts


def _refuse(search: Search) -> Exception:
    if places := unindexed(search):
        return SearchTooSlow(places)
    if not search.filters:
        return Overloaded()
    return SearchTooSlow((), [one.place for one in (*search.filters, *search.sorts)])


async def _find(tx: Tx, filters: Sequence[Filter], driver: Filter | None, search: Search, bounds: Bounds) -> Found:
    orders = [await _resolve(tx, sort) for sort in search.sorts] or [Order()]
    mark = None if search.cursor is None else read_cursor(orders[0], search.cursor)
    window = Window(search.limit, search.offset, mark)
    if driver is not None:
        return await _gather(tx, Gathering(filters, orders, driver, mark=mark), window)
    await search_queries.plan_freely(tx)
    if await expects_few(tx, filters, bounds):
        most = 2 * bounds.few
        few = await _gather(tx, Gathering(filters, orders, expected_max=most + 1, mark=mark), window)
        if few.gathered is not None and few.gathered <= most:
            return few
    if len(orders) == 1 and (orders[0].phases[0].index is not None or not filters):
        walked = await _walk(tx, filters, orders[0], window, bounds)
        if walked is not None:
            return walked
        await search_queries.plan_freely(tx)
    if await expects_too_many(tx, filters, bounds):
        raise _refuse(search)
    return await _gather(tx, Gathering(filters, orders, mark=mark), window)


async def _resolve(tx: Tx, sort: Sort) -> Order:
    kind = sort.kind
    if kind in {MEMBER, "metadata"}:
        member = await search_queries.tell_member(tx, sort.name)
        if kind == MEMBER:
            kind = "identifiers" if member.is_identifier else "metadata"
        if kind == "metadata" and member.is_number:
            kind = "metadata number"
    return Order(kind, sort.name, sort.is_descending)


async def _gather(tx: Tx, gathering: Gathering, window: Window) -> Found:
    limit, offset = window.limit, window.offset or 0
    part = await search_queries.gather_passes(tx, gathering, limit=limit + 1, offset=offset)
    total = part.total or 0
    if not part.marks and (offset or gathering.mark is not None):
        # A part that is empty does not say how many there are before it.
        total = (await search_queries.gather_passes(tx, replace(gathering, mark=None), limit=1)).total or 0
    next_cursor = None
    if window.offset is None and len(part.marks) > limit:
        next_cursor = write_cursor(gathering.orders[0], part.marks[limit - 1])
    return Found(part.marks[:limit], next_cursor, total)


async def _walk(tx: Tx, filters: Sequence[Filter], order: Order, window: Window, bounds: Bounds) -> Found | None:
    """Walk to a part of the list; None when more looks are worth less than gathering, which a page then needs."""
    if order.phases[0].index is not None:
        await search_queries.plan_to_walk(tx)
    if window.offset is None:
        return await _walk_on(tx, filters, order, window, bounds)
    return await _walk_to(tx, filters, order, window.offset, window.limit, bounds)


async def _walk_on(tx: Tx, filters: Sequence[Filter], order: Order, window: Window, bounds: Bounds) -> Found:
    mark, wanted = window.mark, window.limit + 1
    found: list[Mark] = []
    for number in range(0 if mark is None else mark.phase, len(order.phases)):
        behind = mark if mark is not None and mark.phase == number else None
        looks = bounds.looks + bounds.looks_for_each * wanted
        walk = _bound(Walk(filters, order, number, looks, behind), wanted)
        found += await search_queries.walk_passes(tx, walk, limit=wanted - len(found))
        if len(found) == wanted:
            return Found(found[:-1], write_cursor(order, found[-2]))
        end = await search_queries.find_walk_end(tx, walk)
        if end is not None:
            return Found(found, write_cursor(order, end))
    return Found(found)


async def _walk_to(
    tx: Tx, filters: Sequence[Filter], order: Order, offset: int, limit: int, bounds: Bounds
) -> Found | None:
    looks = bounds.looks + bounds.looks_for_each * (offset + limit)
    if offset:
        looks = max(looks, min(2 * await expect_fewest(tx, filters), bounds.gathered))
    found: list[Mark] = []
    for number in range(len(order.phases)):
        walk = _bound(Walk(filters, order, number, looks), offset + limit)
        here = await search_queries.walk_passes(tx, walk, limit=limit - len(found), offset=offset)
        found += here
        if len(found) == limit:
            return Found(found)
        if await search_queries.find_walk_end(tx, walk) is not None:
            return None
        if here:
            offset = 0
        elif offset and number + 1 < len(order.phases):
            offset -= await search_queries.count_walked(tx, walk)
    return Found(found)


def _bound(walk: Walk, wanted: int) -> Walk:
    """Have a walk that finds whatever it looks at look at no more than is wanted."""
    return walk if walk.held or walk.phase.lacking else replace(walk, looks_max=wanted)
