"""Making, changing and deleting webhooks, and their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, Position, emit, newest_position
from guerdon.platform.keys import MasterKey
from guerdon.tenants.administration import lock_tenant
from guerdon.webhooks import delivery_queries, queries
from guerdon.webhooks.errors import TooManyWebhooks, WebhookNotEnabled, WebhookNotFound
from guerdon.webhooks.model import TEST_KIND, WEBHOOKS_MAX, Webhook

WEBHOOKS_TOPIC = "webhooks"
CREATED, UPDATED, DELETED = "Webhook:Created", "Webhook:Updated", "Webhook:Deleted"
ROTATED, PAUSED = "Webhook:SecretRotated", "Webhook:Paused"


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What a webhook is made from; `secret` is its text, shown this once."""

    webhook_id: str
    endpoint: str
    patterns: Sequence[str]
    description: str | None
    is_enabled: bool
    secret: str


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """Members of a webhook in the place of the old ones; `skips_missed` lets go what it was not told so far."""

    members: Mapping[str, Any]
    is_enabled: bool | None = None
    skips_missed: bool = False


async def create_webhook(tx: Tx, master_key: MasterKey, new: NewWebhook, actor: str, now: datetime) -> Webhook:
    """Make a webhook, which is told of every event that commits from now on. Raises TooManyWebhooks."""
    # Counting and adding must not interleave with another maker, or the bound could be passed.
    await lock_tenant(tx)
    if await queries.count_webhooks(tx) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(WEBHOOKS_MAX)
    begin = await newest_position(tx)
    webhook = Webhook(
        new.webhook_id,
        new.endpoint,
        new.patterns,
        new.description,
        "enabled" if new.is_enabled else "disabled",
        None,
        seal(tx.tenant_id, master_key, new.webhook_id, new.secret),
        None,
        None,
        begin.transaction_id,
        begin.event_id,
        0,
        None,
        None,
        now,
        now,
    )
    await queries.insert_webhook(tx, webhook)
    await tell(tx, CREATED, webhook.webhook_id, actor, now)
    return webhook


async def get_webhook(tx: Tx, webhook_id: str) -> Webhook:
    """Read one webhook. Raises WebhookNotFound."""
    webhook = await queries.find_webhook(tx, webhook_id)
    if webhook is None:
        raise WebhookNotFound(webhook_id)
    return webhook


async def change_webhook(tx: Tx, webhook_id: str, change: WebhookChange, actor: str, now: datetime) -> Webhook:
    """Change a webhook. One that is enabled again goes on where it stopped, unless what it missed is to be skipped.

    Raises WebhookNotFound.
    """
    old = await _lock(tx, webhook_id)
    changed = replace(old, **change.members, updated_at=now)
    if change.is_enabled is False:
        changed = replace(changed, state="disabled", reason=None)
    if change.is_enabled and old.state != "enabled":
        changed = replace(changed, state="enabled", reason=None, failures=0, failing_since=None, held_until=None)
        await delivery_queries.begin_again(tx, webhook_id, now)
    if change.skips_missed:
        await delivery_queries.forget_deliveries(tx, webhook_id)
        changed = _moved(changed, await newest_position(tx))
    await queries.update_webhook(tx, changed)
    await tell(tx, UPDATED, webhook_id, actor, now)
    return changed


async def delete_webhook(tx: Tx, webhook_id: str, actor: str, now: datetime) -> None:
    """Delete a webhook with all that belongs to it. Raises WebhookNotFound."""
    if not await queries.delete_webhook(tx, webhook_id):
        raise WebhookNotFound(webhook_id)
    await tell(tx, DELETED, webhook_id, actor, now)


async def rotate_secret(
    tx: Tx, master_key: MasterKey, webhook_id: str, secret: str, overlap: timedelta, actor: str, now: datetime
) -> Webhook:
    """Give a webhook a new secret; the old one signs beside it for as long as `overlap`. Raises WebhookNotFound."""
    old = await _lock(tx, webhook_id)
    changed = replace(
        old,
        secret=seal(tx.tenant_id, master_key, webhook_id, secret),
        previous_secret=old.secret if overlap else None,
        previous_until=now + overlap if overlap else None,
        updated_at=now,
    )
    await queries.update_webhook(tx, changed)
    await tell(tx, ROTATED, webhook_id, actor, now)
    return changed


async def request_test(tx: Tx, webhook_id: str, actor: str, now: datetime) -> None:
    """Have a webhook, and no other, told of a test event. Raises WebhookNotFound, WebhookNotEnabled."""
    webhook = await get_webhook(tx, webhook_id)
    if webhook.state != "enabled":
        raise WebhookNotEnabled(webhook.state)
    await tell(tx, TEST_KIND, webhook_id, actor, now)


async def pause(tx: Tx, webhook_id: str, reason: str, now: datetime) -> None:
    """Stop telling an enabled webhook of events, and keep what it was not told; no harm when it was stopped already."""
    if await queries.pause(tx, webhook_id, reason, now):
        await tell(tx, PAUSED, webhook_id, "system:webhooks", now, reason=reason)


async def tell(tx: Tx, kind: str, webhook_id: str, actor: str, now: datetime, **more: str) -> None:
    """Tell that something happened to a webhook; its dispatcher looks at once."""
    tx.announce(WEBHOOKS_TOPIC)
    payload = msgspec.json.encode({"webhookId": webhook_id, **more}).decode()
    await emit(tx, [Event(kind, webhook_id, payload, actor)], now)


def seal(tenant_id: str, master_key: MasterKey, webhook_id: str, secret: str) -> bytes:
    """Seal a webhook's secret so that it opens for no other."""
    return master_key.encrypt(secret.encode(), _context(tenant_id, webhook_id))


def open_secrets(tenant_id: str, master_key: MasterKey, webhook: Webhook, now: datetime) -> list[str]:
    """Give the secrets that sign now, the present one first. Raises MasterKeyInvalid."""
    sealed = [webhook.secret]
    if webhook.previous_secret is not None and webhook.previous_until is not None and now < webhook.previous_until:
        sealed.append(webhook.previous_secret)
    return [master_key.decrypt(one, _context(tenant_id, webhook.webhook_id)).decode() for one in sealed]


async def _lock(tx: Tx, webhook_id: str) -> Webhook:
    webhook = await queries.lock_webhook(tx, webhook_id)
    if webhook is None:
        raise WebhookNotFound(webhook_id)
    return webhook


def _moved(webhook: Webhook, position: Position) -> Webhook:
    return replace(webhook, seen_transaction_id=position.transaction_id, seen_event_id=position.event_id)


def _context(tenant_id: str, webhook_id: str) -> str:
    return f"{tenant_id}/webhook/{webhook_id}"
