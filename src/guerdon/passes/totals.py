"""How many passes match: exact up to a bound; beyond it an estimate, and marked as one.

What is counted, and what is looked at for an estimate, is bounded however many passes there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from guerdon.passes import search_queries
from guerdon.passes.filter_queries import INDEX_OF, condition_of, finds_rows
from guerdon.passes.filters import Filter
from guerdon.passes.order_queries import Order
from guerdon.passes.page_queries import Gathering, Walk
from guerdon.platform.db import Database, Tx

# Statistics of a table are some minutes old, and rough for small tenants; what they say ten times over is so.
CLEARLY = 10
SAMPLE, SAMPLE_FOUND_MIN, DEVIATIONS = 2_000, 10, 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a search does for a page.

    Up to `few` passes are gathered rather than walked to, and counted exactly; `few_for_each` more for each pass before
    the page, since a walk looks at those and at whatever lies between them. A walk looks at `looks` passes, and at
    `looks_for_each` more for each pass of the page and of those before it. What is expected to find more than
    `gathered` is not gathered.
    """

    few: int = 10_000
    few_for_each: int = 30
    looks: int = 50_000
    looks_for_each: int = 10
    gathered: int = 1_000_000

    def few_behind(self, offset: int) -> int:
        """Give how many passes are gathered rather than walked to for a page that begins behind so many."""
        return min(self.few + self.few_for_each * offset, self.gathered)


@dataclass(frozen=True, slots=True)
class Total:
    """How many passes match."""

    count: int
    is_exact: bool

    def at_least(self, shown: int) -> "Total":
        """Give a total that is no less than what was shown already."""
        return self if self.is_exact else Total(max(self.count, shown), is_exact=False)


@dataclass(frozen=True, slots=True)
class Estimate:
    """About how many passes match, and whether they are certainly more than a few."""

    count: int
    is_many: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """How many match of a thousand passes at either end of the ids, and about how many passes they all stand for."""

    found_at_ends: tuple[int, int]
    crowd: int
    is_crowd_known: bool

    @property
    def found(self) -> int:
        """How many of the sample match."""
        return sum(self.found_at_ends)

    @property
    def count(self) -> int:
        """About how many passes match."""
        return self.crowd * self.found // SAMPLE

    def says_more_than(self, bound: int) -> bool:
        """Tell whether certainly more match: by a quarter, three deviations taken off, and both ends agree."""
        over = self.count - bound * 5 // 4
        is_clear = over > 0 and over * over * self.found > DEVIATIONS * DEVIATIONS * self.count * self.count
        # Ids that another provider gave may follow each other as its customers did.
        is_even = min(self.found_at_ends) * 4 >= self.found
        return self.is_crowd_known and self.found >= SAMPLE_FOUND_MIN and is_clear and is_even


async def find_driver(tx: Tx, filters: Sequence[Filter], few: int) -> Filter | None:
    """Find the filter of a member that finds fewest rows, if they are few: no statistics tell that well enough."""
    await search_queries.plan_to_gather_few(tx)
    driver, fewest = None, few + 1
    for one in filters:
        if _is_counted(one) and (count := await search_queries.count_alone(tx, one, fewest)) < fewest:
            driver, fewest = one, count
    return driver


async def expects_few(tx: Tx, filters: Sequence[Filter], bounds: Bounds) -> bool:
    """Tell whether statistics say that few match, where `find_driver` has not just counted many."""
    if all(_is_counted(one) for one in filters):
        return False
    told = [one for one in filters if condition_of(one) in INDEX_OF and not finds_rows(one)]
    return await search_queries.expect_passes(tx, told) <= bounds.few


async def expects_too_many(tx: Tx, filters: Sequence[Filter], bounds: Bounds) -> bool:
    """Tell whether statistics say that gathering would not come to its end, where they know."""
    if _is_one_range(filters):
        return await search_queries.expect_passes(tx, filters) > bounds.gathered
    return len(filters) == 1 and await expect_fewest(tx, filters) > bounds.gathered


