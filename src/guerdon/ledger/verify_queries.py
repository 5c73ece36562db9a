"""Every statement that reads the ledger from its first entry on, page by page, in account order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from guerdon.ledger.model import EMPTY_HEAD, INACTIVITY, Allocation, HoldState, Lot
from guerdon.platform.db import Tx

FIRST = (UUID(int=0), 0)
Place = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class VerifiedAccount:
    """What an account's row says of its chain."""

    account_id: UUID
    kind: str
    owner_id: str
    value: int
    held: int
    seq: int
    head: bytes
    has_lots: bool
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a checkpoint says of an account."""

    account_id: UUID
    checkpoint_id: int
    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Totals:
    """How many lots, holds, closed holds and allocations there are."""

    lots: int
    holds: int
    holds_closed: int
    allocations: int


async def list_lines(tx: Tx, after: Place, until: Place | None, limit: int) -> Sequence[asyncpg.Record]:
    """Read entries in account order with the beginning of their canonical bytes, `limit` of them after a place.

    The bytes are put together by PostgreSQL: on another core, and apart from the code that wrote the hash.
    """
    last = until or (UUID(int=2**128 - 1), 2**63 - 1)
    return await tx.records(
        """
        SELECT e.account_id, e.seq, e.kind, e.amount, e.held_change, e.value_after, t.recorded, e.hash,
               CASE e.kind WHEN 'hold' THEN e.movement_id WHEN 'capture' THEN e.reference_id
                           WHEN 'release' THEN e.reference_id END AS hold_id,
               int8send(e.seq) || int8send(e.amount) || int8send(e.held_change) || int8send(e.value_after)
               || int8send(t.recorded)
               || int4send(octet_length(e.kind)) || convert_to(e.kind, 'UTF8')
               || int4send(octet_length(e.movement_id)) || convert_to(e.movement_id, 'UTF8')
               || coalesce(int4send(octet_length(e.reference_id)) || convert_to(e.reference_id, 'UTF8'), t.absent)
               || coalesce(int4send(octet_length(e.remarks)) || convert_to(e.remarks, 'UTF8'), t.absent)
               || int4send(octet_length(e.actor)) || convert_to(e.actor, 'UTF8')
               || coalesce(int4send(8)
                           || int8send((extract(epoch FROM e.occurred_at) * 1000000)::bigint), t.absent) AS said,
               e.kind = 'expire' AND e.reference_id IS NOT DISTINCT FROM $7 AS is_lapse
          FROM ledger_entry e,
               LATERAL (SELECT (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS recorded,
                               '\\xffffffff'::bytea AS absent OFFSET 0) t
         WHERE e.tenant_id = $1 AND (e.account_id, e.seq) > ($2, $3) AND (e.account_id, e.seq) <= ($4, $5)
         ORDER BY e.account_id, e.seq LIMIT $6
        """,
        tx.tenant_id,
        *after,
        *last,
        limit,
        INACTIVITY,
    )


async def find_hash(tx: Tx, place: Place) -> bytes:
    """Read the hash of an entry; before the first one stands the empty head."""
    found: bytes | None = await tx.value(
        "SELECT hash FROM ledger_entry WHERE tenant_id = $1 AND account_id = $2 AND seq = $3", tx.tenant_id, *place
    )
    return found or EMPTY_HEAD


async def list_allocations(tx: Tx, after: Place, until: Place) -> dict[Place, tuple[Allocation, ...]]:
    """Read all allocations of the entries between two places."""
    records = await tx.records(
        """
        SELECT account_id, seq, lot_id, amount FROM ledger_allocation
         WHERE tenant_id = $1 AND (account_id, seq) > ($2, $3) AND (account_id, seq) <= ($4, $5)
         ORDER BY account_id, seq, ordinal
        """,
        tx.tenant_id,
        *after,
        *until,
    )
    found: dict[Place, list[Allocation]] = {}
    for account_id, seq, lot_id, amount in records:
        found.setdefault((account_id, seq), []).append(Allocation(lot_id, amount))
    return {place: tuple(allocations) for place, allocations in found.items()}


async def list_lots_opened(tx: Tx, places: Sequence[Place]) -> dict[Place, Lot]:
    """Read the lots that entries opened."""
    records = await tx.records(
        """
        SELECT l.account_id, l.lot_id, l.amount, l.remaining, l.unit_price, l.opened_seq, l.opened_at, l.expires_at,
               l.ended_at
          FROM unnest($2::uuid[], $3::bigint[]) AS e (account_id, seq)
          JOIN ledger_lot l ON l.tenant_id = $1 AND l.account_id = e.account_id AND l.opened_seq = e.seq
        """,
        tx.tenant_id,
        [account_id for account_id, _ in places],
        [seq for _, seq in places],
    )
    return {(record["account_id"], record["opened_seq"]): Lot(*list(record.values())[1:]) for record in records}


async def list_holds(tx: Tx, hold_ids: Sequence[str]) -> dict[str, tuple[UUID, HoldState]]:
    """Read holds by id, each with its account."""
    records = await tx.records(
        """
        SELECT account_id, hold_id, amount, opened_seq, opened_at, expires_at, closed_seq
          FROM ledger_hold WHERE tenant_id = $1 AND hold_id = ANY($2::text[])
        """,
        tx.tenant_id,
        hold_ids,
    )
    return {record["hold_id"]: (record["account_id"], HoldState(*list(record.values())[1:])) for record in records}


async def list_accounts(tx: Tx, after: UUID, limit: int) -> list[VerifiedAccount]:
    """Read accounts in id order, closed ones included."""
    return await tx.all(
        VerifiedAccount,
        """
        SELECT account_id, kind, owner_id, value, held, seq, head, has_lots, moved_at
          FROM ledger_account WHERE tenant_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )


