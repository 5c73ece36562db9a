"""Reading wallets: what is in them now and was at an instant, their batches, operations and statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from guerdon.ledger.accounts import seq_as_of
from guerdon.platform.db import Tx
from guerdon.platform.listing import Listing
from guerdon.points import balance_queries, list_queries, operation_queries
from guerdon.points.errors import CursorInvalid, OperationNotFound
from guerdon.points.model import Balance, Batch, HoldView, Line, Operation, Wallet
from guerdon.points.wallets import find_wallet, get_wallet

SEQ_MAX = balance_queries.SEQ_MAX
BATCH_SORTS = ("createdAt", "amount", "remaining", "expires")
OPERATION_SORTS = ("createdAt", "amount")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list; `total` counts all of it when it was asked for from its beginning or by range."""

    items: Sequence[Item]
    total: int | None
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a wallet holds, and when that changes though nothing is written: points end, or a hold does."""

    balance: Balance
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """What part of a statement is asked for: from `starts_at` on, before `ends_at`, as it was known at `as_of`."""

    starts_at: datetime | None
    ends_at: datetime | None
    as_of: datetime | None


async def read_balance(tx: Tx, wallet: Wallet, now: datetime, as_of: datetime | None = None) -> Balance:
    """Read what a wallet holds now, or held at an instant: the same as was read then."""
    if as_of is None or as_of >= now:
        return (await balance_queries.find_balances(tx, [wallet.account_id], now))[wallet.account_id]
    seq = await seq_as_of(tx, wallet.account_id, as_of)
    return await balance_queries.find_balance_at(tx, wallet.account_id, seq, as_of)


async def read_standing(tx: Tx, wallet_id: UUID, now: datetime) -> Standing | None:
    """Read what a wallet holds now, and until when that is so if nobody does anything; None when there is no wallet."""
    wallet = await find_wallet(tx, wallet_id)
    if wallet is None:
        return None
    balance = await read_balance(tx, wallet, now)
    hold_end = await balance_queries.find_hold_end(tx, wallet.account_id, now) if balance.held else None
    ends = [hold_end, *(one.expires_at for one in balance.expiring[:1])]
    return Standing(balance, min((end for end in ends if end is not None), default=None))


async def list_batches(
    tx: Tx, wallet_id: UUID, asked: Listing, now: datetime, *, is_active: bool | None
) -> Page[Batch]:
    """List a wallet's batches, the newest first unless another order is asked for.

    `is_active` lists those that live and are not empty, or only the others; None lists all.
    Raises WalletNotFound, CursorInvalid, InvalidRequest.
    """
    asked.check_sort(BATCH_SORTS)
    account_id = (await get_wallet(tx, wallet_id)).account_id
    if asked.is_by_cursor:
        before = _before(asked.cursor)
        batches = await list_queries.list_batches(tx, account_id, before, asked.limit, is_active, now)
    else:
        by, sign = asked.sort or "createdAt", _sign(asked)
        batches = await list_queries.list_sorted_batches(
            tx, account_id, is_active, now, by, sign, asked.start, asked.limit
        )
    total = None if asked.cursor else await list_queries.count_batches(tx, account_id, is_active, now)
    return Page(batches, total, _next(asked, [batch.seq for batch in batches]))


async def list_operations(tx: Tx, wallet_id: UUID, asked: Listing) -> Page[Operation]:
    """List a wallet's operations, the newest first unless another order is asked for.

    Raises WalletNotFound, CursorInvalid, InvalidRequest.
    """
    asked.check_sort(OPERATION_SORTS)
    account_id = (await get_wallet(tx, wallet_id)).account_id
    if asked.is_by_cursor:
        found = await operation_queries.list_operations(tx, account_id, _before(asked.cursor), asked.limit)
    else:
        by, sign = asked.sort or "createdAt", _sign(asked)
        found = await operation_queries.list_sorted_operations(tx, account_id, by, sign, asked.start, asked.limit)
    total = None if asked.cursor else await operation_queries.count_operations(tx, account_id)
    return Page(found, total, _next(asked, [operation.seq for operation in found]))


async def list_holds(tx: Tx, wallet_id: UUID, asked: Listing, now: datetime) -> Page[HoldView]:
    """List a wallet's open holds, the newest first. Raises WalletNotFound, CursorInvalid, InvalidRequest."""
    asked.check_sort(())
    account_id = (await get_wallet(tx, wallet_id)).account_id
    before = _before(asked.cursor)
    found = await operation_queries.list_holds(tx, account_id, before, asked.start, asked.limit, now)
    total = None if asked.cursor else await operation_queries.count_holds(tx, account_id, now)
    return Page(found, total, _next(asked, [hold.seq for hold in found]))


async def get_operation(tx: Tx, wallet_id: UUID, operation_id: UUID) -> Operation:
    """Read one operation. Raises OperationNotFound."""
    operation = await operation_queries.find_operation(tx, wallet_id, operation_id)
    if operation is None:
        raise OperationNotFound(operation_id)
    return operation


async def read_statement(tx: Tx, wallet_id: UUID, period: Period, asked: Listing, now: datetime) -> Page[Line]:
    """Give the entries of a wallet in their order, from the last to the first when asked so.

    Any page of it costs the same, however long the statement is. Raises WalletNotFound, CursorInvalid, InvalidRequest.
    """
    asked.check_sort(("at",), goes_both_ways=True)
    account_id = (await get_wallet(tx, wallet_id)).account_id
    last_instants = [now] if period.as_of is None else [now, period.as_of]
    last_instants += [] if period.ends_at is None else [_just_before(period.ends_at)]
    until = await seq_as_of(tx, account_id, min(last_instants))
    after = 0 if period.starts_at is None else await seq_as_of(tx, account_id, _just_before(period.starts_at))
    total = max(until - after, 0)
    reached = _read_cursor(asked.cursor)
    if asked.is_descending:
        last = until - asked.start if reached is None else min(until, reached - 1)
        lines = await list_queries.list_lines_backwards(tx, account_id, after, last, asked.limit)
        is_over = not lines or lines[-1].seq <= after + 1
    else:
        first = after + asked.start if reached is None else max(after, reached)
        lines = await list_queries.list_lines(tx, account_id, first, until, asked.limit)
        is_over = not lines or lines[-1].seq >= until
    return Page(lines, total, None if is_over else str(lines[-1].seq))


def _just_before(instant: datetime) -> datetime:
    return instant - timedelta(microseconds=1)


def _before(cursor: str | None) -> int:
    reached = _read_cursor(cursor)
    return SEQ_MAX if reached is None else reached


def _read_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and int(cursor) <= SEQ_MAX):
        raise CursorInvalid
    return int(cursor)


def _next(asked: Listing, seqs: Sequence[int]) -> str | None:
    return str(seqs[-1]) if asked.is_by_cursor and seqs and len(seqs) == asked.limit else None


def _sign(asked: Listing) -> int:
    return -1 if asked.falls(unasked=True) else 1
