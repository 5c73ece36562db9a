"""Roles: named sets of permissions that keys may have; a change of a role changes every key that names it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from guerdon.access import queries, role_queries
from guerdon.access.errors import RoleExists, RoleInUse, RoleMissing, RoleNotFound, TooManyRoles
from guerdon.access.model import ROLES_MAX, Caller, Role, check_grant, check_name
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.tenants.administration import lock_tenant

ROLE_CREATED = "access.role-created"
ROLE_CHANGED = "access.role-changed"
ROLE_DELETED = "access.role-deleted"
LIST_MAX = 1_000


async def create_role(tx: Tx, *, name: str, permissions: frozenset[str], caller: Caller, now: datetime) -> Role:
    """Make a role of permissions that the caller holds too.

    Raises KeyDefinitionInvalid, ScopeNotHeld, RoleExists, TooManyRoles.
    """
    check_name(name)
    check_grant(permissions, caller)
    # Makers wait for each other, or the bound could be passed.
    await lock_tenant(tx)
    if await role_queries.count_roles(tx) >= ROLES_MAX:
        raise TooManyRoles(ROLES_MAX)
    role = Role(name, tuple(sorted(permissions)), now, caller.actor)
    if not await role_queries.insert_role(tx, role):
        raise RoleExists(name)
    await emit(tx, [_event(ROLE_CREATED, role)], now)
    return role


async def change_role(tx: Tx, *, name: str, permissions: frozenset[str], caller: Caller, now: datetime) -> Role:
    """Give a role other permissions, which the caller holds; keys of the role have them from now on.

    Raises KeyDefinitionInvalid, ScopeNotHeld, RoleNotFound.
    """
    check_grant(permissions, caller)
    await lock_tenant(tx)
    role = Role(name, tuple(sorted(permissions)), now, caller.actor)
    if not await role_queries.update_role(tx, role):
        raise RoleNotFound(name)
    await emit(tx, [_event(ROLE_CHANGED, role)], now)
    return role


async def delete_role(tx: Tx, *, name: str, caller: Caller, now: datetime) -> None:
    """Delete a role that no good key names. Raises RoleNotFound, RoleInUse."""
    role = await get_role(tx, name)
    # Whoever makes a key of this role waits here, or finds it gone.
    await lock_tenant(tx)
    if await queries.has_keys_of_role(tx, name, now):
        raise RoleInUse(name)
    await role_queries.delete_role(tx, name)
    await emit(tx, [_event(ROLE_DELETED, Role(name, role.permissions, now, caller.actor))], now)


async def get_role(tx: Tx, name: str) -> Role:
    """Read a role. Raises RoleNotFound."""
    found = await role_queries.find_roles(tx, [name])
    if not found:
        raise RoleNotFound(name)
    return found[0]


async def list_roles(tx: Tx, *, after: str = "", limit: int = LIST_MAX) -> list[Role]:
    """Tell the roles whose names follow `after`, at most `limit` (1000 at most)."""
    return await role_queries.list_roles(tx, after=after, limit=min(limit, LIST_MAX))


async def permissions_of(tx: Tx, names: Sequence[str]) -> frozenset[str]:
    """Give what several roles permit together. Raises RoleMissing."""
    found = await role_queries.find_roles(tx, names) if names else []
    missing = set(names) - {role.name for role in found}
    if missing:
        raise RoleMissing(missing)
    return frozenset(permission for role in found for permission in role.permissions)


def _event(kind: str, role: Role) -> Event:
    payload = msgspec.json.encode({"name": role.name, "permissions": role.permissions}).decode()
    return Event(kind, role.name, payload, role.actor)
