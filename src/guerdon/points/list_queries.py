"""Every statement that lists batches and statements, and counts what lists hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from guerdon.ledger.model import Allocation
from guerdon.platform.db import Tx
from guerdon.points.balance_queries import find_freed
from guerdon.points.model import Batch, Line, read_texts


async def list_batches(
    tx: Tx, account_id: UUID, before_seq: int, limit: int, is_active: bool | None, now: datetime
) -> list[Batch]:
    """Read batches of a wallet, the newest first, before the entry `before_seq`: active ones, the others, or all."""
    records = await tx.records(
        """
        SELECT l.lot_id, l.amount, l.remaining + coalesce(($7::jsonb ->> l.lot_id::text)::bigint, 0) AS remaining,
               b.price, l.expires_at, b.order_id, b.description, b.venue,
               coalesce(b.extra, '{}') AS extra, l.opened_at, l.opened_seq,
               b.external_id, b.earned_at
          FROM (SELECT * FROM ledger_lot_state
                 WHERE tenant_id = $1 AND account_id = $2 AND opened_seq < $3
                   AND ($5::boolean IS NULL
                        OR $5 = ((NOT is_empty OR $7::jsonb ? lot_id::text)
                                AND (expires_at IS NULL OR expires_at > $6)))
                 ORDER BY opened_seq DESC LIMIT $4) AS l
          LEFT JOIN wallet_batch b ON b.tenant_id = $1 AND b.batch_id = l.lot_id
         ORDER BY l.opened_seq DESC
        """,
        tx.tenant_id,
        account_id,
        before_seq,
        limit,
        is_active,
        now,
        await _find_freed(tx, account_id, now),
    )
    return [_batch(record) for record in records]


async def list_sorted_batches(
    tx: Tx, account_id: UUID, is_active: bool | None, now: datetime, by: str, sign: int, start: int, limit: int
) -> list[Batch]:
    """Read batches of a wallet by `createdAt`, `amount`, `remaining` or `expires`, rising for a sign of 1."""
    records = await tx.records(
        """
        SELECT l.lot_id, l.amount, r.remaining, b.price, l.expires_at, b.order_id, b.description, b.venue,
               coalesce(b.extra, '{}') AS extra, l.opened_at, l.opened_seq,
               b.external_id, b.earned_at
          FROM ledger_lot_state l
         CROSS JOIN LATERAL (SELECT l.remaining + coalesce(($9::jsonb ->> l.lot_id::text)::bigint, 0))
               AS r (remaining)
          LEFT JOIN wallet_batch b ON b.tenant_id = $1 AND b.batch_id = l.lot_id
         WHERE l.tenant_id = $1 AND l.account_id = $2
           AND ($3::boolean IS NULL OR $3 = (r.remaining > 0 AND (l.expires_at IS NULL OR l.expires_at > $4)))
         ORDER BY $6::bigint * CASE $5::text
                      WHEN 'amount' THEN l.amount
                      WHEN 'remaining' THEN r.remaining
                      WHEN 'expires' THEN (extract(epoch FROM l.expires_at) * 1000000)::bigint
                      ELSE l.opened_seq END NULLS LAST,
                  l.opened_seq
        OFFSET $7 LIMIT $8
        """,
        tx.tenant_id,
        account_id,
        is_active,
        now,
        by,
        sign,
        start,
        limit,
        await _find_freed(tx, account_id, now),
    )
    return [_batch(record) for record in records]


async def count_batches(tx: Tx, account_id: UUID, is_active: bool | None, now: datetime) -> int:
    """Count the batches of a wallet: active ones, the others, or all."""
    counted: int = await tx.value(
        """
        SELECT count(*) FROM ledger_lot_state
         WHERE tenant_id = $1 AND account_id = $2
           AND ($3::boolean IS NULL
                OR $3 = ((NOT is_empty OR $5::jsonb ? lot_id::text) AND (expires_at IS NULL OR expires_at > $4)))
        """,
        tx.tenant_id,
        account_id,
        is_active,
        now,
        await _find_freed(tx, account_id, now),
    )
    return counted


async def list_lines(tx: Tx, account_id: UUID, after_seq: int, until_seq: int, limit: int) -> list[Line]:
    """Read entries of a wallet in order, `limit` of them after one and up to another, with what they took and gave."""
    records = await tx.records(
        """
        SELECT seq, kind, amount, held_change, value_after, movement_id, reference_id, remarks, actor, recorded_at
          FROM ledger_movement
         WHERE tenant_id = $1 AND account_id = $2 AND seq > $3 AND seq <= $4
         ORDER BY seq LIMIT $5
        """,
        tx.tenant_id,
        account_id,
        after_seq,
        until_seq,
        limit,
    )
    changes = await list_changes(tx, account_id, [record["seq"] for record in records])
    return [_line(record, changes) for record in records]


async def list_lines_backwards(tx: Tx, account_id: UUID, after_seq: int, until_seq: int, limit: int) -> list[Line]:
    """Read entries of a wallet from the last to the first, `limit` of them up to one and after another."""
    records = await tx.records(
        """
        SELECT seq, kind, amount, held_change, value_after, movement_id, reference_id, remarks, actor, recorded_at
          FROM ledger_movement
         WHERE tenant_id = $1 AND account_id = $2 AND seq > $3 AND seq <= $4
         ORDER BY seq DESC LIMIT $5
        """,
        tx.tenant_id,
        account_id,
        after_seq,
        until_seq,
        limit,
    )
    changes = await list_changes(tx, account_id, [record["seq"] for record in records])
    return [_line(record, changes) for record in records]


async def list_changes(tx: Tx, account_id: UUID, seqs: Sequence[int]) -> dict[int, list[Allocation]]:
    """Read what entries of a wallet took from its batches and gave to them, in their order, by entry."""
    records = await tx.records(
        """
        SELECT seq, lot_id, amount FROM ledger_lot_change
         WHERE tenant_id = $1 AND account_id = $2 AND seq = ANY($3::bigint[])
         ORDER BY seq, ordinal
        """,
        tx.tenant_id,
        account_id,
        seqs,
    )
    changes: dict[int, list[Allocation]] = {}
    for seq, lot_id, amount in records:
        changes.setdefault(seq, []).append(Allocation(lot_id, amount))
    return changes


async def _find_freed(tx: Tx, account_id: UUID, now: datetime) -> str:
    # As one value, in which a batch is looked up: rows would be joined, by a wrong guess of how many there are.
    freed = await find_freed(tx, account_id, now)
    return msgspec.json.encode({str(lot_id): amount for lot_id, amount in freed.items()}).decode()


def _batch(record: asyncpg.Record) -> Batch:
    said: list[Any] = list(record.values())
    said[8] = read_texts(said[8])
    return Batch(*said)


def _line(record: asyncpg.Record, changes: dict[int, list[Allocation]]) -> Line:
    said: list[Any] = list(record.values())
    said.append(tuple(changes.get(record["seq"], ())))
    return Line(*said)
