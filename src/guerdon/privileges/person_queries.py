"""Every statement on what privileges hold of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.privileges.model import Privilege


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A movement on a privilege; its amounts in millionths."""

    privilege_id: str
    account_id: UUID
    seq: int
    movement_id: str
    amount: int
    value_after: int
    remarks: str | None
    occurred_at: datetime


async def list_of_passes(tx: Tx, pass_ids: Sequence[str], limit: int) -> list[Privilege]:
    """Read the privileges of passes, hidden ones too, by account."""
    return await tx.all(
        Privilege,
        """
        SELECT privilege_id, pass_id, account_id, type, priority, body, data_content, deletion_date, created_at
          FROM privilege
         WHERE tenant_id = $1 AND pass_id = ANY($2::text[])
         ORDER BY account_id LIMIT $3
        """,
        tx.tenant_id,
        pass_ids,
        limit,
    )


async def list_movements(tx: Tx, pass_id: str, account_id: UUID, seq: int, limit: int) -> list[MovementRow]:
    """Read the movements on the privileges of a pass after one of them, privilege by privilege."""
    return await tx.all(
        MovementRow,
        """
        SELECT p.privilege_id, e.account_id, e.seq, e.movement_id, e.amount, e.value_after, e.remarks, e.occurred_at
          FROM privilege p
          JOIN ledger_movement e ON e.tenant_id = $1 AND e.account_id = p.account_id
         WHERE p.tenant_id = $1 AND p.pass_id = $2 AND (e.account_id, e.seq) > ($3, $4)
         ORDER BY e.account_id, e.seq LIMIT $5
        """,
        tx.tenant_id,
        pass_id,
        account_id,
        seq,
        limit,
    )
