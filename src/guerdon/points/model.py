"""What a points wallet is made of. Amounts and prices are whole millionths; an expiry that is None never comes.

What is made anew for every spending is a frozen Struct of msgspec, as in the ledger's model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from guerdon.ledger.amounts import MILLIONTHS_MAX, UNIT
from guerdon.ledger.model import AccountKey, Allocation, EntryKind
from guerdon.points.errors import PriceTooHigh

EVENT_WALLET_CREATED, EVENT_WALLET_CHANGED = "Wallet:Created", "Wallet:Updated"
EVENT_OPERATION_CHANGED, EVENT_WALLET_ERASED = "Wallet:OperationUpdated", "Wallet:Erased"
OperationKind = Literal["SPEND", "CLAIM", "CAPTURE"]
OperationStatus = Literal["DONE", "PARTLY_ROLLED_BACK", "ROLLED_BACK"]
HoldStatus = Literal["OPEN", "CAPTURED", "RELEASED", "EXPIRED"]
CommandState = Literal["PENDING", "RUNNING", "DONE", "FAILED"]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet as its row stands; what is in it is read from the ledger."""

    wallet_id: UUID
    account_id: UUID
    attributes: Texts
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BatchWish:
    """Points to be added: how many, what was paid for all of them together, until when they live, and what is said.

    With `correlation_id` the batch is the outcome of an asynchronous write that can be asked after by it. One that was
    brought in has an `external_id`, its name where it comes from, and may say when it was earned there.
    """

    amount: int
    price: int | None = None
    expires_at: datetime | None = None
    order: str | None = None
    description: str | None = None
    venue: str | None = None
    extra: Texts = field(default_factory=dict[str, str])
    correlation_id: UUID | None = None
    external_id: str | None = None
    earned_at: datetime | None = None

    def unit_price(self) -> int:
        """Give what one point costs, in millionths of money, rounded half-even. Raises PriceTooHigh."""
        if self.price is None:
            return 0
        whole, rest = divmod(self.price * UNIT, self.amount)
        is_up = 2 * rest > self.amount or (2 * rest == self.amount and whole % 2 == 1)
        unit_price = whole + is_up
        if unit_price > MILLIONTHS_MAX:
            raise PriceTooHigh
        return unit_price


@dataclass(frozen=True, slots=True)
class Batch:
    """A parcel of points: what was added, what is left of it, and what is said of it."""

    batch_id: UUID
    amount: int
    remaining: int
    price: int | None
    expires_at: datetime | None
    order: str | None
    description: str | None
    venue: str | None
    extra: Texts
    created_at: datetime
    seq: int
    external_id: str | None = None
    earned_at: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Tell whether its time is over; the instant of expiry is already expired."""
        return self.expires_at is not None and self.expires_at <= now


class OperationWish(Struct, frozen=True):
    """Points to be used, and what is said of it."""

    amount: int
    order: str | None = None
    venue: str | None = None
    extra: Texts = {}


class OperationDetails(Struct, frozen=True):
    """What is kept beside the entry of an operation."""

    kind: OperationKind
    order: str | None
    venue: str | None
    extra: Texts


class Operation(Struct, frozen=True):
    """A use of points: `amount` is what was taken, `returned` what was rolled back of it since."""

    operation_id: UUID
    wallet_id: UUID
    kind: OperationKind
    amount: int
    returned: int
    order: str | None
    venue: str | None
    extra: Texts
    created_at: datetime
    seq: int
    allocations: tuple[Allocation, ...] = ()

    @property
    def status(self) -> OperationStatus:
        """Tell whether it stands."""
        if self.returned == 0:
            return "DONE"
        return "ROLLED_BACK" if self.returned == self.amount else "PARTLY_ROLLED_BACK"


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback gave back: `restored_expired` of it went into batches whose time is over."""

    operation: Operation
    restored: int
    restored_expired: int
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class HoldWish:
    """Points to be set aside until an instant, and what is said of it."""

    amount: int
    expires_at: datetime | None = None
    order: str | None = None
    venue: str | None = None
    extra: Texts = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold as it stands; `captured` is what was spent of it in the end."""

    hold_id: UUID
    wallet_id: UUID
    amount: int
    captured: int
    status: HoldStatus
    expires_at: datetime | None
    order: str | None
    venue: str | None
    extra: Texts
    created_at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points that end at one instant."""

    expires_at: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What a wallet holds at an instant: `available` may be spent, `held` is set aside; `version` counts entries.

    `inactive_on` is the day at whose beginning all of it ends if nothing happens until then, by the tenant's rule.
    """

    available: int
    held: int
    version: int
    expiring: tuple[Expiring, ...] = ()
    inactive_on: date | None = None

    @property
    def total(self) -> int:
        """Give the balance: what is available and what is set aside."""
        return self.available + self.held


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement: `amount` and `held_change` are signed, `balance_after` is what the entries come to.

    What has ended is in `balance_after` until the line that posts its expiry.
    """

    seq: int
    kind: EntryKind
    amount: int
    held_change: int
    balance_after: int
    movement_id: str
    reference_id: str | None
    description: str | None
    actor: str
    recorded_at: datetime
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class WalletCommand:
    """An asynchronous write: `subject_id` is the id that was answered at once, `problem_text` why it failed."""

    correlation_id: UUID
    kind: str
    subject_id: str
    state: CommandState
    done: int
    total: int | None
    problem_text: str | None
    actor: str
    created_at: datetime
    updated_at: datetime


def wallet_key(wallet_id: UUID) -> AccountKey:
    """Name the ledger account of a wallet."""
    return AccountKey("wallet", str(wallet_id))


def merged(attributes: Texts, given: Texts) -> dict[str, str]:
    """Put the attributes that are given and not empty over the old ones."""
    return {**attributes, **{name: text for name, text in given.items() if text}}


def hold_of(columns: Sequence[Any]) -> HoldView:
    """Make a hold of a row that has its columns in order, the extra as JSON."""
    said: list[Any] = list(columns)
    said[8] = read_texts(said[8])
    return HoldView(*said)


def write_texts(attributes: Texts) -> str:
    """Write a map of texts as JSON."""
    return msgspec.json.encode(attributes).decode()


def read_texts(document: str) -> dict[str, str]:
    """Read a map of texts that was written as JSON."""
    return msgspec.json.decode(document, type=dict[str, str])
