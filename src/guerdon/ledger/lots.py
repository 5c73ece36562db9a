"""Bringing lots, holds and spendings to the pages that need them, and back to their tables."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from guerdon.ledger import lot_queries
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


async def load_lots(tx: Tx, pages: Mapping[AccountKey, Page], commands: Sequence[Command]) -> None:
    """Read what the commands will need of accounts with lots; accounts without cost nothing."""
    with_lots = {page.account.account_id: page for page in pages.values() if page.account.has_lots}
    if not with_lots:
        return
    spend_ids = [command.action.spend_id for command in commands if isinstance(command.action, Return)]
    hold_ids = [command.action.hold_id for command in commands if isinstance(command.action, Capture | Release)]
    allocations = await lot_queries.list_allocations(tx, spend_ids + hold_ids) if spend_ids or hold_ids else []
    if spend_ids:
        await _load_spendings(tx, with_lots, spend_ids, allocations)
    if hold_ids:
        for account_id, hold in await lot_queries.list_holds(tx, hold_ids):
            if account_id in with_lots:
                page = with_lots[account_id]
                page.holds[hold.hold_id] = hold
                page.hold_allocations[hold.hold_id] = tuple(
                    allocation for _, movement_id, _, allocation in allocations if movement_id == hold.hold_id
                )
    touched = [allocation.lot_id for _, _, _, allocation in allocations]
    # Whoever earns needs no lots; whoever gives back needs those that were taken from, empty or not.
    takers = {command.account for command in commands if isinstance(command.action, Spend | Hold | Expire)}
    taking = [page.account.account_id for page in with_lots.values() if page.account.key in takers]
    if touched or taking:
        for account_id, lot in await lot_queries.list_lots(tx, taking, touched):
            if account_id in with_lots:
                with_lots[account_id].lots[lot.lot_id] = lot


async def _load_spendings(
    tx: Tx,
    with_lots: Mapping[UUID, Page],
    spend_ids: list[str],
    allocations: Sequence[tuple[UUID, str, str, Allocation]],
) -> None:
    account_ids = [page.account.account_id for page in with_lots.values()]
    returns = await lot_queries.sum_returns(tx, account_ids, spend_ids)
    for account_id, page in with_lots.items():
        for spend_id in spend_ids:
            taken = tuple(
                allocation
                for owner, movement_id, kind, allocation in allocations
                if owner == account_id and movement_id == spend_id and kind == "spend"
            )
            if taken:
                returned = returns.get((page.account.account_id, spend_id), 0)
                page.spendings[spend_id] = Spending(spend_id, taken, returned)


async def with_allocations(tx: Tx, earlier: Mapping[str, PostedEntry]) -> dict[str, PostedEntry]:
    """Complete entries that were posted before with what they allocated; those without lots cost nothing."""
    movement_ids = [name for name, posted in earlier.items() if posted.entry.kind not in {"move", "earn"}]
    found = await lot_queries.list_allocations(tx, movement_ids) if movement_ids else []
    allocations: dict[str, tuple[Allocation, ...]] = {}
    for _, movement_id, _, allocation in found:
        allocations[movement_id] = (*allocations.get(movement_id, ()), allocation)
    return {
        name: replace(posted, entry=replace(posted.entry, allocations=allocations.get(name, ())))
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
    holds = [(page.account.account_id, page.holds[hold_id]) for page in pages for hold_id in page.holds_changed]
    if holds:
        await lot_queries.keep_holds(tx, holds)
