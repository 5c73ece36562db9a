"""Calls on reports on points: what is owed, what expires, what expired that was paid for, and who holds what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from guerdon_client.calls import Answer, Call, as_of_query, path_of
from guerdon_client.exact import read_json
from guerdon_client.pages import Page, page_query, read_page
from guerdon_client.reading import Members, read_items, read_object

REPORTS: Final = ("wallet2-api", "api", "report")
CSV: Final = {"accept": "text/csv"}
DAYS_DEFAULT: Final = 30
PAGE_MAX: Final = 1_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LiabilityRow:
    """What is owed for the lots of one unit price and one age in days, such as `31-90`; `held` is part of `points`."""

    unit_price: Decimal
    age: str
    lots: int
    points: Decimal
    held: Decimal
    money: Decimal
    expired_unposted: Decimal
    expired_unposted_money: Decimal


@dataclass(frozen=True, slots=True)
class Liability:
    """What is owed at an instant, and what it is made of; `expired_unposted` is not owed any more."""

    as_of: datetime
    lots: int
    points: Decimal
    held: Decimal
    money: Decimal
    expired_unposted: Decimal
    expired_unposted_money: Decimal
    rows: Sequence[LiabilityRow]


@dataclass(frozen=True, slots=True)
class ExpiringDay:
    """What expires on one day if nobody uses it before."""

    day: date
    lots: int
    points: Decimal
    held: Decimal
    money: Decimal


@dataclass(frozen=True, slots=True)
class ExpiringPoints:
    """What expires in the coming days of the tenant's zone."""

    as_of: datetime
    time_zone: str
    points: Decimal
    money: Decimal
    days: Sequence[ExpiringDay]


@dataclass(frozen=True, slots=True)
class ExpiredBatch:
    """A batch that was paid for and expired with something left; `money` is the share of its price that was left."""

    wallet_id: str
    batch_id: str
    expired_at: datetime
    amount: Decimal
    price: Decimal
    left: Decimal
    money: Decimal


@dataclass(frozen=True, slots=True)
class ExpiredPaidBatches:
    """The batches with a price that expired in a month of the tenant's zone."""

    as_of: datetime
    time_zone: str
    left: Decimal
    money: Decimal
    batches: Sequence[ExpiredBatch]


@dataclass(frozen=True, slots=True)
class BreakageMonth:
    """What became of the lots that ended in one month, such as `2024-04`.

    `rate` is `expired / issued`; `money_rate` is the same of money, None when all of the lots were given.
    """

    month: str
    lots: int
    issued: Decimal
    expired: Decimal
    held: Decimal
    rate: Decimal
    money: Decimal
    expired_money: Decimal
    money_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Breakage:
    """What part of the points that ended in each month of a year was never used; `held` may yet be."""

    as_of: datetime
    time_zone: str
    issued: Decimal
    expired: Decimal
    held: Decimal
    money: Decimal
    expired_money: Decimal
    months: Sequence[BreakageMonth]


@dataclass(frozen=True, slots=True)
class WalletLine:
    """What one wallet holds; `held` is part of `balance`."""

    wallet_id: str
    balance: Decimal
    held: Decimal
    lots: int
    next_expiry: datetime | None


def get_liability(*, as_of: datetime | None = None) -> Call[Liability]:
    """Read what is owed, in points and money, by unit price and age; now or at an instant."""
    return _report("liability", _read_liability, as_of_query(as_of))


def get_expiring_points(days: int = DAYS_DEFAULT, *, as_of: datetime | None = None) -> Call[ExpiringPoints]:
    """Read what expires today and on the `days` days after it, by day. Raises InvalidRequest."""
    return _report("expiring-points", _read_expiring, [("days", str(days)), *as_of_query(as_of)])


def get_expired_paid_batches(year: int, month: int, *, as_of: datetime | None = None) -> Call[ExpiredPaidBatches]:
    """Read the batches that were paid for and expired in a month. Raises InvalidRequest."""
    query = [("year", str(year)), ("month", str(month)), *as_of_query(as_of)]
    return _report("expired-paid-batches", _read_expired, query)


def get_breakage(year: int, *, as_of: datetime | None = None) -> Call[Breakage]:
    """Read which part of the points that ended in each month of a year was never used. Raises InvalidRequest."""
    return _report("breakage", _read_breakage, [("year", str(year)), *as_of_query(as_of)])


