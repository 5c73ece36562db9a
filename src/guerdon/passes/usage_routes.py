"""HTTP for the usage of passes: by type, and overall with a daily series (WIRE.md section 1)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from guerdon.passes.model import write_json
from guerdon.passes.pass_type_parts import NAME_PATTERN
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.usage import Figures, read_days, read_statistics, read_totals, read_window
from guerdon.passes.usage_schemas import TenantUsage, TypeUsage
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.http import asks, router
from guerdon.platform.problems import InvalidRequest

PASS_READ = "Pass.Read"  # noqa: S105 - a pass is no password
TenantId = Annotated[str, Path(alias="tenantId")]
TypeQuery = Annotated[str | None, Query(alias="passType", pattern=NAME_PATTERN)]
DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DAY_SCHEMA = {"format": "date"}
FirstDay = Annotated[
    str | None, Query(alias="from", pattern=DAY_PATTERN, json_schema_extra={**DAY_SCHEMA}, description="A day in UTC.")
]
LastDay = Annotated[
    str | None, Query(alias="to", pattern=DAY_PATTERN, json_schema_extra={**DAY_SCHEMA}, description="The last day.")
]


@dataclass(frozen=True, slots=True)
class UsageRoutes:
    """The operations on usage over one database."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes; they stand before those with a pass id."""
        made = router("/api/{tenantId}/passes", "Usage")
        made.add_api_route(
            "/statistics", self.statistics, openapi_extra=asks(PASS_READ), response_model=list[TypeUsage]
        )
        made.add_api_route("/usage", self.usage, openapi_extra=asks(PASS_READ), response_model=TenantUsage)
        return made

    async def statistics(self, tenant_id: TenantId, pass_type: TypeQuery = None) -> Response:
        """Tell what the passes of each type come to, or of one type."""
        async with self.database.tenant(tenant_id) as tx:
            if pass_type is None:
                names = await self.pass_types.list_names(tx)
            else:
                await self.pass_types.get(tx, pass_type)
                names = [pass_type]
            figures = await read_statistics(tx, pass_type)
        rows = [{"passType": name, **_members(figures.get(name, Figures()))} for name in sorted({*names, *figures})]
        return Response(write_json(rows), media_type="application/json")

    async def usage(self, tenant_id: TenantId, first: FirstDay = None, last: LastDay = None) -> Response:
        """Tell what all passes come to, and what happened on each day: the last 30 ones, or those asked for."""
        window = read_window(_read_day("from", first), _read_day("to", last), self.clock(tenant_id).date())
        async with self.database.tenant(tenant_id) as tx:
            totals, days = await read_totals(tx), await read_days(tx, window)
        document = {
            "timeZone": "UTC",
            "totals": _members(totals),
            "days": [{"day": day.isoformat(), **_members(figures)} for day, figures in days.items()],
        }
        return Response(write_json(document), media_type="application/json")


def _read_day(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise InvalidRequest({name: ["Give a day such as 2026-11-23."]}) from wrong


def _members(figures: Figures) -> dict[str, object]:
    return {
        "created": figures.created,
        "deleted": figures.deleted,
        "passes": figures.passes,
        "scanned": figures.scanned,
        **{
            provider: {"installed": one.installed, "uninstalled": one.uninstalled, "active": one.active}
            for provider, one in figures.wallets.items()
        },
    }
