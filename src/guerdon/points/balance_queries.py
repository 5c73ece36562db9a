"""Every statement that reads what a wallet holds, now or at an earlier instant."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from guerdon.ledger.lot_rules import EXPIRY_ACTOR
from guerdon.platform.db import Tx
from guerdon.points.expiry_rule import PATH as RULE
from guerdon.points.expiry_rule import inactivity_of
from guerdon.points.model import Balance, Expiring

EXPIRING_MAX = 100
# The rule as it stood at the instant $3; whoever has none is asked nothing further.
_RULE: LiteralString = """
WITH rule AS (
    SELECT f.content, t.time_zone
      FROM tenant t
      JOIN LATERAL (SELECT f.content FROM tenant_file f
                     WHERE f.tenant_id = $1 AND f.path = $5 AND f.created_at <= $3
                     ORDER BY f.version DESC LIMIT 1) AS f ON f.content IS NOT NULL
     WHERE t.tenant_id = $1
"""
_BALANCES: LiteralString = (
    _RULE  # noqa: S608  # two constants of this file
    + """
), open AS (
    SELECT h.account_id, h.opened_seq, h.amount, h.expires_at <= $3 IS TRUE AS is_overdue
      FROM ledger_hold_state h
     WHERE h.tenant_id = $1 AND h.account_id = ANY($2::uuid[]) AND h.closed_seq IS NULL
), part AS (
    SELECT l.account_id, l.expires_at, l.remaining AS amount
      FROM ledger_lot_state l
     WHERE l.tenant_id = $1 AND l.account_id = ANY($2::uuid[]) AND NOT l.is_empty
    UNION ALL
    SELECT o.account_id, l.expires_at, -c.amount
      FROM open o
      JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = o.account_id AND c.seq = o.opened_seq
      JOIN ledger_lot_state l ON l.tenant_id = $1 AND l.lot_id = c.lot_id
     WHERE o.is_overdue
), live AS (
    SELECT p.account_id, p.expires_at, sum(p.amount)::bigint AS amount,
           sum(sum(p.amount)) OVER (PARTITION BY p.account_id)::bigint AS available,
           row_number() OVER (PARTITION BY p.account_id ORDER BY p.expires_at NULLS LAST) AS place
      FROM part p
     WHERE p.expires_at IS NULL OR p.expires_at > $3
     GROUP BY p.account_id, p.expires_at
), held AS (
    SELECT o.account_id, sum(o.amount)::bigint AS amount FROM open o WHERE NOT o.is_overdue GROUP BY 1
), active AS (
    SELECT w.account_id, rule.content, rule.time_zone, last.recorded_at
      FROM rule
     CROSS JOIN unnest($2::uuid[]) AS w (account_id)
     CROSS JOIN LATERAL (SELECT m.recorded_at FROM ledger_movement m
                          WHERE m.tenant_id = $1 AND m.account_id = w.account_id AND m.actor <> $6
                          ORDER BY m.seq DESC LIMIT 1) AS last
)
SELECT b.account_id, b.version, coalesce(held.amount, 0) AS held, coalesce(live.available, 0) AS available,
       live.expires_at, live.amount, active.content AS rule, active.time_zone, active.recorded_at AS active_at
  FROM ledger_balance b
  LEFT JOIN active ON active.account_id = b.account_id
  LEFT JOIN held ON held.account_id = b.account_id
  LEFT JOIN live ON live.account_id = b.account_id AND live.place <= $4
 WHERE b.tenant_id = $1 AND b.account_id = ANY($2::uuid[])
 ORDER BY b.account_id, live.place
