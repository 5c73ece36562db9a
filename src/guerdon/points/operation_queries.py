"""Every statement that reads operations and holds with their entries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from guerdon.ledger.lot_rules import captured, reversed_signs
from guerdon.ledger.model import Allocation
from guerdon.platform.db import Tx
from guerdon.points.list_queries import list_changes
from guerdon.points.model import HoldView, Operation, hold_of, read_texts


async def find_operation(tx: Tx, wallet_id: UUID, operation_id: UUID) -> Operation | None:
    """Read one operation of a wallet, with what it took from which batch."""
    records = await tx.records(
        """
        SELECT o.operation_id, o.wallet_id, o.kind, -e.amount AS amount, coalesce(r.amount, 0) AS returned,
               o.order_id, o.venue, o.extra, e.recorded_at, o.seq, o.account_id
          FROM wallet_operation o
          JOIN ledger_movement e ON e.tenant_id = $1 AND e.account_id = o.account_id AND e.seq = o.seq
         CROSS JOIN LATERAL (
               SELECT sum(b.amount)::bigint AS amount FROM ledger_movement b
                WHERE b.tenant_id = $1 AND b.account_id = o.account_id AND b.reference_id = e.movement_id
                  AND b.kind = 'return') AS r
         WHERE o.tenant_id = $1 AND o.operation_id = $3 AND o.wallet_id = $2
        """,
        tx.tenant_id,
        wallet_id,
        operation_id,
    )
    for record in records:
        taken = await _list_taken(tx, record["account_id"], [record])
        return _operation(record, taken)
    return None


async def list_expired(tx: Tx, batch_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Tell which of these batches are past their time."""
    records = await tx.records(
        "SELECT lot_id FROM ledger_lot_state WHERE tenant_id = $1 AND lot_id = ANY($2::uuid[]) AND expires_at <= $3",
        tx.tenant_id,
        batch_ids,
        now,
    )
    return {record["lot_id"] for record in records}


async def list_operations(tx: Tx, account_id: UUID, before_seq: int, limit: int) -> list[Operation]:
    """Read operations of a wallet, the newest first, `limit` of them before the entry `before_seq`."""
    records = await tx.records(
        """
        SELECT o.operation_id, o.wallet_id, o.kind, -e.amount AS amount, coalesce(r.amount, 0) AS returned,
               o.order_id, o.venue, o.extra, e.recorded_at, o.seq
          FROM (SELECT * FROM wallet_operation
                 WHERE tenant_id = $1 AND account_id = $2 AND seq < $3
                 ORDER BY seq DESC LIMIT $4) AS o
          JOIN ledger_movement e ON e.tenant_id = $1 AND e.account_id = o.account_id AND e.seq = o.seq
         CROSS JOIN LATERAL (
               SELECT sum(b.amount)::bigint AS amount FROM ledger_movement b
                WHERE b.tenant_id = $1 AND b.account_id = o.account_id AND b.reference_id = e.movement_id
                  AND b.kind = 'return') AS r
         ORDER BY o.seq DESC
        """,
        tx.tenant_id,
        account_id,
        before_seq,
        limit,
    )
    taken = await _list_taken(tx, account_id, records)
    return [_operation(record, taken) for record in records]


async def list_sorted_operations(
    tx: Tx, account_id: UUID, by: str, sign: int, start: int, limit: int
) -> list[Operation]:
    """Read operations of a wallet by `createdAt` or `amount`, rising for a sign of 1."""
    records = await tx.records(
        """
        SELECT o.operation_id, o.wallet_id, o.kind, -e.amount AS amount, coalesce(r.amount, 0) AS returned,
               o.order_id, o.venue, o.extra, e.recorded_at, o.seq
          FROM (SELECT o.*
                  FROM wallet_operation o
                  JOIN ledger_movement m ON m.tenant_id = $1 AND m.account_id = o.account_id AND m.seq = o.seq
                 WHERE o.tenant_id = $1 AND o.account_id = $2
                 ORDER BY $4::bigint * CASE $3::text WHEN 'amount' THEN -m.amount ELSE o.seq END, o.seq
                OFFSET $5 LIMIT $6) AS o
          JOIN ledger_movement e ON e.tenant_id = $1 AND e.account_id = o.account_id AND e.seq = o.seq
         CROSS JOIN LATERAL (
               SELECT sum(b.amount)::bigint AS amount FROM ledger_movement b
                WHERE b.tenant_id = $1 AND b.account_id = o.account_id AND b.reference_id = e.movement_id
                  AND b.kind = 'return') AS r
         ORDER BY $4::bigint * CASE $3::text WHEN 'amount' THEN -e.amount ELSE o.seq END, o.seq
        """,
        tx.tenant_id,
        account_id,
        by,
        sign,
        start,
        limit,
    )
    taken = await _list_taken(tx, account_id, records)
    return [_operation(record, taken) for record in records]


