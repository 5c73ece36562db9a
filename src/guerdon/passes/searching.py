"""Searching passes by what they say: walking all matches, counting them, and pages of them."""

from collections.abc import Sequence

from guerdon.passes import search_queries
from guerdon.passes.filters import Filter
from guerdon.passes.search_queries import Narrowing
from guerdon.platform.db import Tx


async def list_pass_ids(
    tx: Tx, filters: Sequence[Filter], pass_type: str | None, *, after: str, limit: int
) -> list[str]:
    """List the ids of passes that all filters match, in their order, from the first one higher than `after` on.

    An empty `after` begins; fewer ids than `limit` end. For work that walks all matches in chunks.
    """
    return await search_queries.list_pass_ids(tx, Narrowing(filters, pass_type, after), limit)


async def count_passes(tx: Tx, filters: Sequence[Filter], pass_type: str | None, bound: int) -> tuple[int, bool]:
    """Count the passes that all filters match, and tell whether the count is exact.

    Beyond `bound` it is PostgreSQL's estimate, which is never told as less than what was counted.
    """
    narrowing = Narrowing(filters, pass_type)
    count = await search_queries.count_passes(tx, narrowing, bound + 1)
    if count <= bound:
        return count, True
    return max(count, await search_queries.estimate_passes(tx, narrowing)), False
