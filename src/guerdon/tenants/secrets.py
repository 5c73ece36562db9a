"""Secrets of a tenant: sealed with the master key, told by name only."""

from datetime import datetime

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.keys import MasterKey
from guerdon.tenants import queries
from guerdon.tenants.administration import lock_tenant
from guerdon.tenants.errors import TooManySecrets
from guerdon.tenants.model import LIST_MAX, SECRETS_MAX, SecretName, check_secret

SECRET_SAVED = "tenant.secret-saved"  # noqa: S105  # the kind of an event
SECRET_DELETED = "tenant.secret-deleted"  # noqa: S105  # the kind of an event


async def save_secret(tx: Tx, master_key: MasterKey, *, name: str, plain: bytes, now: datetime, actor: str) -> None:
    """Seal a secret of at most 64 KiB under its name, over the one that may be there.

    Raises SecretNameInvalid, SecretTooLarge, TooManySecrets.
    """
    check_secret(name, len(plain))
    # Counting and adding must not interleave with another save, or the bound could be passed.
    await lock_tenant(tx)
    if await queries.count_other_secrets(tx, name) >= SECRETS_MAX:
        raise TooManySecrets(SECRETS_MAX)
    sealed = master_key.encrypt(plain, _context(tx, name))
    await queries.upsert_secret(tx, name, sealed, now, actor)
    await queries.raise_revision(tx)
    await emit(tx, [_event(SECRET_SAVED, name, actor)], now)


async def find_secret(tx: Tx, master_key: MasterKey, name: str) -> bytes | None:
    """Open a secret, or None when there is none of this name.

    Raises MasterKeyInvalid when it was sealed with another master key.
    """
    found = await queries.find_secret(tx, name)
    return None if found is None else master_key.decrypt(found.sealed, _context(tx, name))


async def list_secrets(tx: Tx, *, after: str = "", limit: int = LIST_MAX) -> list[SecretName]:
    """Tell the names that follow `after`, at most `limit` (1000 at most), never the secrets."""
    return await queries.list_secret_names(tx, after=after, limit=min(limit, LIST_MAX))


async def delete_secret(tx: Tx, *, name: str, now: datetime, actor: str) -> bool:
    """Delete a secret; False when there was none."""
    is_deleted = await queries.delete_secret(tx, name)
    if is_deleted:
        await queries.raise_revision(tx)
        await emit(tx, [_event(SECRET_DELETED, name, actor)], now)
    return is_deleted


def _context(tx: Tx, name: str) -> str:
    return f"{tx.tenant_id}/{name}"


def _event(kind: str, name: str, actor: str) -> Event:
    return Event(kind, name, msgspec.json.encode({"name": name}).decode(), actor)
