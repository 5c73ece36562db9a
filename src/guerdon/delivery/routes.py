"""HTTP by which a pass leaves the house: install, preview and the way to its page (WIRE.md section 1)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.delivery.etags import is_known
from guerdon.delivery.languages import choose_language
from guerdon.passes.model import write_json
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Database
from guerdon.platform.http import PUBLIC, asks, router
from guerdon.platform.problems import InvalidRequest, NotBuilt
from guerdon.rendering.loading import load_drawing
from guerdon.rendering.preview import preview

APPLE_MEDIA_TYPE = "application/vnd.apple.pkpass"
APPLE_AGENTS = ("iphone", "ipad", "ipod", "macintosh")
TenantId = Annotated[str, Path(alias="tenantId")]
PassId = Annotated[str, Path(alias="passId", min_length=1, max_length=600)]
SEVERAL_IDS = re.compile(r"[A-Za-z0-9_-]{5,50},([A-Za-z0-9_-]{5,50},?)+")  # the form of seed 002
DEVICES = ("apple", "preview", "auto")
DeviceQuery = Annotated[
    str,
    Query(
        description="Which wallet the pass is for; auto goes by the user agent.",
        json_schema_extra={"enum": list(DEVICES)},
    ),
]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The signed pass (apple), or what each wallet would show (preview)",
        "content": {
            APPLE_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object"}},
        },
    },
    302: {"description": "The page of the pass, for a device without a wallet (auto)"},
    304: {"description": "Nothing has changed since the copy that If-None-Match names"},
}


@dataclass(frozen=True, slots=True)
class DeliveryRoutes:
    """Installing and previewing passes; whoever knows a pass id may do both, as a wallet has no credential."""

    database: Database
    pass_types: PassTypes
    issuer: PassIssuer
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/passes", "Pass")
        made.add_api_route(
            "/{passId}/view", self.view, openapi_extra=asks(PUBLIC), status_code=302, response_class=RedirectResponse
        )
        made.add_api_route("/{passId}", self.install, openapi_extra=asks(PUBLIC), responses=ANSWERS)
        return made

    async def install(
        self, tenant_id: TenantId, pass_id: PassId, request: Request, device: DeviceQuery = "auto"
    ) -> Response:
        """Give the pass for one device."""
        if device == "google":
            raise NotBuilt("Google Wallet is not part of this release; ask for apple or preview.")
        if device not in DEVICES:
            raise InvalidRequest({"device": [f"Ask for one of {', '.join(DEVICES)}."]})
        if SEVERAL_IDS.fullmatch(pass_id):
            raise NotBuilt("Installing several passes at once is not part of this release; ask for them one by one.")
        agent = request.headers.get("user-agent", "").lower()
        if device == "apple" or (device == "auto" and any(name in agent for name in APPLE_AGENTS)):
            return await self._apple(tenant_id, pass_id, request)
        if device == "preview":
            return await self._preview(tenant_id, pass_id, request)
        return await self.view(tenant_id, pass_id)

    async def view(self, tenant_id: TenantId, pass_id: PassId) -> Response:
        """Send a browser to the page of the pass."""
        async with self.database.tenant(tenant_id) as tx:
            drawing = await load_drawing(tx, self.pass_types, pass_id, self.clock())
        return RedirectResponse(f"/{tenant_id}/{drawing.pass_type.layout}?id={pass_id}", 302)

    async def _apple(self, tenant_id: str, pass_id: str, request: Request) -> Response:
        package = await self.issuer.issue(tenant_id, pass_id)
        headers = {
            "ETag": f'"{package.content_hash[:32]}"',
            "Last-Modified": format_datetime(package.changed_at, usegmt=True),
            "Cache-Control": "no-cache",
            "Content-Disposition": f'attachment; filename="{tenant_id}.{pass_id}.pkpass"',
        }
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(package.content, headers=headers, media_type=APPLE_MEDIA_TYPE)

    async def _preview(self, tenant_id: str, pass_id: str, request: Request) -> Response:
        now = self.clock()
        async with self.database.tenant(tenant_id) as tx:
            drawing = await load_drawing(tx, self.pass_types, pass_id, now)
        view = drawing.view(now)
        language = choose_language(request.headers.get("accept-language", ""), view.languages)
        body = write_json(preview(view, language)).encode()
        headers = {
            "ETag": f'"{sha256(body).hexdigest()[:32]}"',
            "Cache-Control": "no-cache",
            "Content-Language": language,
            "Vary": "Accept-Language",
        }
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")
