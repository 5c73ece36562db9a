"""Every statement on campaigns, their chunks and their errors."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.campaigns.model import CHUNK_PASSES_MAX, Campaign, Chunk, Member
from guerdon.platform.db import Tx


async def insert_campaign(tx: Tx, new: Campaign, request: str) -> None:
    """Keep a new campaign, without its passes."""
    await tx.execute(
        """
        INSERT INTO campaign (tenant_id, campaign_id, name, correlation_id, request, actor, passes_per_s, total,
                              started_at, last_activity_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        """,
        tx.tenant_id,
        new.campaign_id,
        new.name,
        new.correlation_id,
        request,
        new.actor,
        new.passes_per_s,
        new.total,
        new.started_at,
    )


async def set_total(tx: Tx, campaign_id: UUID, total: int) -> None:
    """Keep how many passes a campaign has."""
    await tx.execute(
        "UPDATE campaign SET total = $3 WHERE tenant_id = $1 AND campaign_id = $2", tx.tenant_id, campaign_id, total
    )


async def insert_chunk(tx: Tx, campaign_id: UUID, chunk: Chunk) -> None:
    """Keep passes of a campaign that are to be done together."""
    await tx.execute(
        """
        INSERT INTO campaign_chunk (tenant_id, campaign_id, first_position, pass_ids, changes)
        VALUES ($1, $2, $3, string_to_array($4, ','), $5)
        """,
        tx.tenant_id,
        campaign_id,
        chunk.first_position,
        ",".join(chunk.pass_ids),
        chunk.changes_text,
    )


async def find_campaign(tx: Tx, campaign_id: UUID) -> Campaign | None:
    """Read one campaign."""
    return await tx.maybe(
        Campaign,
        """
        SELECT campaign_id, name, correlation_id, actor, passes_per_s, total, updated, errors, apple_deployed,
               google_deployed, started_at, last_activity_at, cancelled_at
          FROM campaign WHERE tenant_id = $1 AND campaign_id = $2
        """,
        tx.tenant_id,
        campaign_id,
    )


async def find_work(tx: Tx, campaign_id: UUID) -> tuple[str | None, str | None]:
    """Read what a campaign does: its members `update` and `notification` as JSON text."""
    record = await tx.records(
        """
        SELECT request -> 'update', request -> 'notification' FROM campaign WHERE tenant_id = $1 AND campaign_id = $2
        """,
        tx.tenant_id,
        campaign_id,
    )
    return record[0][0], record[0][1]


async def list_campaigns(tx: Tx, since: datetime, before: UUID | None, limit: int) -> list[Campaign]:
    """List the campaigns that started since an instant, newest first."""
    return await tx.all(
        Campaign,
        """
        SELECT campaign_id, name, correlation_id, actor, passes_per_s, total, updated, errors, apple_deployed,
               google_deployed, started_at, last_activity_at, cancelled_at
          FROM campaign
         WHERE tenant_id = $1 AND started_at >= $2 AND ($3::uuid IS NULL OR campaign_id < $3)
         ORDER BY campaign_id DESC
         LIMIT $4
        """,
        tx.tenant_id,
        since,
        before,
        limit,
    )


async def find_next_of(tx: Tx, correlation_id: str, campaign_id: UUID) -> Campaign | None:
    """Read the first campaign of a correlation id that has passes, this one or later."""
    return await tx.maybe(
        Campaign,
        """
        SELECT campaign_id, name, correlation_id, actor, passes_per_s, total, updated, errors, apple_deployed,
               google_deployed, started_at, last_activity_at, cancelled_at
          FROM campaign
         WHERE tenant_id = $1 AND correlation_id = $2 AND campaign_id >= $3 AND total > 0
         ORDER BY campaign_id
         LIMIT 1
        """,
        tx.tenant_id,
        correlation_id,
        campaign_id,
    )


async def is_known(tx: Tx, correlation_id: str) -> bool:
    """Tell whether any campaign has a correlation id."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM campaign WHERE tenant_id = $1 AND correlation_id = $2)",
        tx.tenant_id,
        correlation_id,
    )
    return found


