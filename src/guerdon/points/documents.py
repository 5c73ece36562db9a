"""What the operations on wallets answer, as JSON values under their wire names; what is not there is left out."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.model import Allocation
from guerdon.platform.clock import rfc3339
from guerdon.points.model import Balance, Batch, HoldView, Line, Operation, Rollback, Wallet, WalletCommand
from guerdon.points.order_model import EarnedOrder

Document = dict[str, object]
encoder: Final = msgspec.json.Encoder(decimal_format="number")


def wallet_document(wallet: Wallet, balance: Balance) -> Document:
    """Give a wallet with what is in it."""
    document: Document = {
        "id": str(wallet.wallet_id),
        "balance": number(balance.total),
        "available": number(balance.available),
        "held": number(balance.held),
        "expiring": [{"expires": rfc3339(one.expires_at), "amount": number(one.amount)} for one in balance.expiring],
        "attributes": wallet.attributes,
        "version": balance.version,
        "createdAt": rfc3339(wallet.created_at),
        "updatedAt": rfc3339(wallet.updated_at),
    }
    if balance.inactive_on is not None:
        document["inactiveOn"] = balance.inactive_on.isoformat()
    return document


def batch_document(batch: Batch, now: datetime) -> Document:
    """Give a batch."""
    return _given(
        {
            "id": str(batch.batch_id),
            "amount": number(batch.amount),
            "remaining": number(batch.remaining),
            "price": None if batch.price is None else number(batch.price),
            "expires": _instant(batch.expires_at),
            "expired": batch.is_expired(now),
            "order": batch.order,
            "description": batch.description,
            "venue": batch.venue,
            "extra": batch.extra,
            "createdAt": rfc3339(batch.created_at),
            "externalId": batch.external_id,
            "earnedAt": _instant(batch.earned_at),
        }
    )


def operation_document(operation: Operation) -> Document:
    """Give an operation."""
    return _given(
        {
            "id": str(operation.operation_id),
            "wallet": str(operation.wallet_id),
            "kind": operation.kind,
            "status": operation.status,
            "amount": number(operation.amount),
            "rolledBack": number(operation.returned),
            "order": operation.order,
            "venue": operation.venue,
            "extra": operation.extra,
            "allocations": [_allocation(one) for one in operation.allocations],
            "createdAt": rfc3339(operation.created_at),
        }
    )


def rollback_document(rollback: Rollback, balance: Balance) -> Document:
    """Give what a rollback came to, and what the wallet holds after it."""
    return {
        "operation": operation_document(rollback.operation),
        "restored": number(rollback.restored),
        "restoredExpired": number(rollback.restored_expired),
        "allocations": [_allocation(one) for one in rollback.allocations],
        "balance": number(balance.total),
    }


def hold_document(hold: HoldView) -> Document:
    """Give a hold."""
    return _given(
        {
            "id": str(hold.hold_id),
            "wallet": str(hold.wallet_id),
            "status": hold.status,
            "amount": number(hold.amount),
            "captured": number(hold.captured),
            "expires": _instant(hold.expires_at),
            "order": hold.order,
            "venue": hold.venue,
            "extra": hold.extra,
            "createdAt": rfc3339(hold.created_at),
        }
    )


def line_document(line: Line) -> Document:
    """Give a line of a statement."""
    return _given(
        {
            "seq": line.seq,
            "id": line.movement_id,
            "kind": line.kind.upper(),
            "amount": number(line.amount),
            "heldChange": number(line.held_change),
            "balance": number(line.balance_after),
            "at": rfc3339(line.recorded_at),
            "reference": line.reference_id,
            "description": line.description,
            "actor": line.actor,
            "allocations": [_allocation(one) for one in line.allocations],
        }
    )


def command_document(command: WalletCommand) -> Document:
    """Give how far an asynchronous write has come."""
    problem = command.problem_text
    return _given(
        {
            "correlationId": str(command.correlation_id),
            "kind": command.kind,
            "id": command.subject_id,
            "state": command.state,
            "done": command.done,
            "total": command.total,
            "problem": None if problem is None else msgspec.Raw(problem.encode()),
            "createdAt": rfc3339(command.created_at),
            "updatedAt": rfc3339(command.updated_at),
        }
    )


def order_document(order: EarnedOrder) -> Document:
    """Give what became of an order; `missing` is what could not be taken back."""
    return _given(
        {
            "status": order.status,
            "wallet": str(order.wallet_id),
            "points": number(order.points),
            "welcome": number(order.welcome),
            "batch": _id(order.batch_id),
            "welcomeBatch": _id(order.welcome_batch_id),
            "total": None if order.total is None else number(order.total),
            "receivedAt": rfc3339(order.received_at),
            "operation": _id(order.operation_id),
            "returned": None if order.taken is None else number(order.returned),
            "taken": None if order.taken is None else number(order.taken),
            "missing": None if order.taken is None else number(order.returned - order.taken),
            "returnedAt": _instant(order.returned_at),
        }
    )


def number(millionths: int) -> msgspec.Raw:
    """Write an amount as the shortest exact JSON number."""
    return msgspec.Raw(amount_text(millionths).encode())


def _allocation(one: Allocation) -> Document:
    return {"batch": str(one.lot_id), "amount": number(one.amount)}


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _id(one: UUID | None) -> str | None:
    return None if one is None else str(one)


def _given(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}
