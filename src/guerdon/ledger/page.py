"""One locked account while a batch decides on it: the only place where commands become entries.

Refusals come in the order of errors.py; a refused command leaves the page as it was.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from guerdon.ledger.amounts import MILLIONTHS_MAX
from guerdon.ledger.chain import account_prefix, entry_hash
from guerdon.ledger.errors import (
    AccountNotFound,
    HoldClosed,
    HoldNotFound,
    NotEnough,
    NothingToExpire,
    NothingToReturn,
    SpendNotFound,
    ValueMismatch,
    ValueOutOfBounds,
    VersionMismatch,
)
from guerdon.ledger.lot_rules import (
    EXPIRY_ACTOR,
    all_of,
    available_in,
    captured,
    ended_early,
    last_taken_first,
    overdue_release_id,
    reversed_signs,
    spending_order,
)
from guerdon.ledger.model import (
    INACTIVITY,
    Account,
    Allocation,
    Capture,
    Command,
    Earn,
    Entry,
    EntryKind,
    Expire,
    Hold,
    HoldState,
    Lot,
    Move,
    Release,
    Return,
    Spend,
    Spending,
)

TOLERANCE = 100  # millionths: the seed compares values with an epsilon of 0.0001, inclusive


class Line(Struct, frozen=True):
    """What a command decided, before it is an entry."""

    kind: EntryKind
    amount: int
    held_change: int = 0
    reference_id: str | None = None
    allocations: tuple[Allocation, ...] = ()
    lot_opened: Lot | None = None
    hold: HoldState | None = None


class Page(Struct):
    """A locked account, its lots and holds, and the entries that this transaction appends to it."""

    tenant_id: str
    account: Account
    # Struct gives each page its own: a copy of the empty one.
    lots: dict[UUID, Lot] = {}
    holds: dict[str, HoldState] = {}
    spendings: dict[str, Spending] = {}
    hold_allocations: dict[str, tuple[Allocation, ...]] = {}
    entries: list[Entry] = []
    lots_opened: list[Lot] = []
    holds_changed: set[str] = set()
    lapses: list[Entry] = []
    prefix: bytes = b""

    def post(self, command: Command, now: datetime) -> Entry:
        """Decide on a command and append its entry; what is set aside by holds whose time is over is given back first.

        Raises the refusals of errors.py.
        """
        self.check_open(now)
        # A clock that steps back never makes an account's history run backwards.
        instant = max(now, self.account.moved_at)
        if isinstance(command.action, Spend | Hold):
            self._check_available(command.action.amount, instant)
            self._release_overdue(instant)
        return self._append(command, self._decide(command, instant), instant)

    def check_open(self, now: datetime) -> None:
        """Raise AccountNotFound from the instant on at which the account closes."""
        account = self.account
        if account.closes_at is not None and account.closes_at <= now:
            raise AccountNotFound(account.kind, account.owner_id)

    def _decide(self, command: Command, now: datetime) -> Line:
        match command.action:
            case Move():
                return self._move(command.action)
            case Earn():
                return self._earn(command.action, now)
            case Spend(amount, first):
                return Line("spend", -amount, allocations=self._take(amount, now, first))
            case Return():
                return self._return(command.action)
            case Expire(ends_all):
                return self._expire(now, ends_all=ends_all)
            case Hold():
                return self._hold(command, command.action, now)
            case Capture():
                return self._capture(command.action, now)
            case Release(hold_id):
                return self._release(self._open_hold(hold_id))

    def _move(self, move: Move) -> Line:
        account = self.account
        assert not account.has_lots, "value of a wallet moves by lots only"
        version, value = account.version, account.value
        if move.expected_version is not None and move.expected_version != version:
            raise VersionMismatch(value, version, move.expected_version)
        if move.expected_value is not None and abs(value - move.expected_value) > TOLERANCE:
            raise ValueMismatch(value, version, move.expected_value)
        self._check_bounds(value + move.amount)
        return Line("move", move.amount)

    def _earn(self, earn: Earn, now: datetime) -> Line:
        assert self.account.has_lots
        assert earn.amount > 0
        self._check_bounds(self.account.value + earn.amount)
        lot = Lot(
            earn.lot_id,
            earn.amount,
            earn.amount,
            earn.unit_price,
            self.account.version + 1,
            now,
            earn.expires_at,
        )
        return Line("earn", earn.amount, lot_opened=lot)

    def _return(self, action: Return) -> Line:
        spending = self.spendings.get(action.spend_id)
        if spending is None:
            raise SpendNotFound(action.spend_id)
        taken = -sum(allocation.amount for allocation in spending.taken)
        returnable = taken - spending.returned
        amount = returnable if action.amount is None else action.amount
        assert amount > 0 or action.amount is None
        if returnable == 0 or amount > returnable:
            raise NothingToReturn(action.spend_id, returnable)
        restored = last_taken_first(spending.taken, skip=spending.returned, amount=amount)
        self._check_bounds(self.account.value + amount)
        return Line("return", amount, reference_id=action.spend_id, allocations=restored)

    def _expire(self, now: datetime, *, ends_all: bool) -> Line:
        taken = all_of(lot for lot in self._in_order() if lot.is_live(now) == ends_all)
        # Where all is set aside, an entry that ends all lots takes nothing: it says that what comes back has ended.
        if not taken and not (ends_all and self.account.held > 0):
            raise NothingToExpire
        return Line("expire", sum(one.amount for one in taken), 0, INACTIVITY if ends_all else None, taken)

    def _hold(self, command: Command, action: Hold, now: datetime) -> Line:
        hold = HoldState(command.movement_id, action.amount, self.account.version + 1, now, action.expires_at)
        return Line("hold", 0, action.amount, None, self._take(action.amount, now), hold=hold)

    def _capture(self, action: Capture, now: datetime) -> Line:
        hold = self._open_hold(action.hold_id)
        if hold.expires_at is not None and hold.expires_at <= now:
            raise HoldClosed(action.hold_id)
        amount = hold.amount if action.amount is None else action.amount
        assert amount > 0
        if amount > hold.amount:
            raise NotEnough(hold.amount, amount)
        rest = last_taken_first(self.hold_allocations[action.hold_id], skip=0, amount=hold.amount - amount)
        return Line("capture", -amount, -hold.amount, action.hold_id, rest, hold=self._closed(hold))

    def _release(self, hold: HoldState) -> Line:
        restored = reversed_signs(self.hold_allocations[hold.hold_id])
        return Line("release", 0, -hold.amount, hold.hold_id, restored, hold=self._closed(hold))

    def _release_overdue(self, now: datetime) -> None:
        for hold in sorted(self._overdue(now), key=lambda hold: hold.opened_seq):
            release = Command(self.account.key, Release(hold.hold_id), overdue_release_id(hold.hold_id), EXPIRY_ACTOR)
            self._append(release, self._release(hold), now)

    def _overdue(self, now: datetime) -> list[HoldState]:
        return [hold for hold in self.holds.values() if hold.is_overdue(now)]

    def _open_hold(self, hold_id: str) -> HoldState:
        hold = self.holds.get(hold_id)
        if hold is None:
            raise HoldNotFound(hold_id)
        if hold.closed_seq is not None:
            raise HoldClosed(hold_id)
        return hold

    def _closed(self, hold: HoldState) -> HoldState:
        return replace(hold, closed_seq=self.account.version + 1)

    def _check_bounds(self, value_after: int) -> None:
        account = self.account
        low = -MILLIONTHS_MAX if account.value_min is None else max(account.value_min, -MILLIONTHS_MAX)
        high = MILLIONTHS_MAX if account.value_max is None else min(account.value_max, MILLIONTHS_MAX)
        # An account that already lies outside (its bounds were narrowed) may still move towards them.
        if value_after > max(high, account.value) or value_after < min(low, account.value):
            raise ValueOutOfBounds(account.value, account.version, value_after, low, high)

    def _check_available(self, amount: int, now: datetime) -> None:
        assert self.account.has_lots
        assert amount > 0
        freed = (taken for hold in self._overdue(now) for taken in self.hold_allocations[hold.hold_id])
        available = available_in(self.lots.values(), now)
        available -= sum(taken.amount for taken in freed if self.lots[taken.lot_id].is_live(now))
        if amount > available:
            raise NotEnough(available, amount)

    def _take(self, amount: int, now: datetime, first: Collection[UUID] = ()) -> tuple[Allocation, ...]:
        taken: list[Allocation] = []
        # Sorting keeps the order of the others among themselves.
        for lot in sorted(self._in_order(), key=lambda lot: lot.lot_id not in first) if first else self._in_order():
            if amount == 0:
                break
            part = min(lot.remaining, amount) if lot.is_live(now) else 0
            if part:
                taken.append(Allocation(lot.lot_id, -part))
                amount -= part
        return tuple(taken)

    def _in_order(self) -> list[Lot]:
        return sorted(self.lots.values(), key=spending_order)

    def _append(self, command: Command, line: Line, now: datetime) -> Entry:
        account = self.account
        self.prefix = self.prefix or account_prefix(self.tenant_id, account.account_id)
        said = (
            account.account_id,
            account.version + 1,
            line.kind,
            line.amount,
            line.held_change,
            account.value + line.amount,
            command.movement_id,
            line.reference_id,
            command.remarks,
            command.actor,
            now,
            command.occurred_at,
        )
        opened = (line.lot_opened,) if line.lot_opened else ()
        hold_expires_at = line.hold.expires_at if line.kind == "hold" and line.hold is not None else None
        unsealed = Entry(*said, allocations=line.allocations)
        sealed = entry_hash(self.prefix, account.head, unsealed, opened, hold_expires_at)
        entry = Entry(*said, sealed, line.allocations)
        self._keep_lots(entry, line)
        self.account = account.moved_by(entry)
        self.entries.append(entry)
        return entry

    def _keep_lots(self, entry: Entry, line: Line) -> None:
        if line.lot_opened is not None:
            self.lots[line.lot_opened.lot_id] = line.lot_opened
            self.lots_opened.append(line.lot_opened)
        for allocation in line.allocations:
            lot = self.lots[allocation.lot_id]
            self.lots[lot.lot_id] = replace(lot, remaining=lot.remaining + allocation.amount)
        if line.kind == "expire" and line.reference_id == INACTIVITY:
            self.lapses.append(entry)
            self.lots.update(ended_early(self.lots.values(), entry.recorded_at))
        if line.hold is not None:
            self.holds[line.hold.hold_id] = line.hold
            self.holds_changed.add(line.hold.hold_id)
        if line.kind == "hold":
            self.hold_allocations[entry.movement_id] = line.allocations
        if line.kind == "spend":
            self.spendings[entry.movement_id] = Spending(entry.movement_id, line.allocations, 0)
        if line.kind == "capture":
            assert line.reference_id is not None
            taken = captured(self.hold_allocations[line.reference_id], line.allocations)
            self.spendings[entry.movement_id] = Spending(entry.movement_id, taken, 0)
        if line.kind == "return":
            assert line.reference_id is not None
            spending = self.spendings[line.reference_id]
            self.spendings[line.reference_id] = replace(spending, returned=spending.returned + line.amount)
