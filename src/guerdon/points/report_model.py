"""What reports on points are made of: exact sums of points and of money, and rows as they are written.

Points are whole millionths. Money is points times a price, kept in its twelve places and never rounded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

from guerdon.ledger.amounts import SIX_PLACES, UNIT, to_decimal
from guerdon.platform.clock import rfc3339

# Whole days of 24 hours since the lot was opened: the least of each bucket but the first, and what each is called.
AGE_DAYS: Final = (31, 91, 181, 366, 731)
AGES: Final = ("0-30", "31-90", "91-180", "181-365", "366-730", "731+")
EXACTLY: Final = Context(prec=80)  # more digits than the sum of all that a ledger can hold

Cell = str | int | Decimal
ReportRow = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class LiabilityRow:
    """What is owed for the lots of one unit price and age; `owed` has what is set aside by holds, `held`, in it.

    `expired_unposted` was left in lots whose time was over and whose expiry was not posted yet: nothing is owed for it.
    """

    unit_price: int
    age: int
    lots: int
    owed: Decimal
    held: Decimal
    expired_unposted: Decimal

    def row(self) -> ReportRow:
        """Give the row as it is written."""
        return {
            "unitPrice": to_decimal(self.unit_price),
            "age": AGES[self.age],
            "lots": self.lots,
            "points": as_points(self.owed),
            "held": as_points(self.held),
            "money": as_money(EXACTLY.multiply(self.owed, self.unit_price)),
            "expiredUnposted": as_points(self.expired_unposted),
            "expiredUnpostedMoney": as_money(EXACTLY.multiply(self.expired_unposted, self.unit_price)),
        }


@dataclass(frozen=True, slots=True)
class ExpiringDay:
    """What expires on one day of the tenant's zone if it is not used before; `held` of it is set aside by holds."""

    day: date
    lots: int
    expiring: Decimal
    held: Decimal
    price_sum: Decimal

    def row(self) -> ReportRow:
        """Give the row as it is written."""
        return {
            "day": self.day.isoformat(),
            "lots": self.lots,
            "points": as_points(self.expiring),
            "held": as_points(self.held),
            "money": as_money(self.price_sum),
        }


@dataclass(frozen=True, slots=True)
class ExpiredBatch:
    """A batch that was paid for and ran out with something left in it."""

    wallet: str
    batch_id: UUID
    amount: int
    price: int
    expires_at: datetime
    left: Decimal

    def row(self) -> ReportRow:
        """Give the row as it is written; `money` is price x left / amount, rounded half-even to six places."""
        return {
            "wallet": self.wallet,
            "batch": str(self.batch_id),
            "expires": rfc3339(self.expires_at),
            "amount": to_decimal(self.amount),
            "price": to_decimal(self.price),
            "left": as_points(self.left),
            "money": to_decimal(share_of(self.price, int(self.left), self.amount)),
        }


@dataclass(frozen=True, slots=True)
class BreakageMonth:
    """What became of the lots that ended in one month of the tenant's zone; `held` is set aside and may yet be used."""

    month: date
    lots: int
    issued: Decimal
    expired: Decimal
    held: Decimal
    issued_money: Decimal
    expired_money: Decimal

    def row(self) -> ReportRow:
        """Give the row as it is written; the lots of a month that were all given have no rate of money."""
        row: dict[str, Cell] = {
            "month": f"{self.month:%Y-%m}",
            "lots": self.lots,
            "issued": as_points(self.issued),
            "expired": as_points(self.expired),
            "held": as_points(self.held),
            "rate": rate_of(self.expired, self.issued),
            "money": as_money(self.issued_money),
            "expiredMoney": as_money(self.expired_money),
        }
        return row | ({"moneyRate": rate_of(self.expired_money, self.issued_money)} if self.issued_money else {})


@dataclass(frozen=True, slots=True)
class WalletRow:
    """What one wallet holds; `lots` counts those with something to spend in them."""

    wallet_id: UUID
    balance: Decimal
    held: Decimal
    lots: int
    next_expiry_at: datetime | None

    def row(self) -> ReportRow:
        """Give the row as it is written."""
        row: dict[str, Cell] = {
            "wallet": str(self.wallet_id),
            "balance": as_points(self.balance),
            "held": as_points(self.held),
            "lots": self.lots,
        }
        return row if self.next_expiry_at is None else {**row, "nextExpiry": rfc3339(self.next_expiry_at)}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a report is laid out: the member that holds its rows, their columns, and those that are summed."""

    member: str
    columns: Sequence[str]
    totalled: Sequence[str]


LIABILITY: Final = Layout(
    "rows",
    ("unitPrice", "age", "lots", "points", "held", "money", "expiredUnposted", "expiredUnpostedMoney"),
    ("lots", "points", "held", "money", "expiredUnposted", "expiredUnpostedMoney"),
)
EXPIRING: Final = Layout("days", ("day", "lots", "points", "held", "money"), ("lots", "points", "held", "money"))
EXPIRED: Final = Layout(
    "batches", ("wallet", "batch", "expires", "amount", "price", "left", "money"), ("left", "money")
)
BREAKAGE: Final = Layout(
    "months",
    ("month", "lots", "issued", "expired", "held", "rate", "money", "expiredMoney", "moneyRate"),
    ("lots", "issued", "expired", "held", "money", "expiredMoney"),
)
WALLETS: Final = Layout("wallets", ("wallet", "balance", "held", "lots", "nextExpiry"), ())


def share_of(price: int, left: int, amount: int) -> int:
    """Give the part of a price that falls to what is left of an amount, rounded half-even."""
    whole, rest = divmod(price * left, amount)
    return whole + (2 * rest > amount or (2 * rest == amount and whole % 2 == 1))


def rate_of(part: Decimal, whole: Decimal) -> Decimal:
    """Give the part of a whole as a rate from 0 to 1, rounded half-even to six places."""
    return EXACTLY.divide(part, whole).quantize(SIX_PLACES, context=EXACTLY)


def cell_text(value: Cell) -> str:
    """Write a cell; a number without an exponent and without zeros that say nothing."""
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_points(millionths: Decimal) -> Decimal:
    """Give whole points of millionths, however many there are."""
    return EXACTLY.divide(millionths, Decimal(UNIT))


def as_money(product: Decimal) -> Decimal:
    """Give money of millionths of points times millionths of a price, in its twelve places."""
    return EXACTLY.divide(product, Decimal(UNIT * UNIT))