async def cancel_unfinished(tx: Tx, correlation_id: str, now: datetime) -> list[UUID]:
    """Cancel the campaigns of a correlation id that are not over, and tell which."""
    records = await tx.records(
        """
        UPDATE campaign SET cancelled_at = $3
         WHERE tenant_id = $1 AND correlation_id = $2 AND cancelled_at IS NULL AND updated + errors < total
        RETURNING campaign_id
        """,
        tx.tenant_id,
        correlation_id,
        now,
    )
    return [record["campaign_id"] for record in records]


async def hurry(tx: Tx) -> None:
    """Wait for no row longer than a second from here on: whoever waits holds the passes that it has already."""
    await tx.execute("SET LOCAL lock_timeout = '1s'")


async def claim_chunk(tx: Tx, campaign_id: UUID) -> Chunk | None:
    """Take the next chunk that nobody works on, until the transaction ends; None when cancelled or all are done."""
    return await tx.maybe(
        Chunk,
        """
        SELECT c.first_position, c.pass_ids, c.changes
          FROM campaign_chunk c
         WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.done_at IS NULL
           AND EXISTS (SELECT FROM campaign o
                        WHERE o.tenant_id = $1 AND o.campaign_id = $2 AND o.cancelled_at IS NULL)
         ORDER BY c.first_position
         LIMIT 1
           FOR NO KEY UPDATE OF c SKIP LOCKED
        """,
        tx.tenant_id,
        campaign_id,
    )


async def insert_errors(tx: Tx, campaign_id: UUID, errors: Sequence[tuple[int, str]]) -> None:
    """Keep why passes were refused, by their positions."""
    await tx.execute(
        """
        INSERT INTO campaign_error (tenant_id, campaign_id, position, code)
        SELECT $1, $2, e.position, e.code FROM unnest($3::bigint[], $4::text[]) AS e (position, code)
        """,
        tx.tenant_id,
        campaign_id,
        [position for position, _ in errors],
        [code for _, code in errors],
    )


async def finish_chunk(tx: Tx, campaign_id: UUID, chunk: Chunk, errors: int, now: datetime) -> bool:
    """Mark a chunk as done and count its passes; tell whether they were the campaign's last.

    What its passes got stands in them now, and here no longer: it may speak of persons.
    """
    is_last: bool = await tx.value(
        """
        WITH done AS (
            UPDATE campaign_chunk SET done_at = $4, changes = NULL
             WHERE tenant_id = $1 AND campaign_id = $2 AND first_position = $3
            RETURNING cardinality(pass_ids) AS passes
        )
        UPDATE campaign c
           SET updated = c.updated + done.passes - $5, errors = c.errors + $5,
               last_activity_at = greatest(c.last_activity_at, $4)
          FROM done
         WHERE c.tenant_id = $1 AND c.campaign_id = $2
        RETURNING c.updated + c.errors = c.total
        """,
        tx.tenant_id,
        campaign_id,
        chunk.first_position,
        now,
        errors,
    )
    return is_last


async def list_members(tx: Tx, campaign_id: UUID, after: int, limit: int) -> list[Member]:
    """List the passes of a campaign after a position, in order, with what became of each."""
    return await tx.all(
        Member,
        """
        SELECT c.first_position + m.place - 1 AS position, m.pass_id, c.done_at IS NOT NULL AS is_done, e.code
          FROM campaign_chunk c
         CROSS JOIN LATERAL unnest(c.pass_ids) WITH ORDINALITY AS m (pass_id, place)
          LEFT JOIN campaign_error e
            ON e.tenant_id = $1 AND e.campaign_id = $2 AND e.position = c.first_position + m.place - 1
         WHERE c.tenant_id = $1 AND c.campaign_id = $2
           AND c.first_position > $3::bigint - $5 AND c.first_position <= $3 + $4
           AND c.first_position + m.place - 1 > $3
         ORDER BY position
         LIMIT $4
        """,
        tx.tenant_id,
        campaign_id,
        after,
        limit,
        CHUNK_PASSES_MAX,
    )


async def delete_old(tx: Tx, before: datetime) -> int:
    """Drop one campaign that saw its last activity before an instant, with its passes; tell how many there were."""
    return await tx.execute(
        """
        DELETE FROM campaign
         WHERE tenant_id = $1 AND campaign_id = (
               SELECT campaign_id FROM campaign
                WHERE tenant_id = $1 AND last_activity_at < $2 ORDER BY campaign_id LIMIT 1)
        """,
        tx.tenant_id,
        before,
    )
