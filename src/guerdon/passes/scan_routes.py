"""HTTP for scans (research/wallet-crew.md 2.2): scan, and list what was scanned."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.passes.model import write_json
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.scan_queries import Scan
from guerdon.passes.scan_schemas import AddScanRequest, ScanDocument, ScanResponse
from guerdon.passes.scanning import list_scans, scan_pass
from guerdon.platform.clock import TenantClock, rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, write_once

PASS_READ, PASS_SCAN = "Pass.Read", "PassScan.Scan"
LIMIT_DEFAULT, LIMIT_MAX = 20, 100
UUID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

TenantId = Annotated[str, Path(alias="tenantId")]
PassIdQuery = Annotated[str | None, Query(alias="passId", pattern=r"^[\w-]{5,50}$")]
Cursor = Annotated[str | None, Query(pattern=UUID_PATTERN, description="Take it from the Link header.")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX), DIGITS]


@dataclass(frozen=True, slots=True)
class ScanRoutes:
    """The operations on scans over one database."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/scans", "Scan")
        made.add_api_route("", self.scan, methods=["POST"], openapi_extra=asks(PASS_SCAN), response_model=ScanResponse)
        made.add_api_route("", self.list, openapi_extra=asks(PASS_READ), response_model=list[ScanDocument])
        return made

    async def scan(self, tenant_id: TenantId, body: AddScanRequest, caller: CallerDep, write: Write) -> Response:
        """Find the pass that a scanned value belongs to, and keep that it was scanned; nothing is redeemed."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            pass_id = await scan_pass(tx, self.pass_types, new_id(), body.data, body.type, caller.actor, now)
            return Answer(200, write_json({"passId": pass_id}).encode())

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def list(
        self,
        tenant_id: TenantId,
        pass_id: PassIdQuery = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Response:
        """List scans, newest first, of one pass or of all."""
        before = None if cursor is None else UUID(cursor)
        async with self.database.tenant(tenant_id) as tx:
            scans = await list_scans(tx, pass_id, before, limit)
        headers: dict[str, str] = {}
        if len(scans) == limit:
            query = {"cursor": str(scans[-1].scan_id), "limit": limit, **({"passId": pass_id} if pass_id else {})}
            headers["Guerdon-Next-Cursor"] = str(scans[-1].scan_id)
            headers["Link"] = f'</api/{tenant_id}/scans?{urlencode(query)}>; rel="next"'
        return Response(write_json([_document(scan) for scan in scans]), 200, headers, "application/json")


def _document(scan: Scan) -> dict[str, object]:
    return {
        "scanId": str(scan.scan_id),
        "passId": scan.pass_id,
        "type": scan.type,
        "actor": scan.actor,
        "date": rfc3339(scan.scanned_at),
    }
