"""All SQL on webhooks themselves."""

from datetime import datetime

from guerdon.platform.db import Database, Tx
from guerdon.platform.events import Position
from guerdon.webhooks.model import WEBHOOKS_MAX, Webhook

TENANTS_PAGE = 1_000
READ = """
SELECT webhook_id, endpoint, patterns, description, state, reason, secret, previous_secret, previous_until,
       seen_transaction_id, seen_event_id, failures, failing_since, held_until, created_at, updated_at
  FROM webhook
 WHERE tenant_id = $1"""


async def insert_webhook(tx: Tx, new: Webhook) -> None:
    """Add a webhook."""
    await tx.execute(
        """
        INSERT INTO webhook (tenant_id, webhook_id, endpoint, patterns, description, state, secret,
                             seen_transaction_id, seen_event_id, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        """,
        tx.tenant_id,
        new.webhook_id,
        new.endpoint,
        new.patterns,
        new.description,
        new.state,
        new.secret,
        new.seen_transaction_id,
        new.seen_event_id,
        new.created_at,
    )


async def count_webhooks(tx: Tx) -> int:
    """Count the tenant's webhooks."""
    count: int = await tx.value("SELECT count(*) FROM webhook WHERE tenant_id = $1", tx.tenant_id)
    return count


async def find_webhook(tx: Tx, webhook_id: str) -> Webhook | None:
    """Read one webhook."""
    return await tx.maybe(Webhook, READ + " AND webhook_id = $2", tx.tenant_id, webhook_id)


async def lock_webhook(tx: Tx, webhook_id: str) -> Webhook | None:
    """Read one webhook that nobody else changes until the transaction ends."""
    return await tx.maybe(Webhook, READ + " AND webhook_id = $2 FOR NO KEY UPDATE", tx.tenant_id, webhook_id)


async def list_webhooks(tx: Tx, *, after: str, limit: int) -> list[Webhook]:
    """Read webhooks in the order of their ids, from the one after `after`."""
    return await tx.all(Webhook, READ + " AND webhook_id > $2 ORDER BY webhook_id LIMIT $3", tx.tenant_id, after, limit)


async def list_enabled(tx: Tx) -> list[Webhook]:
    """Read the webhooks that are told of events."""
    return await tx.all(
        Webhook, READ + " AND state = 'enabled' ORDER BY webhook_id LIMIT $2", tx.tenant_id, WEBHOOKS_MAX
    )


async def update_webhook(tx: Tx, changed: Webhook) -> None:
    """Write everything of a locked webhook that may change."""
    await tx.execute(
        """
        UPDATE webhook
           SET endpoint = $3, patterns = $4, description = $5, state = $6, reason = $7, secret = $8,
               previous_secret = $9, previous_until = $10, seen_transaction_id = $11, seen_event_id = $12,
               failures = $13, failing_since = $14, held_until = $15, updated_at = $16
         WHERE tenant_id = $1 AND webhook_id = $2
        """,
        tx.tenant_id,
        changed.webhook_id,
        changed.endpoint,
        changed.patterns,
        changed.description,
        changed.state,
        changed.reason,
        changed.secret,
        changed.previous_secret,
        changed.previous_until,
        changed.seen_transaction_id,
        changed.seen_event_id,
        changed.failures,
        changed.failing_since,
        changed.held_until,
        changed.updated_at,
    )


async def delete_webhook(tx: Tx, webhook_id: str) -> bool:
    """Delete a webhook with what it was still to be told and its attempts; False when there was none."""
    deleted = await tx.execute("DELETE FROM webhook WHERE tenant_id = $1 AND webhook_id = $2", tx.tenant_id, webhook_id)
    return deleted == 1


async def advance(tx: Tx, webhook: Webhook, reached: Position) -> bool:
    """Note that the events have been read up to here; False when somebody else has read on meanwhile."""
    changed = await tx.execute(
        """
        UPDATE webhook SET seen_transaction_id = $5, seen_event_id = $6
         WHERE tenant_id = $1 AND webhook_id = $2 AND seen_transaction_id = $3 AND seen_event_id = $4
           AND state = 'enabled'
        """,
        tx.tenant_id,
        webhook.webhook_id,
        webhook.seen_transaction_id,
        webhook.seen_event_id,
        reached.transaction_id,
        reached.event_id,
    )
    return changed == 1


async def note_success(tx: Tx, webhook_id: str) -> None:
    """Forget the failures in a row."""
    await tx.execute(
        """
        UPDATE webhook SET failures = 0, failing_since = NULL, held_until = NULL
         WHERE tenant_id = $1 AND webhook_id = $2 AND failures > 0
        """,
        tx.tenant_id,
        webhook_id,
    )


async def note_failure(tx: Tx, webhook_id: str, now: datetime) -> tuple[int, datetime] | None:
    """Count a failure; tell how many there are in a row and since when, or None when the webhook has gone."""
    records = await tx.records(
        """
        UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, $3)
         WHERE tenant_id = $1 AND webhook_id = $2
        RETURNING failures, failing_since
        """,
        tx.tenant_id,
        webhook_id,
        now,
    )
    return (records[0]["failures"], records[0]["failing_since"]) if records else None


async def hold(tx: Tx, webhook_id: str, until: datetime) -> None:
    """Send nothing to a webhook before this time."""
    await tx.execute(
        "UPDATE webhook SET held_until = $3 WHERE tenant_id = $1 AND webhook_id = $2", tx.tenant_id, webhook_id, until
    )


async def pause(tx: Tx, webhook_id: str, reason: str, now: datetime) -> bool:
    """Stop telling a webhook of events; False when it was stopped already."""
    changed = await tx.execute(
        """
        UPDATE webhook SET state = 'paused', reason = $3, updated_at = $4
         WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'enabled'
        """,
        tx.tenant_id,
        webhook_id,
        reason,
        now,
    )
    return changed == 1


async def list_tenants(database: Database) -> list[str]:
    """List the tenants with an enabled webhook, all of them, in order.

    Asked in the role `guerdon_worker`, which may read these two columns of every tenant and nothing else.
    """
    listed: list[str] = []
    async with database.shared() as connection, connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE guerdon_worker")
        while True:
            records = await connection.fetch(
                """
                SELECT DISTINCT tenant_id
                  FROM webhook
                 WHERE state = 'enabled' AND tenant_id > $1
                 ORDER BY tenant_id
                 LIMIT $2
                """,
                listed[-1] if listed else "",
                TENANTS_PAGE,
            )
            listed += [record["tenant_id"] for record in records]
            if len(records) < TENANTS_PAGE:
                return listed
