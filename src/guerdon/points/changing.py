"""Changing what is said of an operation; what it took never changes."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from guerdon.ledger.accounts import lock_account
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.points import entry_queries
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import EVENT_OPERATION_CHANGED, Operation, Texts, wallet_key
from guerdon.points.reading import get_operation


async def change_operation(
    tx: Tx,
    wallet_id: UUID,
    operation_id: UUID,
    given: frozenset[str],
    *,
    venue: str | None,
    extra: Texts | None,
    actor: str,
    now: datetime,
) -> Operation:
    """Set those of `venue` and `extra` that are given; None clears. Raises WalletNotFound, OperationNotFound."""
    if await lock_account(tx, wallet_key(wallet_id)) is None:
        raise WalletNotFound(wallet_id)
    old = await get_operation(tx, wallet_id, operation_id)
    changed = replace(
        old,
        venue=venue if "venue" in given else old.venue,
        extra=(extra or {}) if "extra" in given else old.extra,
    )
    if changed != old:
        await entry_queries.update_operation(tx, operation_id, changed.venue, changed.extra, now)
        payload = {"walletId": str(wallet_id), "operationId": str(operation_id)}
        event = Event(EVENT_OPERATION_CHANGED, str(wallet_id), msgspec.json.encode(payload).decode(), actor)
        await emit(tx, [event], now)
    return changed
