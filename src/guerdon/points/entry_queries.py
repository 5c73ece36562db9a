"""Every statement that keeps what is said of batches, operations and holds beside their entries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.ledger.model import Entry
from guerdon.platform.db import Tx
from guerdon.points.model import BatchWish, HoldWish, OperationDetails, Texts, write_texts


async def insert_batches(tx: Tx, batches: Sequence[tuple[Entry, BatchWish]]) -> None:
    """Keep what is said of new batches; a batch's id is the movement id of its entry."""
    await tx.execute(
        """
        INSERT INTO wallet_batch (tenant_id, batch_id, price, order_id, description, venue, extra, external_id,
                                  earned_at)
        SELECT $1, n.batch_id, n.price, n.order_id, n.description, n.venue, n.extra::jsonb, n.external_id, n.earned_at
          FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                      $9::timestamptz[])
               AS n (batch_id, price, order_id, description, venue, extra, external_id, earned_at)
        """,
        tx.tenant_id,
        [UUID(entry.movement_id) for entry, _ in batches],
        [wish.price for _, wish in batches],
        [wish.order for _, wish in batches],
        [wish.description for _, wish in batches],
        [wish.venue for _, wish in batches],
        [write_texts(wish.extra) for _, wish in batches],
        [wish.external_id for _, wish in batches],
        [wish.earned_at for _, wish in batches],
    )


async def insert_operations(tx: Tx, operations: Sequence[tuple[UUID, Entry, OperationDetails]], now: datetime) -> None:
    """Keep what is said of new operations, each with its wallet; its id is the movement id of its entry."""
    await tx.execute(
        """
        INSERT INTO wallet_operation (tenant_id, operation_id, wallet_id, account_id, seq, kind, order_id, venue, extra,
                                      updated_at)
        SELECT $1, n.operation_id, n.wallet_id, n.account_id, n.seq, n.kind, n.order_id, n.venue, n.extra::jsonb, $2
          FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[],
                      $10::text[])
               AS n (operation_id, wallet_id, account_id, seq, kind, order_id, venue, extra)
        """,
        tx.tenant_id,
        now,
        [UUID(entry.movement_id) for _, entry, _ in operations],
        [wallet_id for wallet_id, _, _ in operations],
        [entry.account_id for _, entry, _ in operations],
        [entry.seq for _, entry, _ in operations],
        [details.kind for _, _, details in operations],
        [details.order for _, _, details in operations],
        [details.venue for _, _, details in operations],
        [write_texts(details.extra) for _, _, details in operations],
    )


async def insert_holds(tx: Tx, holds: Sequence[tuple[UUID, Entry, HoldWish]]) -> None:
    """Keep what is said of new holds, each with its wallet; its id is the movement id of its entry."""
    await tx.execute(
        """
        INSERT INTO wallet_hold (tenant_id, hold_id, wallet_id, order_id, venue, extra)
        SELECT $1, n.hold_id, n.wallet_id, n.order_id, n.venue, n.extra::jsonb
          FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
               AS n (hold_id, wallet_id, order_id, venue, extra)
        """,
        tx.tenant_id,
        [UUID(entry.movement_id) for _, entry, _ in holds],
        [wallet_id for wallet_id, _, _ in holds],
        [wish.order for _, _, wish in holds],
        [wish.venue for _, _, wish in holds],
        [write_texts(wish.extra) for _, _, wish in holds],
    )


async def update_operation(tx: Tx, operation_id: UUID, venue: str | None, extra: Texts, now: datetime) -> None:
    """Keep what is changed of an operation."""
    await tx.execute(
        """
        UPDATE wallet_operation SET venue = $3, extra = $4, updated_at = $5
         WHERE tenant_id = $1 AND operation_id = $2
        """,
        tx.tenant_id,
        operation_id,
        venue,
        write_texts(extra),
        now,
    )


async def insert_done(tx: Tx, kind: str, batches: Sequence[tuple[Entry, UUID]], now: datetime) -> None:
    """Keep that asynchronous batches are done already, each under its correlation id."""
    await tx.execute(
        """
        INSERT INTO wallet_command (tenant_id, correlation_id, kind, subject_id, state, done, total, actor, created_at,
                                    updated_at)
        SELECT $1, n.correlation_id, $2, n.subject_id, 'DONE', 1, 1, n.actor, n.created_at, $3
          FROM unnest($4::uuid[], $5::text[], $6::text[], $7::timestamptz[])
               AS n (correlation_id, subject_id, actor, created_at)
        """,
        tx.tenant_id,
        kind,
        now,
        [correlation_id for _, correlation_id in batches],
        [entry.movement_id for entry, _ in batches],
        [entry.actor for entry, _ in batches],
        [entry.recorded_at for entry, _ in batches],
    )
