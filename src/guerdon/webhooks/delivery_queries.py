"""All SQL on what webhooks are still to be told, and on the attempts to tell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.events import Position, StoredEvent
from guerdon.webhooks.model import Attempt


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that this process tells a webhook now; `tries` have failed before."""

    transaction_id: int
    event_id: UUID
    number: int
    tries: int
    expires_at: datetime | None

    @property
    def position(self) -> Position:
        """Where the event stands."""
        return Position(self.transaction_id, self.event_id)


async def insert_deliveries(tx: Tx, webhook_id: str, events: Sequence[StoredEvent], now: datetime) -> None:
    """Note events that a webhook is to be told of, from now on."""
    await tx.execute(
        """
        INSERT INTO webhook_delivery (tenant_id, webhook_id, transaction_id, event_id, subject_id, due_at)
        SELECT $1, $2, e.transaction_id, e.event_id, e.subject_id, $3
          FROM unnest($4::xid8[], $5::uuid[], $6::text[]) AS e (transaction_id, event_id, subject_id)
            ON CONFLICT (tenant_id, webhook_id, transaction_id, event_id) DO NOTHING
        """,
        tx.tenant_id,
        webhook_id,
        now,
        [event.transaction_id for event in events],
        [event.event_id for event in events],
        [event.subject_id for event in events],
    )


async def count_deliveries(tx: Tx, webhook_id: str, counted_max: int) -> int:
    """Count what a webhook is still to be told, no further than `counted_max`."""
    count: int = await tx.value(
        """
        SELECT count(*)
          FROM (SELECT FROM webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2 LIMIT $3) AS counted
        """,
        tx.tenant_id,
        webhook_id,
        counted_max,
    )
    return count


async def claim_due(
    tx: Tx, webhook_id: str, *, claim: UUID, now: datetime, claimed_until: datetime, at_once_max: int, claims_max: int
) -> list[Claimed]:
    """Claim what is due, the earliest of each subject only, until `at_once_max` are claimed by all processes.

    What somebody else claims at this moment is passed over, not waited for.
    """
    assert claims_max >= 0, claims_max
    # Materialized: a join may run a plain subquery several times, and each time would lock and give other rows.
    return await tx.all(
        Claimed,
        """
        WITH chosen AS MATERIALIZED (
            SELECT due.transaction_id, due.event_id
              FROM webhook_delivery AS due
             WHERE due.tenant_id = $1 AND due.webhook_id = $2 AND due.due_at <= $4
               AND (due.claimed_until IS NULL OR due.claimed_until <= $4)
               AND NOT EXISTS (
                   SELECT FROM webhook_delivery AS earlier
                    WHERE earlier.tenant_id = $1 AND earlier.webhook_id = $2
                      AND earlier.subject_id = due.subject_id
                      AND (earlier.transaction_id, earlier.event_id) < (due.transaction_id, due.event_id))
             ORDER BY due.due_at, due.transaction_id, due.event_id
             LIMIT least($7::bigint, greatest(0, $6::bigint - (
                   SELECT count(*) FROM webhook_delivery AS claimed
                    WHERE claimed.tenant_id = $1 AND claimed.webhook_id = $2 AND claimed.claimed_until > $4)))
               FOR UPDATE SKIP LOCKED)
        UPDATE webhook_delivery AS delivery
           SET claim = $3, claimed_until = $5, number = delivery.number + 1
          FROM chosen
         WHERE delivery.tenant_id = $1 AND delivery.webhook_id = $2
           AND delivery.transaction_id = chosen.transaction_id AND delivery.event_id = chosen.event_id
        RETURNING delivery.transaction_id, delivery.event_id, delivery.number, delivery.tries, delivery.expires_at
        """,
        tx.tenant_id,
        webhook_id,
        claim,
        now,
        claimed_until,
        at_once_max,
        claims_max,
    )


async def finish(tx: Tx, webhook_id: str, position: Position, claim: UUID) -> bool:
    """Take out what needs no telling any more; False when the claim was lost."""
    deleted = await tx.execute(
        """
        DELETE FROM webhook_delivery
         WHERE tenant_id = $1 AND webhook_id = $2 AND transaction_id = $3 AND event_id = $4 AND claim = $5
        """,
        tx.tenant_id,
        webhook_id,
        position.transaction_id,
        position.event_id,
        claim,
    )
    return deleted == 1


