"""What coupons hold of a person: read whole, and taken away."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from guerdon.coupons import person_queries, queries
from guerdon.coupons.documents import coupon_document
from guerdon.platform.db import Tx

PAGE = 1_000


async def page_coupons(
    tx: Tx, wallet_id: UUID, after: str | None, now: datetime
) -> tuple[Sequence[Mapping[str, object]], str | None]:
    """Give the coupons of a wallet in every state, the newest first."""
    rows = await queries.list_after(tx, wallet_id, None, now, after, PAGE)
    return [coupon_document(one, now) for one in rows], rows[-1].coupon_id if len(rows) == PAGE else None


async def erase_texts(tx: Tx, wallet_ids: Sequence[UUID], actor: str, now: datetime) -> int:
    """Take what the coupons of wallets say, and cancel those that were not used; tell how many coupons they are.

    Whoever calls this holds the wallets' accounts.
    """
    return await person_queries.erase_texts(tx, wallet_ids, actor, now)
