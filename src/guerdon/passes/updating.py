"""Changing a pass: its documents, its revision, and what its holder is to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from guerdon.passes import queries
from guerdon.passes.binding import hold_wallets
from guerdon.passes.binding_queries import Bound, list_bound
from guerdon.passes.errors import PassExists
from guerdon.passes.finding import lock_pass
from guerdon.passes.metadata_queries import refresh_metadata
from guerdon.passes.model import EVENT_UPDATED, Changes, merge, write_json
from guerdon.passes.sizes import check_bytes, check_members
from guerdon.passes.usage import count_moves
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit

EVENT_NOTIFIED = "Pass:NotificationRequested"
EVENT_WALLET_CHANGED = "Pass:WalletChanged"


@dataclass(frozen=True, slots=True)
class Notification:
    """What to tell the holder of a pass; one of the two texts is there."""

    content: str | None
    localized_content: Mapping[str, str] | None
    update_data: bool
    correlation_id: str | None


async def update_pass(tx: Tx, pass_id: str, changes: Changes, actor: str, now: datetime) -> None:
    """Merge changes into a pass, per key, under a new revision. Raises PassNotFound, PassTooLarge, PassExists."""
    await hold_wallets(tx, (changes.identifiers or {}).values())
    old = await lock_pass(tx, pass_id)
    identifiers = merge(old.identifiers, changes.identifiers)
    metadata = merge(old.metadata, changes.metadata)
    additional_data = merge(old.additional_data, changes.additional_data)
    documents = {"identifiers": identifiers, "metadata": metadata, "additionalData": additional_data}
    check_members(changes, {name: len(document) for name, document in documents.items()})
    changed = replace(
        old,
        pass_type=changes.pass_type or old.pass_type,
        metadata_text=write_json(metadata),
        additional_data_text=write_json(additional_data),
        updated_at=now,
    )
    try:
        check_bytes(changes, await queries.update_pass(tx, changed, identifiers))
    except asyncpg.UniqueViolationError as taken:
        raise PassExists from taken
    if identifiers != old.identifiers:
        await queries.delete_identifiers(tx, pass_id)
        await queries.insert_identifiers(tx, pass_id, identifiers)
    if changed.metadata_text != write_json(old.metadata):
        await refresh_metadata(tx, [pass_id])
    payload = write_json({"passId": pass_id, "passType": changed.pass_type, "revision": old.revision + 1})
    await emit(tx, [Event(EVENT_UPDATED, pass_id, payload, actor)], now)
    if changed.pass_type != old.pass_type:
        await count_moves(tx, [(pass_id, old.pass_type)], now)


async def touch_passes(tx: Tx, pass_ids: Sequence[str], now: datetime) -> None:
    """Give passes a new revision, because something that they show has changed.

    Whoever also locks accounts of the ledger locks those first.
    """
    if pass_ids:
        await queries.touch_passes(tx, sorted(set(pass_ids)), now)


async def touch_bound(tx: Tx, actors: Mapping[str, str], now: datetime) -> None:
    """Give the passes that name wallets a new revision, because what is in these has changed, and announce it.

    `actors` says by wallet id who changed it. Whoever also locks accounts of the ledger locks those first.
    """
    bound = await list_bound(tx, actors)
    await touch_passes(tx, [one.pass_id for one in bound], now)
    await announce_bound(tx, bound, actors, now)


async def announce_bound(tx: Tx, bound: Sequence[Bound], actors: Mapping[str, str], now: datetime) -> None:
    """Announce to those who watch these passes that what is in their wallets has changed."""
    told = [(one, write_json({"passId": one.pass_id, "walletId": one.wallet_id})) for one in bound]
    await emit(tx, [Event(EVENT_WALLET_CHANGED, one.pass_id, text, actors[one.wallet_id]) for one, text in told], now)


async def request_notification(
    tx: Tx, notification_id: UUID, pass_id: str, notification: Notification, actor: str, now: datetime
) -> None:
    """Keep the intent to tell the holder something; delivery takes it from there."""
    localized = notification.localized_content
    await queries.insert_notification(
        tx,
        notification_id,
        pass_id,
        notification.content,
        None if localized is None else write_json(localized),
        notification.update_data,
        notification.correlation_id,
        now,
    )
    payload = write_json({"passId": pass_id, "notificationId": str(notification_id)})
    await emit(tx, [Event(EVENT_NOTIFIED, pass_id, payload, actor)], now)
