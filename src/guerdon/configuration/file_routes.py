"""HTTP for one file of a tenant at a time: list, read, write, remove, versions, differences, roll back."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.configuration.pages import LIST_DEFAULT, Limit, PathStart, listed
from guerdon.configuration.pushing import Checked, check_beside_stored, check_removal, remove_checked, save_checked
from guerdon.configuration.schemas import FileSaved, FileVersionOut, FindingOut, Rollback
from guerdon.configuration.versions import check_precondition, diff, etag, get_versions
from guerdon.delivery.etags import is_known
from guerdon.platform.bodies import takes
from guerdon.platform.boundary import BODY
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS, INT32_MAX
from guerdon.platform.writes import Answer, Work, WriteOptions, write_once
from guerdon.tenants.files import get_file, list_files, list_history
from guerdon.tenants.model import IMAGE_BYTES_MAX, PATH_CHARACTERS_MAX

FILE_TYPES = (
    "application/octet-stream",
    "text/yaml",
    "application/yaml",
    "application/x-yaml",
    "application/json",
    "text/plain",
    "image/*",
)
MEDIA_TYPES = {
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "json": "application/json",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
DIFF_MEDIA_TYPE = "text/x-diff"
COMPARED_AT_ONCE = 1  # each may take a second of this process, which answers others meanwhile

TenantId = Annotated[str, Path(alias="tenantId")]
FilePath = Annotated[str, Path(alias="path", max_length=PATH_CHARACTERS_MAX, description="With its slashes.")]
Version = Annotated[int, Query(ge=1, le=INT32_MAX), DIGITS]
IfMatch = Annotated[str | None, Header(max_length=1000, description="The ETag that the writer has read.")]
IfNoneMatch = Annotated[str | None, Header(max_length=1000, description="`*`: the file must not be there yet.")]
Answers = dict[int | str, dict[str, Any]]
BYTES: Answers = {200: {"description": "The content of the file", "content": {"application/octet-stream": {}}}}
UNCHANGED: Answers = {304: {"description": "The version that If-None-Match names is the newest"}}
MOVED: Answers = {412: {"description": "The file is in another version"}}
DIFF: Answers = {200: {"description": "A unified diff; empty when nothing differs", "content": {DIFF_MEDIA_TYPE: {}}}}


@dataclass(frozen=True, slots=True)
class FileRoutes:
    """The operations on one file; what is saved was checked before, with every finding told."""

    database: Database
    clock: TenantClock
    comparing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(COMPARED_AT_ONCE))

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/config", "Configuration")
        add, reads, writes = made.add_api_route, asks("Config.Read"), asks("Config.Write")
        bytes_in = {**writes, **takes(FILE_TYPES, IMAGE_BYTES_MAX)}
        one = "/files/{path:path}"
        add("/files", self.list, openapi_extra=reads, response_model=list[FileVersionOut])
        add(one, self.read, openapi_extra=reads, response_class=Response, responses={**BYTES, **UNCHANGED})
        add(one, self.write, methods=["PUT"], openapi_extra=bytes_in, response_model=FileSaved, responses=MOVED)
        add(one, self.remove, methods=["DELETE"], openapi_extra=writes, status_code=204, responses=MOVED)
        add("/history/{path:path}", self.history, openapi_extra=reads, response_model=list[FileVersionOut])
        add("/diff/{path:path}", self.diff, openapi_extra=reads, response_class=Response, responses=DIFF)
        add(
            "/rollback/{path:path}",
            self.roll_back,
            methods=["POST"],
            openapi_extra=writes,
            response_model=FileSaved,
            responses=MOVED,
        )
        return made

    async def list(
        self, tenant_id: TenantId, prefix: PathStart = "", cursor: PathStart = "", limit: Limit = LIST_DEFAULT
    ) -> Response:
        """List the files in the order of their paths, each in its newest version."""
        async with self.database.tenant(tenant_id) as tx:
            files = await list_files(tx, prefix=prefix, after=cursor, limit=limit)
        next_query = f"prefix={prefix}&cursor={files[-1].path}&limit={limit}" if len(files) == limit else None
        return listed([FileVersionOut.of(file) for file in files], f"/api/{tenant_id}/config/files", next_query)

    async def read(
        self, tenant_id: TenantId, path: FilePath, request: Request, version: Version | None = None
    ) -> Response:
        """Give the bytes of a file, in its newest or in one version."""
        async with self.database.tenant(tenant_id) as tx:
            file = await get_file(tx, path, version)
        headers = {
            "ETag": etag(file.version),
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="{path.rpartition("/")[2]}"',
        }
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        media_type = MEDIA_TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")
        return Response(file.content, headers=headers, media_type=media_type)

    async def write(
        self,
        tenant_id: TenantId,
        path: FilePath,
        request: Request,
        caller: CallerDep,
        write: Write,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Check a file and save it as its next version; every finding is told, and one error refuses it."""
        checked = await check_beside_stored(
            self.database, tenant_id, {path: request.scope[BODY]}, self.clock(tenant_id)
        )

        async def work(tx: Tx) -> Answer:
            await check_precondition(tx, path, if_match, if_none_match)
            return await self._save(tx, path, checked, caller)

        return await self._answer(tenant_id, write, work)

    async def remove(
        self,
        tenant_id: TenantId,
        path: FilePath,
        caller: CallerDep,
        write: Write,
        if_match: IfMatch = None,
    ) -> Response:
        """Remove a file; its versions stay readable. The type of passes that exist, and its pictures, cannot go."""
        now, removal = self.clock(tenant_id), await check_removal(self.database, tenant_id, path)

        async def work(tx: Tx) -> Answer:
            await check_precondition(tx, path, if_match, None)
            await remove_checked(tx, removal, now=now, actor=caller.actor)
            return Answer(204)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def history(
        self,
        tenant_id: TenantId,
        path: FilePath,
        cursor: Version | None = None,
        limit: Limit = LIST_DEFAULT,
    ) -> Response:
        """List the versions of a file, newest first; those below `cursor`, when it is given."""
        async with self.database.tenant(tenant_id) as tx:
            versions = await list_history(tx, path, before=cursor, limit=limit)
        next_query = f"cursor={versions[-1].version}&limit={limit}" if len(versions) == limit else None
        return listed(
            [FileVersionOut.of(one) for one in versions], f"/api/{tenant_id}/config/history/{path}", next_query
        )

    async def diff(
        self,
        tenant_id: TenantId,
        path: FilePath,
        old: Annotated[int, Query(alias="from", ge=1, le=INT32_MAX), DIGITS],
        new: Annotated[int | None, Query(alias="to", ge=1, le=INT32_MAX), DIGITS] = None,
    ) -> Response:
        """Show what differs between two versions of a text; without `to`, against the newest."""
        async with self.database.tenant(tenant_id) as tx:
            versions = await get_versions(tx, path, old, new)
        async with self.comparing:
            text = await diff(*versions)
        return Response(text, media_type=f"{DIFF_MEDIA_TYPE}; charset=utf-8")

    async def roll_back(
        self,
        tenant_id: TenantId,
        path: FilePath,
        body: Rollback,
        caller: CallerDep,
        write: Write,
        if_match: IfMatch = None,
    ) -> Response:
        """Save the content of an earlier version again, as a new version; it is checked as any other."""
        async with self.database.tenant(tenant_id) as tx:
            earlier = await get_file(tx, path, body.version)
        checked = await check_beside_stored(self.database, tenant_id, {path: earlier.content}, self.clock(tenant_id))

        async def work(tx: Tx) -> Answer:
            await check_precondition(tx, path, if_match, None)
            return await self._save(tx, path, checked, caller)

        return await self._answer(tenant_id, write, work)

    async def _save(self, tx: Tx, path: str, checked: Checked, caller: Caller) -> Answer:
        moved = await save_checked(tx, checked, now=self.clock(tx.tenant_id), actor=caller.actor)
        version = moved[0].version if moved else (await get_file(tx, path)).version
        findings = [FindingOut.of(one) for one in checked.findings]
        saved = FileSaved(path=path, version=version, changed=bool(moved), findings=findings)
        return Answer(200, saved.text())

    async def _answer(self, tenant_id: str, write: WriteOptions, work: Work) -> Response:
        answer = await write_once(self.database, tenant_id, write, self.clock(tenant_id), work)
        return respond(answer, {"ETag": etag(msgspec.json.decode(answer.body)["version"])})
