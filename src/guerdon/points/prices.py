"""The price of a batch in a body, held against the amount that it is the price of."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from guerdon.ledger.amounts import to_millionths
from guerdon.platform.wire import Positive
from guerdon.points.model import BatchWish


def check_price(price: Decimal, before: ValidationInfo) -> Decimal:
    """Accept what points can be bought for: `amount`, a member before this one, says how many. Raises PriceTooHigh."""
    if "amount" in before.data:
        BatchWish(to_millionths(before.data["amount"]), to_millionths(price)).unit_price()
    return price


Price = Annotated[Positive, AfterValidator(check_price)]
