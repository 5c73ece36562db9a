"""The words of the ledger: accounts, commands, entries, lots and holds. All amounts are whole millionths.

What is made anew for every movement is a frozen Struct of msgspec, which takes a tenth of a frozen dataclass's time.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

EMPTY_HEAD = bytes(32)
# What an `expire` entry refers to that ended all lots before their time.
INACTIVITY = "inactivity"

AccountKind = Literal["privilege", "wallet"]
EntryKind = Literal["move", "earn", "spend", "return", "expire", "hold", "capture", "release"]


class AccountKey(Struct, frozen=True):
    """Names an open account by what owns it: a privilege or a wallet."""

    kind: AccountKind
    owner_id: str


class Account(Struct, frozen=True):
    """An account as it stands: `version` counts its entries, `head` is the hash of the last one."""

    account_id: UUID
    kind: AccountKind
    owner_id: str
    subject_id: str
    value: int
    held: int
    version: int
    head: bytes
    has_lots: bool
    value_min: int | None
    value_max: int | None
    moved_at: datetime
    closes_at: datetime | None

    @property
    def key(self) -> AccountKey:
        """What owns the account."""
        return AccountKey(self.kind, self.owner_id)

    def moved_by(self, entry: "Entry") -> "Account":
        """Give the account as an entry leaves it."""
        # Written out: every movement passes here, and replace() costs several times as much.
        names = (self.account_id, self.kind, self.owner_id, self.subject_id)
        standing = (entry.value_after, self.held + entry.held_change, entry.seq, entry.hash)
        bounds = (self.has_lots, self.value_min, self.value_max)
        return Account(*names, *standing, *bounds, entry.recorded_at, self.closes_at)


class Move(Struct, frozen=True):
    """Change the value by `amount`, if it is still what the caller believes it to be."""

    amount: int
    expected_value: int | None = None
    expected_version: int | None = None


class Earn(Struct, frozen=True):
    """Open a lot; `unit_price` is what one unit of it is worth, in millionths of the tenant's currency."""

    amount: int
    lot_id: UUID
    expires_at: datetime | None = None
    unit_price: int = 0


class Spend(Struct, frozen=True):
    """Take from the lots, those of `first` before the others, soonest expiry first; all or nothing."""

    amount: int
    first: tuple[UUID, ...] = ()


class Return(Struct, frozen=True):
    """Give a spending back to the lots it came from, the last taken first; no amount means all that is left."""

    spend_id: str
    amount: int | None = None


class Expire(Struct, frozen=True):
    """Post what is left in the lots whose time is over; or end all others before their time, and post what is in those.

    What holds have set aside of a lot that was ended so ends when it comes back.
    """

    ends_all: bool = False


class Hold(Struct, frozen=True):
    """Set an amount aside from the lots, soonest expiry first, until it is captured or released."""

    amount: int
    expires_at: datetime | None = None


class Capture(Struct, frozen=True):
    """Spend what a hold set aside, or part of it; the rest goes back to its lots."""

    hold_id: str
    amount: int | None = None


class Release(Struct, frozen=True):
    """Give all that a hold set aside back to its lots."""

    hold_id: str


Action = Move | Earn | Spend | Return | Expire | Hold | Capture | Release


class Repeat(Struct, frozen=True):
    """The idempotency key of a command and the fingerprint of the request that carried it."""

    key: str
    fingerprint: bytes


class Command(Struct, frozen=True):
    """One wish: who moves what on which account, under a movement id that is unique in the tenant.

    `is_chosen` says that the caller chose the movement id and so may repeat it for ever; `occurred_at` is when it
    happened outside, for history that is brought in; `details` is what the effect of the account's room is to keep
    beside the entry, and means nothing to the ledger.
    """

    account: AccountKey
    action: Action
    movement_id: str
    actor: str
    remarks: str | None = None
    is_chosen: bool = False
    repeat: Repeat | None = None
    occurred_at: datetime | None = None
    details: object = None


class Allocation(Struct, frozen=True):
    """A signed change of what remains in one lot."""

    lot_id: UUID
    amount: int


class Lot(Struct, frozen=True):
    """An amount that was earned at once and expires at once.

    `expires_at` is what its opening says; `ended_at` is set when an entry ended it before that.
    """

    lot_id: UUID
    amount: int
    remaining: int
    unit_price: int
    opened_seq: int
    opened_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether the lot may be spent; the instant of expiry is already expired."""
        return self.ended_at is None and (self.expires_at is None or self.expires_at > now)


class HoldState(Struct, frozen=True):
    """A hold as it stands; its allocations are those of the entry that opened it."""

    hold_id: str
    amount: int
    opened_seq: int
    opened_at: datetime
    expires_at: datetime | None
    closed_seq: int | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether its time is over and nobody has captured or released it yet."""
        return self.closed_seq is None and self.expires_at is not None and self.expires_at <= now


class Spending(Struct, frozen=True):
    """What an earlier spending or capture took, and what was returned of it since; needed to return the rest."""

    movement_id: str
    taken: tuple[Allocation, ...]
    returned: int


class Entry(Struct, frozen=True):
    """One line of an account, for ever; `hash` binds it to all lines before it."""

    account_id: UUID
    seq: int
    kind: EntryKind
    amount: int
    held_change: int
    value_after: int
    movement_id: str
    reference_id: str | None
    remarks: str | None
    actor: str
    recorded_at: datetime
    occurred_at: datetime | None = None
    hash: bytes = EMPTY_HEAD
    allocations: tuple[Allocation, ...] = ()


class Posted(Struct, frozen=True):
    """What a command came to. `is_repeat`: it was posted before and nothing moved now.

    `before` are entries that had to come first: releases of holds whose time was over.
    """

    account: AccountKey
    subject_id: str
    entry: Entry
    is_repeat: bool = False
    details: object = None
    before: tuple[Entry, ...] = ()