async def expect_fewest(tx: Tx, filters: Sequence[Filter]) -> int:
    """Give how many rows the rarest filter of a member is expected to find; 0 if there is no such filter."""
    return min([await search_queries.expect_alone(tx, one) for one in filters if _is_counted(one)], default=0)


async def count_matches(
    database: Database, tenant_id: str, filters: Sequence[Filter], driver: Filter | None, bounds: Bounds
) -> Total:
    """Count the passes that all filters match, in two seconds; `driver` is what `find_driver` found."""
    estimate: Estimate | None = None
    try:
        async with database.tenant(tenant_id) as tx:
            await search_queries.prepare_total(tx)
            if driver is not None:
                return Total(await _gather(tx, filters, driver), is_exact=True)
            estimate = await _estimate(tx, filters, bounds)
            if estimate.is_many:
                return Total(estimate.count, is_exact=False)
            return await _count(tx, filters, estimate, bounds)
    except asyncpg.QueryCanceledError:
        if estimate is None:
            raise
        return Total(estimate.count, is_exact=False)


async def _count(tx: Tx, filters: Sequence[Filter], estimate: Estimate, bounds: Bounds) -> Total:
    await search_queries.plan_freely(tx)
    if any(finds_rows(one) for one in filters):
        return Total(await _gather(tx, filters, None), is_exact=True)
    count = await search_queries.count_passes(tx, filters, bounds.few + 1)
    return Total(count, is_exact=True) if count <= bounds.few else Total(max(count, estimate.count), is_exact=False)


async def _gather(tx: Tx, filters: Sequence[Filter], driver: Filter | None) -> int:
    gathered = await search_queries.gather_passes(tx, Gathering(filters, [Order()], driver), limit=1)
    return gathered.total or 0


async def _estimate(tx: Tx, filters: Sequence[Filter], bounds: Bounds) -> Estimate:
    if _is_one_range(filters):
        count = await search_queries.expect_passes(tx, filters)
        return Estimate(count, count > CLEARLY * bounds.few)
    if len(filters) == 1 and _is_counted(filters[0]):
        return Estimate(max(await _estimate_rows(tx, filters[0], bounds), bounds.few + 1), is_many=True)
    sample = await _sample(tx, filters, bounds)
    return Estimate(sample.count, sample.says_more_than(bounds.few))


async def _estimate_rows(tx: Tx, asked: Filter, bounds: Bounds) -> int:
    # How often a value occurs stands in the statistics. How many lie in a range does not: all members share a column.
    if asked.operator in {"equals", "in"}:
        count = await search_queries.expect_alone(tx, asked)
        if count > bounds.few:
            return count
    return (await _sample(tx, [asked], bounds)).count


async def _sample(tx: Tx, filters: Sequence[Filter], bounds: Bounds) -> Sample:
    """Look at passes by id, of those that a filter by value finds if there is one: ids that we make are random."""
    await search_queries.plan_to_walk(tx)
    first, last = [Walk(filters, Order(is_descending=ends), 0, SAMPLE // 2) for ends in (False, True)]
    found = await search_queries.count_walked(tx, first), await search_queries.count_walked(tx, last)
    if first.leader is not None:
        # More than a few rows were counted for it.
        crowd = max(await search_queries.expect_alone(tx, first.leader), bounds.few + 1)
        return Sample(found, crowd, is_crowd_known=True)
    crowd = await search_queries.expect_passes(tx, ())
    return Sample(found, crowd, is_crowd_known=crowd > CLEARLY * bounds.few)


def _is_counted(asked: Filter) -> bool:
    return finds_rows(asked) and condition_of(asked) in INDEX_OF


def _is_one_range(filters: Sequence[Filter]) -> bool:
    """Tell whether filters are about one column of passes, so that statistics know how many they find."""
    are_known = all(condition_of(one) in INDEX_OF and not finds_rows(one) for one in filters)
    return are_known and len({one.field.kind for one in filters}) <= 1
