"""Replacing a key: the new one takes the name, the old one is good for a while yet."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from guerdon.access import queries
from guerdon.access.errors import KeyNotFound
from guerdon.access.keys import KEY_CREATED, KEY_REPLACED, KeyPepper, key_event, new_key
from guerdon.access.model import Caller, CreatedKey, check_expiry, check_grant
from guerdon.access.roles import permissions_of
from guerdon.platform.db import Tx
from guerdon.platform.events import emit
from guerdon.tenants.administration import lock_tenant

OVERLAP_MAX: Final = timedelta(days=30)


async def rotate_key(
    tx: Tx,
    pepper: KeyPepper,
    *,
    name: str,
    overlap: timedelta,
    expires_at: datetime | None,
    caller: Caller,
    now: datetime,
) -> CreatedKey:
    """Make a key with the name, scopes and roles of a good one, which is good for `overlap` yet (30 days at most).

    The new one expires at `expires_at`, or never. Raises KeyNotFound, ScopeNotHeld, KeyExpiryPast.
    """
    check_expiry(expires_at, now)
    await lock_tenant(tx)
    old = await queries.find_named_key(tx, name)
    if old is None or not old.is_lasting(now):
        raise KeyNotFound(name)
    # Its maker learns the new key's text, and must not learn more than they could do before.
    check_grant(frozenset(old.scopes) | await permissions_of(tx, old.roles), caller)
    created = new_key(
        tx, pepper, name=name, scopes=old.scopes, roles=old.roles, caller=caller, now=now, expires_at=expires_at
    )
    ends_at = min(now + min(overlap, OVERLAP_MAX), old.expires_at or datetime.max.replace(tzinfo=now.tzinfo))
    await queries.replace_key(tx, old.key_id, created.key.key_id, ends_at)
    await queries.insert_key(tx, replace(created.key, disabled_at=old.disabled_at), pepper.digest(created.text))
    events = [key_event(KEY_CREATED, created.key, caller), key_event(KEY_REPLACED, old, caller)]
    await emit(tx, events, now)
    return replace(created, key=replace(created.key, disabled_at=old.disabled_at))
