"""Changing many passes in one transaction: a few statements whatever their number, and an outcome for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import msgspec

from guerdon.passes import bulk_queries as queries
from guerdon.passes.binding import hold_wallets
from guerdon.passes.bulk_queries import Held, OwnChanges, SharedChanges, Touched
from guerdon.passes.errors import PassExists, PassNotFound, PassTooLarge
from guerdon.passes.metadata_queries import (
    SharedMembers,
    follow_each,
    follow_members,
    lock_and_compare,
    lock_and_compare_each,
    refresh_metadata,
)
from guerdon.passes.model import (
    EVENT_UPDATED,
    Changes,
    JsonObject,
    Removed,
    identity_of,
    merge,
    read_object,
    write_json,
)
from guerdon.passes.queries import list_present
from guerdon.passes.sizes import Growth, is_small, list_growing
from guerdon.passes.updating import EVENT_NOTIFIED, Notification
from guerdon.passes.usage import count_moves
from guerdon.platform.db import Tx
from guerdon.platform.events import emit_alike
from guerdon.platform.ids import new_id


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What many passes get: the same for all, or, when `each` is there, what stands at a pass's place in it.

    What is in `each` adds members and replaces them; it removes none.
    """

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

    changed: Touched
    errors: dict[str, str] = field(default_factory=dict[str, str])


async def change_passes(tx: Tx, change: BulkChange, correlation_id: str | None, actor: str, now: datetime) -> Outcomes:
    """Merge changes into different passes, per key, each under a new revision and with its event.

    What `update_pass` would refuse for one pass is its outcome here and fails no other: gone meanwhile, too large by
    then, or of the same type and identifiers as another pass.
    """
    if change.changes_identity():
        outcomes = await _change_with_identities(tx, change, now)
    elif change.each is not None:
        outcomes = Outcomes(await _change_each(tx, change, change.each, now))
    else:
        outcomes = Outcomes(await _change_alike(tx, change, now))
    await _blame_others(tx, change.pass_ids, outcomes)
    await emit_alike(tx, EVENT_UPDATED, _tell(outcomes.changed, correlation_id), actor, now)
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
    told = [
        (pass_id, write_json({"passId": pass_id, "notificationId": str(notification_id)}))
        for notification_id, pass_id in notified
    ]
    await emit_alike(tx, EVENT_NOTIFIED, told, actor, now)


