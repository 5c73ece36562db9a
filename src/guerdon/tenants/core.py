"""What a tenant is called and which language it speaks by default."""

from datetime import datetime

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.tenants import queries
from guerdon.tenants.administration import get_tenant, lock_tenant
from guerdon.tenants.model import Tenant

TENANT_CHANGED = "tenant.changed"


async def change_core(tx: Tx, *, name: str | None, default_language: str | None, now: datetime, actor: str) -> Tenant:
    """Give the tenant another name, default language or both (None stays); its passes are drawn again.

    1 to 200 characters; a language such as en or pt-BR. Raises TenantNotFound.
    """
    await lock_tenant(tx)
    before = await get_tenant(tx)
    name, default_language = name or before.name, default_language or before.default_language
    if (name, default_language) == (before.name, before.default_language):
        return before
    await queries.update_core(tx, name, default_language)
    await queries.raise_revision(tx)
    payload = msgspec.json.encode({"name": name, "defaultLanguage": default_language}).decode()
    await emit(tx, [Event(TENANT_CHANGED, tx.tenant_id, payload, actor)], now)
    return await get_tenant(tx)
