"""Vouchers as CSV, written page by page: a thousand in memory at most, and no transaction open while somebody reads.

Only what a dry run made is written while its transaction is open, and kept: nothing of it can be read afterwards.
"""

import csv
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from guerdon.ledger.amounts import amount_text
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.vouchers.making import list_of_bulk
from guerdon.vouchers.model import Voucher

PAGE = 1_000
CSV = "text/csv"
HEADINGS = ("voucher", "amount", "price", "expires", "pointsExpireInDays", "forWallet")

Cell = str | int | UUID | datetime | None
# Gives the vouchers of a bulk that come after one of them, a page at most.
ListAfter = Callable[[UUID], Awaitable[Sequence[Voucher]]]


async def write_bulk(database: Database, tenant_id: str, bulk_id: UUID) -> AsyncGenerator[bytes]:
    """Write vouchers that were made together, in the order of their codes; the first line names the columns."""

    async def list_after(reached: UUID) -> Sequence[Voucher]:
        async with database.tenant(tenant_id) as tx:
            return await list_of_bulk(tx, bulk_id, reached, PAGE)

    async for page in _write_pages(list_after):
        yield page


async def write_dry_bulk(tx: Tx, bulk_id: UUID) -> bytes:
    """Write vouchers that are about to be rolled back, all at once: about 100 bytes for each."""
    return b"".join([page async for page in _write_pages(lambda reached: list_of_bulk(tx, bulk_id, reached, PAGE))])


async def _write_pages(list_after: ListAfter) -> AsyncGenerator[bytes]:
    yield csv_lines([HEADINGS])
    reached: UUID | None = UUID(int=0)
    while reached is not None:
        vouchers = await list_after(reached)
        reached = vouchers[-1].voucher_id if len(vouchers) == PAGE else None
        yield csv_lines(_cells(voucher) for voucher in vouchers)


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write rows as RFC 4180 has them; what is missing is empty."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_said(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _cells(voucher: Voucher) -> Sequence[Cell]:
    return (
        voucher.voucher_id,
        amount_text(voucher.amount),
        None if voucher.price is None else amount_text(voucher.price),
        voucher.expires_at,
        voucher.points_expire_in_days,
        voucher.for_wallet_id,
    )


def _said(cell: Cell) -> object:
    return rfc3339(cell) if isinstance(cell, datetime) else cell


def wants_csv(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a caller takes a table: whoever names JSON, and no CSV, gets JSON."""
    accept = headers.get(b"accept", b"*/*").lower()
    return CSV.encode() in accept or b"json" not in accept
