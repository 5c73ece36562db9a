"""HTTP for the reports on points, as JSON or, when `Accept` names it, as CSV."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.platform.clock import TenantClock, rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import asks, router
from guerdon.platform.listing import OwnOrderDep, list_response
from guerdon.platform.parameters import with_plus
from guerdon.platform.wire import DIGITS, Instant
from guerdon.points import report_queries
from guerdon.points.inactivity import find_inactivity
from guerdon.points.report_model import BREAKAGE, EXPIRED, EXPIRING, LIABILITY, WALLETS, Cell, Layout
from guerdon.points.report_schemas import (
    BreakageOut,
    ExpiredPaidBatchesOut,
    ExpiringPointsOut,
    LiabilityOut,
    WalletRowOut,
)
from guerdon.points.report_writing import Row, csv_text, row_document, write_csv, write_json
from guerdon.points.reports import list_wallets
from guerdon.tenants.administration import get_tenant

WALLET_REPORT = "Wallet.Report"
CSV, JSON = "text/csv", "application/json"
REPORTS_AT_ONCE = 2  # in each process; others wait
DAYS_DEFAULT, DAYS_MAX = 30, 3_660
YEAR_MIN, YEAR_MAX = 1970, 9_998
IS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}

# Read by the framework and not by a dependency, so that it is refused together with the other parameters.
AsOf = Annotated[
    Instant | None,
    BeforeValidator(with_plus),
    Query(alias="asOf", description="Report what was so at this RFC 3339 instant; now at the latest."),
]
Days = Annotated[int, Query(ge=1, le=DAYS_MAX), DIGITS]
Year = Annotated[int, Query(ge=YEAR_MIN, le=YEAR_MAX), DIGITS]
MonthOfYear = Annotated[int, Query(ge=1, le=12), DIGITS]


@dataclass(frozen=True, slots=True)
class ReportRoutes:
    """The reports over one database."""

    database: Database
    clock: TenantClock
    # A report holds a connection until it is written; those of all others at once would be tills that wait.
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REPORTS_AT_ONCE))

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(f"{FACE_B}/report", "Report")
        for path, report, model in (
            ("/liability", self.liability, LiabilityOut),
            ("/expiring-points", self.expiring_points, ExpiringPointsOut),
            ("/expired-paid-batches", self.expired_paid_batches, ExpiredPaidBatchesOut),
            ("/breakage", self.breakage, BreakageOut),
            ("/wallets", self.wallets, list[WalletRowOut]),
        ):
            made.add_api_route(path, report, openapi_extra=asks(WALLET_REPORT), response_model=model, responses=IS_CSV)
        return made

    async def liability(self, request: Request, caller: CallerDep, as_of: AsOf = None) -> Response:
        """Tell what is owed at an instant, in points and money, by the lots' unit price and age."""
        instant = self._instant(caller.tenant_id, as_of)
        async with self._open(caller) as tx:
            rows = report_queries.iter_liability(tx, instant)
            return await _answer(request, {"asOf": rfc3339(instant)}, LIABILITY, rows)

    async def expiring_points(
        self, request: Request, caller: CallerDep, days: Days = DAYS_DEFAULT, as_of: AsOf = None
    ) -> Response:
        """Tell what expires in the rest of today and on the `days` days after it, by day of the tenant's zone."""
        instant = self._instant(caller.tenant_id, as_of)
        async with self._open(caller) as tx:
            zone = (await get_tenant(tx)).time_zone
            found = await find_inactivity(tx, instant)
            rows = report_queries.iter_expiring(tx, instant, days, zone, None if found is None else found.rule)
            return await _answer(request, {"asOf": rfc3339(instant), "timeZone": zone}, EXPIRING, rows)

    async def expired_paid_batches(
        self, request: Request, caller: CallerDep, year: Year, month: MonthOfYear, as_of: AsOf = None
    ) -> Response:
        """List the batches that were paid for and expired with something left in a month of the tenant's zone."""
        instant = self._instant(caller.tenant_id, as_of)
        async with self._open(caller) as tx:
            zone = (await get_tenant(tx)).time_zone
            head = {"asOf": rfc3339(instant), "timeZone": zone, "year": year, "month": month}
            rows = report_queries.iter_expired_paid(tx, instant, year, month, zone)
            return await _answer(request, head, EXPIRED, rows)

    async def breakage(self, request: Request, caller: CallerDep, year: Year, as_of: AsOf = None) -> Response:
        """Tell which part of the points that ended in each month of a year was never used, as points and as money."""
        instant = self._instant(caller.tenant_id, as_of)
        async with self._open(caller) as tx:
            zone = (await get_tenant(tx)).time_zone
            head = {"asOf": rfc3339(instant), "timeZone": zone, "year": year}
            rows = report_queries.iter_breakage(tx, instant, year, zone)
            return await _answer(request, head, BREAKAGE, rows)

    async def wallets(self, request: Request, caller: CallerDep, asked: OwnOrderDep, as_of: AsOf = None) -> Response:
        """List the wallets with their balances, next expiries and counts of lots, in the order of their ids."""
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await list_wallets(tx, asked, self._instant(caller.tenant_id, as_of))
        answer = list_response(
            request, [row_document(one) for one in page.items], total=page.total, next_cursor=page.next_cursor
        )
        if not _wants_csv(request):
            return answer
        headers = {name: text for name, text in answer.headers.items() if not name.startswith("content-")}
        return Response(csv_text(WALLETS, page.items), 200, headers, CSV)

    @asynccontextmanager
    async def _open(self, caller: Caller) -> AsyncGenerator[Tx]:
        async with self.places, self.database.tenant(caller.tenant_id) as tx:
            yield tx

    def _instant(self, tenant_id: str, as_of: datetime | None) -> datetime:
        now = self.clock(tenant_id)
        return now if as_of is None else min(as_of, now)


async def _answer(
    request: Request, head: Mapping[str, Cell], layout: Layout, rows: AsyncIterator[Row]
) -> StreamingResponse:
    if _wants_csv(request):
        return StreamingResponse(await write_csv(layout, rows), media_type=CSV)
    return StreamingResponse(await write_json(head, layout, rows), media_type=JSON)


def _wants_csv(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return CSV in accept and JSON not in accept
