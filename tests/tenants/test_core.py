from datetime import UTC, datetime

import pytest

from guerdon.platform.db import Database
from guerdon.tenants.administration import get_tenant
from guerdon.tenants.core import CoreChange, change_core

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def change(database: Database, tenant_id: str, said: CoreChange) -> int:
    async with database.tenant(tenant_id) as tx:
        return (await change_core(tx, said, NOW, "key:abc")).revision


@pytest.mark.parametrize(
    "said",
    [
        CoreChange(name="Another Museum"),
        CoreChange(default_language="pt-BR"),
        # A pass shows the day on which idle points end, and which day that is depends on where it begins.
        CoreChange(time_zone="Pacific/Auckland"),
    ],
    ids=["name", "language", "time zone"],
)
async def test_whatever_passes_show_of_a_tenant_gives_it_a_new_revision_once(
    database: Database, tenant_id: str, said: CoreChange
) -> None:
    async with database.tenant(tenant_id) as tx:
        before = (await get_tenant(tx)).revision

    changed = await change(database, tenant_id, said)

    assert changed == before + 1
    assert await change(database, tenant_id, said) == changed
