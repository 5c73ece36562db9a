"""HTTP for passes of a supplier key: their ids, and what each would show (WIRE.md section 1)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from guerdon.delivery.languages import choose_language
from guerdon.passes.lookup import LOOKUP_MAX, Providers, list_named
from guerdon.passes.model import write_json
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.problems import Problem
from guerdon.platform.wire import DIGITS, NO_NUL, Body, JsonValue
from guerdon.rendering.loading import Drawing, load_drawing
from guerdon.rendering.preview import preview

PASS_READ = "Pass.Read"  # noqa: S105 - a pass is no password
LIMIT_DEFAULT = 20

TenantId = Annotated[str, Path(alias="tenantId")]
Value = Annotated[str, Query(min_length=1, max_length=3_000, pattern=NO_NUL, description="A key, or ids and commas.")]
Provider = Annotated[str | None, Query(min_length=1, max_length=100, pattern=NO_NUL)]
Preview = Annotated[bool, Query(alias="preview")]
Cursor = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,50}$", description="Take it from the Link header.")]
Limit = Annotated[int, Query(ge=1, le=LOOKUP_MAX), DIGITS]


class LookedUp(Body):
    """A pass of the key; `preview` when asked for, null when its pass type cannot be drawn."""

    pass_id: str
    preview: Annotated[dict[str, JsonValue] | None, Field(default=None)]


@dataclass(frozen=True, slots=True)
class LookupRoutes:
    """Looking passes up over one database."""

    database: Database
    pass_types: PassTypes
    providers: Providers
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the route; it stands before those with a pass id."""
        made = router("/api/{tenantId}/passes", "Pass")
        made.add_api_route("/lookup", self.lookup, openapi_extra=asks(PASS_READ), response_model=list[LookedUp])
        return made

    async def lookup(
        self,
        tenant_id: TenantId,
        value: Value,
        request: Request,
        provider: Provider = None,
        shows: Preview = False,
        cursor: Cursor = "",
        limit: Limit = LIMIT_DEFAULT,
    ) -> Response:
        """List the passes that a provider finds for a key; without a provider, which of several ids are passes."""
        headers: dict[str, str] = {}
        now = self.clock(tenant_id)
        async with self.database.tenant(tenant_id) as tx:
            if provider is None:
                ids = await list_named(tx, value)
            else:
                ids = await (await self.providers.get(tx, provider)).list_passes(tx, value, cursor, limit)
                headers = _next_page(tenant_id, request, ids, limit)
            drawings = [await self._find_drawing(tx, one, now) for one in ids] if shows else []
        if not shows:
            return _json([{"passId": one} for one in ids], headers)
        accepted = request.headers.get("accept-language", "")
        # Drawing computes: in a thread, so that other requests go on.
        previews = await asyncio.to_thread(lambda: [_preview(one, accepted, now) for one in drawings])
        found = [{"passId": one, "preview": shown} for one, shown in zip(ids, previews, strict=True)]
        return _json(found, {**headers, "Vary": "Accept-Language"})

    async def _find_drawing(self, tx: Tx, pass_id: str, now: datetime) -> Drawing | None:
        try:
            return await load_drawing(tx, self.pass_types, pass_id, now)
        except Problem:  # its pass type is gone or has mistakes; the others are shown all the same
            return None


def _preview(drawing: Drawing | None, accepted: str, now: datetime) -> dict[str, object] | None:
    if drawing is None:
        return None
    view = drawing.view(now)
    return preview(view, choose_language(accepted, view.languages))


def _next_page(tenant_id: str, request: Request, ids: Sequence[str], limit: int) -> dict[str, str]:
    if len(ids) < limit:
        return {}
    query = {**request.query_params, "cursor": ids[-1], "limit": limit}
    link = f'</api/{tenant_id}/passes/lookup?{urlencode(query)}>; rel="next"'
    return {"Link": link, "Guerdon-Next-Cursor": ids[-1]}


def _json(found: object, headers: dict[str, str]) -> Response:
    return Response(write_json(found), headers=headers, media_type="application/json")
