"""Every statement on lots, allocations and holds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.ledger.model import AccountKind, Allocation, Entry, HoldState, Lot
from guerdon.platform.db import Tx


async def list_lots(tx: Tx, account_ids: Sequence[UUID], lot_ids: Sequence[UUID]) -> list[tuple[UUID, Lot]]:
    """Read the lots of accounts that have something left, and those named of any account, each with its account."""
    records = await tx.records(
        """
        SELECT account_id, lot_id, amount, remaining, unit_price, opened_seq, opened_at, expires_at,
               ended_at
          FROM ledger_lot
         WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND NOT is_empty
         UNION
        SELECT account_id, lot_id, amount, remaining, unit_price, opened_seq, opened_at, expires_at,
               ended_at
          FROM ledger_lot
         WHERE tenant_id = $1 AND lot_id = ANY($3::uuid[])
        """,
        tx.tenant_id,
        account_ids,
        lot_ids,
    )
    return [(record["account_id"], Lot(*list(record.values())[1:])) for record in records]


async def list_holds(
    tx: Tx, hold_ids: Sequence[str], account_ids: Sequence[UUID], now: datetime
) -> list[tuple[UUID, HoldState]]:
    """Read the holds of these ids, and the overdue ones of these accounts, each with its account."""
    records = await tx.records(
        """
        SELECT account_id, hold_id, amount, opened_seq, opened_at, expires_at, closed_seq
          FROM ledger_hold
         WHERE tenant_id = $1 AND hold_id = ANY($2::text[])
         UNION
        SELECT account_id, hold_id, amount, opened_seq, opened_at, expires_at, closed_seq
          FROM ledger_hold
         WHERE tenant_id = $1 AND account_id = ANY($3::uuid[]) AND closed_seq IS NULL AND expires_at <= $4
        """,
        tx.tenant_id,
        hold_ids,
        account_ids,
        now,
    )
    return [(record["account_id"], HoldState(*list(record.values())[1:])) for record in records]


async def list_set_aside(tx: Tx, capture_ids: Sequence[str]) -> list[tuple[UUID, str, Allocation]]:
    """Read what the holds of captures had set aside, in the order of taking: account, capture, allocation."""
    records = await tx.records(
        """
        SELECT c.account_id, c.movement_id, l.lot_id, l.amount
          FROM ledger_entry c
          JOIN ledger_hold h ON h.tenant_id = $1 AND h.hold_id = c.reference_id
          JOIN ledger_allocation l ON l.tenant_id = $1 AND l.account_id = h.account_id AND l.seq = h.opened_seq
         WHERE c.tenant_id = $1 AND c.movement_id = ANY($2::text[]) AND c.kind = 'capture'
         ORDER BY c.account_id, c.seq, l.ordinal
        """,
        tx.tenant_id,
        capture_ids,
    )
    return [
        (record["account_id"], record["movement_id"], Allocation(record["lot_id"], record["amount"]))
        for record in records
    ]


async def list_allocations(tx: Tx, movement_ids: Sequence[str]) -> list[tuple[UUID, str, str, Allocation]]:
    """Read what movements allocated, in order: account, movement id, entry kind, allocation."""
    records = await tx.records(
        """
        SELECT e.account_id, e.movement_id, e.kind, l.lot_id, l.amount
          FROM ledger_entry e
          JOIN ledger_allocation l ON l.tenant_id = $1 AND l.account_id = e.account_id AND l.seq = e.seq
         WHERE e.tenant_id = $1 AND e.movement_id = ANY($2::text[])
         ORDER BY e.account_id, e.seq, l.ordinal
        """,
        tx.tenant_id,
        movement_ids,
    )
    return [
        (
            record["account_id"],
            record["movement_id"],
            record["kind"],
            Allocation(record["lot_id"], record["amount"]),
        )
        for record in records
    ]


async def sum_returns(tx: Tx, account_ids: Sequence[UUID], spend_ids: Sequence[str]) -> dict[tuple[UUID, str], int]:
    """Sum what has been returned of spendings."""
    records = await tx.records(
        """
        SELECT account_id, reference_id, sum(amount)::bigint AS returned
          FROM ledger_entry
         WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND reference_id = ANY($3::text[]) AND kind = 'return'
         GROUP BY account_id, reference_id
        """,
        tx.tenant_id,
        account_ids,
        spend_ids,
    )
    return {(record["account_id"], record["reference_id"]): record["returned"] for record in records}


async def insert_lots(tx: Tx, lots: Sequence[tuple[UUID, Lot]]) -> None:
    """Keep newly opened lots as they were opened."""
    await tx.execute(
        """
        INSERT INTO ledger_lot (tenant_id, account_id, lot_id, amount, remaining, unit_price, opened_seq, opened_at,
                                expires_at)
        SELECT $1, n.account_id, n.lot_id, n.amount, n.amount, n.unit_price, n.opened_seq, n.opened_at, n.expires_at
          FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[],
                      $8::timestamptz[])
               AS n (account_id, lot_id, amount, unit_price, opened_seq, opened_at, expires_at)
        """,
        tx.tenant_id,
        [account_id for account_id, _ in lots],
        [lot.lot_id for _, lot in lots],
        [lot.amount for _, lot in lots],
        [lot.unit_price for _, lot in lots],
        [lot.opened_seq for _, lot in lots],
        [lot.opened_at for _, lot in lots],
        [lot.expires_at for _, lot in lots],
    )


async def insert_allocations(tx: Tx, allocations: Sequence[tuple[UUID, int, int, Allocation]]) -> None:
    """Keep allocations (account, entry, ordinal) and change what remains in their lots, in one statement."""
    await tx.execute(
        """
        WITH kept AS (
            INSERT INTO ledger_allocation (tenant_id, account_id, seq, ordinal, lot_id, amount)
            SELECT $1, n.account_id, n.seq, n.ordinal, n.lot_id, n.amount
              FROM unnest($2::uuid[], $3::bigint[], $4::integer[], $5::uuid[], $6::bigint[])
                   AS n (account_id, seq, ordinal, lot_id, amount)
        ), summed AS (
            SELECT n.lot_id, sum(n.amount)::bigint AS amount
              FROM unnest($5::uuid[], $6::bigint[]) AS n (lot_id, amount)
             GROUP BY n.lot_id
        )
        UPDATE ledger_lot l SET remaining = l.remaining + s.amount
          FROM summed s
         WHERE l.tenant_id = $1 AND l.lot_id = s.lot_id
        """,
        tx.tenant_id,
        [account_id for account_id, _, _, _ in allocations],
        [seq for _, seq, _, _ in allocations],
        [ordinal for _, _, ordinal, _ in allocations],
        [allocation.lot_id for _, _, _, allocation in allocations],
        [allocation.amount for _, _, _, allocation in allocations],
    )


async def end_lots(tx: Tx, lapses: Sequence[Entry]) -> None:
    """Keep that entries ended all lots of their accounts that had not ended, empty ones too."""
    await tx.execute(
        """
        UPDATE ledger_lot l SET ended_at = n.recorded_at
          FROM unnest($2::uuid[], $3::bigint[], $4::timestamptz[]) AS n (account_id, seq, recorded_at)
         WHERE l.tenant_id = $1 AND l.account_id = n.account_id AND l.opened_seq < n.seq
           AND l.ended_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > n.recorded_at)
        """,
        tx.tenant_id,
        [lapse.account_id for lapse in lapses],
        [lapse.seq for lapse in lapses],
        [lapse.recorded_at for lapse in lapses],
    )


async def keep_holds(tx: Tx, holds: Sequence[tuple[UUID, HoldState]]) -> None:
    """Keep holds that were opened or closed."""
    await tx.execute(
        """
        INSERT INTO ledger_hold (tenant_id, account_id, hold_id, amount, opened_seq, opened_at, expires_at, closed_seq)
        SELECT $1, n.*
          FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[],
                      $8::bigint[]) AS n
        ON CONFLICT (tenant_id, hold_id) DO UPDATE SET closed_seq = excluded.closed_seq
        """,
        tx.tenant_id,
        [account_id for account_id, _ in holds],
        [hold.hold_id for _, hold in holds],
        [hold.amount for _, hold in holds],
        [hold.opened_seq for _, hold in holds],
        [hold.opened_at for _, hold in holds],
        [hold.expires_at for _, hold in holds],
        [hold.closed_seq for _, hold in holds],
    )


async def list_overdue_holds(tx: Tx, now: datetime, limit: int) -> list[tuple[AccountKind, str, str]]:
    """Read open holds whose time is over, the longest overdue first: kind and owner of the account, and hold."""
    records = await tx.records(
        """
        SELECT a.kind, a.owner_id, h.hold_id
          FROM ledger_hold h
          JOIN ledger_account a ON a.tenant_id = $1 AND a.account_id = h.account_id AND a.closed_at IS NULL
         WHERE h.tenant_id = $1 AND h.closed_seq IS NULL AND h.expires_at <= $2
         ORDER BY h.expires_at LIMIT $3
        """,
        tx.tenant_id,
        now,
        limit,
    )
    return [(record["kind"], record["owner_id"], record["hold_id"]) for record in records]


async def list_ended(tx: Tx, now: datetime, limit: int) -> list[tuple[AccountKind, str]]:
    """Read whose lots have ended with something in them, the longest ended first: `limit` lots are looked at.

    Those that an entry ended before their time have something in them when it came back since.
    """
    records = await tx.records(
        """
        SELECT DISTINCT a.kind, a.owner_id
          FROM ((SELECT l.account_id
                   FROM ledger_lot l
                   JOIN ledger_account o ON o.tenant_id = $1 AND o.account_id = l.account_id AND o.closed_at IS NULL
                  WHERE l.tenant_id = $1 AND NOT l.is_empty AND l.expires_at <= $2
                  ORDER BY l.expires_at LIMIT $3)
                UNION ALL
                (SELECT l.account_id
                   FROM ledger_lot l
                   JOIN ledger_account o ON o.tenant_id = $1 AND o.account_id = l.account_id AND o.closed_at IS NULL
                  WHERE l.tenant_id = $1 AND NOT l.is_empty AND l.ended_at <= $2
                  ORDER BY l.ended_at LIMIT $3)) AS ended
          JOIN ledger_account a ON a.tenant_id = $1 AND a.account_id = ended.account_id
        """,
        tx.tenant_id,
        now,
        limit,
    )
    return [(record["kind"], record["owner_id"]) for record in records]


async def first_end_after(tx: Tx, instant: datetime) -> datetime | None:
    """Read when the next open hold, or the next lot with something in it, ends after an instant."""
    first: datetime | None = await tx.value(
        """
        SELECT least(
               (SELECT h.expires_at
                  FROM ledger_hold h
                  JOIN ledger_account a ON a.tenant_id = $1 AND a.account_id = h.account_id AND a.closed_at IS NULL
                 WHERE h.tenant_id = $1 AND h.closed_seq IS NULL AND h.expires_at > $2
                 ORDER BY h.expires_at LIMIT 1),
               (SELECT l.expires_at
                  FROM ledger_lot l
                  JOIN ledger_account a ON a.tenant_id = $1 AND a.account_id = l.account_id AND a.closed_at IS NULL
                 WHERE l.tenant_id = $1 AND NOT l.is_empty AND l.expires_at > $2
                 ORDER BY l.expires_at LIMIT 1))
        """,
        tx.tenant_id,
        instant,
    )
    return first
