"""The rules on lots that need nothing but the lots: what may be spent, in which order, and what goes back where."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from guerdon.ledger.model import Allocation, Lot

EXPIRY_ACTOR = "system:expiry"


def available_in(lots: Iterable[Lot], now: datetime) -> int:
    """Sum what may be spent now: what remains in live lots; holds have left them already."""
    return sum(lot.remaining for lot in lots if lot.is_live(now))


def overdue_release_id(hold_id: str) -> str:
    """Name the movement that gives back what an overdue hold set aside: the same whoever posts it."""
    return f"over-{hold_id}"


def spending_order(lot: Lot) -> tuple[bool, datetime, int, bytes]:
    """Give what orders lots for taking: soonest expiry first, no expiry last, ties by creation, then id."""
    # Entries of one account have strictly rising numbers, so the opening entry's number orders creation exactly.
    return (lot.expires_at is None, lot.expires_at or lot.opened_at, lot.opened_seq, lot.lot_id.bytes)


def all_of(lots: Iterable[Lot]) -> tuple[Allocation, ...]:
    """Take all that is left in lots, in their order."""
    return tuple(Allocation(lot.lot_id, -lot.remaining) for lot in lots if lot.remaining > 0)


def ended_early(lots: Iterable[Lot], instant: datetime) -> dict[UUID, Lot]:
    """Give those lots that live, ended at an instant."""
    return {lot.lot_id: replace(lot, ended_at=instant) for lot in lots if lot.is_live(instant)}


def reversed_signs(allocations: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """Give back all that was taken."""
    return tuple(Allocation(allocation.lot_id, -allocation.amount) for allocation in allocations)


def captured(held: Sequence[Allocation], restored: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """Give what a capture took in the end, in the order in which its hold took it: all of it less what went back."""
    back = {allocation.lot_id: allocation.amount for allocation in restored}
    taken = (Allocation(held_of.lot_id, held_of.amount + back.get(held_of.lot_id, 0)) for held_of in held)
    return tuple(allocation for allocation in taken if allocation.amount)


def last_taken_first(taken: Sequence[Allocation], *, skip: int, amount: int) -> tuple[Allocation, ...]:
    """Restore `amount` of what was taken, the last lot first, after `skip` that was restored before."""
    restored: list[Allocation] = []
    for allocation in reversed(taken):
        part = -allocation.amount
        skipped = min(skip, part)
        skip -= skipped
        part = min(part - skipped, amount)
        if part:
            restored.append(Allocation(allocation.lot_id, part))
            amount -= part
    return tuple(restored)