async def list_leaves(tx: Tx, after: Place, limit: int) -> list[Leaf]:
    """Read the leaves of all checkpoints in account order; a place is an account and a checkpoint."""
    return await tx.all(
        Leaf,
        """
        SELECT account_id, checkpoint_id, seq, digest FROM ledger_checkpoint_leaf
         WHERE tenant_id = $1 AND (account_id, checkpoint_id) > ($2, $3)
         ORDER BY account_id, checkpoint_id LIMIT $4
        """,
        tx.tenant_id,
        *after,
        limit,
    )


async def count_all(tx: Tx) -> Totals:
    """Count the rows that belong to entries, to notice those that belong to none."""
    record = (
        await tx.records(
            """
            SELECT (SELECT count(*) FROM ledger_lot WHERE tenant_id = $1),
                   (SELECT count(*) FROM ledger_hold WHERE tenant_id = $1),
                   (SELECT count(*) FROM ledger_hold WHERE tenant_id = $1 AND closed_seq IS NOT NULL),
                   (SELECT count(*) FROM ledger_allocation WHERE tenant_id = $1)
            """,
            tx.tenant_id,
        )
    )[0]
    return Totals(*record.values())


async def list_over_returned(tx: Tx, limit: int) -> list[tuple[UUID, int]]:
    """Find spendings and captures of which more was returned than was spent, and returns of what was never spent."""
    records = await tx.records(
        """
        SELECT r.account_id, max(r.seq) AS seq
          FROM ledger_entry r
          LEFT JOIN ledger_entry s ON s.tenant_id = $1 AND s.movement_id = r.reference_id
         WHERE r.tenant_id = $1 AND r.kind = 'return'
         GROUP BY r.account_id, r.reference_id, s.account_id, s.kind, s.amount
        HAVING s.account_id IS DISTINCT FROM r.account_id OR s.kind NOT IN ('spend', 'capture')
            OR sum(r.amount) > -s.amount
         ORDER BY r.account_id LIMIT $2
        """,
        tx.tenant_id,
        limit,
    )
    return [(record["account_id"], record["seq"]) for record in records]
