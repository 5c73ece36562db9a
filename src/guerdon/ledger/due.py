"""What is due on accounts with lots: holds whose time is over, and lots that have ended with something in them."""

from collections.abc import Callable
from datetime import datetime

from guerdon.ledger import lot_queries
from guerdon.ledger.lot_rules import EXPIRY_ACTOR, overdue_release_id
from guerdon.ledger.model import AccountKey, Command, Expire, Release
from guerdon.platform.db import Tx


async def first_due_after(tx: Tx, instant: datetime) -> datetime | None:
    """Tell when a hold or a lot with something in it ends next, after an instant."""
    return await lot_queries.first_end_after(tx, instant)


async def list_due(tx: Tx, now: datetime, accounts_max: int, new_movement_id: Callable[[], str]) -> list[Command]:
    """Say what is to be posted now: releases first, then one expiry for each account, `accounts_max` of each at most.

    What is longest due comes first. Others may post some of it meanwhile: then the ledger refuses it.
    """
    holds = await lot_queries.list_overdue_holds(tx, now, accounts_max)
    owners = await lot_queries.list_ended(tx, now, accounts_max)
    releases = [
        Command(AccountKey(kind, owner), Release(hold_id), overdue_release_id(hold_id), EXPIRY_ACTOR)
        for kind, owner, hold_id in holds
    ]
    # What an overdue hold gives back to a lot that has ended is due at once.
    keys = dict.fromkeys([release.account for release in releases] + [AccountKey(*owner) for owner in owners])
    return releases + [Command(key, Expire(), new_movement_id(), EXPIRY_ACTOR) for key in keys]