"""
)
_BALANCE_AT: LiteralString = (
    _RULE  # noqa: S608  # two constants of this file
    + """
), open AS (
    SELECT h.opened_seq, h.amount, h.expires_at <= $3 IS TRUE AS is_overdue FROM ledger_hold_state h
     WHERE h.tenant_id = $1 AND h.account_id = $2 AND h.opened_seq <= $7
       AND (h.closed_seq IS NULL OR h.closed_seq > $7)
), later AS (
    SELECT c.lot_id, sum(c.amount) AS amount FROM ledger_lot_change c
     WHERE c.tenant_id = $1 AND c.account_id = $2 AND c.seq > $7
     GROUP BY c.lot_id
), part AS (
    SELECT CASE WHEN l.ended_at > $3 THEN l.agreed_expires_at ELSE l.expires_at END AS expires_at,
           l.remaining - coalesce(later.amount, 0) AS amount
      FROM ledger_lot_state l
      LEFT JOIN later ON later.lot_id = l.lot_id
     WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.opened_seq <= $7
    UNION ALL
    SELECT CASE WHEN l.ended_at > $3 THEN l.agreed_expires_at ELSE l.expires_at END, -c.amount
      FROM open o
      JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = $2 AND c.seq = o.opened_seq
      JOIN ledger_lot_state l ON l.tenant_id = $1 AND l.lot_id = c.lot_id
     WHERE o.is_overdue
), live AS (
    SELECT p.expires_at, sum(p.amount)::bigint AS amount, sum(sum(p.amount)) OVER ()::bigint AS available
      FROM part p
     WHERE p.amount > 0 AND (p.expires_at IS NULL OR p.expires_at > $3)
     GROUP BY p.expires_at ORDER BY p.expires_at NULLS LAST LIMIT $4
), held AS (
    SELECT sum(o.amount)::bigint AS amount FROM open o WHERE NOT o.is_overdue
), active AS (
    SELECT rule.content, rule.time_zone, last.recorded_at
      FROM rule
     CROSS JOIN LATERAL (SELECT m.recorded_at FROM ledger_movement m
                          WHERE m.tenant_id = $1 AND m.account_id = $2 AND m.seq <= $7 AND m.actor <> $6
                          ORDER BY m.seq DESC LIMIT 1) AS last
)
SELECT $7::bigint AS version, coalesce(held.amount, 0) AS held, coalesce(live.available, 0) AS available,
       live.expires_at, live.amount, active.content AS rule, active.time_zone, active.recorded_at AS active_at
  FROM held LEFT JOIN live ON true LEFT JOIN active ON true
 ORDER BY live.expires_at NULLS LAST
"""
)


async def find_balances(tx: Tx, account_ids: Sequence[UUID], now: datetime) -> dict[UUID, Balance]:
    """Read of several accounts what may be spent now and what is set aside, and the next hundred instants of ending.

    What has ended and is not posted yet is left out; an overdue hold counts as given back.
    """
    records = await tx.records(
        _BALANCES,
        tx.tenant_id,
        account_ids,
        now,
        EXPIRING_MAX,
        RULE,
        EXPIRY_ACTOR,
    )
    each = groupby(records, key=itemgetter("account_id"))
    return {account_id: _balance(list(told)) for account_id, told in each}


async def find_hold_end(tx: Tx, account_id: UUID, now: datetime) -> datetime | None:
    """Tell when the first of an account's holds ends by itself."""
    ends_at: datetime | None = await tx.value(
        """
        SELECT min(expires_at) FROM ledger_hold_state
         WHERE tenant_id = $1 AND account_id = $2 AND closed_seq IS NULL AND expires_at > $3
        """,
        tx.tenant_id,
        account_id,
        now,
    )
    return ends_at


async def find_balance_at(tx: Tx, account_id: UUID, seq: int, instant: datetime) -> Balance:
    """Read what `find_balances` read at an instant, when `seq` was the account's last entry."""
    records = await tx.records(
        _BALANCE_AT,
        tx.tenant_id,
        account_id,
        instant,
        EXPIRING_MAX + 1,
        RULE,
        EXPIRY_ACTOR,
        seq,
    )
    return _balance(records)


def _balance(records: Sequence[asyncpg.Record]) -> Balance:
    first = records[0]
    expiring = tuple(Expiring(one["expires_at"], one["amount"]) for one in records if one["expires_at"] is not None)
    available, held = first["available"], first["held"]
    return Balance(available, held, first["version"], expiring[:EXPIRING_MAX], _inactive_on(first, available + held))


def _inactive_on(first: asyncpg.Record, total: int) -> date | None:
    if first["rule"] is None or total == 0:
        return None
    rule = inactivity_of(first["rule"])
    return None if rule is None else rule.inactive_on(first["active_at"], ZoneInfo(first["time_zone"]))
