"""Bringing lots, holds and spendings to the pages that need them, and back to their tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from guerdon.ledger import lot_queries
from guerdon.ledger.lot_rules import captured
from guerdon.ledger.model import (
    AccountKey,
    Allocation,
    Capture,
    Command,
    Expire,
    Hold,
    Release,
    Return,
    Spend,
    Spending,
)
from guerdon.ledger.page import Page
from guerdon.ledger.queries import PostedEntry
from guerdon.platform.db import Tx


async def load_lots(tx: Tx, pages: Mapping[AccountKey, Page], commands: Sequence[Command], now: datetime) -> None:
    """Read what the commands will need of accounts with lots; accounts without cost nothing."""
    with_lots = {page.account.account_id: page for page in pages.values() if page.account.has_lots}
    if not with_lots:
        return
    spend_ids = [command.action.spend_id for command in commands if isinstance(command.action, Return)]
    touched = await _load_spendings(tx, with_lots, spend_ids) if spend_ids else []
    # Whoever earns needs no lots; whoever gives back needs those that were taken from, empty or not.
    takers = {command.account for command in commands if isinstance(command.action, Spend | Hold | Expire)}
    taking = [page.account.account_id for page in with_lots.values() if page.account.key in takers]
    holding = [account_id for account_id in taking if with_lots[account_id].account.held > 0]
    hold_ids = [command.action.hold_id for command in commands if isinstance(command.action, Capture | Release)]
    if hold_ids or holding:
        touched += await _load_holds(tx, with_lots, hold_ids, holding, now)
    if touched or taking:
        for account_id, lot in await lot_queries.list_lots(tx, taking, touched):
            if account_id in with_lots:
                with_lots[account_id].lots[lot.lot_id] = lot


async def _load_holds(
    tx: Tx, with_lots: Mapping[UUID, Page], hold_ids: list[str], holding: Sequence[UUID], now: datetime
) -> list[UUID]:
    """Bring the named holds, and the overdue ones of accounts that take; give the lots that they took from."""
    # Where a clock stepped back, an account's own time is ahead of it.
    instant = max([now, *(with_lots[account_id].account.moved_at for account_id in holding)])
    holds = await lot_queries.list_holds(tx, hold_ids, holding, instant)
    allocations = await lot_queries.list_allocations(tx, [hold.hold_id for _, hold in holds])
    held: dict[str, list[Allocation]] = {}
    for _, movement_id, _, allocation in allocations:
        held.setdefault(movement_id, []).append(allocation)
    for account_id, hold in holds:
        if account_id in with_lots:
            page = with_lots[account_id]
            page.holds[hold.hold_id] = hold
            page.hold_allocations[hold.hold_id] = tuple(held.get(hold.hold_id, ()))
    return [allocation.lot_id for _, _, _, allocation in allocations]


async def _load_spendings(tx: Tx, with_lots: Mapping[UUID, Page], spend_ids: list[str]) -> list[UUID]:
    """Bring what spendings and captures took, and what of it was returned; give the lots that they took from."""
    taken: dict[tuple[UUID, str], list[Allocation]] = {}
    restored: dict[tuple[UUID, str], list[Allocation]] = {}
    for account_id, spend_id, kind, allocation in await lot_queries.list_allocations(tx, spend_ids):
        if kind in {"spend", "capture"}:
            (taken if kind == "spend" else restored).setdefault((account_id, spend_id), []).append(allocation)
    if len(taken) < len(set(spend_ids)):
        # A capture took what its hold had set aside, less what it gave back.
        held: dict[tuple[UUID, str], list[Allocation]] = {}
        for account_id, capture_id, allocation in await lot_queries.list_set_aside(tx, spend_ids):
            held.setdefault((account_id, capture_id), []).append(allocation)
        taken |= {key: list(captured(aside, restored.get(key, ()))) for key, aside in held.items()}
    returns = await lot_queries.sum_returns(tx, list(with_lots), spend_ids)
    for (account_id, spend_id), allocations in taken.items():
        if account_id in with_lots:
            returned = returns.get((account_id, spend_id), 0)
            with_lots[account_id].spendings[spend_id] = Spending(spend_id, tuple(allocations), returned)
    return [allocation.lot_id for allocations in taken.values() for allocation in allocations]


async def with_allocations(tx: Tx, earlier: Mapping[str, PostedEntry]) -> dict[str, PostedEntry]:
    """Complete entries that were posted before with what they allocated; those without lots cost nothing."""
    movement_ids = [name for name, posted in earlier.items() if posted.entry.kind not in {"move", "earn"}]
    found = await lot_queries.list_allocations(tx, movement_ids) if movement_ids else []
    allocations: dict[str, list[Allocation]] = {}
    for _, movement_id, _, allocation in found:
        allocations.setdefault(movement_id, []).append(allocation)
    return {
        name: replace(posted, entry=replace(posted.entry, allocations=tuple(allocations.get(name, ()))))
        for name, posted in earlier.items()
    }


async def store_lots(tx: Tx, pages: Sequence[Page]) -> None:
    """Keep the lots that were opened, the allocations, and the holds that were opened or closed."""
    opened = [(page.account.account_id, lot) for page in pages for lot in page.lots_opened]
    if opened:
        await lot_queries.insert_lots(tx, opened)
    allocations = [
        (entry.account_id, entry.seq, ordinal, allocation)
        for page in pages
        for entry in page.entries
        for ordinal, allocation in enumerate(entry.allocations)
    ]
    if allocations:
        await lot_queries.insert_allocations(tx, allocations)
    lapses = [lapse for page in pages for lapse in page.lapses]
    if lapses:
        await lot_queries.end_lots(tx, lapses)
    holds = [(page.account.account_id, page.holds[hold_id]) for page in pages for hold_id in page.holds_changed]
    if holds:
        await lot_queries.keep_holds(tx, holds)
