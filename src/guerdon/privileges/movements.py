"""Movements on privileges: what follows in the same transaction when the ledger has posted them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.model import Posted
from guerdon.passes.updating import touch_passes
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.privileges.model import EVENT_MOVED

_encoder = msgspec.json.Encoder()


async def on_posted(tx: Tx, posted: Sequence[Posted], now: datetime) -> None:
    """Give the passes that show the moved privileges a new revision, and announce the movements.

    It runs inside the transaction that posts: value, revision and intent to push commit together or not at all.
    """
    await touch_passes(tx, [movement.subject_id for movement in posted], now)
    await emit(tx, [_event(movement) for movement in posted], now)


def _event(posted: Posted) -> Event:
    entry = posted.entry
    payload = {
        "passId": posted.subject_id,
        "privilegeId": posted.account.owner_id,
        "movementId": entry.movement_id,
        "movementValue": _number(entry.amount),
        "value": _number(entry.value_after),
    }
    return Event(EVENT_MOVED, posted.subject_id, _encoder.encode(payload).decode(), entry.actor)


def _number(millionths: int) -> msgspec.Raw:
    return msgspec.Raw(amount_text(millionths).encode())
