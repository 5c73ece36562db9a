"""Replaying one account from its first entry: what its rows must say if nothing was altered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from guerdon.ledger.chain import account_prefix, lot_bytes, microseconds
from guerdon.ledger.checkpoints import leaf_digest
from guerdon.ledger.model import EMPTY_HEAD, Allocation, HoldState, Lot
from guerdon.ledger.verify_queries import Leaf, VerifiedAccount

PLAIN_END = lot_bytes(())
Report = Callable[[UUID, int | None, str], None]


@dataclass(slots=True)
class Line:
    """One entry as it was read; `said` is the beginning of its canonical bytes; `is_lapse`: it ended all lots."""

    seq: int
    kind: str
    amount: int
    held_change: int
    value_after: int
    recorded: int
    hash: bytes
    hold_id: str | None
    said: bytes
    is_lapse: bool


@dataclass(slots=True)
class _ReplayedLot:
    """What entries have made of a lot so far, and what its row says that they have."""

    row: Lot
    remaining: int
    ended_at: int | None = None


class Replay:
    """One account while its entries pass by; everything that does not fit is reported, and the replay goes on."""

    def __init__(self, tenant_id: str, account_id: UUID, row: VerifiedAccount | None, report: Report) -> None:
        """Begin before the first entry; `row` is what the account says of itself."""
        self.account_id = account_id
        self.holds_opened = 0
        self.holds_closed = 0
        self._row = row
        self._prefix = account_prefix(tenant_id, account_id)
        self._report = report
        self._seq = 0
        self._head = EMPTY_HEAD
        self._value = 0
        self._held = 0
        self._recorded: int | None = None
        self._lots: dict[UUID, _ReplayedLot] = {}
        self._holds: dict[str, tuple[int, int | None]] = {}
        self._leaves: list[Leaf] = []
        if row is None:
            report(account_id, None, "the entries belong to no account")

    @property
    def lots_opened(self) -> int:
        """Count the lots that entries opened."""
        return len(self._lots)

    def expect(self, leaves: Sequence[Leaf]) -> None:
        """Take what checkpoints say of the account, in their order."""
        self._leaves = list(reversed(leaves))

    def step_plain(self, line: Line) -> None:
        """Pass an entry that touches no lot and no hold."""
        self._check_numbers(line)
        self._check_hash(line, PLAIN_END)
        if line.held_change:
            self._wrong(line.seq, "the entry changes what is held and opens or closes no hold")
        if self._row is not None and self._row.has_lots:
            self._wrong(line.seq, "the entry of a wallet touches no lot")

    def step(
        self, line: Line, allocations: Sequence[Allocation], lot: Lot | None, hold: tuple[UUID, HoldState] | None
    ) -> None:
        """Pass an entry with what it did to lots and holds."""
        self._check_numbers(line)
        expires_at = hold[1].expires_at if hold is not None and line.kind == "hold" else None
        self._check_hash(line, lot_bytes(allocations, () if lot is None else (lot,), expires_at))
        self._open_lot(line, lot)
        for allocation in allocations:
            self._allocate(line.seq, allocation)
        if line.is_lapse:
            self._end_lots(line)
        opened = 0 if lot is None else lot.amount
        if opened + sum(allocation.amount for allocation in allocations) != line.amount - line.held_change:
            self._wrong(line.seq, "the lots do not change by what the entry says")
        if line.kind == "hold":
            self._open_hold(line, hold)
        elif line.kind in {"capture", "release"}:
            self._close_hold(line, hold)

    def finish(self) -> None:
        """Compare what the entries come to with what the account and its lots and holds say."""
        for lot_id, lot in self._lots.items():
            if lot.remaining != lot.row.remaining:
                self._wrong(
                    None, f"lot {lot_id} says {lot.row.remaining} remains; its allocations leave {lot.remaining}"
                )
            if lot.ended_at != _microseconds(lot.row.ended_at):
                self._wrong(None, f"lot {lot_id} does not say when an entry ended it, or says so and none did")
        for hold_id, (_, closed_seq) in self._holds.items():
            if closed_seq is not None:
                self._wrong(closed_seq, f"hold {hold_id} says that this entry closed it, and it did not")
        for leaf in self._leaves:
            self._wrong(leaf.seq, f"checkpoint {leaf.checkpoint_id} covers an entry that is gone")
        if self._row is not None:
            self._check_account(self._row)

    def _check_account(self, row: VerifiedAccount) -> None:
        if row.seq != self._seq:
            self._wrong(None, f"the account counts {row.seq} entries and has {self._seq}")
        if row.head != self._head:
            self._wrong(None, "the account's head is not the hash of its last entry")
        if row.value != self._value:
            self._wrong(None, f"the account's value is {row.value}; its entries come to {self._value}")
        if row.held != self._held:
            self._wrong(None, f"the account says {row.held} is held; its entries come to {self._held}")
        if self._recorded is not None and microseconds(row.moved_at) != self._recorded:
            self._wrong(None, "the account was not moved last when its last entry was recorded")
        remaining = sum(lot.remaining for lot in self._lots.values())
        if row.has_lots and remaining + self._held != self._value:
            self._wrong(None, f"its lots and holds come to {remaining + self._held}, its value to {self._value}")
        if not row.has_lots and (self._lots or self.holds_opened):
            self._wrong(None, "the account has lots or holds and says that it has none")

    def _check_numbers(self, line: Line) -> None:
        if line.seq != self._seq + 1:
            self._wrong(line.seq, f"the entry before it is {self._seq}")
        self._value += line.amount
        if line.value_after != self._value:
            self._wrong(line.seq, f"the value after it is said to be {line.value_after} and is {self._value}")
            self._value = line.value_after
        self._held += line.held_change
        if self._held < 0:
            self._wrong(line.seq, "less than nothing is held after it")
        if self._recorded is not None and line.recorded < self._recorded:
            self._wrong(line.seq, "it was recorded before the one before it")
        self._seq, self._recorded = line.seq, line.recorded

    def _check_hash(self, line: Line, end: bytes) -> None:
        if sha256(self._head + self._prefix + line.said + end).digest() != line.hash:
            self._wrong(line.seq, "its hash does not fit what it says and what came before")
        self._head = line.hash
        while self._leaves and self._leaves[-1].seq <= line.seq:
            self._check_leaf(self._leaves.pop(), line)

    def _check_leaf(self, leaf: Leaf, line: Line) -> None:
        owner = ("", "") if self._row is None else (self._row.kind, self._row.owner_id)
        if leaf.seq != line.seq or leaf_digest(self.account_id, *owner, line.seq, line.hash) != leaf.digest:
            self._wrong(line.seq, f"checkpoint {leaf.checkpoint_id} says that the account stood otherwise here")

    def _open_lot(self, line: Line, lot: Lot | None) -> None:
        if (lot is not None) != (line.kind == "earn"):
            self._wrong(line.seq, "an earning opens a lot, and nothing else does")
        if lot is None:
            return
        if microseconds(lot.opened_at) != line.recorded:
            self._wrong(line.seq, f"lot {lot.lot_id} was opened at another instant")
        self._lots[lot.lot_id] = _ReplayedLot(lot, lot.amount)

    def _allocate(self, seq: int, allocation: Allocation) -> None:
        lot = self._lots.get(allocation.lot_id)
        if lot is None:
            self._wrong(seq, f"lot {allocation.lot_id} is not one of the account's")
            return
        lot.remaining += allocation.amount
        if not 0 <= lot.remaining <= lot.row.amount:
            self._wrong(seq, f"lot {allocation.lot_id} of {lot.row.amount} would keep {lot.remaining}")

    def _end_lots(self, line: Line) -> None:
        for lot in self._lots.values():
            expires_at = _microseconds(lot.row.expires_at)
            if lot.ended_at is None and (expires_at is None or expires_at > line.recorded):
                lot.ended_at = line.recorded
                if lot.remaining:
                    self._wrong(line.seq, f"it ends lot {lot.row.lot_id} and leaves {lot.remaining} in it")

    def _open_hold(self, line: Line, found: tuple[UUID, HoldState] | None) -> None:
        if found is None or found[0] != self.account_id:
            self._wrong(line.seq, f"hold {line.hold_id} is gone, or on another account")
            return
        hold = found[1]
        self.holds_opened += 1
        if (hold.amount, hold.opened_seq, microseconds(hold.opened_at)) != (line.held_change, line.seq, line.recorded):
            self._wrong(line.seq, f"hold {hold.hold_id} differs from the entry that opened it")
        self._holds[hold.hold_id] = (hold.amount, hold.closed_seq)

    def _close_hold(self, line: Line, found: tuple[UUID, HoldState] | None) -> None:
        opened = None if found is None else self._holds.pop(found[1].hold_id, None)
        if found is None or opened is None:
            self._wrong(line.seq, f"hold {line.hold_id} was not open")
            return
        self.holds_closed += 1
        if opened != (-line.held_change, line.seq):
            self._wrong(line.seq, f"hold {line.hold_id} differs from the entry that closed it")

    def _wrong(self, seq: int | None, problem: str) -> None:
        self._report(self.account_id, seq, problem)


def _microseconds(instant: datetime | None) -> int | None:
    return None if instant is None else microseconds(instant)
