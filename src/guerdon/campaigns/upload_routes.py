"""HTTP for campaigns whose passes and changes stand in an uploaded table."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.campaigns.answers import accepted, respond_accepted
from guerdon.campaigns.model import Campaign, chunk_size
from guerdon.campaigns.parts import read_parts
from guerdon.campaigns.schemas import CORRELATION_ID_PATTERN, PASSES_PER_S_MAX, UploadAccepted
from guerdon.campaigns.starting import new_campaign, start_campaign
from guerdon.campaigns.upload_rows import as_report
from guerdon.campaigns.uploading import Checked, check_table
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.bodies import takes
from guerdon.platform.boundary import BODY
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.parameters import write_options
from guerdon.platform.tables import CSV, FILE_BYTES_MAX, XLSX, RowsInvalid, read_media_type, read_rows, receive
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, write_once

PASS_WRITE = "Pass.Write"  # noqa: S105 - a pass is no password
MEDIA_TYPES = (CSV, XLSX)
BULK_UPDATE_FILE = "bulk-update-file"
UPLOADS_AT_ONCE = 2  # each may remember a million pass ids for as long as it is checked
REQUEST = "{}"
TenantId = Annotated[str, Path(alias="tenantId")]
OnError = Annotated[
    Literal["refuse", "skip"],
    Query(alias="onError", description="What bad rows mean: refuse the whole table, or leave them out."),
]
CorrelationIdQuery = Annotated[str | None, Query(alias="correlationId", pattern=CORRELATION_ID_PATTERN)]
PaceQuery = Annotated[int | None, Query(alias="passesPerSecond", ge=1, le=PASSES_PER_S_MAX), DIGITS]


@dataclass(frozen=True, slots=True)
class UploadRoutes:
    """The upload of tables; `passes_per_s_max` is the operator's limit for each campaign."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock
    passes_per_s_max: int
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))

    def router(self) -> APIRouter:
        """Give the route."""
        made = router("/api/{tenantId}/passes", "Campaign")
        extra = takes(MEDIA_TYPES, FILE_BYTES_MAX, is_streamed=True) | asks(PASS_WRITE)
        made.add_api_route(
            "/bulk-update/file", self.upload, methods=["POST"], openapi_extra=extra, response_model=UploadAccepted
        )
        return made

    async def upload(
        self,
        tenant_id: TenantId,
        request: Request,
        caller: CallerDep,
        on_error: OnError = "refuse",
        correlation_id: CorrelationIdQuery = None,
        pace: PaceQuery = None,
    ) -> Response:
        """Schedule the changes of a table: `id` or `id.<name>`, `passType`, `metadata.x`, `additionalData.x`, …."""
        new = self._campaign(correlation_id, pace, caller)
        size = chunk_size(new.passes_per_s)
        media_type = read_media_type(request.headers.get("content-type", ""), MEDIA_TYPES)
        async with self.places:
            with TemporaryDirectory(prefix="guerdon-") as folder, TemporaryFile(dir=folder) as spool:
                path = FilePath(folder) / "table"
                request.scope[BODY] = await receive(request.stream(), path)
                rows = read_rows(path, media_type)
                checked = await check_table(self.database, tenant_id, self.pass_types, rows, size, spool)
                if on_error == "refuse" and checked.rejected:
                    raise RowsInvalid(checked.rejected, checked.mistaken)
                return await self._start(tenant_id, request, new, checked, spool)

    async def _start(
        self, tenant_id: str, request: Request, new: Campaign, checked: Checked, spool: IO[bytes]
    ) -> Response:
        write = await write_options(request)
        more = {"rejected": checked.rejected, "mistakes": as_report(checked.mistaken)}

        async def work(tx: Tx) -> Answer:
            started = await start_campaign(tx, new, REQUEST, read_parts(spool))
            return accepted(started, is_dry_run=write.is_dry_run, more=more)

        return respond_accepted(await write_once(self.database, tenant_id, write, new.started_at, work))

    def _campaign(self, correlation_id: str | None, pace: int | None, caller: Caller) -> Campaign:
        campaign_id = new_id()
        passes_per_s = min(pace or self.passes_per_s_max, self.passes_per_s_max)
        named = correlation_id or campaign_id.hex
        return new_campaign(
            campaign_id, BULK_UPDATE_FILE, named, caller.actor, passes_per_s, self.clock(caller.tenant_id)
        )
