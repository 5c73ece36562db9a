"""API keys: made once, shown once, kept as a keyed digest, revoked for good."""

import hashlib
import hmac
from datetime import datetime

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
    check_key_name,
)
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_secret
from guerdon.platform.keys import MasterKey
from guerdon.tenants.administration import lock_tenant

KEY_CREATED = "access.key-created"
KEY_REVOKED = "access.key-revoked"
LIST_MAX = 1_000
RANDOM_CHARACTERS = 10
TAG_CHARACTERS = 6


class KeyPepper:
    """What this installation mixes into every key's digest, so that the table alone checks no guess."""

    __slots__ = ("_pepper",)

    def __init__(self, master_key: MasterKey) -> None:
        """Derive the pepper from the installation's master key."""
        self._pepper = master_key.derive("api keys")

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
    expires_at: datetime | None = None,
) -> CreatedKey:
    """Make a key with scopes that the caller holds too; its text is in the answer and nowhere else.

    Raises KeyDefinitionInvalid, ScopeNotHeld, KeyExpiryPast, KeyExists, TooManyKeys.
    """
    check_key_name(name)
    check_grant(scopes, caller)
    check_expiry(expires_at, now)
    # Names are unique among good keys only, which no index can say: makers of one tenant wait here.
    await lock_tenant(tx)
    taken = await queries.list_good_key_names(tx, now, KEYS_MAX)
    if name in taken:
        raise KeyExists(name)
    if len(taken) >= KEYS_MAX:
        raise TooManyKeys(KEYS_MAX)
    key_id = pepper.new_key_id(tx.tenant_id)
    key = ApiKey(tx.tenant_id, key_id, name, tuple(sorted(scopes)), now, caller.actor, expires_at, None, None)
    text = f"{key.prefix}.{new_secret()}"
    await queries.insert_key(tx, key, pepper.digest(text))
    await emit(tx, [_event(KEY_CREATED, key, caller)], now)
    return CreatedKey(key, text)


async def list_keys(tx: Tx, *, after: str = "", limit: int = LIST_MAX) -> list[ApiKey]:
    """Tell the keys, oldest first and revoked ones too, from the one after the key id `after`.

    At most `limit`, and 1000.
    """
    return await queries.list_keys(tx, after=after, limit=min(limit, LIST_MAX))


async def revoke_key(tx: Tx, *, name: str, caller: Caller, now: datetime) -> ApiKey:
    """Make a key worthless for ever; processes notice at once when told, and within `key_cache_s` otherwise.

    Raises KeyNotFound.
    """
    key = await queries.revoke_key(tx, name, now)
    if key is None:
        raise KeyNotFound(name)
    await emit(tx, [_event(KEY_REVOKED, key, caller)], now)
    return key


def _event(kind: str, key: ApiKey, caller: Caller) -> Event:
    payload = {"keyId": key.key_id, "name": key.name, "permissions": key.scopes}
    return Event(kind, key.key_id, msgspec.json.encode(payload).decode(), caller.actor)
