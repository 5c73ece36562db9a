"""HTTP for campaigns: start one, watch it, read what became of each pass, cancel it (WIRE.md section 1)."""

from dataclasses import dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.campaigns.answers import accepted, respond_accepted
from guerdon.campaigns.model import Campaign
from guerdon.campaigns.parts import read_parts
from guerdon.campaigns.reading import LIST_MAX, Place, list_outcomes, list_recent
from guerdon.campaigns.schemas import (
    BulkUpdateAccepted,
    BulkUpdateRequest,
    CampaignPass,
    CampaignStatistics,
    as_document,
    show_campaign,
    show_pass,
)
from guerdon.campaigns.selecting import Selection, keep_selected
from guerdon.campaigns.starting import cancel_campaigns, new_campaign, start_campaign
from guerdon.passes.filters import GivenFilter, check_filters
from guerdon.passes.model import write_json
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import cursor_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, find_answer, write_once

PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
LIST_DEFAULT = 100
BULK_UPDATE = "bulk-update"
SPOOL_MEMORY_BYTES_MAX = 1024 * 1024  # of chosen ids; more of them go to a file
TenantId = Annotated[str, Path(alias="tenantId")]
CorrelationIdInPath = Annotated[str, Path(alias="correlationId", pattern=r"^[^\x00/]{1,200}$")]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX), DIGITS]
CampaignCursor = Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="Take it from the Link header.")]
MemberCursor = Annotated[
    str | None, Query(pattern=r"^[0-9a-f]{32}-[0-9]{1,15}$", description="Take it from the Link header.")
]


@dataclass(frozen=True, slots=True)
class CampaignRoutes:
    """The operations on campaigns; `passes_per_s_max` is the operator's limit for each."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock
    passes_per_s_max: int

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/passes", "Campaign")
        add, reads, writes = made.add_api_route, asks(PASS_READ), asks(PASS_WRITE)
        add("/bulk-update", self.start, methods=["POST"], openapi_extra=writes, response_model=BulkUpdateAccepted)
        add("/push-updates", self.list, openapi_extra=reads, response_model=list[CampaignStatistics])
        add(
            "/push-updates/{correlationId}/passes",
            self.list_passes,
            openapi_extra=reads,
            response_model=list[CampaignPass],
        )
        add(
            "/push-updates/{correlationId}/cancel",
            self.cancel,
            methods=["POST"],
            openapi_extra=writes,
            status_code=202,
            response_class=Response,
        )
        return made

    async def start(self, tenant_id: TenantId, body: BulkUpdateRequest, caller: CallerDep, write: Write) -> Response:
        """Schedule a change of many passes, or a message to their holders; a dry run names what would change."""
        now = self.clock(tenant_id)
        selection = _check(body)
        new = self._campaign(body, caller, now)

        async def work(tx: Tx) -> Answer:
            await self._check_types(tx, body)
            started = await start_campaign(tx, new, write_json(as_document(body)), read_parts(spool))
            return accepted(started, is_dry_run=write.is_dry_run)

        # Selecting takes long, so that the same request again is known before.
        answer = await find_answer(self.database, tenant_id, write)
        if answer is None:
            with SpooledTemporaryFile(SPOOL_MEMORY_BYTES_MAX) as spool:
                await keep_selected(self.database, tenant_id, selection, spool)
                answer = await write_once(self.database, tenant_id, write, now, work)
        return respond_accepted(answer)

    async def list(self, tenant_id: TenantId, cursor: CampaignCursor = None, limit: Limit = LIST_DEFAULT) -> Response:
        """List the campaigns of the last 30 days, newest first, with counters that are true at every instant."""
        before = None if cursor is None else UUID(cursor)
        async with self.database.tenant(tenant_id) as tx:
            campaigns = await list_recent(tx, before, limit, self.clock(tenant_id))
        following = campaigns[-1].campaign_id.hex if len(campaigns) == limit else None
        address = f"/api/{tenant_id}/passes/push-updates"
        return cursor_response([show_campaign(campaign) for campaign in campaigns], address, following, limit)

    async def list_passes(
        self,
        tenant_id: TenantId,
        correlation_id: CorrelationIdInPath,
        cursor: MemberCursor = None,
        limit: Limit = LIST_DEFAULT,
    ) -> Response:
        """List the passes of the campaigns of a correlation id and what became of each."""
        after = None if cursor is None else Place.read(cursor)
        async with self.database.tenant(tenant_id) as tx:
            outcomes = await list_outcomes(tx, correlation_id, after, limit)
        following = None
        if len(outcomes) == limit:
            campaign, member = outcomes[-1]
            following = Place(campaign.campaign_id, member.position).print()
        address = f"/api/{tenant_id}/passes/push-updates/{quote(correlation_id, safe='')}/passes"
        return cursor_response(
            [show_pass(campaign, member) for campaign, member in outcomes], address, following, limit
        )

    async def cancel(
        self, tenant_id: TenantId, correlation_id: CorrelationIdInPath, caller: CallerDep, write: Write
    ) -> Response:
        """Stop the campaigns of a correlation id; passes that were changed already stay changed."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            await cancel_campaigns(tx, correlation_id, caller.actor, now)
            return Answer(202)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    def _campaign(self, body: BulkUpdateRequest, caller: Caller, now: datetime) -> Campaign:
        campaign_id = new_id()
        options = body.options
        pace = min(options.passes_per_second or self.passes_per_s_max, self.passes_per_s_max)
        correlation_id = options.correlation_id or campaign_id.hex
        return new_campaign(campaign_id, options.name or BULK_UPDATE, correlation_id, caller.actor, pace, now)

    async def _check_types(self, tx: Tx, body: BulkUpdateRequest) -> None:
        for name in (body.pass_type, None if body.update is None else body.update.pass_type):
            if name is not None:
                await self.pass_types.get(tx, name)


def _check(body: BulkUpdateRequest) -> Selection:
    errors: dict[str, list[str]] = {}
    given = [
        GivenFilter(f"filter[{place}]", one.field, one.operator, one.value) for place, one in enumerate(body.filter)
    ]
    filters = check_filters(given, errors)
    if not body.filter and not body.identifiers_in and not body.all:
        errors.setdefault("filter", []).append('Give filter, identifiersIn, or "all": true for every pass.')
    if body.notification is not None:
        try:
            body.notification.check("notification")
        except InvalidRequest as refused:
            errors |= {place: [*messages] for place, messages in (refused.errors or {}).items()}
    if body.update is None and body.notification is None:
        errors.setdefault("update", []).append("Give update, notification, or both.")
    if errors:
        raise InvalidRequest(errors)
    return Selection(filters, body.pass_type, body.identifiers_in)
