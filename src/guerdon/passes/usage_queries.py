"""Every statement on the counters of passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from guerdon.platform.db import Tx

Count = tuple[tuple[date, str, str, str, int], int]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One sum: of a pass type or a day (`key`), in a wallet or none, of one thing that happens."""

    key: str
    provider: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a pass counts for now: its type, and the devices that hold it."""

    pass_id: str
    pass_type: str
    apple_devices: int
    google_devices: int


async def add_counts(tx: Tx, counts: Sequence[Count]) -> None:
    """Add to counts; they come as (day, type, provider, what, shard) with a number, in key order."""
    await tx.execute(
        """
        INSERT INTO pass_usage AS u (tenant_id, day, pass_type, provider, what, shard, count)
        SELECT $1, c.day, c.pass_type, c.provider, c.what, c.shard, c.count
          FROM unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::bigint[])
               AS c (day, pass_type, provider, what, shard, count)
        ON CONFLICT (tenant_id, day, pass_type, provider, what, shard) DO UPDATE SET count = u.count + excluded.count
        """,
        tx.tenant_id,
        [day for (day, _, _, _, _), _ in counts],
        [pass_type for (_, pass_type, _, _, _), _ in counts],
        [provider for (_, _, provider, _, _), _ in counts],
        [what for (_, _, _, what, _), _ in counts],
        [shard for (_, _, _, _, shard), _ in counts],
        [number for _, number in counts],
    )


async def list_standing(tx: Tx, pass_ids: Sequence[str]) -> list[Standing]:
    """Read what several passes count for now."""
    return await tx.all(
        Standing,
        """
        SELECT pass_id, pass_type, apple_devices, google_devices
          FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[])
        """,
        tx.tenant_id,
        pass_ids,
    )


async def sum_by_type(tx: Tx, pass_type: str | None, types_max: int) -> list[UsageRow]:
    """Sum the counts of one pass type, or of each."""
    return await tx.all(
        UsageRow,
        """
        SELECT pass_type AS key, provider, what, sum(count)::bigint AS count
          FROM pass_usage
         WHERE tenant_id = $1 AND ($2::text IS NULL OR pass_type = $2)
         GROUP BY pass_type, provider, what
         ORDER BY pass_type
         LIMIT $3
        """,
        tx.tenant_id,
        pass_type,
        types_max * 20,  # things that a type is counted for, at the most
    )


async def sum_all(tx: Tx) -> list[UsageRow]:
    """Sum the counts of the tenant."""
    return await tx.all(
        UsageRow,
        """
        SELECT '' AS key, provider, what, sum(count)::bigint AS count
          FROM pass_usage WHERE tenant_id = $1 GROUP BY provider, what
        """,
        tx.tenant_id,
    )


async def sum_by_day(tx: Tx, first: date, last: date) -> list[UsageRow]:
    """Sum the counts of each day of a window."""
    return await tx.all(
        UsageRow,
        """
        SELECT day::text AS key, provider, what, sum(count)::bigint AS count
          FROM pass_usage
         WHERE tenant_id = $1 AND day BETWEEN $2 AND $3
         GROUP BY day, provider, what
        """,
        tx.tenant_id,
        first,
        last,
    )