async def find_each(tx: Tx, wanted: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Find, for each set of identifiers, the passes that all of them match; `id` is the pass id itself."""
    named = [(place, name, value) for place, names in enumerate(wanted) for name, value in names.items()]
    found: list[list[str]] = [[] for _ in wanted]
    groups, names, values = zip(*named, strict=True) if named else ((), (), ())
    for place, pass_id in await queries.list_matches(tx, groups, names, values):
        found[place].append(pass_id)
    return found


async def _change_alike(tx: Tx, change: BulkChange, now: datetime) -> Touched:
    members = _members_of(change.shared)
    gap = await lock_and_compare(tx, change.pass_ids, members)
    shared = SharedChanges(members.text, _text(change.shared.additional_data), _removed_by(change.shared))
    changed = await queries.update_alike(tx, change.pass_ids, shared, _growth_of([change.shared]), now)
    await follow_members(tx, changed.pass_ids, members, gap.among(changed.pass_ids))
    return changed


async def _change_each(tx: Tx, change: BulkChange, each: Sequence[Changes], now: datetime) -> Touched:
    metadata = [_text(changes.metadata) for changes in each]
    gap = await lock_and_compare_each(tx, change.pass_ids, metadata)
    own = OwnChanges(metadata, [_text(changes.additional_data) for changes in each])
    changed = await queries.update_each(tx, change.pass_ids, own, Removed(), _growth_of(each), now)
    if any(changes.metadata for changes in each):
        texts = dict(zip(change.pass_ids, metadata, strict=True))
        await follow_each(
            tx, changed.pass_ids, [texts[pass_id] for pass_id in changed.pass_ids], gap.among(changed.pass_ids)
        )
    return changed


async def _change_with_identities(tx: Tx, change: BulkChange, now: datetime) -> Outcomes:
    wished = [changes.identifiers or {} for changes in change.each or [change.shared]]
    await hold_wallets(tx, [value for identifiers in wished for value in identifiers.values()])
    held = {one.pass_id: one for one in await queries.lock_passes(tx, change.pass_ids)}
    plan, errors = await _plan(tx, change, held)
    removed = _removed_by(change.shared)
    try:
        async with queries.undone_if_refused(tx):
            changed = await _apply(tx, plan, removed, now)
    except asyncpg.UniqueViolationError:
        # Somebody took an identity meanwhile, or two passes of ours change places: one after the other tells which.
        changed = Touched()
        for planned in plan:
            changed.extend(await _apply_alone(tx, planned, removed, errors, now))
    done = set(changed.pass_ids)
    kept = [planned for planned in plan if planned.held.pass_id in done]
    await _keep_identifiers(tx, kept)
    await count_moves(tx, [(one.held.pass_id, one.held.pass_type) for one in kept if one.is_moved], now)
    if any(one.changes.metadata for one in kept):
        await refresh_metadata(tx, changed.pass_ids)
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


async def _apply(tx: Tx, plan: Sequence[_Planned], removed: Removed, now: datetime) -> Touched:
    own = OwnChanges(
        [_text(planned.changes.metadata) for planned in plan],
        [_text(planned.changes.additional_data) for planned in plan],
        [planned.pass_type for planned in plan],
        [write_json(planned.identifiers) for planned in plan],
        [planned.identity for planned in plan],
    )
    growth = _growth_of([planned.changes for planned in plan])
    return await queries.update_each(tx, [planned.held.pass_id for planned in plan], own, removed, growth, now)


async def _apply_alone(tx: Tx, planned: _Planned, removed: Removed, errors: dict[str, str], now: datetime) -> Touched:
    try:
        async with queries.undone_if_refused(tx):
            return await _apply(tx, [planned], removed, now)
    except asyncpg.UniqueViolationError:
        errors[planned.held.pass_id] = PassExists.code
        return Touched()


async def _keep_identifiers(tx: Tx, plan: Sequence[_Planned]) -> None:
    moved = [one for one in plan if one.identifiers != read_object(one.held.identifiers_text)]
    if moved:
        kept = [(one.held.pass_id, name, str(value)) for one in moved for name, value in one.identifiers.items()]
        await queries.replace_identifiers(tx, [one.held.pass_id for one in moved], kept)


def _text(changes: JsonObject | None) -> str:
    return write_json(merge(changes or {}, None))


def _removed_by(changes: Changes) -> Removed:
    return Removed(_removed_names(changes.metadata), _removed_names(changes.additional_data))


def _removed_names(changes: JsonObject | None) -> list[str]:
    return [name for name, value in (changes or {}).items() if value is None]


def _members_of(changes: Changes) -> SharedMembers:
    """Tell which members of metadata have search rows after a change, and which have none (`metadata_queries`)."""
    members = changes.metadata or {}
    names = [name for name, value in members.items() if value is not None and not isinstance(value, dict | list)]
    return SharedMembers(_text(members), names, [name for name in members if name not in names])


def _growth_of(each: Sequence[Changes]) -> Growth:
    growing = [changes for changes in each if list_growing(changes)]
    return Growth(adds=bool(growing), is_small=all(is_small(changes) for changes in growing))


async def _blame_others(tx: Tx, pass_ids: Sequence[str], outcomes: Outcomes) -> None:
    """Tell why passes were left out: they are gone, or are there and would have become too large."""
    known = outcomes.errors.keys() | set(outcomes.changed.pass_ids)
    if len(known) < len(pass_ids):
        others = [pass_id for pass_id in pass_ids if pass_id not in known]
        there = await list_present(tx, others)
        outcomes.errors |= {pass_id: (PassTooLarge if pass_id in there else PassNotFound).code for pass_id in others}


class _Payload(msgspec.Struct, rename="camel", omit_defaults=True):
    pass_id: str
    pass_type: str
    revision: int
    correlation_id: str | None = None


def _tell(changed: Touched, correlation_id: str | None) -> list[tuple[str, str]]:
    columns = zip(changed.pass_ids, changed.pass_types, changed.revisions, strict=True)
    return [
        (pass_id, write_json(_Payload(pass_id, pass_type, revision, correlation_id)))
        for pass_id, pass_type, revision in columns
    ]