async def put_back(
    tx: Tx, webhook_id: str, position: Position, claim: UUID, *, due_at: datetime, expires_at: datetime
) -> bool:
    """Have what failed told again at `due_at`; False when the claim was lost."""
    changed = await tx.execute(
        """
        UPDATE webhook_delivery
           SET tries = tries + 1, due_at = $6, expires_at = $7, claim = NULL, claimed_until = NULL
         WHERE tenant_id = $1 AND webhook_id = $2 AND transaction_id = $3 AND event_id = $4 AND claim = $5
        """,
        tx.tenant_id,
        webhook_id,
        position.transaction_id,
        position.event_id,
        claim,
        due_at,
        expires_at,
    )
    return changed == 1


async def begin_again(tx: Tx, webhook_id: str, now: datetime) -> None:
    """Have all that is still to be told told from now on, as if it had never failed."""
    await tx.execute(
        """
        UPDATE webhook_delivery SET tries = 0, due_at = $3, expires_at = NULL
         WHERE tenant_id = $1 AND webhook_id = $2 AND claim IS NULL
        """,
        tx.tenant_id,
        webhook_id,
        now,
    )


async def forget_deliveries(tx: Tx, webhook_id: str) -> None:
    """Take out all that is still to be told."""
    await tx.execute("DELETE FROM webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2", tx.tenant_id, webhook_id)


async def insert_again(tx: Tx, webhook_id: str, event: StoredEvent, now: datetime) -> None:
    """Have an event told again, now; the numbers of its attempts go on."""
    await tx.execute(
        """
        INSERT INTO webhook_delivery AS delivery
               (tenant_id, webhook_id, transaction_id, event_id, subject_id, due_at, number)
        VALUES ($1, $2, $3, $4, $5, $6, coalesce(
               (SELECT max(attempt.number) FROM webhook_attempt AS attempt
                 WHERE attempt.tenant_id = $1 AND attempt.webhook_id = $2 AND attempt.event_id = $4), 0))
            ON CONFLICT (tenant_id, webhook_id, transaction_id, event_id)
            DO UPDATE SET due_at = excluded.due_at, tries = 0, expires_at = NULL
        """,
        tx.tenant_id,
        webhook_id,
        event.transaction_id,
        event.event_id,
        event.subject_id,
        now,
    )


async def insert_attempt(tx: Tx, webhook_id: str, attempt: Attempt) -> None:
    """Keep how an attempt went. Raises asyncpg.ForeignKeyViolationError when the webhook has gone."""
    await tx.execute(
        """
        INSERT INTO webhook_attempt (tenant_id, webhook_id, attempt_id, transaction_id, event_id, kind, number,
                                     outcome, status, error, duration_ms, attempted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        tx.tenant_id,
        webhook_id,
        attempt.attempt_id,
        attempt.transaction_id,
        attempt.event_id,
        attempt.kind,
        attempt.number,
        attempt.outcome,
        attempt.status,
        attempt.error,
        attempt.duration_ms,
        attempt.attempted_at,
    )


async def list_attempts(tx: Tx, webhook_id: str, before: UUID, limit: int) -> list[Attempt]:
    """Read attempts, the latest first, from the one before `before`."""
    return await tx.all(
        Attempt,
        """
        SELECT attempt_id, transaction_id, event_id, kind, number, outcome, status, error, duration_ms, attempted_at
          FROM webhook_attempt
         WHERE tenant_id = $1 AND webhook_id = $2 AND attempt_id < $3
         ORDER BY attempt_id DESC
         LIMIT $4
        """,
        tx.tenant_id,
        webhook_id,
        before,
        limit,
    )


async def find_attempt(tx: Tx, webhook_id: str, attempt_id: UUID) -> Attempt | None:
    """Read one attempt."""
    return await tx.maybe(
        Attempt,
        """
        SELECT attempt_id, transaction_id, event_id, kind, number, outcome, status, error, duration_ms, attempted_at
          FROM webhook_attempt
         WHERE tenant_id = $1 AND webhook_id = $2 AND attempt_id = $3
        """,
        tx.tenant_id,
        webhook_id,
        attempt_id,
    )


async def forget_attempts(tx: Tx, before: datetime, attempts_max: int) -> int:
    """Drop at most `attempts_max` attempts that were made before this time, and tell how many."""
    return await tx.execute(
        """
        DELETE FROM webhook_attempt
         WHERE tenant_id = $1 AND (webhook_id, attempt_id) IN (
               SELECT webhook_id, attempt_id FROM webhook_attempt
                WHERE tenant_id = $1 AND attempted_at < $2 ORDER BY attempted_at LIMIT $3)
        """,
        tx.tenant_id,
        before,
        attempts_max,
    )
