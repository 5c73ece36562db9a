"""API keys: made once, shown once, kept as a keyed digest, revoked for good."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import msgspec

from guerdon.access import queries
from guerdon.access.errors import KeyExists, KeyNotFound, TooManyKeys
from guerdon.access.model import (
    KEYS_MAX,
    ApiKey,
    Caller,
    CreatedKey,
    KeyName,
    check_expiry,
    check_grant,
    check_name,
)
from guerdon.access.roles import permissions_of
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_secret
from guerdon.platform.keys import MasterKey
from guerdon.tenants.administration import lock_tenant

KEY_CREATED = "access.key-created"
KEY_REVOKED = "access.key-revoked"
KEY_REPLACED = "access.key-replaced"
KEY_ENABLED = "access.key-enabled"
KEY_DISABLED = "access.key-disabled"
LIST_MAX = 1_000
DIGESTS_KEPT = 1_000
RANDOM_CHARACTERS = 10
TAG_CHARACTERS = 6


class KeyPepper:
    """What this installation mixes into every key's digest, so that the table alone checks no guess."""

    __slots__ = ("_pepper", "digest_quickly")

    def __init__(self, master_key: MasterKey) -> None:
        """Derive the pepper from the installation's master key."""
        self._pepper = master_key.derive("api keys")
        # Tills send the same key with every request. The texts stay in this process's memory only.
        self.digest_quickly = lru_cache(DIGESTS_KEPT)(self.digest)

    def digest(self, text: str) -> bytes:
        """Give what is stored of a key: HMAC-SHA-256 of its whole text, so that tenant and id count too."""
        return hmac.digest(self._pepper, text.encode(), "sha256")

    def new_key_id(self, tenant_id: str) -> str:
        """Make a key id of 16 characters, the last 6 of them a tag that only this installation can make."""
        random = hashlib.sha256(new_secret().encode()).hexdigest()[:RANDOM_CHARACTERS]
        return random + self._tag(tenant_id, random)

    def has_made(self, name: KeyName) -> bool:
        """Tell whether a key id may be ours; an invented one passes once in 16 million tries.

        This keeps a flood of invented keys from the database; it proves nothing more.
        """
        random, tag = name.key_id[:RANDOM_CHARACTERS], name.key_id[RANDOM_CHARACTERS:]
        return hmac.compare_digest(tag, self._tag(name.tenant_id, random))

    def _tag(self, tenant_id: str, random: str) -> str:
        message = f"{tenant_id}.{random}".encode()
        return hmac.digest(self._pepper, message, "sha256").hex()[:TAG_CHARACTERS]


async def create_key(
    tx: Tx,
    pepper: KeyPepper,
    *,
    name: str,
    scopes: frozenset[str],
    caller: Caller,
    now: datetime,
    roles: Sequence[str] = (),
    expires_at: datetime | None = None,
    is_enabled: bool = True,
) -> CreatedKey:
    """Make a key with scopes and roles that reach no further than the caller's; its text is in the answer alone.

    Raises KeyDefinitionInvalid, ScopeNotHeld, RoleMissing, KeyExpiryPast, KeyExists, TooManyKeys.
    """
    check_name(name)
    check_expiry(expires_at, now)
    # Names are unique among good keys only, which no index can say: makers of one tenant wait here.
    await lock_tenant(tx)
    check_grant(scopes | await permissions_of(tx, roles), caller)
    taken = await queries.list_good_key_names(tx, now, KEYS_MAX)
    if name in taken:
        raise KeyExists(name)
    if len(taken) >= KEYS_MAX:
        raise TooManyKeys(KEYS_MAX)
    made = new_key(
        tx, pepper, name=name, scopes=sorted(scopes), roles=roles, caller=caller, now=now, expires_at=expires_at
    )
    created = made if is_enabled else replace(made, key=replace(made.key, disabled_at=now))
    await queries.insert_key(tx, created.key, pepper.digest(created.text))
    await emit(tx, [key_event(KEY_CREATED, created.key, caller)], now)
    return created


def new_key(
    tx: Tx,
    pepper: KeyPepper,
    *,
    name: str,
    scopes: Sequence[str],
    roles: Sequence[str],
    caller: Caller,
    now: datetime,
    expires_at: datetime | None,
) -> CreatedKey:
    """Make the text of a key and what is to be kept of it; nothing is written."""
    key_id = pepper.new_key_id(tx.tenant_id)
    kept_roles = tuple(sorted(set(roles)))
    key = ApiKey(tx.tenant_id, key_id, name, tuple(scopes), now, caller.actor, expires_at, None, None, roles=kept_roles)
    return CreatedKey(key, f"{key.prefix}.{new_secret()}")


async def get_key(tx: Tx, name: str) -> ApiKey:
    """Tell the key that has this name, or had it last. Raises KeyNotFound."""
    key = await queries.find_named_key(tx, name)
    if key is None:
        raise KeyNotFound(name)
    return key


async def enable_key(tx: Tx, *, name: str, is_enabled: bool, caller: Caller, now: datetime) -> ApiKey:
    """Switch a good key on or off, and those that it replaced; on only by whoever holds what it grants.

    Raises KeyNotFound, ScopeNotHeld.
    """
    await lock_tenant(tx)
    key = await get_key(tx, name)
    if not key.is_lasting(now):
        raise KeyNotFound(name)
    if is_enabled:
        check_grant(frozenset(key.scopes) | await permissions_of(tx, key.roles), caller)
    if is_enabled == (key.disabled_at is None):
        return key
    changed = replace(key, disabled_at=None if is_enabled else now)
    await queries.set_disabled(tx, name, changed.disabled_at, now)
    await emit(tx, [key_event(KEY_ENABLED if is_enabled else KEY_DISABLED, changed, caller)], now)
    return changed


async def list_keys(tx: Tx, *, after: str = "", limit: int = LIST_MAX) -> list[ApiKey]:
    """Tell the keys, oldest first and revoked ones too, from the one after the key id `after`.

    At most `limit`, and 1000.
    """
    return await queries.list_keys(tx, after=after, limit=min(limit, LIST_MAX))


async def revoke_key(tx: Tx, *, name: str, caller: Caller, now: datetime) -> ApiKey:
    """Make a key worthless for ever, and those that it replaced.

    Processes notice at once when told, and within `key_cache_s` otherwise. Raises KeyNotFound.
    """
    revoked = await queries.revoke_keys(tx, name, now)
    if not revoked:
        raise KeyNotFound(name)
    await emit(tx, [key_event(KEY_REVOKED, key, caller) for key in revoked], now)
    return revoked[-1]


def key_event(kind: str, key: ApiKey, caller: Caller) -> Event:
    """Say what happened to a key; never the key."""
    payload = {"keyId": key.key_id, "name": key.name, "permissions": key.scopes}
    told = {**payload, "roles": key.roles} if key.roles else payload
    return Event(kind, key.key_id, msgspec.json.encode(told).decode(), caller.actor)
