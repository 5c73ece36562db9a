"""What reports on points answer, in the words of JSON Schema."""

from datetime import date
from typing import Literal

from guerdon.platform.wire import Instant, OpenBody, Sum
from guerdon.points.schemas import UuidMember

Age = Literal["0-30", "31-90", "91-180", "181-365", "366-730", "731+"]


class LiabilityRowOut(OpenBody):
    """What is owed for the lots of one unit price and one age, in whole days of 24 hours since they were opened."""

    unit_price: Sum
    age: Age
    lots: int
    points: Sum
    held: Sum
    money: Sum
    expired_unposted: Sum
    expired_unposted_money: Sum


class LiabilityOut(OpenBody):
    """What is owed at an instant: `points`, with what holds set aside (`held`), and points x unit price (`money`)."""

    as_of: Instant
    lots: int
    points: Sum
    held: Sum
    money: Sum
    expired_unposted: Sum
    expired_unposted_money: Sum
    rows: list[LiabilityRowOut]


class ExpiringDayOut(OpenBody):
    """What expires on one day if nobody uses it before; `held` of it is set aside by holds."""

    day: date
    lots: int
    points: Sum
    held: Sum
    money: Sum


class ExpiringPointsOut(OpenBody):
    """What expires on the day of an instant, after it, and on the days that follow, in the tenant's zone."""

    as_of: Instant
    time_zone: str
    lots: int
    points: Sum
    held: Sum
    money: Sum
    days: list[ExpiringDayOut]


class ExpiredBatchOut(OpenBody):
    """A batch that was paid for and expired with something left: `money` is price x left / amount."""

    wallet: UuidMember
    batch: UuidMember
    expires: Instant
    amount: Sum
    price: Sum
    left: Sum
    money: Sum


class ExpiredPaidBatchesOut(OpenBody):
    """The batches with a price that expired in a month of the tenant's zone, until an instant."""

    as_of: Instant
    time_zone: str
    year: int
    month: int
    left: Sum
    money: Sum
    batches: list[ExpiredBatchOut]


class BreakageMonthOut(OpenBody):
    """What became of the lots that ended in one month: `rate` is expired / issued, `moneyRate` the same of money."""

    month: str
    lots: int
    issued: Sum
    expired: Sum
    held: Sum
    rate: Sum
    money: Sum
    expired_money: Sum
    money_rate: Sum | None = None


class BreakageOut(OpenBody):
    """What part of the points that ended in each month of a year, until an instant, was never used."""

    as_of: Instant
    time_zone: str
    year: int
    lots: int
    issued: Sum
    expired: Sum
    held: Sum
    money: Sum
    expired_money: Sum
    months: list[BreakageMonthOut]


class WalletRowOut(OpenBody):
    """What a wallet holds; `balance` has what holds set aside (`held`) in it."""

    wallet: UuidMember
    balance: Sum
    held: Sum
    lots: int
    next_expiry: Instant | None = None
