"""What reports on points answer, in the words of JSON Schema."""

from datetime import date
from typing import Literal

from guerdon.platform.wire import Exact, Instant, OpenBody
from guerdon.points.schemas import UuidMember

Age = Literal["0-30", "31-90", "91-180", "181-365", "366-730", "731+"]


class LiabilityRowOut(OpenBody):
    """What is owed for the lots of one unit price and one age, in whole days of 24 hours since they were opened."""

    unit_price: Exact
    age: Age
    lots: int
    points: Exact
    held: Exact
    money: Exact
    expired_unposted: Exact
    expired_unposted_money: Exact


class LiabilityOut(OpenBody):
    """What is owed at an instant: `points`, with what holds set aside (`held`), and points x unit price (`money`)."""

    as_of: Instant
    lots: int
    points: Exact
    held: Exact
    money: Exact
    expired_unposted: Exact
    expired_unposted_money: Exact
    rows: list[LiabilityRowOut]


class ExpiringDayOut(OpenBody):
    """What expires on one day if nobody uses it before; `held` of it is set aside by holds."""

    day: date
    lots: int
    points: Exact
    held: Exact
    money: Exact


class ExpiringPointsOut(OpenBody):
    """What expires on the day of an instant, after it, and on the days that follow, in the tenant's zone."""

    as_of: Instant
    time_zone: str
    lots: int
    points: Exact
    held: Exact
    money: Exact
    days: list[ExpiringDayOut]


class ExpiredBatchOut(OpenBody):
    """A batch that was paid for and expired with something left: `money` is price x left / amount."""

    wallet: UuidMember
    batch: UuidMember
    expires: Instant
    amount: Exact
    price: Exact
    left: Exact
    money: Exact


class ExpiredPaidBatchesOut(OpenBody):
    """The batches with a price that expired in a month of the tenant's zone, until an instant."""

    as_of: Instant
    time_zone: str
    year: int
    month: int
    left: Exact
    money: Exact
    batches: list[ExpiredBatchOut]


class BreakageMonthOut(OpenBody):
    """What became of the lots that ended in one month: `rate` is expired / issued, `moneyRate` the same of money."""

    month: str
    lots: int
    issued: Exact
    expired: Exact
    held: Exact
    rate: Exact
    money: Exact
    expired_money: Exact
    money_rate: Exact | None = None


class BreakageOut(OpenBody):
    """What part of the points that ended in each month of a year, until an instant, was never used."""

    as_of: Instant
    time_zone: str
    year: int
    lots: int
    issued: Exact
    expired: Exact
    held: Exact
    money: Exact
    expired_money: Exact
    months: list[BreakageMonthOut]


class WalletRowOut(OpenBody):
    """What a wallet holds; `balance` has what holds set aside (`held`) in it."""

    wallet: UuidMember
    balance: Exact
    held: Exact
    lots: int
    next_expiry: Instant | None = None
