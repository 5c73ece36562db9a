"""The bodies of seed 003 on wallets, batches, operations and holds: names and limits exactly, the rest is ignored."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from guerdon.platform.wire import NO_NUL, Exact, Instant, OpenBody, Positive
from guerdon.points.prices import Price

TEXTS_MAX, TEXT_NAME_MAX, TEXT_VALUE_MAX = 200, 200, 4_000
ORDER_MAX, DESCRIPTION_MAX, VENUE_MAX = 64, 32, 255
TextName = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_NAME_MAX, pattern=NO_NUL)]
TextValue = Annotated[str, StringConstraints(max_length=TEXT_VALUE_MAX, pattern=NO_NUL)]
Texts = Annotated[dict[TextName, TextValue], Field(max_length=TEXTS_MAX)]
OrderText = Annotated[str, StringConstraints(max_length=ORDER_MAX, pattern=NO_NUL)]
DescriptionText = Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX, pattern=NO_NUL)]
VenueText = Annotated[str, StringConstraints(max_length=VENUE_MAX, pattern=NO_NUL)]
# A uuid travels as text; the strict reading of bodies takes no text for a UUID otherwise.
UuidMember = Annotated[UUID, Field(strict=False)]


class BatchBody(OpenBody):
    """Points to be added; `price` is what all of them together were bought for."""

    amount: Positive
    price: Price | None = None
    expires: Instant | None = None
    order: OrderText | None = None
    description: DescriptionText | None = None
    venue: VenueText | None = None
    extra: Texts | None = None


class OperationBody(OpenBody):
    """Points to be used."""

    amount: Positive
    order: OrderText | None = None
    venue: VenueText | None = None
    extra: Texts | None = None


class OperationPatch(OpenBody):
    """What may be changed of an operation; what is not given stays, null clears."""

    venue: VenueText | None = None
    extra: Texts | None = None


class RollbackBody(OpenBody):
    """The operation to be rolled back, whole or, with `amount`, in part."""

    operation: UuidMember
    amount: Positive | None = None


class HoldBody(OpenBody):
    """Points to be set aside, until `expires` or until they are captured or released."""

    amount: Positive
    expires: Instant | None = None
    order: OrderText | None = None
    venue: VenueText | None = None
    extra: Texts | None = None


class CaptureBody(OpenBody):
    """How much of a hold is spent; without `amount`, all of it."""

    amount: Positive | None = None


class ExpiringOut(OpenBody):
    """Points that end at one instant."""

    expires: Instant
    amount: Exact


class WalletOut(OpenBody):
    """A wallet: `balance` is `available` and `held` together; `expiring` holds the next hundred instants.

    `inactiveOn` is the day at whose beginning the points end if nothing happens until then; only where there is such a
    rule, and something in the wallet.
    """

    id: UuidMember
    balance: Exact
    available: Exact
    held: Exact
    expiring: list[ExpiringOut]
    inactive_on: date | None = None
    attributes: Texts
    version: int
    created_at: Instant
    updated_at: Instant


class AllocationOut(OpenBody):
    """What was taken from, or given to, one batch."""

    batch: UuidMember
    amount: Exact


class BatchOut(OpenBody):
    """A batch as it stands; one that was brought in has an `externalId`, and may say when it was earned elsewhere."""

    id: UuidMember
    amount: Exact
    remaining: Exact
    price: Exact | None = None
    expires: Instant | None = None
    expired: bool
    order: OrderText | None = None
    description: DescriptionText | None = None
    venue: VenueText | None = None
    extra: Texts
    created_at: Instant
    external_id: str | None = None
    earned_at: Instant | None = None


class OperationOut(OpenBody):
    """An operation; `allocations` say what it took from which batch, `rolledBack` what was given back since."""

    id: UuidMember
    wallet: UuidMember
    kind: Literal["SPEND", "CLAIM", "CAPTURE"]
    status: Literal["DONE", "PARTLY_ROLLED_BACK", "ROLLED_BACK"]
    amount: Exact
    rolled_back: Exact
    order: OrderText | None = None
    venue: VenueText | None = None
    extra: Texts
    allocations: list[AllocationOut]
    created_at: Instant


class RollbackOut(OpenBody):
    """What a rollback gave back; `restoredExpired` of it went into batches whose time is over."""

    operation: OperationOut
    restored: Exact
    restored_expired: Exact
    allocations: list[AllocationOut]
    balance: Exact


class HoldOut(OpenBody):
    """A hold as it stands."""

    id: UuidMember
    wallet: UuidMember
    status: Literal["OPEN", "CAPTURED", "RELEASED", "EXPIRED"]
    amount: Exact
    captured: Exact
    expires: Instant | None = None
    order: OrderText | None = None
    venue: VenueText | None = None
    extra: Texts
    created_at: Instant


class LineOut(OpenBody):
    """One line of a statement; `balance` is the running balance after it, what is set aside included."""

    seq: int
    id: str
    kind: Literal["EARN", "SPEND", "RETURN", "EXPIRE", "HOLD", "CAPTURE", "RELEASE"]
    amount: Exact
    held_change: Exact
    balance: Exact
    at: Instant
    reference: str | None = None
    description: str | None = None
    actor: str
    allocations: list[AllocationOut]


class AcceptedOut(OpenBody):
    """What an asynchronous write answers at once; its state is asked by the correlation id."""

    id: UuidMember
    correlation_id: UuidMember


class CommandOut(OpenBody):
    """How far an asynchronous write has come; `problem` says why it failed."""

    correlation_id: UuidMember
    kind: str
    id: str
    state: Literal["PENDING", "RUNNING", "DONE", "FAILED"]
    done: int
    total: int | None = None
    problem: dict[str, object] | None = None
    created_at: Instant
    updated_at: Instant
