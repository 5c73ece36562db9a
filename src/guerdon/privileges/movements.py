"""Movements on privileges: what follows in the same transaction when the ledger has posted them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.model import Posted
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit, emit_alike
from guerdon.privileges.model import EVENT_MOVED

_encoder = msgspec.json.Encoder()


async def on_posted(tx: Tx, posted: Sequence[Posted], now: datetime) -> None:
    """Announce movements, inside the transaction that posts them; a new revision of their passes is made with it."""
    told = [(movement.subject_id, _told(movement)) for movement in posted]
    actors = [movement.entry.actor for movement in posted]
    if len(set(actors)) == 1:
        await emit_alike(tx, EVENT_MOVED, told, actors[0], now)
    else:
        moved = zip(told, actors, strict=True)
        await emit(tx, [Event(EVENT_MOVED, *one, actor) for one, actor in moved], now)


def _told(posted: Posted) -> str:
    entry = posted.entry
    payload = {
        "passId": posted.subject_id,
        "privilegeId": posted.account.owner_id,
        "movementId": entry.movement_id,
        "movementValue": _number(entry.amount),
        "value": _number(entry.value_after),
    }
    return _encoder.encode(payload).decode()


def _number(millionths: int) -> msgspec.Raw:
    return msgspec.Raw(amount_text(millionths).encode())
