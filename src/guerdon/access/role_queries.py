"""All SQL on roles."""

from collections.abc import Sequence

from guerdon.access.model import Role
from guerdon.platform.db import Tx


async def insert_role(tx: Tx, role: Role) -> bool:
    """Add a role; False when its name is taken."""
    count = await tx.execute(
        """
        INSERT INTO access_role (tenant_id, name, permissions, updated_at, actor)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, name) DO NOTHING
        """,
        tx.tenant_id,
        role.name,
        role.permissions,
        role.updated_at,
        role.actor,
    )
    return count == 1


async def update_role(tx: Tx, role: Role) -> bool:
    """Write a role over the one of its name; False when there is none."""
    count = await tx.execute(
        "UPDATE access_role SET permissions = $3, updated_at = $4, actor = $5 WHERE tenant_id = $1 AND name = $2",
        tx.tenant_id,
        role.name,
        role.permissions,
        role.updated_at,
        role.actor,
    )
    return count == 1


async def delete_role(tx: Tx, name: str) -> bool:
    """Delete a role; False when there is none."""
    return await tx.execute("DELETE FROM access_role WHERE tenant_id = $1 AND name = $2", tx.tenant_id, name) == 1


async def find_roles(tx: Tx, names: Sequence[str]) -> list[Role]:
    """Read the roles of these names that exist."""
    return await tx.all(
        Role,
        """
        SELECT name, permissions, updated_at, actor
          FROM access_role
         WHERE tenant_id = $1 AND name = ANY($2::text[])
         ORDER BY name
        """,
        tx.tenant_id,
        names,
    )


async def list_roles(tx: Tx, *, after: str, limit: int) -> list[Role]:
    """Read roles in the order of their names."""
    return await tx.all(
        Role,
        """
        SELECT name, permissions, updated_at, actor
          FROM access_role
         WHERE tenant_id = $1 AND name > $2
         ORDER BY name
         LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )


async def count_roles(tx: Tx) -> int:
    """Count the tenant's roles."""
    count: int = await tx.value("SELECT count(*) FROM access_role WHERE tenant_id = $1", tx.tenant_id)
    return count