def list_wallets(
    *, as_of: datetime | None = None, cursor: str | None = None, limit: int = PAGE_MAX
) -> Call[Page[WalletLine]]:
    """List wallets with what they hold, from a cursor on. Raises InvalidRequest."""
    return _report("wallets", _read_wallets, [*as_of_query(as_of), *page_query(cursor, limit)])


def iter_wallets(
    *, as_of: datetime | None = None, limit: int = PAGE_MAX
) -> Callable[[str | None], Call[Page[WalletLine]]]:
    """Walk through all wallets with what they hold."""
    return lambda cursor: list_wallets(as_of=as_of, cursor=cursor, limit=limit)


def get_liability_csv(*, as_of: datetime | None = None) -> Call[bytes]:
    """Read what is owed as CSV."""
    return _report("liability", _read_bytes, as_of_query(as_of), is_csv=True)


def get_expired_paid_batches_csv(year: int, month: int, *, as_of: datetime | None = None) -> Call[bytes]:
    """Read the batches that were paid for and expired in a month as CSV. Raises InvalidRequest."""
    query = [("year", str(year)), ("month", str(month)), *as_of_query(as_of)]
    return _report("expired-paid-batches", _read_bytes, query, is_csv=True)


def _report(
    name: str, read: Callable[[Answer], T], query: Sequence[tuple[str, str]], *, is_csv: bool = False
) -> Call[T]:
    return Call("GET", path_of(*REPORTS, name), read, query, CSV if is_csv else {}, is_of_server=True)


def _read_bytes(answer: Answer) -> bytes:
    return answer.body


def _read_liability(answer: Answer) -> Liability:
    members = read_object(answer.body)
    rows = tuple(_liability_row(Members(item)) for item in members.items("rows"))
    return Liability(members.instant("asOf"), *_owed(members), rows)


def _liability_row(members: Members) -> LiabilityRow:
    return LiabilityRow(members.number("unitPrice"), members.text("age"), *_owed(members))


def _owed(members: Members) -> tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]:
    return (
        members.whole("lots"),
        members.number("points"),
        members.number("held"),
        members.number("money"),
        members.number("expiredUnposted"),
        members.number("expiredUnpostedMoney"),
    )


def _read_expiring(answer: Answer) -> ExpiringPoints:
    members = read_object(answer.body)
    days = tuple(_expiring_day(Members(item)) for item in members.items("days"))
    points, money = members.number("points"), members.number("money")
    return ExpiringPoints(members.instant("asOf"), members.text("timeZone"), points, money, days)


def _expiring_day(members: Members) -> ExpiringDay:
    amounts = (members.number(name) for name in ("points", "held", "money"))
    return ExpiringDay(members.day("day"), members.whole("lots"), *amounts)


def _read_breakage(answer: Answer) -> Breakage:
    members = read_object(answer.body)
    names = ("issued", "expired", "held", "money", "expiredMoney")
    issued, expired, held, money, expired_money = (members.number(name) for name in names)
    months = tuple(_breakage_month(Members(item)) for item in members.items("months"))
    as_of, zone = members.instant("asOf"), members.text("timeZone")
    return Breakage(as_of, zone, issued, expired, held, money, expired_money, months)


def _breakage_month(members: Members) -> BreakageMonth:
    return BreakageMonth(
        members.text("month"),
        members.whole("lots"),
        members.number("issued"),
        members.number("expired"),
        members.number("held"),
        members.number("rate"),
        members.number("money"),
        members.number("expiredMoney"),
        members.find_number("moneyRate"),
    )


def _read_expired(answer: Answer) -> ExpiredPaidBatches:
    members = read_object(answer.body)
    batches = tuple(_expired_batch(Members(item)) for item in members.items("batches"))
    left, money = members.number("left"), members.number("money")
    return ExpiredPaidBatches(members.instant("asOf"), members.text("timeZone"), left, money, batches)


def _expired_batch(members: Members) -> ExpiredBatch:
    amounts = (members.number(name) for name in ("amount", "price", "left", "money"))
    return ExpiredBatch(members.text("wallet"), members.text("batch"), members.instant("expires"), *amounts)


def _read_wallets(answer: Answer) -> Page[WalletLine]:
    rows = (Members(item) for item in read_items(read_json(answer.body)))
    return read_page(answer, tuple(_wallet_line(row) for row in rows))


def _wallet_line(row: Members) -> WalletLine:
    balance, held = row.number("balance"), row.number("held")
    return WalletLine(row.text("wallet"), balance, held, row.whole("lots"), row.find_instant("nextExpiry"))
