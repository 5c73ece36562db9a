"""What wallets hold of a person: read whole, and taken away but for value."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.points import list_queries, operation_queries, order_queries, person_queries, queries
from guerdon.points.documents import (
    Document,
    batch_document,
    hold_document,
    line_document,
    operation_document,
    order_document,
    wallet_document,
)
from guerdon.points.model import EVENT_WALLET_ERASED
from guerdon.points.reading import SEQ_MAX, read_balance
from guerdon.points.wallets import find_wallet

PAGE = 1_000

Page = tuple[Sequence[Document], int | None]


async def list_wallets_of(tx: Tx, wallet_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Tell which of these wallets there are."""
    return await queries.list_existing(tx, wallet_ids) if wallet_ids else []


async def describe_wallet(tx: Tx, wallet_id: UUID, now: datetime) -> Document | None:
    """Give a wallet with its attributes and what is in it; None when it is not there."""
    wallet = await find_wallet(tx, wallet_id)
    if wallet is None:
        return None
    return wallet_document(wallet, await read_balance(tx, wallet, now))


async def page_batches(tx: Tx, wallet_id: UUID, before: int | None, now: datetime) -> Page:
    """Give the batches of a wallet, ended and empty ones too, the newest first."""
    wallet = await find_wallet(tx, wallet_id)
    if wallet is None:
        return [], None
    rows = await list_queries.list_batches(tx, wallet.account_id, before or SEQ_MAX, PAGE, None, now)
    return [batch_document(one, now) for one in rows], rows[-1].seq if len(rows) == PAGE else None


async def page_operations(tx: Tx, wallet_id: UUID, before: int | None, _now: datetime) -> Page:
    """Give the operations of a wallet, the newest first."""
    wallet = await find_wallet(tx, wallet_id)
    if wallet is None:
        return [], None
    rows = await operation_queries.list_operations(tx, wallet.account_id, before or SEQ_MAX, PAGE)
    return [operation_document(one) for one in rows], rows[-1].seq if len(rows) == PAGE else None


async def page_holds(tx: Tx, wallet_id: UUID, after: UUID | None, now: datetime) -> tuple[Sequence[Document], object]:
    """Give the holds of a wallet, open or not, by their ids."""
    rows = await person_queries.list_all_holds(tx, wallet_id, after or UUID(int=0), PAGE, now)
    return [hold_document(one) for one in rows], rows[-1].hold_id if len(rows) == PAGE else None


async def page_lines(tx: Tx, wallet_id: UUID, after: int | None, _now: datetime) -> Page:
    """Give the statement of a wallet from its first line."""
    wallet = await find_wallet(tx, wallet_id)
    if wallet is None:
        return [], None
    rows = await list_queries.list_lines(tx, wallet.account_id, after or 0, SEQ_MAX, PAGE)
    return [line_document(one) for one in rows], rows[-1].seq if len(rows) == PAGE else None


async def page_orders(
    tx: Tx, wallet_id: UUID, after: bytes | None, _now: datetime
) -> tuple[Sequence[Document], bytes | None]:
    """Give what is kept of the orders that earned, which is not their ids: batches and operations have those."""
    rows = await order_queries.list_of_wallet(tx, wallet_id, after or b"", PAGE)
    return [order_document(one) for one in rows], rows[-1].order_digest if len(rows) == PAGE else None


async def erase_texts(tx: Tx, wallet_ids: Sequence[UUID], actor: str, now: datetime) -> Mapping[str, int]:
    """Take from wallets what is said of them, their batches, operations and holds; tell of how many each.

    Value stays as it is, and the wallets with it: what is owed ends, or is spent, as ever. Whoever calls this holds the
    wallets' accounts.
    """
    counts = {
        "wallets": len(wallet_ids),
        "batches": await person_queries.erase_batches(tx, wallet_ids),
        "operations": await person_queries.erase_operations(tx, wallet_ids, now),
        "holds": await person_queries.erase_holds(tx, wallet_ids),
    }
    await person_queries.erase_attributes(tx, wallet_ids, now)
    told = [(str(wallet_id), msgspec.json.encode({"walletId": str(wallet_id)}).decode()) for wallet_id in wallet_ids]
    await emit(tx, [Event(EVENT_WALLET_ERASED, wallet_id, text, actor) for wallet_id, text in told], now)
    return counts
