"""The orders webhook as another system sends it, and what is answered; members that mean nothing here are ignored."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from guerdon.platform.wire import AMOUNT_MAX, NO_NUL, Exact, Instant, OpenBody, UuidMember, find_decimal
from guerdon.points.order_model import OrderStatus

NUMBER_CHARACTERS_MAX = 40

OrderId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
Word = Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)]


def _money(value: object) -> object:
    """Read money that is written as a number or, as the source does, as a text."""
    if isinstance(value, str) and len(value) <= NUMBER_CHARACTERS_MAX:
        value = find_decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ValueError('Give a number, or a text that is one, such as "13.99".')  # for pydantic
    if not -AMOUNT_MAX <= value <= AMOUNT_MAX:
        raise ValueError(f"The number must lie between -{AMOUNT_MAX} and {AMOUNT_MAX}.")
    return Decimal(value)


Money = Annotated[
    Decimal,
    BeforeValidator(_money),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}]}),
]


class OrderUser(OpenBody):
    """Somebody of an order; a customer's id is the id of the wallet."""

    user_id: UuidMember
    roles: Annotated[list[Word], Field(max_length=50)] | None = None


class OrderPayment(OpenBody):
    """A part of what was paid, and by what."""

    type: Word | None = None
    amount: Money


class OrderBucket(OpenBody):
    """What was ordered at one venue."""

    venue: Annotated[str, StringConstraints(max_length=255, pattern=NO_NUL)] | None = None


class OrderBody(OpenBody):
    """An order as it stands."""

    id: OrderId
    status: Word
    total: Money
    users: Annotated[list[OrderUser], Field(max_length=100)] | None = None
    payments: Annotated[list[OrderPayment], Field(max_length=1_000)] | None = None
    buckets: Annotated[list[OrderBucket], Field(max_length=1_000)] | None = None


class OrderNotice(OpenBody):
    """What is sent when an order changes."""

    order: OrderBody


class OrderOut(OpenBody):
    """What became of an order; of what is `returned`, `missing` could not be taken back: it was spent, or has ended.

    `total` is the least that the order was told of with, without what does not earn.
    """

    order: str
    status: OrderStatus
    reason: str | None = None
    wallet: UuidMember | None = None
    points: Exact | None = None
    welcome: Exact | None = None
    batch: UuidMember | None = None
    welcome_batch: UuidMember | None = None
    total: Exact | None = None
    operation: UuidMember | None = None
    returned: Exact | None = None
    taken: Exact | None = None
    missing: Exact | None = None
    received_at: Instant | None = None
    returned_at: Instant | None = None
