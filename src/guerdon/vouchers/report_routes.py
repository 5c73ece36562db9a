"""HTTP for the report on vouchers (WIRE.md section 2): those of a period, as JSON or CSV, written as they are read."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from guerdon.access.guard import CallerDep
from guerdon.platform.boundary import HEADERS
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import AsOf
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import Instant
from guerdon.vouchers.reporting import Period, write_csv, write_json
from guerdon.vouchers.schemas import VoucherReport
from guerdon.vouchers.tables import CSV

WALLET_REPORT = "Wallet.Report"

From = Annotated[Instant, Query(alias="from", description="Vouchers made from this instant on,")]
To = Annotated[Instant, Query(alias="to", description="and before this one.")]


@dataclass(frozen=True, slots=True)
class VoucherReportRoutes:
    """The report on vouchers over one database."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(f"{FACE_B}/report", "Report")
        made.add_api_route(
            "/vouchers",
            self.report,
            openapi_extra=asks(WALLET_REPORT),
            response_model=VoucherReport,
            responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
        )
        return made

    async def report(self, request: Request, caller: CallerDep, first: From, last: To, as_of: AsOf = None) -> Response:
        """Tell where the vouchers of a period stand, or stood at `asOf`: totals by state, and each by itself."""
        if first >= last:
            raise InvalidRequest({"to": ["Give an instant behind from."]})
        now = self.clock(caller.tenant_id)
        # What is still to come cannot be reported, and what changes while this is written is not in it.
        period = Period(first, last, now if as_of is None else min(as_of, now))
        write = write_csv if CSV.encode() in request.scope[HEADERS].get(b"accept", b"") else write_json
        media_type = CSV if write is write_csv else "application/json"
        pieces = write(self.database, caller.tenant_id, period)
        return StreamingResponse(pieces, headers={"Cache-Control": "no-store"}, media_type=media_type)
