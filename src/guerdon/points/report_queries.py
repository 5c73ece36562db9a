"""Every statement of the reports on points. All stand on the lots as they were at an instant.

What was left in a lot at an instant is what is left now, less all that entries recorded later put in or took out. What
an open hold set aside is counted beside it, and what an overdue hold set aside is back in its lot, as in every balance.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from guerdon.ledger.lot_rules import EXPIRY_ACTOR
from guerdon.platform.db import Tx
from guerdon.points.expiry_rule import InactivityRule
from guerdon.points.report_model import AGE_DAYS, BreakageMonth, ExpiredBatch, ExpiringDay, LiabilityRow, WalletRow

PREFETCH: Final = 500  # rows of a report in memory at once

# $1 is the tenant, $2 the instant; the parts join into the common table expression `lot_at`.
LATER_CHANGES: Final = """
    WITH later AS (
        SELECT c.lot_id, sum(c.amount) AS amount
          FROM ledger_movement e
          JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = e.account_id AND c.seq = e.seq
         WHERE e.tenant_id = $1 AND e.recorded_at > $2 AND e.kind NOT IN ('move', 'earn')
    """
OPEN_HOLDS: Final = """
         GROUP BY c.lot_id
    ), held AS (
        SELECT c.lot_id,
               sum(CASE WHEN h.expires_at <= $2 THEN -c.amount ELSE 0 END) AS overdue,
               sum(CASE WHEN h.expires_at <= $2 THEN 0 ELSE -c.amount END) AS amount
          FROM ledger_hold_state h
          JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = h.account_id AND c.seq = h.opened_seq
          LEFT JOIN ledger_movement e ON e.tenant_id = $1 AND e.account_id = h.account_id AND e.seq = h.closed_seq
         WHERE h.tenant_id = $1 AND h.opened_at <= $2 AND (h.closed_seq IS NULL OR e.recorded_at > $2)
    """
LOTS_OPENED: Final = """
         GROUP BY c.lot_id
    ), told AS (
        SELECT o.*, coalesce(later.amount, 0) AS later, coalesce(held.overdue, 0) AS overdue,
               coalesce(held.amount, 0) AS held
          FROM (SELECT l.* FROM ledger_lot_state l
                 WHERE l.tenant_id = $1 AND l.opened_at <= $2
    """
CHANGED_SINCE: Final = """
               ) AS o
          LEFT JOIN later ON later.lot_id = o.lot_id
          LEFT JOIN held ON held.lot_id = o.lot_id
    """
# A few accounts are taken for accounts of a few lots, and of the joins only a full one is never done row by row; OFFSET
# keeps what is asked of its outcome from making another of it.
CHANGED_SINCE_OF_SOME: Final = """
               ) AS o
          FULL JOIN later ON later.lot_id = o.lot_id
          FULL JOIN held ON held.lot_id = o.lot_id
        OFFSET 0
    """
LOTS_THEN: Final = """
    ), lot_at AS (
        SELECT l.lot_id, l.account_id, l.amount, l.unit_price, coalesce(b.earned_at, l.opened_at) AS earned_at,
               e.expires_at,
               e.expires_at <= $2 IS TRUE AS is_expired,
               l.remaining - l.later + l.overdue AS remaining,
               l.held
          FROM told l
         CROSS JOIN LATERAL (SELECT CASE WHEN l.ended_at > $2 THEN l.agreed_expires_at ELSE l.expires_at END)
               AS e (expires_at)
          LEFT JOIN wallet_batch b
            ON b.tenant_id = $1 AND b.batch_id = l.lot_id AND b.earned_at IS NOT NULL
         WHERE l.lot_id IS NOT NULL
    """
LOTS_AT: Final = LATER_CHANGES + OPEN_HOLDS + LOTS_OPENED + CHANGED_SINCE + LOTS_THEN
# The same of the accounts $3 alone, found by their keys.
LOTS_OF_SOME_AT: Final = (
    LATER_CHANGES
    + " AND e.account_id = ANY($3::uuid[])"
    + OPEN_HOLDS
    + " AND h.account_id = ANY($3::uuid[])"
    + LOTS_OPENED
    + " AND l.account_id = ANY($3::uuid[])"
    + CHANGED_SINCE_OF_SOME
    + LOTS_THEN
)
# What was left in the lots that ended in a `period`, which stands between LOTS_AT and this.
ENDED_IN_PERIOD: Final = """
        ), posted AS (
            SELECT c.lot_id, -sum(c.amount) AS amount
              FROM ledger_movement e
              JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = e.account_id AND c.seq = e.seq
             WHERE e.tenant_id = $1 AND e.kind = 'expire' AND e.recorded_at <= $2
               AND e.recorded_at >= (SELECT starts_at FROM period)
             GROUP BY c.lot_id
        ), ended AS (
            SELECT l.lot_id, l.account_id, l.amount, l.unit_price, l.expires_at, l.held,
                   l.remaining + coalesce(posted.amount, 0) AS expired
              FROM lot_at l
              LEFT JOIN posted ON posted.lot_id = l.lot_id
             WHERE l.is_expired AND l.expires_at >= (SELECT starts_at FROM period)
               AND l.expires_at < (SELECT ends_at FROM period)
        )
    """
# The days on which wallets are inactive by the rule of the instant, $5 to $7; all of it after LOTS_AT.
INACTIVE_THEN: Final = """
        ), inactive AS (
            SELECT w.account_id,
                   greatest((last.recorded_at AT TIME ZONE $4::text)::date
                            + make_interval(months => $5::integer, days => $6::integer + 1),
                            $7::date, $2 AT TIME ZONE $4::text)::date AS day
              FROM (SELECT DISTINCT account_id FROM lot_at WHERE remaining > 0 OR held > 0) AS w
             CROSS JOIN LATERAL (SELECT m.recorded_at FROM ledger_movement m
                                  WHERE m.tenant_id = $1 AND m.account_id = w.account_id AND m.recorded_at <= $2
                                    AND m.actor <> $8
                                  ORDER BY m.seq DESC LIMIT 1) AS last
             WHERE $7::date IS NOT NULL
    """


async def iter_liability(tx: Tx, as_of: datetime) -> AsyncIterator[LiabilityRow]:
    """Read what is owed, by unit price and age, the dearest first."""
    await _take_time(tx)
    records = tx.connection.cursor(
        LOTS_AT  # noqa: S608  # two constants of this file
        + """
        ), part AS (
            SELECT unit_price,
                   width_bucket(floor(extract(epoch FROM $2 - earned_at) / 86400)::integer, $3::integer[]) AS age,
                   CASE WHEN is_expired THEN 0 ELSE remaining END + held AS owed,
                   held,
                   CASE WHEN is_expired THEN remaining ELSE 0 END AS expired_unposted
              FROM lot_at
             WHERE remaining > 0 OR held > 0
        )
        SELECT unit_price, age, count(*) FILTER (WHERE owed > 0) AS lots, sum(owed) AS owed, sum(held) AS held,
               sum(expired_unposted) AS expired_unposted
          FROM part
         GROUP BY unit_price, age
         ORDER BY unit_price DESC, age
        """,
        tx.tenant_id,
        as_of,
        AGE_DAYS,
        prefetch=PREFETCH,
    )
    async for record in records:
        yield LiabilityRow(*record.values())


async def iter_expiring(
    tx: Tx, as_of: datetime, days: int, time_zone: str, rule: InactivityRule | None = None
) -> AsyncIterator[ExpiringDay]:
    """Read what expires after an instant on its day and on the `days` days after it if nothing happens until then.

    `rule` is the one that stood at the instant. What is due by it and not posted yet can only end today.
    """
    await _take_time(tx)
    records = tx.connection.cursor(
        LOTS_AT  # noqa: S608  # three constants of this file
        + INACTIVE_THEN
        + """
        ), part AS (
            SELECT least((l.expires_at AT TIME ZONE $4::text)::date, i.day) AS day, l.remaining + l.held AS expiring,
                   l.held, l.unit_price
              FROM lot_at l
              LEFT JOIN inactive i ON i.account_id = l.account_id
             WHERE (l.remaining > 0 OR l.held > 0) AND NOT l.is_expired
        )
        SELECT day, count(*) AS lots, sum(expiring) AS expiring, sum(held) AS held,
               sum(expiring * unit_price::numeric) AS price_sum
          FROM part
         WHERE day <= ($2 AT TIME ZONE $4::text)::date + $3::integer
         GROUP BY day
         ORDER BY day
        """,
        tx.tenant_id,
        as_of,
        days,
        time_zone,
        0 if rule is None else rule.months or 0,
        0 if rule is None else rule.days or 0,
        None if rule is None else rule.not_before,
        EXPIRY_ACTOR,
        prefetch=PREFETCH,
    )
    async for record in records:
        yield ExpiringDay(*record.values())


async def iter_expired_paid(
    tx: Tx, as_of: datetime, year: int, month: int, time_zone: str
) -> AsyncIterator[ExpiredBatch]:
    """Read the batches with a price that expired in a month and until an instant, in the order of their expiry."""
    await _take_time(tx)
    records = tx.connection.cursor(
        LOTS_AT  # noqa: S608  # three constants of this file
        + """
        ), period AS (
            SELECT make_timestamptz($3::integer, $4::integer, 1, 0, 0, 0, $5::text) AS starts_at,
                   make_timestamptz($3::integer + $4::integer / 12, $4::integer % 12 + 1, 1, 0, 0, 0, $5::text)
                       AS ends_at
        """
        + ENDED_IN_PERIOD
        + """
        SELECT w.owner_id AS wallet, l.lot_id AS batch_id, l.amount, b.price, l.expires_at, l.expired AS "left"
          FROM ended l
          JOIN wallet_batch b ON b.tenant_id = $1 AND b.batch_id = l.lot_id AND b.price IS NOT NULL
          JOIN ledger_balance w ON w.tenant_id = $1 AND w.account_id = l.account_id
         WHERE l.expired > 0
         ORDER BY l.expires_at, l.lot_id
        """,
        tx.tenant_id,
        as_of,
        year,
        month,
        time_zone,
        prefetch=PREFETCH,
    )
    async for record in records:
        yield ExpiredBatch(*record.values())


async def iter_breakage(tx: Tx, as_of: datetime, year: int, time_zone: str) -> AsyncIterator[BreakageMonth]:
    """Read what became of the lots that ended in each month of a year and until an instant."""
    await _take_time(tx)
    records = tx.connection.cursor(
        LOTS_AT  # noqa: S608  # three constants of this file
        + """
        ), period AS (
            SELECT make_timestamptz($3::integer, 1, 1, 0, 0, 0, $4::text) AS starts_at,
                   make_timestamptz($3::integer + 1, 1, 1, 0, 0, 0, $4::text) AS ends_at
        """
        + ENDED_IN_PERIOD
        + """
        SELECT date_trunc('month', expires_at AT TIME ZONE $4::text)::date AS month, count(*) AS lots,
               sum(amount) AS issued, sum(expired) AS expired, sum(held) AS held,
               sum(amount * unit_price::numeric) AS issued_money, sum(expired * unit_price::numeric) AS expired_money
          FROM ended
         GROUP BY month
         ORDER BY month
        """,
        tx.tenant_id,
        as_of,
        year,
        time_zone,
        prefetch=PREFETCH,
    )
    async for record in records:
        yield BreakageMonth(*record.values())


async def list_wallets(tx: Tx, as_of: datetime, after: UUID, start: int, limit: int) -> Sequence[WalletRow]:
    """Read wallets in the order of their ids with what they held at an instant."""
    page = await tx.records(
        """
        SELECT account_id, wallet_id FROM wallet
         WHERE tenant_id = $1 AND wallet_id > $2 AND created_at <= $3
         ORDER BY wallet_id OFFSET $4 LIMIT $5
        """,
        tx.tenant_id,
        after,
        as_of,
        start,
        limit,
    )
    records = await tx.records(
        LOTS_OF_SOME_AT  # noqa: S608  # two constants of this file
        + """
        )
        SELECT account_id,
               coalesce(sum(remaining) FILTER (WHERE NOT is_expired), 0) + sum(held) AS balance,
               sum(held) AS held, count(*) FILTER (WHERE NOT is_expired AND remaining > 0) AS lots,
               min(expires_at) FILTER (WHERE NOT is_expired AND remaining > 0) AS next_expiry_at
          FROM lot_at
         GROUP BY account_id
        """,
        tx.tenant_id,
        as_of,
        [account_id for account_id, _ in page],
    )
    held: dict[UUID, list[Any]] = {account_id: said for account_id, *said in records}
    nothing: list[Any] = [Decimal(0), Decimal(0), 0, None]  # there may be no lot yet
    return [WalletRow(wallet_id, *held.get(account_id, nothing)) for account_id, wallet_id in page]


async def count_wallets(tx: Tx, as_of: datetime) -> int:
    """Count the wallets that there were at an instant."""
    counted: int = await tx.value(
        "SELECT count(*) FROM wallet WHERE tenant_id = $1 AND created_at <= $2", tx.tenant_id, as_of
    )
    return counted


async def _take_time(tx: Tx) -> None:
    # Five seconds for a million lots: the usual limit would end the reports of six million.
    await tx.execute("SET LOCAL statement_timeout = '10min'")
