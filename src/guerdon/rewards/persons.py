"""What claims hold of a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.ledger.amounts import to_decimal
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Tx
from guerdon.rewards import claim_queries

PAGE = 1_000

Document = dict[str, object]


async def page_claims(
    tx: Tx, wallet_id: UUID, after: UUID | None, _now: datetime
) -> tuple[Sequence[Document], UUID | None]:
    """Give the rewards that a wallet has claimed, oldest first."""
    rows = await claim_queries.list_of_wallet(tx, wallet_id, after or UUID(int=0), PAGE)
    documents: list[Document] = [
        {
            "operation": str(one.operation_id),
            "reward": str(one.reward_id),
            "coupon": one.coupon_id,
            "points": to_decimal(one.points),
            "claimedAt": rfc3339(one.claimed_at),
            "claimedBy": one.claimed_by,
            "rolledBackAt": None if one.rolled_back_at is None else rfc3339(one.rolled_back_at),
            "rolledBackBy": one.rolled_back_by,
        }
        for one in rows
    ]
    return documents, rows[-1].operation_id if len(rows) == PAGE else None
