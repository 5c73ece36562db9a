"""Orders of another system: what of them earns, and what became of them. Amounts are whole millionths."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was told of: `total` is what of it may earn, without payments that do not."""

    order_id: str
    status: str
    customer_id: UUID | None
    total: int
    venue: str | None


@dataclass(frozen=True, slots=True)
class EarnedOrder:
    """An order that has earned, or was returned, or both; it is known by the digest of its id."""

    order_digest: bytes
    wallet_id: UUID
    points: int
    welcome: int
    batch_id: UUID | None
    welcome_batch_id: UUID | None
    rule_version: int
    received_at: datetime
    returned_at: datetime | None = None
    operation_id: UUID | None = None
    taken: int | None = None

    @property
    def batch_ids(self) -> tuple[UUID, ...]:
        """Name the batches that it became."""
        return tuple(batch_id for batch_id in (self.batch_id, self.welcome_batch_id) if batch_id is not None)


@dataclass(frozen=True, slots=True)
class Ignored:
    """An order that changes nothing, and why."""

    reason: str
