"""Deleting a pass: voided at once, so that phones show it, and erased when they have had time to learn of it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from guerdon.passes import queries
from guerdon.passes.errors import PassNotFound
from guerdon.passes.model import EVENT_DELETED, is_pass_id, write_json
from guerdon.passes.usage import Use, count_usage
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit

ERASED_AFTER: Final = timedelta(hours=24)
ERASED_MAX: Final = 50
ERASER: Final = "system:erase"

DeletePass = Callable[[Tx, str, str, datetime], Awaitable[None]]
"""Delete a pass with all that rooms above keep of it: transaction, pass id, actor, now. Raises PassNotFound."""


async def void_pass(tx: Tx, pass_id: str, actor: str, now: datetime) -> None:
    """Mark a pass as voided; for everyone but the devices that hold it, it is not there any more.

    Once: another call changes nothing. Its identifiers are free at once. Raises PassNotFound.
    """
    found = await queries.lock_pass(tx, pass_id) if is_pass_id(pass_id) else None
    if found is None:
        raise PassNotFound(pass_id)
    if found.voided_at is not None:
        return
    await queries.void_pass(tx, pass_id, now)
    await queries.delete_members(tx, pass_id)
    payload = write_json({"passId": pass_id, "passType": found.pass_type, "identifiers": found.identifiers})
    await emit(tx, [Event(EVENT_DELETED, pass_id, payload, actor)], now)
    await count_usage(tx, [Use("deleted", pass_id, found.pass_type)], now)


async def list_erasable(tx: Tx, now: datetime) -> Sequence[str]:
    """Give the ids of passes whose time as voided is over, at most 50; `erasing.py` erases them."""
    return await queries.list_voided(tx, now - ERASED_AFTER, ERASED_MAX)


async def first_erasable_after(tx: Tx, instant: datetime) -> datetime | None:
    """Tell when the next voided pass is to be erased, after an instant."""
    voided_at = await queries.first_voided_after(tx, instant - ERASED_AFTER)
    return None if voided_at is None else voided_at + ERASED_AFTER
