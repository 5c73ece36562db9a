"""Every statement that reads what a wallet holds, now or at an earlier instant."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
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
SEQ_MAX = 2**63 - 1
# What overdue holds had set aside is back in its batches, for whoever reads, before the job posts so.
_OPEN: LiteralString = """
WITH open AS (
    SELECT h.account_id, h.opened_seq, h.amount, h.expires_at <= $3 IS TRUE AS is_overdue
      FROM ledger_hold_state h
     WHERE h.tenant_id = $1 AND h.account_id = ANY($2::uuid[]) AND h.closed_seq IS NULL
), freed AS (
    SELECT o.account_id, c.lot_id, -c.amount AS amount
      FROM open o
      JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = o.account_id AND c.seq = o.opened_seq
     WHERE o.is_overdue
)
"""
_BALANCES: LiteralString = (
    _OPEN  # noqa: S608  # two constants of this file
    + """
, part AS (
    SELECT l.account_id, l.expires_at, l.remaining AS amount
      FROM ledger_lot_state l
     WHERE l.tenant_id = $1 AND l.account_id = ANY($2::uuid[]) AND NOT l.is_empty
    UNION ALL
    SELECT f.account_id, l.expires_at, f.amount
      FROM freed f
      JOIN ledger_lot_state l ON l.tenant_id = $1 AND l.lot_id = f.lot_id
), live AS (
    SELECT p.account_id, p.expires_at, sum(p.amount)::bigint AS amount,
           sum(sum(p.amount)) OVER (PARTITION BY p.account_id)::bigint AS available,
           row_number() OVER (PARTITION BY p.account_id ORDER BY p.expires_at NULLS LAST) AS place
      FROM part p
     WHERE p.expires_at IS NULL OR p.expires_at > $3
     GROUP BY p.account_id, p.expires_at
), held AS (
    SELECT o.account_id, sum(o.amount)::bigint AS amount FROM open o WHERE NOT o.is_overdue GROUP BY 1
)
SELECT b.account_id, b.version, coalesce(held.amount, 0) AS held, coalesce(live.available, 0) AS available,
       live.expires_at, live.amount,
       (SELECT f.content FROM tenant_file f
         WHERE f.tenant_id = $1 AND f.path = $5 AND f.created_at <= $3 ORDER BY f.version DESC LIMIT 1) AS rule
  FROM ledger_balance b
  LEFT JOIN held ON held.account_id = b.account_id
  LEFT JOIN live ON live.account_id = b.account_id AND live.place <= $4
 WHERE b.tenant_id = $1 AND b.account_id = ANY($2::uuid[])
 ORDER BY b.account_id, live.place
"""
)
_BALANCE_AT: LiteralString = """
WITH open AS (
    SELECT h.opened_seq, h.amount, h.expires_at <= $4 IS TRUE AS is_overdue FROM ledger_hold_state h
     WHERE h.tenant_id = $1 AND h.account_id = $2 AND h.opened_seq <= $3
       AND (h.closed_seq IS NULL OR h.closed_seq > $3)
), change AS (
    SELECT l.lot_id, true AS is_opened, l.remaining AS amount,
           CASE WHEN l.ended_at > $4 THEN l.agreed_expires_at ELSE l.expires_at END AS expires_at
      FROM ledger_lot_state l
     WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.opened_seq <= $3
    UNION ALL
    SELECT c.lot_id, false, -c.amount, NULL FROM ledger_lot_change c
     WHERE c.tenant_id = $1 AND c.account_id = $2 AND c.seq > $3
    UNION ALL
    SELECT c.lot_id, false, -c.amount, NULL FROM ledger_lot_change c
     WHERE c.tenant_id = $1 AND c.account_id = $2
       AND c.seq = ANY(ARRAY(SELECT o.opened_seq FROM open o WHERE o.is_overdue))
), part AS (
    SELECT max(c.expires_at) AS expires_at, sum(c.amount) AS amount
      FROM change c
     GROUP BY c.lot_id
    HAVING bool_or(c.is_opened)
), live AS (
    SELECT p.expires_at, sum(p.amount)::bigint AS amount, sum(sum(p.amount)) OVER ()::bigint AS available
      FROM part p
     WHERE p.amount > 0 AND (p.expires_at IS NULL OR p.expires_at > $4)
     GROUP BY p.expires_at ORDER BY p.expires_at NULLS LAST LIMIT $5
), held AS (
    SELECT sum(o.amount)::bigint AS amount FROM open o WHERE NOT o.is_overdue
)
SELECT $3::bigint AS version, coalesce(held.amount, 0) AS held, coalesce(live.available, 0) AS available,
       live.expires_at, live.amount,
       (SELECT f.content FROM tenant_file f
         WHERE f.tenant_id = $1 AND f.path = $6 AND f.created_at <= $4 ORDER BY f.version DESC LIMIT 1) AS rule
  FROM held LEFT JOIN live ON true
 ORDER BY live.expires_at NULLS LAST
