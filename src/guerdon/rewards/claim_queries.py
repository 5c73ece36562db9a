"""Every statement on claims."""

from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.rewards.model import Claim


async def insert_claim(tx: Tx, claim: Claim) -> None:
    """Keep a new claim."""
    await tx.execute(
        """
        INSERT INTO reward_claim (tenant_id, operation_id, reward_id, wallet_id, coupon_id, points, claimed_at,
                                  claimed_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        tx.tenant_id,
        claim.operation_id,
        claim.reward_id,
        claim.wallet_id,
        claim.coupon_id,
        claim.points,
        claim.claimed_at,
        claim.claimed_by,
    )


async def lock_claim(tx: Tx, operation_id: UUID) -> Claim | None:
    """Read the claim that an operation paid for, and hold it until the transaction ends."""
    return await tx.maybe(
        Claim,
        """
        SELECT operation_id, reward_id, wallet_id, coupon_id, points, claimed_at, claimed_by, rolled_back_at,
               rolled_back_by
          FROM reward_claim WHERE tenant_id = $1 AND operation_id = $2
           FOR UPDATE
        """,
        tx.tenant_id,
        operation_id,
    )


async def update_rolled_back(tx: Tx, claim: Claim) -> None:
    """Keep that a claim was rolled back, when, and by whom."""
    await tx.execute(
        """
        UPDATE reward_claim SET rolled_back_at = $3, rolled_back_by = $4
         WHERE tenant_id = $1 AND operation_id = $2
        """,
        tx.tenant_id,
        claim.operation_id,
        claim.rolled_back_at,
        claim.rolled_back_by,
    )


async def count_claims(tx: Tx, wallet_id: UUID, reward_id: UUID) -> int:
    """Count a wallet's claims of one reward, without those that were rolled back."""
    count: int = await tx.value(
        """
        SELECT count(*) FROM reward_claim
         WHERE tenant_id = $1 AND wallet_id = $2 AND reward_id = $3 AND rolled_back_at IS NULL
        """,
        tx.tenant_id,
        wallet_id,
        reward_id,
    )
    return count


async def list_of_wallet(tx: Tx, wallet_id: UUID, after: UUID, limit: int) -> list[Claim]:
    """Read a wallet's claims, those that were rolled back too, by their operations after one of them."""
    return await tx.all(
        Claim,
        """
        SELECT operation_id, reward_id, wallet_id, coupon_id, points, claimed_at, claimed_by, rolled_back_at,
               rolled_back_by
          FROM reward_claim
         WHERE tenant_id = $1 AND wallet_id = $2 AND operation_id > $3
         ORDER BY operation_id LIMIT $4
        """,
        tx.tenant_id,
        wallet_id,
        after,
        limit,
    )
