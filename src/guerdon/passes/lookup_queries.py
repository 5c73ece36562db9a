"""Every statement on looking passes up by the key of a supplier."""

from collections.abc import Sequence

from guerdon.platform.db import Tx


async def list_existing(tx: Tx, pass_ids: Sequence[str]) -> list[str]:
    """Read which of these passes exist."""
    records = await tx.records(
        "SELECT pass_id FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND voided_at IS NULL",
        tx.tenant_id,
        pass_ids,
    )
    return [record["pass_id"] for record in records]


async def is_name_used(tx: Tx, name: str) -> bool:
    """Tell whether any pass has an identifier of this name."""
    used = await tx.value(
        "SELECT true FROM pass_identifier WHERE tenant_id = $1 AND name = $2 LIMIT 1", tx.tenant_id, name
    )
    return used is True


async def list_by_identifier(tx: Tx, name: str, value: str, after: str, limit: int) -> list[str]:
    """Read the passes with an identifier that follow one, in the order of their ids."""
    records = await tx.records(
        """
        SELECT pass_id FROM pass_identifier
         WHERE tenant_id = $1 AND name = $2 AND value = $3 AND pass_id > $4
         ORDER BY pass_id LIMIT $5
        """,
        tx.tenant_id,
        name,
        value,
        after,
        limit,
    )
    return [record["pass_id"] for record in records]
