"""Every statement on what the files of balances say, and on what the ledger has of it."""

from collections.abc import Sequence
from uuid import UUID

from guerdon.imports.balance_model import Reconciliation, Sums, WalletSums
from guerdon.platform.db import Tx
from guerdon.points.import_rows import LotRow


async def insert_reconciliation(tx: Tx, import_id: UUID, new: Reconciliation) -> None:
    """Keep what a file says, of which nothing is posted yet."""
    await tx.execute(
        """
        INSERT INTO balance_import (tenant_id, import_id, wallets, said_rows, said_amount, said_money, left_out_amount,
                                    without_amount, expired_rows, expired_amount)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tx.tenant_id,
        import_id,
        new.wallets,
        new.said_rows,
        new.said_amount,
        new.said_money,
        new.left_out_amount,
        new.without_amount,
        new.expired_rows,
        new.expired_amount,
    )


async def list_reconciliations(tx: Tx, import_ids: Sequence[UUID]) -> dict[UUID, Reconciliation]:
    """Read what the files of some imports say, and what is posted of them."""
    records = await tx.records(
        """
        SELECT import_id, wallets, wallets_opened, said_rows, said_amount, said_money, posted_rows, posted_amount,
               posted_money, left_out_amount, without_amount, expired_rows, expired_amount
          FROM balance_import WHERE tenant_id = $1 AND import_id = ANY($2::uuid[])
        """,
        tx.tenant_id,
        import_ids,
    )
    return {import_id: Reconciliation(*said) for import_id, *said in records}


async def add_posted(tx: Tx, import_id: UUID, posted: Sums, left_out: Sums, wallets_opened: int) -> None:
    """Count what the ledger has of some rows, and take those that became bad out of what the file says."""
    await tx.execute(
        """
        UPDATE balance_import
           SET posted_rows = posted_rows + $3, posted_amount = posted_amount + $4, posted_money = posted_money + $5,
               said_rows = said_rows - $6, said_amount = said_amount - $7, said_money = said_money - $8,
               left_out_amount = left_out_amount + $7, wallets_opened = wallets_opened + $9
         WHERE tenant_id = $1 AND import_id = $2
        """,
        tx.tenant_id,
        import_id,
        posted.rows,
        posted.amount,
        posted.money,
        left_out.rows,
        left_out.amount,
        left_out.money,
        wallets_opened,
    )


async def insert_rows(tx: Tx, import_id: UUID, rows: Sequence[LotRow]) -> None:
    """Keep what a file says of lots that are in the ledger now."""
    wishes = [row.given.wish() for row in rows]
    await tx.execute(
        """
        INSERT INTO balance_import_row (tenant_id, import_id, wallet_id, batch_id, line, amount, unit_price)
        SELECT $1, $2, n.wallet_id, n.batch_id, n.line, n.amount, n.unit_price
          FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[])
               AS n (wallet_id, batch_id, line, amount, unit_price)
        """,
        tx.tenant_id,
        import_id,
        [row.given.wallet for row in rows],
        [row.given.batch_id for row in rows],
        [row.line for row in rows],
        [wish.amount for wish in wishes],
        [wish.unit_price() for wish in wishes],
    )


async def list_wallets(tx: Tx, import_id: UUID, after: UUID | None, limit: int) -> list[WalletSums]:
    """Hold what a file says of its wallets against the ledger as it stands, by wallet id, `limit` of them."""
    return await tx.all(
        WalletSums,
        """
        WITH page AS MATERIALIZED (
            SELECT DISTINCT wallet_id FROM balance_import_row
             WHERE tenant_id = $1 AND import_id = $2 AND ($3::uuid IS NULL OR wallet_id > $3)
             ORDER BY wallet_id LIMIT $4
        )
        SELECT p.wallet_id, sums.said_rows, sums.said_amount, sums.said_money, sums.posted_rows, sums.posted_amount,
               sums.posted_money
          FROM page p
         CROSS JOIN LATERAL (
               SELECT count(*) AS said_rows, sum(r.amount) AS said_amount,
                      sum(r.amount::numeric * r.unit_price) AS said_money, count(e.amount) AS posted_rows,
                      coalesce(sum(e.amount), 0) AS posted_amount,
                      coalesce(sum(e.amount::numeric * l.unit_price), 0) AS posted_money
                 FROM balance_import_row r
                 LEFT JOIN ledger_lot_state l ON l.tenant_id = $1 AND l.lot_id = r.batch_id
                 LEFT JOIN ledger_balance a
                   ON a.tenant_id = $1 AND a.account_id = l.account_id AND a.kind = 'wallet'
                  AND a.owner_id = r.wallet_id::text
                 LEFT JOIN ledger_movement e
                   ON e.tenant_id = $1 AND e.account_id = a.account_id AND e.seq = l.opened_seq AND e.kind = 'earn'
                WHERE r.tenant_id = $1 AND r.import_id = $2 AND r.wallet_id = p.wallet_id) AS sums
         ORDER BY p.wallet_id
        """,
        tx.tenant_id,
        import_id,
        after,
        limit,
    )


async def delete_rows(tx: Tx, import_id: UUID, rows_max: int) -> int:
    """Drop at most `rows_max` of the rows that are kept of an import, and tell how many."""
    return await tx.execute(
        """
        DELETE FROM balance_import_row
         WHERE tenant_id = $1 AND import_id = $2 AND (wallet_id, batch_id) IN (
               SELECT wallet_id, batch_id FROM balance_import_row WHERE tenant_id = $1 AND import_id = $2 LIMIT $3)
        """,
        tx.tenant_id,
        import_id,
        rows_max,
    )
