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
    """Change the tenant; its passes are drawn again if its name or language changed.

    Raises TimeZoneUnknown, TenantNotFound.
    """
    await lock_tenant(tx)
    before = await get_tenant(tx)
    if change.time_zone is not None and not await queries.is_time_zone(tx, change.time_zone):
        raise TimeZoneUnknown
    name, default_language = change.name or before.name, change.default_language or before.default_language
    time_zone = change.time_zone or before.time_zone
    drawn_again = (name, default_language) != (before.name, before.default_language)
    if not drawn_again and time_zone == before.time_zone:
        return before
    await queries.update_core(tx, name, default_language, time_zone)
    if drawn_again:
        await queries.raise_revision(tx)
    said = {"name": name, "defaultLanguage": default_language, "timeZone": time_zone}
    payload = msgspec.json.encode(said).decode()
    await emit(tx, [Event(TENANT_CHANGED, tx.tenant_id, payload, actor)], now)
    return await get_tenant(tx)
