"""Every statement on which passes name which wallets of points."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class Bound:
    """A pass that names a wallet of points."""

    pass_id: str
    wallet_id: str


async def list_bound(tx: Tx, wallet_ids: Collection[str]) -> list[Bound]:
    """Find the passes that name wallets by any identifier, in id order."""
    return await tx.all(
        Bound,
        """
        SELECT DISTINCT i.pass_id, i.value AS wallet_id
          FROM pass_identifier i
         WHERE i.tenant_id = $1 AND i.value = ANY($2::text[]) AND length(i.value) = 36
         ORDER BY i.pass_id, i.value
        """,
        tx.tenant_id,
        list(wallet_ids),
    )


async def list_long_values(tx: Tx, pass_ids: Sequence[str]) -> list[str]:
    """Read the values of passes' identifiers that are as long as a uuid."""
    records = await tx.records(
        """
        SELECT DISTINCT value FROM pass_identifier
         WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND length(value) = 36
         ORDER BY value
        """,
        tx.tenant_id,
        pass_ids,
    )
    return [record["value"] for record in records]
