"""HTTP for tools that draw pass types: which there are, and what a sample pass of one looks like."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from guerdon.configuration.errors import PassTypeNotFound
from guerdon.configuration.pages import LIST_DEFAULT, Limit, PathStart, listed
from guerdon.configuration.sampling import draw, samples
from guerdon.configuration.schemas import PassTypeOut
from guerdon.passes.errors import UnknownPassType
from guerdon.passes.model import write_json
from guerdon.passes.pass_type import PassType, PassTypeInvalid
from guerdon.passes.pass_types import FOLDER, PassTypes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.wire import LanguageCode
from guerdon.rendering.model import PassView
from guerdon.rendering.preview import preview
from guerdon.tenants.files import list_files
from guerdon.tenants.model import FileVersion

TenantId = Annotated[str, Path(alias="tenantId")]
TypeName = Annotated[str, Path(alias="name", min_length=1, max_length=50)]
Language = Annotated[LanguageCode | None, Query(description="One of the languages of the pass type.")]


@dataclass(frozen=True, slots=True)
class PassTypeRoutes:
    """Reading pass types as they stand."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/config/pass-types", "Configuration")
        reads = asks("Config.Read")
        made.add_api_route("", self.list, openapi_extra=reads, response_model=list[PassTypeOut])
        made.add_api_route("/{name}/preview", self.preview, openapi_extra=reads, response_model=dict[str, object])
        return made

    async def list(self, tenant_id: TenantId, cursor: PathStart = "", limit: Limit = LIST_DEFAULT) -> Response:
        """List the pass types by name; one that cannot be read says so in `mistake`."""
        async with self.database.tenant(tenant_id) as tx:
            files = await list_files(tx, prefix=FOLDER, after=cursor, limit=limit)
            shown = [await self._shown(tx, file) for file in files]
        next_query = f"cursor={files[-1].path}&limit={limit}" if len(files) == limit else None
        return listed(shown, f"/api/{tenant_id}/config/pass-types", next_query)

    async def preview(self, tenant_id: TenantId, name: TypeName, language: Language = None) -> Response:
        """Show what each wallet would show of a sample pass with made-up data, and what it would lose."""
        now = self.clock(tenant_id)
        async with self.database.tenant(tenant_id) as tx:
            try:
                pass_type = await self.pass_types.get(tx, name)
            except UnknownPassType as unknown:
                # At its own address a type that is not there is missing, and no mistake of a body.
                raise PassTypeNotFound(name) from unknown
        view = await asyncio.to_thread(_sample_view, pass_type, now, tenant_id)
        spoken = language if language in view.languages else None
        return Response(write_json(preview(view, spoken)), media_type="application/json")

    async def _shown(self, tx: Tx, file: FileVersion) -> PassTypeOut:
        name = PurePosixPath(file.path).stem
        try:
            pass_type = await self.pass_types.get(tx, name)
        except (PassTypeInvalid, UnknownPassType) as refused:
            return PassTypeOut(name=name, path=file.path, version=file.version, mistake=refused.detail)
        return PassTypeOut(
            name=name,
            path=file.path,
            version=file.version,
            kind=pass_type.kind,
            layout=pass_type.layout,
            style=pass_type.apple_style(),
            language=pass_type.language,
            languages=list(pass_type.languages()),
            identifiers=sorted(pass_type.identifiers),
        )


def _sample_view(pass_type: PassType, now: datetime, tenant_id: str) -> PassView:
    return draw(pass_type, samples(pass_type, now, tenant_id)[0], now)
