"""Changing many passes in one transaction: a few statements whatever their number, and an outcome for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from guerdon.passes import bulk_queries as queries
from guerdon.passes.bulk_queries import Held, OwnChanges, SharedChanges, Touched
from guerdon.passes.errors import PassExists, PassNotFound
from guerdon.passes.metadata_queries import refresh_members, refresh_metadata
from guerdon.passes.model import EVENT_UPDATED, Changes, JsonObject, identity_of, merge, read_object, write_json
from guerdon.passes.updating import EVENT_NOTIFIED, Notification
from guerdon.passes.usage import count_moves
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_id


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What many passes get: the same for all, or, when `each` is there, what stands at a pass's place in it."""

    pass_ids: Sequence[str]
    shared: Changes
    each: Sequence[Changes] | None = None

    def of(self, place: int) -> Changes:
        """Give what the pass at a place gets."""
        return self.shared if self.each is None else self.each[place]

    def changes_identity(self) -> bool:
        """Tell whether any pass gets another type or other identifiers, so that two could become the same."""
        return any(changes.identifiers or changes.pass_type for changes in self.each or [self.shared])


@dataclass(slots=True)
class Outcomes:
    """What became of many passes: those that changed, and the code of the refusal of each other one."""

    changed: list[Touched]
    errors: dict[str, str] = field(default_factory=dict[str, str])


async def change_passes(tx: Tx, change: BulkChange, correlation_id: str | None, actor: str, now: datetime) -> Outcomes:
    """Merge changes into different passes, per key, each under a new revision and with its event.

    What `update_pass` would refuse for one pass is its outcome here and fails no other: gone meanwhile, or of the same
    type and identifiers as another pass by then.
    """
    if change.changes_identity():
        outcomes = await _change_with_identities(tx, change, now)
    else:
        touched = await queries.update_passes(tx, change.pass_ids, _own(change), _shared(change.shared), now)
        outcomes = Outcomes(touched)
    await _refresh_search(tx, change, [touched.pass_id for touched in outcomes.changed])
    there = {touched.pass_id for touched in outcomes.changed} | outcomes.errors.keys()
    outcomes.errors |= {pass_id: PassNotFound.code for pass_id in change.pass_ids if pass_id not in there}
    await emit(tx, [_event(touched, correlation_id, actor) for touched in outcomes.changed], now)
    return outcomes


async def list_existing(tx: Tx, pass_ids: Sequence[str]) -> list[str]:
    """Tell which passes are there, and keep them from changing until the transaction ends."""
    return [held.pass_id for held in await queries.lock_passes(tx, pass_ids)]


async def request_notifications(
    tx: Tx, pass_ids: Sequence[str], notification: Notification, actor: str, now: datetime
) -> None:
    """Keep the intent to tell the holders of many passes something, one for each; delivery takes it from there."""
    localized = notification.localized_content
    notified = [(new_id(), pass_id) for pass_id in pass_ids]
    await queries.insert_notifications(
        tx,
        [notification_id for notification_id, _ in notified],
        pass_ids,
        notification.content,
        None if localized is None else write_json(localized),
        notification.update_data,
        notification.correlation_id,
        now,
    )
    events = [
        Event(
            EVENT_NOTIFIED,
            pass_id,
            write_json({"passId": pass_id, "notificationId": str(notification_id)}),
            actor,
        )
        for notification_id, pass_id in notified
    ]
    await emit(tx, events, now)


