"""Telling of orders of another system, which earn points by the tenant's rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from guerdon_client.calls import Answer, Call, path_of, write_headers
from guerdon_client.exact import write_json
from guerdon_client.model import Receipt
from guerdon_client.reading import read_object


@dataclass(frozen=True, slots=True)
class OrderTaken:
    """What became of an order: EARNED, PARTLY_RETURNED, RETURNED or IGNORED, and then `reason` says why.

    `returned` is what it earned and no longer stands for; `taken` is what of that was taken back, `missing` what could
    not be. `total` is the least that the order was told of with, without what does not earn.
    """

    order_id: str
    status: str
    reason: str | None
    wallet_id: str | None
    points: Decimal | None
    welcome: Decimal | None
    batch_id: str | None
    welcome_batch_id: str | None
    total: Decimal | None
    operation_id: str | None
    returned: Decimal | None
    taken: Decimal | None
    missing: Decimal | None
    receipt: Receipt


def tell_order(
    order: Mapping[str, object], *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[OrderTaken]:
    """Let an order, as the ordering system has it, earn points by a rule, or take back what was returned.

    The same order may be told of as often as you like. Raises NotFound without a rule, InvalidRequest.
    """
    headers = write_headers(idempotency_key, dry_run=dry_run)
    body = write_json({"order": order})
    return Call("POST", path_of("points", "orders"), _read_taken, headers=headers, body=body, needs_key=True)


def _read_taken(answer: Answer) -> OrderTaken:
    members = read_object(answer.body)
    return OrderTaken(
        members.text("order"),
        members.text("status"),
        members.find_text("reason"),
        members.find_text("wallet"),
        members.find_number("points"),
        members.find_number("welcome"),
        members.find_text("batch"),
        members.find_text("welcomeBatch"),
        members.find_number("total"),
        members.find_text("operation"),
        members.find_number("returned"),
        members.find_number("taken"),
        members.find_number("missing"),
        answer.receipt,
    )
