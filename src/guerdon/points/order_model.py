"""Orders of another system: what of them earns, and what became of them. Amounts are whole millionths."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

OrderStatus = Literal["EARNED", "PARTLY_RETURNED", "RETURNED", "IGNORED"]


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of what was paid for an order, or given back of it, and by what."""

    type: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was told of."""

    order_id: str
    status: str
    customer_id: UUID | None
    total: int
    venue: str | None
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True, slots=True)
class EarnedOrder:
    """An order that has earned, came to nothing, or was returned; it is known by the digest of its id.

    `total` is the least that it was ever told of with, without what does not earn; None of orders from before that was
    kept. `returned_in_part` says how many of its points it no longer stands for; one that was returned whole stands for
    none, and not for its welcome. `taken` counts all that was taken back, and is None while nothing was returned.
    """

    order_digest: bytes
    wallet_id: UUID
    points: int
    welcome: int
    batch_id: UUID | None
    welcome_batch_id: UUID | None
    rule_version: int
    received_at: datetime
    total: int | None
    returned_in_part: int = 0
    returned_at: datetime | None = None
    operation_id: UUID | None = None
    taken: int | None = None

    @property
    def status(self) -> OrderStatus:
        """Tell what became of it."""
        if self.returned_at is not None:
            return "RETURNED"
        if self.returned_in_part > 0:
            return "PARTLY_RETURNED"
        return "EARNED" if self.points > 0 else "IGNORED"

    @property
    def batch_ids(self) -> tuple[UUID, ...]:
        """Name the batches that it became."""
        return tuple(batch_id for batch_id in (self.batch_id, self.welcome_batch_id) if batch_id is not None)

    @property
    def remaining(self) -> int:
        """Count the points that it still stands for."""
        return 0 if self.returned_at is not None else self.points - self.returned_in_part

    @property
    def returned(self) -> int:
        """Count what it earned and no longer stands for."""
        return self.returned_in_part if self.returned_at is None else self.points + self.welcome


@dataclass(frozen=True, slots=True)
class Ignored:
    """An order that changes nothing, and why."""

    reason: str
