"""What a tenant is called, which language it speaks by default, and in whose days and months its reports count."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.tenants import queries
from guerdon.tenants.administration import get_tenant, lock_tenant
from guerdon.tenants.errors import TimeZoneUnknown
from guerdon.tenants.model import Tenant

TENANT_CHANGED = "tenant.changed"


@dataclass(frozen=True, slots=True)
class CoreChange:
    """What changes of a tenant; None stays. 1 to 200 characters; such as en or pt-BR; such as Europe/Warsaw."""

    name: str | None = None
    default_language: str | None = None
    time_zone: str | None = None


async def change_core(tx: Tx, change: CoreChange, now: datetime, actor: str) -> Tenant:
    """Change the tenant; its passes, which show its name, its language and its days, are drawn again.

    Raises TimeZoneUnknown, TenantNotFound.
    """
    await lock_tenant(tx)
    before = await get_tenant(tx)
    if change.time_zone is not None and not await queries.is_time_zone(tx, change.time_zone):
        raise TimeZoneUnknown
    name, default_language = change.name or before.name, change.default_language or before.default_language
    time_zone = change.time_zone or before.time_zone
    if (name, default_language, time_zone) == (before.name, before.default_language, before.time_zone):
        return before
    await queries.update_core(tx, name, default_language, time_zone)
    await queries.raise_revision(tx)
    said = {"name": name, "defaultLanguage": default_language, "timeZone": time_zone}
    payload = msgspec.json.encode(said).decode()
    await emit(tx, [Event(TENANT_CHANGED, tx.tenant_id, payload, actor)], now)
    return await get_tenant(tx)
