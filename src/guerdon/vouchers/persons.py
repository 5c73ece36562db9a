"""What vouchers hold of a person: those that a wallet has used, and those that nobody else may use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.vouchers import person_queries
from guerdon.vouchers.documents import voucher_document

PAGE = 1_000


async def page_vouchers(
    tx: Tx, wallet_id: UUID, after: UUID | None, now: datetime
) -> tuple[Sequence[Mapping[str, object]], UUID | None]:
    """Give the vouchers of a wallet, by their codes."""
    rows = await person_queries.list_of_wallet(tx, wallet_id, after or UUID(int=0), PAGE)
    return [voucher_document(one, now) for one in rows], rows[-1].voucher_id if len(rows) == PAGE else None


async def erase_texts(tx: Tx, wallet_ids: Sequence[UUID], actor: str, now: datetime) -> int:
    """Take what the vouchers of wallets say, and cancel those that were not used; tell how many vouchers they are.

    A voucher is held before its wallet's account: call this first.
    """
    return await person_queries.erase_texts(tx, wallet_ids, actor, now)
