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
    # OFFSET keeps each look by itself: for the sake of the order, statistics that know little may lead to reading all
    # identifiers of the tenant.
    return await tx.all(
        Bound,
        """
        SELECT DISTINCT found.pass_id, w.wallet_id
          FROM unnest($2::text[]) AS w (wallet_id)
         CROSS JOIN LATERAL (SELECT i.pass_id FROM pass_identifier i
                              WHERE i.tenant_id = $1 AND i.value = w.wallet_id AND length(i.value) = 36
                             OFFSET 0) AS found
         ORDER BY found.pass_id, w.wallet_id
        """,
        tx.tenant_id,
        list(wallet_ids),
    )


async def list_shared(tx: Tx, wallet_ids: Collection[str], pass_ids: Sequence[str]) -> set[str]:
    """Tell which wallets a pass names that is not one of these; one is looked for, however many there are."""
    records = await tx.records(
        """
        SELECT w.wallet_id FROM unnest($2::text[]) AS w (wallet_id)
         WHERE EXISTS (SELECT FROM pass_identifier i
                        WHERE i.tenant_id = $1 AND i.value = w.wallet_id AND length(i.value) = 36
                          AND i.pass_id <> ALL($3::text[])
                       OFFSET 0)
        """,
        tx.tenant_id,
        wallet_ids,
        pass_ids,
    )
    return {record["wallet_id"] for record in records}


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
