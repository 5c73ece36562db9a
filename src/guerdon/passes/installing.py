"""Counting where a pass is installed, by the wallets' own signals."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from guerdon.passes import installation_queries as queries
from guerdon.passes.errors import PassNotFound
from guerdon.passes.installation import HeldPass, Provider, Registration, Source, Standing
from guerdon.passes.model import is_pass_id, read_object, write_json
from guerdon.passes.usage import Use, count_usage
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit

HELD_MAX: Final = 1_000
EVENT_INSTALLED: Final = "Pass:Installed"
EVENT_UNINSTALLED: Final = "Pass:Uninstalled"


async def record_installed(tx: Tx, new: Registration, actor: str, now: datetime) -> bool:
    """Record that a device holds a pass, and tell whether that is news; a repeat keeps the new push token.

    The pass's row is locked, so that devices which register at the same time are counted one after the other; its
    revision stays. Raises PassNotFound, for a voided pass too.
    """
    standing = await _lock(tx, new.pass_id)
    if standing.voided_at is not None:
        raise PassNotFound(new.pass_id)
    old = await queries.find_installation(tx, new.provider, new.device_id, new.pass_id)
    if old is not None and old.removed_at is None:
        await queries.renew_installation(tx, new, old.source_text, now)
        return False
    claimed = await queries.claim_source(tx, new.pass_id)
    source = write_json(new.source.document()) if new.source is not None else claimed or write_json(Source().document())
    await (queries.insert_installation if old is None else queries.renew_installation)(tx, new, source, now)
    counted = standing.on_devices(new.provider, 1, 1 if old is None else 0)
    await queries.update_counts(tx, new.pass_id, counted, new.provider, now)
    await emit(tx, [_event(EVENT_INSTALLED, new.provider, new.device_id, new.pass_id, counted, source, actor)], now)
    await count_usage(tx, [Use("installed", new.pass_id, counted.pass_type, new.provider)], now)
    return True


async def record_removed(tx: Tx, provider: Provider, device_id: str, pass_id: str, actor: str, now: datetime) -> bool:
    """Record that a device has given a pass up, voided or not, and tell whether that is news.

    Its push token is forgotten, the first date of installation stays. Raises PassNotFound.
    """
    standing = await _lock(tx, pass_id)
    old = await queries.find_installation(tx, provider, device_id, pass_id)
    if old is None or old.removed_at is not None:
        return False
    await queries.remove_installation(tx, provider, device_id, pass_id, now)
    counted = standing.on_devices(provider, -1, 0)
    await queries.update_counts(tx, pass_id, counted, None, now)
    await emit(tx, [_event(EVENT_UNINSTALLED, provider, device_id, pass_id, counted, old.source_text, actor)], now)
    await count_usage(tx, [Use("uninstalled", pass_id, counted.pass_type, provider)], now)
    return True


async def list_held_passes(tx: Tx, provider: Provider, device_id: str) -> Sequence[HeldPass]:
    """List the passes that a device holds now, voided ones too, at most 1000."""
    return await queries.list_held_passes(tx, provider, device_id, HELD_MAX)


def device_name(provider: Provider, device_id: str) -> str:
    """Name a device for readers of events: always the same, and no use to whoever asks as that device."""
    return sha256(f"{provider}/{device_id}".encode()).hexdigest()[:32]


async def _lock(tx: Tx, pass_id: str) -> Standing:
    standing = await queries.lock_standing(tx, pass_id) if is_pass_id(pass_id) else None
    if standing is None:
        raise PassNotFound(pass_id)
    return standing


def _event(
    kind: str, provider: Provider, device_id: str, pass_id: str, counted: Standing, source: str, actor: str
) -> Event:
    payload = {
        "passId": pass_id,
        "passType": counted.pass_type,
        "identifiers": read_object(counted.identifiers_text),
        "provider": provider,
        "device": device_name(provider, device_id),
        "activeRegistrationCount": counted.apple_devices + counted.google_devices,
        "totalRegistrationCount": counted.registrations_total,
        "source": read_object(source),
    }
    return Event(kind, pass_id, write_json(payload), actor)