async def find_each(tx: Tx, wanted: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Find, for each set of identifiers, the passes that all of them match; `id` is the pass id itself."""
    named = [(place, name, value) for place, names in enumerate(wanted) for name, value in names.items()]
    found: list[list[str]] = [[] for _ in wanted]
    groups, names, values = zip(*named, strict=True) if named else ((), (), ())
    for place, pass_id in await queries.list_matches(tx, groups, names, values):
        found[place].append(pass_id)
    return found


async def _change_with_identities(tx: Tx, change: BulkChange, now: datetime) -> Outcomes:
    held = {one.pass_id: one for one in await queries.lock_passes(tx, change.pass_ids)}
    plan, errors = await _plan(tx, change, held)
    try:
        async with queries.undone_if_refused(tx):
            changed = await _apply(tx, plan, _shared(change.shared), now)
    except asyncpg.UniqueViolationError:
        # Somebody took an identity meanwhile, or two passes of ours change places: one after the other tells which.
        changed: list[Touched] = []
        for planned in plan:
            changed += await _apply_alone(tx, planned, _shared(change.shared), errors, now)
    done = {touched.pass_id for touched in changed}
    kept = [planned for planned in plan if planned.held.pass_id in done]
    await _keep_identifiers(tx, kept)
    await count_moves(tx, [(one.held.pass_id, one.held.pass_type) for one in kept if one.is_moved], now)
    return Outcomes(changed, errors)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A pass, what it gets, and what it will be known by."""

    held: Held
    changes: Changes
    pass_type: str
    identifiers: JsonObject

    @property
    def identity(self) -> bytes | None:
        return identity_of(self.pass_type, self.identifiers)

    @property
    def is_moved(self) -> bool:
        return self.pass_type != self.held.pass_type

    @property
    def old_identity(self) -> bytes | None:
        return identity_of(self.held.pass_type, read_object(self.held.identifiers_text))


async def _plan(tx: Tx, change: BulkChange, held: Mapping[str, Held]) -> tuple[list[_Planned], dict[str, str]]:
    """Work out the identities, as if the passes changed one after the other; whoever meets another is refused."""
    wished = [
        _wish(held[pass_id], change.of(place)) for place, pass_id in enumerate(change.pass_ids) if pass_id in held
    ]
    wanted = [wish.identity for wish in wished]
    holders: dict[bytes | None, str | None] = {
        **await queries.list_holders(tx, [identity for identity in wanted if identity is not None])
    }
    plan: list[_Planned] = []
    errors: dict[str, str] = {}
    for wish, identity in zip(wished, wanted, strict=True):
        pass_id = wish.held.pass_id
        if identity is not None and holders.get(identity) not in {None, pass_id}:
            errors[pass_id] = PassExists.code
            continue
        holders[wish.old_identity] = None
        holders[identity] = pass_id
        plan.append(wish)
    return plan, errors


def _wish(held: Held, changes: Changes) -> _Planned:
    identifiers = merge(read_object(held.identifiers_text), changes.identifiers)
    return _Planned(held, changes, changes.pass_type or held.pass_type, identifiers)


async def _apply(tx: Tx, plan: Sequence[_Planned], shared: SharedChanges, now: datetime) -> list[Touched]:
    own = OwnChanges(
        [_members(planned.changes.metadata) for planned in plan],
        [_members(planned.changes.additional_data) for planned in plan],
        [planned.pass_type for planned in plan],
        [write_json(planned.identifiers) for planned in plan],
        [planned.identity for planned in plan],
    )
    return await queries.update_passes(tx, [planned.held.pass_id for planned in plan], own, shared, now)


async def _apply_alone(
    tx: Tx, planned: _Planned, shared: SharedChanges, errors: dict[str, str], now: datetime
) -> list[Touched]:
    try:
        async with queries.undone_if_refused(tx):
            return await _apply(tx, [planned], shared, now)
    except asyncpg.UniqueViolationError:
        errors[planned.held.pass_id] = PassExists.code
        return []


async def _keep_identifiers(tx: Tx, plan: Sequence[_Planned]) -> None:
    moved = [one for one in plan if one.identifiers != read_object(one.held.identifiers_text)]
    if moved:
        kept = [(one.held.pass_id, name, str(value)) for one in moved for name, value in one.identifiers.items()]
        await queries.replace_identifiers(tx, [one.held.pass_id for one in moved], kept)


async def _refresh_search(tx: Tx, change: BulkChange, pass_ids: Sequence[str]) -> None:
    if change.each is None and change.shared.metadata:
        shared = _shared(change.shared)
        await refresh_members(tx, pass_ids, shared.metadata, shared.metadata_removed)
    elif change.each is not None and any(changes.metadata for changes in change.each):
        await refresh_metadata(tx, pass_ids)


def _own(change: BulkChange) -> OwnChanges:
    if change.each is None:
        return OwnChanges()
    return OwnChanges(
        [_members(changes.metadata) for changes in change.each],
        [_members(changes.additional_data) for changes in change.each],
    )


def _members(changes: JsonObject | None) -> str:
    return write_json(merge(changes or {}, None))


def _shared(changes: Changes) -> SharedChanges:
    return SharedChanges(
        _members(changes.metadata),
        _removed(changes.metadata),
        _members(changes.additional_data),
        _removed(changes.additional_data),
    )


def _removed(changes: JsonObject | None) -> list[str]:
    return [key for key, value in (changes or {}).items() if value is None]


def _event(touched: Touched, correlation_id: str | None, actor: str) -> Event:
    payload: dict[str, object] = {
        "passId": touched.pass_id,
        "passType": touched.pass_type,
        "revision": touched.revision,
    }
    if correlation_id is not None:
        payload["correlationId"] = correlation_id
    return Event(EVENT_UPDATED, touched.pass_id, write_json(payload), actor)