"""


async def find_balances(tx: Tx, account_ids: Sequence[UUID], now: datetime) -> dict[UUID, Balance]:
    """Read of several accounts what may be spent now, what is set aside, and the next hundred instants of ending.

    What has ended and is not posted yet is left out; an overdue hold counts as given back. A tenant without a rule of
    expiry is asked nothing further; one that has it pays a second statement.
    """
    records = await tx.records(
        _BALANCES,
        tx.tenant_id,
        account_ids,
        now,
        EXPIRING_MAX,
        RULE,
    )
    each = groupby(records, key=itemgetter("account_id"))
    balances = {account_id: _balance(list(told)) for account_id, told in each}
    return await _with_rule(tx, balances, records[0]["rule"] if records else None, SEQ_MAX)


async def find_freed(tx: Tx, account_id: UUID, now: datetime) -> dict[UUID, int]:
    """Tell what of an account's batches overdue holds set aside: it is back in them, as in every balance."""
    records = await tx.records(
        _OPEN + "SELECT lot_id, sum(amount)::bigint AS amount FROM freed GROUP BY lot_id",  # noqa: S608  # the same
        tx.tenant_id,
        [account_id],
        now,
    )
    return {record["lot_id"]: record["amount"] for record in records}


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
        seq,
        instant,
        EXPIRING_MAX + 1,
        RULE,
    )
    return (await _with_rule(tx, {account_id: _balance(records)}, records[0]["rule"], seq))[account_id]


async def _with_rule(
    tx: Tx, balances: dict[UUID, Balance], content: bytes | None, until_seq: int
) -> dict[UUID, Balance]:
    """Say when what accounts hold ends by a rule, going by their entries up to one."""
    rule = None if content is None else inactivity_of(content)
    filled = [account_id for account_id, balance in balances.items() if balance.total]
    if rule is None or not filled:
        return balances
    records = await tx.records(
        """
        SELECT w.account_id, last.recorded_at, t.time_zone
          FROM tenant t
         CROSS JOIN unnest($2::uuid[]) AS w (account_id)
         CROSS JOIN LATERAL (SELECT m.recorded_at FROM ledger_movement m
                              WHERE m.tenant_id = $1 AND m.account_id = w.account_id AND m.seq <= $3 AND m.actor <> $4
                              ORDER BY m.seq DESC LIMIT 1) AS last
         WHERE t.tenant_id = $1
        """,
        tx.tenant_id,
        filled,
        until_seq,
        EXPIRY_ACTOR,
    )
    days = {one["account_id"]: rule.inactive_on(one["recorded_at"], ZoneInfo(one["time_zone"])) for one in records}
    return {one: replace(balance, inactive_on=days.get(one)) for one, balance in balances.items()}


def _balance(records: Sequence[asyncpg.Record]) -> Balance:
    first = records[0]
    expiring = tuple(Expiring(one["expires_at"], one["amount"]) for one in records if one["expires_at"] is not None)
    return Balance(first["available"], first["held"], first["version"], expiring[:EXPIRING_MAX])