async def count_operations(tx: Tx, account_id: UUID) -> int:
    """Count the operations of a wallet."""
    counted: int = await tx.value(
        "SELECT count(*) FROM wallet_operation WHERE tenant_id = $1 AND account_id = $2", tx.tenant_id, account_id
    )
    return counted


async def find_hold(tx: Tx, wallet_id: UUID, hold_id: UUID, now: datetime) -> HoldView | None:
    """Read one hold of a wallet."""
    records = await tx.records(
        """
        SELECT d.hold_id, d.wallet_id, h.amount, coalesce(-c.amount, 0) AS captured,
               CASE WHEN c.kind = 'capture' THEN 'CAPTURED'
                    WHEN c.actor = 'system:expiry' OR (c.seq IS NULL AND h.expires_at <= $4) THEN 'EXPIRED'
                    WHEN c.kind = 'release' THEN 'RELEASED' ELSE 'OPEN' END AS status,
               h.expires_at, d.order_id, d.venue, d.extra, h.opened_at, h.opened_seq
          FROM wallet_hold d
          JOIN ledger_hold_state h ON h.tenant_id = $1 AND h.hold_id = d.hold_id::text
          LEFT JOIN ledger_movement c ON c.tenant_id = $1 AND c.account_id = h.account_id AND c.seq = h.closed_seq
         WHERE d.tenant_id = $1 AND d.hold_id = $3 AND d.wallet_id = $2
        """,
        tx.tenant_id,
        wallet_id,
        hold_id,
        now,
    )
    return hold_of(list(records[0].values())) if records else None


async def list_holds(
    tx: Tx, account_id: UUID, before_seq: int, start: int, limit: int, now: datetime
) -> list[HoldView]:
    """Read the open holds of a wallet, the newest first, from the place `start` of those before an entry on."""
    records = await tx.records(
        """
        SELECT d.hold_id, d.wallet_id, h.amount, 0::bigint AS captured, 'OPEN' AS status,
               h.expires_at, d.order_id, d.venue, d.extra, h.opened_at, h.opened_seq
          FROM ledger_hold_state h
          JOIN wallet_hold d ON d.tenant_id = $1 AND d.hold_id = h.hold_id::uuid
         WHERE h.tenant_id = $1 AND h.account_id = $2 AND h.closed_seq IS NULL AND h.opened_seq < $3
           AND (h.expires_at IS NULL OR h.expires_at > $6)
         ORDER BY h.opened_seq DESC OFFSET $4 LIMIT $5
        """,
        tx.tenant_id,
        account_id,
        before_seq,
        start,
        limit,
        now,
    )
    return [hold_of(list(record.values())) for record in records]


async def count_holds(tx: Tx, account_id: UUID, now: datetime) -> int:
    """Count the open holds of a wallet."""
    counted: int = await tx.value(
        """
        SELECT count(*)
          FROM ledger_hold_state h
          JOIN wallet_hold d ON d.tenant_id = $1 AND d.hold_id = h.hold_id::uuid
         WHERE h.tenant_id = $1 AND h.account_id = $2 AND h.closed_seq IS NULL
           AND (h.expires_at IS NULL OR h.expires_at > $3)
        """,
        tx.tenant_id,
        account_id,
        now,
    )
    return counted


async def _list_taken(
    tx: Tx, account_id: UUID, operations: Sequence[asyncpg.Record]
) -> dict[int, tuple[Allocation, ...]]:
    """Read what operations took from which batches, as positive amounts in the order of taking, by entry.

    A capture took what its hold had set aside, less what it gave back. No statement holds the two against each other,
    batch by batch: a planner that takes a wallet for a small one would do so for each of both.
    """
    captures = [record["seq"] for record in operations if record["kind"] == "CAPTURE"]
    opened = await _list_opened(tx, account_id, captures) if captures else {}
    seqs = [record["seq"] for record in operations]
    changes = await list_changes(tx, account_id, [*seqs, *opened.values()])
    taken: dict[int, tuple[Allocation, ...]] = {}
    for seq in seqs:
        own = changes.get(seq, ())
        taken[seq] = reversed_signs(captured(changes[opened[seq]], own) if seq in opened else own)
    return taken


async def _list_opened(tx: Tx, account_id: UUID, captures: Sequence[int]) -> dict[int, int]:
    """Tell by which entries the holds were opened that these captured."""
    records = await tx.records(
        """
        SELECT e.seq, (SELECT h.opened_seq FROM ledger_hold_state h
                        WHERE h.tenant_id = $1 AND h.hold_id = e.reference_id) AS opened_seq
          FROM ledger_movement e
         WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.seq = ANY($3::bigint[])
        """,
        tx.tenant_id,
        account_id,
        captures,
    )
    return {record["seq"]: record["opened_seq"] for record in records}


def _operation(record: asyncpg.Record, taken: Mapping[int, tuple[Allocation, ...]]) -> Operation:
    said: list[Any] = list(record.values())[:10]
    said[7] = read_texts(said[7])
    said.append(taken[record["seq"]])
    return Operation(*said)
