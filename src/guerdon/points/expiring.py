"""Posting what has ended: points of batches whose time is over, and holds that nobody captured in time."""

from datetime import datetime

from guerdon.ledger.due import list_due
from guerdon.ledger.model import Posted
from guerdon.ledger.posting import post
from guerdon.passes.updating import touch_bound
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_movement_id
from guerdon.points.recording import actors_of, on_posted

WALLETS_MAX = 1_000


async def expire_due(tx: Tx, now: datetime) -> int:
    """Post what is due on at most a thousand wallets in one transaction, and tell how many entries that were.

    Reads leave out what has ended before this posts it, so that it changes no balance and is never urgent.
    """
    commands = await list_due(tx, now, WALLETS_MAX, new_movement_id)
    outcomes = await post(tx, commands, now) if commands else []
    posted = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
    await on_posted(tx, posted, now)
    await touch_bound(tx, actors_of(posted), now)
    return len(posted)
