"""The report on vouchers: where those of a period stand, summed and one by one, exact at one instant."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from guerdon.ledger.amounts import amount_text, to_decimal
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database
from guerdon.vouchers import report_queries
from guerdon.vouchers.making import HINT_CHARACTERS
from guerdon.vouchers.report_queries import ReportedVoucher, StateTotal
from guerdon.vouchers.tables import Cell, csv_lines

PAGE = 1_000
STATES = ("ACTIVE", "USED", "EXPIRED", "CANCELLED")
HEADINGS = (
    "voucher",
    "status",
    "amount",
    "price",
    "createdAt",
    "expires",
    "forWallet",
    "usedAt",
    "wallet",
    "batch",
    "cancelledAt",
)

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Period:
    """Vouchers made from `first` on and before `last`, as they stood at `as_of`."""

    first: datetime
    last: datetime
    as_of: datetime


async def write_json(database: Database, tenant_id: str, period: Period) -> AsyncGenerator[bytes]:
    """Write the totals by state and then each voucher; what changes while this is read is not in it."""
    async with database.tenant(tenant_id) as tx:
        totals = await report_queries.sum_by_state(tx, period.first, period.last, period.as_of)
    head = {
        "from": rfc3339(period.first),
        "to": rfc3339(period.last),
        "asOf": rfc3339(period.as_of),
        "totals": _totals(totals),
    }
    yield _encoder.encode(head)[:-1] + b',"vouchers":['
    is_first = True
    async for vouchers in _pages(database, tenant_id, period):
        written = _encoder.encode([_members(voucher) for voucher in vouchers])[1:-1]
        yield (b"" if is_first or not written else b",") + written
        is_first = False
    yield b"]}"


async def write_csv(database: Database, tenant_id: str, period: Period) -> AsyncGenerator[bytes]:
    """Write a line for each voucher; the first names the columns."""
    yield csv_lines([HEADINGS])
    async for vouchers in _pages(database, tenant_id, period):
        yield csv_lines(_cells(voucher) for voucher in vouchers)


async def _pages(database: Database, tenant_id: str, period: Period) -> AsyncGenerator[Sequence[ReportedVoucher]]:
    reached: tuple[datetime, UUID] | None = (period.first, UUID(int=0))
    while reached is not None:
        async with database.tenant(tenant_id) as tx:
            found = await report_queries.list_reported(tx, reached, period.last, period.as_of, PAGE)
        reached = (found[-1].created_at, found[-1].voucher_id) if len(found) == PAGE else None
        yield found


def _totals(totals: Sequence[StateTotal]) -> Mapping[str, object]:
    found = {total.state: total for total in totals}
    return {
        state: {"count": total.count, "amount": to_decimal(int(total.amount)), "price": to_decimal(int(total.price))}
        for state in STATES
        for total in [found.get(state, StateTotal(state, 0, Decimal(0), Decimal(0)))]
    }


def _members(voucher: ReportedVoucher) -> Mapping[str, object]:
    texts = zip(HEADINGS, _cells(voucher), strict=True)
    members = {name: rfc3339(cell) if isinstance(cell, datetime) else cell for name, cell in texts if cell is not None}
    members |= {"amount": to_decimal(voucher.amount)}
    return members if voucher.price is None else members | {"price": to_decimal(voucher.price)}


def _cells(voucher: ReportedVoucher) -> Sequence[Cell]:
    code = str(voucher.voucher_id)
    return (
        # Whoever may read reports may not spend: of a code that is worth something, its beginning is enough to know it.
        f"{code[:HINT_CHARACTERS]}..." if voucher.state == "ACTIVE" else code,
        voucher.state,
        amount_text(voucher.amount),
        None if voucher.price is None else amount_text(voucher.price),
        voucher.created_at,
        voucher.expires_at,
        voucher.for_wallet_id,
        voucher.used_at,
        voucher.wallet_id,
        voucher.batch_id,
        voucher.cancelled_at,
    )
