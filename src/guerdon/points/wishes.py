"""Turning the bodies of seed 003 into what the use cases take."""

from decimal import Decimal

from guerdon.ledger.amounts import to_millionths
from guerdon.points.model import BatchWish, HoldWish, OperationWish
from guerdon.points.schemas import BatchBody, HoldBody, OperationBody


def read_batch(body: BatchBody) -> BatchWish:
    """Read what batch is to be added."""
    return BatchWish(
        to_millionths(body.amount),
        read_amount(body.price),
        body.expires,
        body.order,
        body.description,
        body.venue,
        body.extra or {},
    )


def read_operation(body: OperationBody) -> OperationWish:
    """Read what is to be spent."""
    return OperationWish(to_millionths(body.amount), body.order, body.venue, body.extra or {})


def read_hold(body: HoldBody) -> HoldWish:
    """Read what is to be set aside."""
    return HoldWish(to_millionths(body.amount), body.expires, body.order, body.venue, body.extra or {})


def read_amount(number: Decimal | None) -> int | None:
    """Turn a number that may be left out into whole millionths."""
    return None if number is None else to_millionths(number)
