"""HTTP for the hosted page: the page, its living part, its pictures and its own files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.delivery.etags import is_known
from guerdon.delivery.languages import choose_language
from guerdon.delivery.page.assets import ASSETS, CACHE_CONTROL
from guerdon.delivery.page.pages import (
    PageLinks,
    content_security_policy,
    render_fragment,
    render_missing,
    render_page,
    render_several,
)
from guerdon.delivery.page.words import WORDS
from guerdon.delivery.several import check_present, read_several
from guerdon.passes.installation import Source
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.sources import SourceDep
from guerdon.platform.addresses import socket_base_url
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.http import PUBLIC, asks, router
from guerdon.platform.ids import new_secret
from guerdon.platform.problems import InvalidRequest, NotFound
from guerdon.rendering.loading import load_drawing
from guerdon.rendering.model import PassView
from guerdon.tenants.files import get_file

STATIC_URL = "/static/"
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}
NONCE_BYTES = 16
HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9A-Fa-f:]+\](:[0-9]+)?")
TenantId = Annotated[str, Path(alias="tenantId")]
Layout = Annotated[str, Path(max_length=100)]
PassId = Annotated[str, Query(alias="id", description="The id of the pass.")]
PassIds = Annotated[str, Query(alias="ids", description="The ids of several passes, with commas.")]
FileName = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]


@dataclass(frozen=True, slots=True)
class PageRoutes:
    """The page of a pass; whoever knows the pass id may look, as whoever holds the pass may."""

    database: Database
    pass_types: PassTypes
    public_url: str | None
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes; they are for browsers and stand outside the API document."""
        made = router("", "Page")
        for path, answer in (
            ("/static/{name}", self.static),
            ("/{tenantId}/images/{name}", self.image),
            ("/{tenantId}/{layout}/live", self.live),
            ("/{tenantId}/{layout}", self.page),
        ):
            made.add_api_route(path, answer, openapi_extra=asks(PUBLIC), include_in_schema=False)
        return made

    async def page(
        self,
        tenant_id: TenantId,
        layout: Layout,
        request: Request,
        source: SourceDep,
        pass_id: PassId = "",
        pass_ids: PassIds = "",
    ) -> Response:
        """Give the whole page of a pass, or the list of several; its buttons say on how one came here."""
        try:
            if pass_ids:
                return await self._several(tenant_id, pass_ids, source, request)
            return await self._one(tenant_id, layout, pass_id, source, request)
        except NotFound:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return _missing(request)

    async def _one(self, tenant_id: str, layout: str, pass_id: str, source: Source, request: Request) -> Response:
        now = self.clock(tenant_id)
        view = await self._view(tenant_id, layout, pass_id, now)
        language = choose_language(request.headers.get("accept-language", ""), view.languages)
        nonce = new_secret(NONCE_BYTES)
        sockets = _origin(socket_base_url(request, self.public_url))
        text = render_page(view, _links(view, str(request.base_url), source), nonce, language, now)
        return Response(text, headers=_page_headers(nonce, language, sockets), media_type="text/html")

    async def live(self, tenant_id: TenantId, layout: Layout, request: Request, pass_id: PassId = "") -> Response:
        """Give the part that changes, or 304."""
        now = self.clock(tenant_id)
        view = await self._view(tenant_id, layout, pass_id, now)
        language = choose_language(request.headers.get("accept-language", ""), view.languages)
        text = render_fragment(view, _links(view, str(request.base_url), Source()), language, now)
        headers = {
            "ETag": f'"{sha256(text.encode()).hexdigest()[:32]}"',
            "Cache-Control": "no-cache",
            "Vary": "Accept-Language",
            "X-Content-Type-Options": "nosniff",
        }
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type="text/html")

    async def image(self, tenant_id: TenantId, name: FileName, request: Request) -> Response:
        """Give a picture of the tenant's pass types."""
        media_type = MEDIA_TYPES.get(name.rpartition(".")[2].lower())
        if media_type is None:
            raise NotFound(f"There is no picture {name!r}.")
        async with self.database.tenant(tenant_id) as tx:
            file = await get_file(tx, f"server/images/{name}")
        headers = {
            "ETag": f'"{sha256(file.content).hexdigest()[:32]}"',
            "Cache-Control": "public, max-age=300",
            "X-Content-Type-Options": "nosniff",
        }
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=media_type)

    async def static(self, name: FileName) -> Response:
        """Give the page's style sheet or script; they never change under their names."""
        asset = ASSETS.get(name)
        if asset is None:
            raise NotFound(f"There is no file {name!r}.")
        headers = {"Cache-Control": CACHE_CONTROL, "X-Content-Type-Options": "nosniff"}
        return Response(asset.content, headers=headers, media_type=asset.media_type)

    async def _several(self, tenant_id: str, text: str, source: Source, request: Request) -> Response:
        pass_ids, now = read_several(text), self.clock(tenant_id)
        if pass_ids is None:
            raise InvalidRequest({"ids": ["Give at least two ids, with commas between."]})
        async with self.database.tenant(tenant_id) as tx:
            await check_present(tx, pass_ids)
            drawings = [await load_drawing(tx, self.pass_types, pass_id, now) for pass_id in pass_ids]
        views = [drawing.view(now) for drawing in drawings]
        language = choose_language(request.headers.get("accept-language", ""), views[0].languages)
        apple_url = _apple_url(tenant_id, pass_ids, source)
        return Response(
            render_several(views, apple_url, STATIC_URL, language),
            headers=_page_headers(new_secret(NONCE_BYTES), language),
            media_type="text/html",
        )

    async def _view(self, tenant_id: str, layout: str, pass_id: str, now: datetime) -> PassView:
        async with self.database.tenant(tenant_id) as tx:
            drawing = await load_drawing(tx, self.pass_types, pass_id, now)
        if drawing.pass_type.layout != layout:
            raise NotFound(f"This pass has the page {drawing.pass_type.layout!r}.")
        return drawing.view(now)


def _missing(request: Request) -> Response:
    """Tell a person, in the person's language, what programs are told as a problem document."""
    language = choose_language(request.headers.get("accept-language", ""), tuple(WORDS))
    headers = _page_headers(new_secret(NONCE_BYTES), language)
    return Response(render_missing(STATIC_URL, language), NotFound.status, headers, "text/html")


def _page_headers(nonce: str, language: str, sockets: str = "") -> dict[str, str]:
    return {
        "Content-Security-Policy": content_security_policy(nonce, sockets),
        "Content-Language": language,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _apple_url(tenant_id: str, pass_ids: Sequence[str], source: Source) -> str:
    said = source.query()
    return f"/api/{tenant_id}/passes/{','.join(pass_ids)}?device=apple" + (f"&{said}" if said else "")


def _links(view: PassView, base_url: str, source: Source) -> PageLinks:
    page = f"/{view.tenant_id}/{view.layout}"
    return PageLinks(
        page_url=f"{base_url.rstrip('/')}{page}?id={view.pass_id}",
        fragment_url=f"{page}/live?id={view.pass_id}",
        connect_url=f"/api/{view.tenant_id}/passes/{view.pass_id}/connect",
        images_url=f"/{view.tenant_id}/images/",
        static_url=STATIC_URL,
        apple_url=_apple_url(view.tenant_id, [view.pass_id], source),
        google_url=None,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    # The host is what the browser said; a policy has no place for anything else.
    return f"{parts.scheme}://{parts.netloc}" if HOST.fullmatch(parts.netloc) else ""
