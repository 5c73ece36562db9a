"""What follows when the ledger has posted on a wallet: what is said of the batch or the operation, and the event."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

import msgspec

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.model import Command, Posted
from guerdon.ledger.posting import post
from guerdon.passes.updating import touch_bound
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.problems import Problem
from guerdon.points import entry_queries
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import BatchWish, HoldWish, OperationDetails

ADD_BATCH: Final = "add-batch"
EVENTS: Final = {
    "earn": "Wallet:PointsAdded",
    "spend": "Wallet:PointsSpent",
    "return": "Wallet:PointsReturned",
    "expire": "Wallet:PointsExpired",
    "hold": "Wallet:PointsHeld",
    "capture": "Wallet:HoldCaptured",
    "release": "Wallet:HoldReleased",
}
SUBJECTS: Final = {"earn": "batchId", "spend": "operationId", "capture": "operationId", "hold": "holdId"}
REFERENCES: Final = {"return": "operationId", "expire": "reason", "capture": "holdId", "release": "holdId"}

_encoder = msgspec.json.Encoder()


async def post_one(tx: Tx, command: Command, now: datetime) -> Posted:
    """Post one command on a wallet in a transaction of the caller's, and all that follows from it.

    Raises WalletNotFound, and what the ledger refuses.
    """
    (outcome,) = await post(tx, [command], now)
    if isinstance(outcome, AccountNotFound):
        raise WalletNotFound(command.account.owner_id)
    if isinstance(outcome, Problem):
        raise outcome
    if not outcome.is_repeat:
        await on_posted(tx, [outcome], now)
        await touch_bound(tx, actors_of([outcome]), now)
    return outcome


def actors_of(posted: Sequence[Posted]) -> Mapping[str, str]:
    """Tell by wallet who moved its points; the passes that show it are to be refreshed."""
    return {one.account.owner_id: one.entry.actor for one in posted}


async def on_posted(tx: Tx, posted: Sequence[Posted], now: datetime) -> None:
    """Keep what is said of batches, operations and holds, and announce what happened.

    It runs inside the transaction that posts: value, details and event commit together. However many were posted, it
    sends the same few statements. Whoever calls it also refreshes the passes that show the wallets, all at once.
    """
    batches = [(one.entry, one.details) for one in posted if isinstance(one.details, BatchWish)]
    if batches:
        await entry_queries.insert_batches(tx, batches)
    awaited = [(entry, wish.correlation_id) for entry, wish in batches if wish.correlation_id is not None]
    if awaited:
        await entry_queries.insert_done(tx, ADD_BATCH, awaited, now)
    operations = [
        (UUID(one.account.owner_id), one.entry, one.details)
        for one in posted
        if isinstance(one.details, OperationDetails)
    ]
    if operations:
        await entry_queries.insert_operations(tx, operations, now)
    holds = [
        (UUID(one.account.owner_id), one.entry, one.details) for one in posted if isinstance(one.details, HoldWish)
    ]
    if holds:
        await entry_queries.insert_holds(tx, holds)
    await emit(tx, [event for one in posted for event in _events(one)], now)


def correlation_id_of(batch_id: UUID) -> UUID:
    """Give the name by which an asynchronous batch is asked after: the same for every repeat of its request."""
    return uuid5(batch_id, ADD_BATCH)


def _events(posted: Posted) -> Iterator[Event]:
    wallet_id = posted.account.owner_id
    for entry in (*posted.before, posted.entry):
        payload: dict[str, object] = {"walletId": wallet_id}
        if entry.kind in SUBJECTS:
            payload[SUBJECTS[entry.kind]] = entry.movement_id
        if entry.kind in REFERENCES and entry.reference_id is not None:
            payload[REFERENCES[entry.kind]] = entry.reference_id
        if entry is posted.entry and isinstance(posted.details, BatchWish) and posted.details.external_id is not None:
            payload["imported"] = True
        payload["amount"] = msgspec.Raw(amount_text(abs(entry.amount or entry.held_change)).encode())
        yield Event(EVENTS[entry.kind], wallet_id, _encoder.encode(payload).decode(), entry.actor)
