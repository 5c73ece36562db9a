"""HTTP by which a pass leaves the house: install, preview and the way to its page (WIRE.md section 1)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.delivery.apple.package import bundle
from guerdon.delivery.etags import is_known
from guerdon.delivery.languages import choose_language
from guerdon.delivery.several import check_present, read_several
from guerdon.passes.installation import Source
from guerdon.passes.model import write_json
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.sources import SourceDep, SourceNotes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.http import PUBLIC, asks, router
from guerdon.platform.problems import InvalidRequest, NotBuilt
from guerdon.rendering.loading import load_drawing
from guerdon.rendering.preview import preview

APPLE_MEDIA_TYPE = "application/vnd.apple.pkpass"
BUNDLE_MEDIA_TYPE = "application/vnd.apple.pkpasses"
SEVERAL_LAYOUT = "tickets"
APPLE_AGENTS = ("iphone", "ipad", "ipod", "macintosh")
TenantId = Annotated[str, Path(alias="tenantId")]
PassId = Annotated[str, Path(alias="passId", min_length=1, max_length=600)]
DEVICES = ("apple", "preview", "auto")
DeviceQuery = Annotated[
    str,
    Query(
        description="Which wallet the pass is for; auto goes by the user agent.",
        json_schema_extra={"enum": list(DEVICES)},
    ),
]
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "ETags of copies that the caller has; what is still the same is answered 304.",
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The signed pass (apple), several of them in one file, or what each wallet would show (preview)",
        "headers": {"ETag": {"schema": {"type": "string"}, "description": "What this copy is known by."}},
        "content": {
            APPLE_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
            BUNDLE_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object"}},
        },
    },
    302: {"description": "The page of the pass, for a device without a wallet (auto)"},
    304: {"description": "Nothing has changed since the copy that If-None-Match names"},
    501: {"description": "Google Wallet is not part of this release"},
}


@dataclass(frozen=True, slots=True)
class DeliveryRoutes:
    """Installing and previewing passes; whoever knows a pass id may do both, as a wallet has no credential."""

    database: Database
    pass_types: PassTypes
    issuer: PassIssuer
    sources: SourceNotes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/passes", "Pass")
        made.add_api_route(
            "/{passId}/view", self.view, openapi_extra=asks(PUBLIC), status_code=302, response_class=RedirectResponse
        )
        conditional = {"parameters": [IF_NONE_MATCH]}
        made.add_api_route("/{passId}", self.install, openapi_extra=conditional | asks(PUBLIC), responses=ANSWERS)
        return made

    async def install(
        self, tenant_id: TenantId, pass_id: PassId, request: Request, source: SourceDep, device: DeviceQuery = "auto"
    ) -> Response:
        """Give the pass for one device, or several passes whose ids stand between commas; how one came is kept."""
        if device == "google":
            raise NotBuilt("Google Wallet is not part of this release; ask for apple or preview.")
        if device not in DEVICES:
            raise InvalidRequest({"device": [f"Ask for one of {', '.join(DEVICES)}."]})
        agent = (source.user_agent or "").lower()
        is_apple = device == "apple" or (device == "auto" and any(name in agent for name in APPLE_AGENTS))
        pass_ids = read_several(pass_id)
        if pass_ids is not None:
            return await self._install_several(tenant_id, pass_ids, device, source, request, is_apple=is_apple)
        if is_apple:
            return await self._apple(tenant_id, pass_id, source, request)
        if device == "preview":
            return await self._preview(tenant_id, pass_id, request)
        return await self.view(tenant_id, pass_id, source)

    async def view(self, tenant_id: TenantId, pass_id: PassId, source: SourceDep) -> Response:
        """Send a browser to the page of the pass; what its link said goes with it."""
        async with self.database.tenant(tenant_id) as tx:
            drawing = await load_drawing(tx, self.pass_types, pass_id, self.clock(tenant_id))
        return _to_page(f"/{tenant_id}/{drawing.pass_type.layout}?id={pass_id}", source)

    async def _install_several(
        self,
        tenant_id: str,
        pass_ids: Sequence[str],
        device: str,
        source: Source,
        request: Request,
        *,
        is_apple: bool,
    ) -> Response:
        if device == "preview":
            raise InvalidRequest({"device": ["Several passes have no preview; ask for them one by one."]})
        async with self.database.tenant(tenant_id) as tx:
            await check_present(tx, pass_ids)
        if not is_apple and len(pass_ids) == 1:
            return await self.view(tenant_id, pass_ids[0], source)
        if not is_apple:
            return _to_page(f"/{tenant_id}/{SEVERAL_LAYOUT}?ids={','.join(pass_ids)}", source)
        packages = await asyncio.gather(*(self.issuer.issue(tenant_id, pass_id) for pass_id in pass_ids))
        named = sha256("".join(package.content_hash for package in packages).encode()).hexdigest()
        headers = _file_headers(named, max(package.changed_at for package in packages), f"{tenant_id}.pkpasses")
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        await asyncio.gather(*(self.sources.keep(tenant_id, pass_id, source) for pass_id in pass_ids))
        content = bundle([package.content for package in packages])
        return Response(content, headers=headers, media_type=BUNDLE_MEDIA_TYPE)

    async def _apple(self, tenant_id: str, pass_id: str, source: Source, request: Request) -> Response:
        package = await self.issuer.issue(tenant_id, pass_id)
        headers = _file_headers(package.content_hash, package.changed_at, f"{tenant_id}.{pass_id}.pkpass")
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        await self.sources.keep(tenant_id, pass_id, source)
        return Response(package.content, headers=headers, media_type=APPLE_MEDIA_TYPE)

    async def _preview(self, tenant_id: str, pass_id: str, request: Request) -> Response:
        now = self.clock(tenant_id)
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


def _file_headers(content_hash: str, changed_at: datetime, name: str) -> dict[str, str]:
    return {
        "ETag": f'"{content_hash[:32]}"',
        "Last-Modified": format_datetime(changed_at, usegmt=True),
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def _to_page(address: str, source: Source) -> Response:
    said = source.query()
    return RedirectResponse(f"{address}&{said}" if said else address, 302)
