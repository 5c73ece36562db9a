"""The invariants of the ledger as sums in SQL, over all accounts of a tenant at once."""

from guerdon.platform.db import Database


async def broken(database: Database, tenant_id: str) -> list[str]:
    """Name every invariant that does not hold (loyalty-anchors D.3: 1 to 4), each with its account."""
    async with database.tenant(tenant_id) as tx:
        records = await tx.records(
            """
            WITH entry AS (
                SELECT account_id, sum(amount) AS value, sum(held_change) AS held, count(*) AS entries,
                       max(seq) AS seq, count(DISTINCT movement_id) AS movements
                  FROM ledger_entry WHERE tenant_id = $1 GROUP BY account_id
            ), lot AS (
                SELECT l.account_id, sum(l.remaining) AS remaining,
                       bool_and(l.remaining = l.amount + coalesce(a.amount, 0)) AS is_sum_of_allocations
                  FROM ledger_lot l
                  LEFT JOIN (SELECT lot_id, sum(amount) AS amount FROM ledger_allocation
                              WHERE tenant_id = $1 GROUP BY lot_id) a USING (lot_id)
                 WHERE l.tenant_id = $1 GROUP BY l.account_id
            ), hold AS (
                SELECT account_id, sum(amount) AS held FROM ledger_hold
                 WHERE tenant_id = $1 AND closed_seq IS NULL GROUP BY account_id
            ), spending AS (
                SELECT s.account_id, bool_or(-s.amount < coalesce(r.amount, 0)) AS is_over_returned
                  FROM ledger_entry s
                  LEFT JOIN (SELECT account_id, reference_id, sum(amount) AS amount FROM ledger_entry
                              WHERE tenant_id = $1 AND kind = 'return' GROUP BY 1, 2) r
                    ON r.account_id = s.account_id AND r.reference_id = s.movement_id
                 WHERE s.tenant_id = $1 AND s.kind IN ('spend', 'capture') GROUP BY s.account_id
            )
            SELECT a.owner_id, problem
              FROM ledger_account a
              LEFT JOIN entry e USING (account_id) LEFT JOIN lot l USING (account_id)
              LEFT JOIN hold h USING (account_id) LEFT JOIN spending s USING (account_id),
                   LATERAL (VALUES
                       ('the value is the sum of the movements', a.value = coalesce(e.value, 0)),
                       ('what is held is the sum of the entries', a.held = coalesce(e.held, 0)),
                       ('what is held is the sum of the open holds', a.held = coalesce(h.held, 0)),
                       ('the version counts the entries', a.seq = coalesce(e.entries, 0)),
                       ('no number is left out', a.seq = coalesce(e.seq, 0)),
                       ('no movement came twice', a.seq = coalesce(e.movements, 0)),
                       ('lots and holds are the value', NOT a.has_lots OR coalesce(l.remaining, 0) + a.held = a.value),
                       ('a lot keeps what was not taken', coalesce(l.is_sum_of_allocations, true)),
                       ('no more was returned than spent', NOT coalesce(s.is_over_returned, false))
                   ) AS rule (problem, holds)
             WHERE a.tenant_id = $1 AND NOT holds
            """,
            tenant_id,
        )
    return [f"{record['owner_id']}: {record['problem']}" for record in records]
