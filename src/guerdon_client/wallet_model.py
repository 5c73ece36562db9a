"""What a points wallet is made of, as the client knows it; every amount is exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from guerdon_client.model import Json, Receipt

WalletId = str | UUID  # to name a wallet by


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points that end at one instant."""

    expires: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet: `balance` is `available` and `held` together; `expiring` has the next hundred instants.

    `inactive_on` is the day at whose beginning the points end if nothing happens until then.
    """

    wallet_id: str
    balance: Decimal
    available: Decimal
    held: Decimal
    expiring: tuple[Expiring, ...]
    attributes: Mapping[str, str]
    version: int
    inactive_on: date | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was taken from, or given to, one batch."""

    batch_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class NewBatch:
    """Points to be added; `price` is what all of them together were bought for."""

    amount: Decimal
    price: Decimal | None = None
    expires: datetime | None = None
    order: str | None = None
    description: str | None = None
    venue: str | None = None
    extra: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands; one that was brought in has an external id, and may say when it was earned elsewhere."""

    batch_id: str
    amount: Decimal
    remaining: Decimal
    price: Decimal | None
    expires: datetime | None
    is_expired: bool
    order: str | None
    description: str | None
    venue: str | None
    extra: Mapping[str, str]
    created_at: datetime
    external_id: str | None = None
    earned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchAccepted:
    """What an asynchronous batch answers at once; its state is asked by the correlation id."""

    batch_id: str
    correlation_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Command:
    """How far an asynchronous write has come: PENDING, RUNNING, DONE or FAILED; `problem` says why it failed."""

    correlation_id: str
    kind: str
    subject_id: str
    state: str
    done: int
    total: int | None
    problem: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A use of points; `rolled_back` was given back since. The kind is SPEND, CLAIM or CAPTURE."""

    operation_id: str
    kind: str
    status: str
    amount: Decimal
    rolled_back: Decimal
    order: str | None
    venue: str | None
    extra: Mapping[str, str]
    allocations: tuple[Allocation, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback gave back; `restored_expired` of it went into batches whose time is over."""

    operation: Operation
    restored: Decimal
    restored_expired: Decimal
    allocations: tuple[Allocation, ...]
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Hold:
    """Points set aside: OPEN, CAPTURED, RELEASED or EXPIRED."""

    hold_id: str
    status: str
    amount: Decimal
    captured: Decimal
    expires: datetime | None
    order: str | None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of a wallet with the running balance after it."""

    seq: int
    movement_id: str
    kind: str
    amount: Decimal
    held_change: Decimal
    balance: Decimal
    at: datetime
    reference: str | None
    description: str | None
    actor: str
    allocations: tuple[Allocation, ...]
