"""HTTP for imports: send a file of passes, watch it being taken in, read which rows were left out, cancel it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.imports.checking import check_rows
from guerdon.imports.chunks import Seal, Spool
from guerdon.imports.files import read_rows
from guerdon.imports.model import Checked, PassImport
from guerdon.imports.reading import LIST_MAX, get_import, list_bad_rows, list_imports
from guerdon.imports.schemas import (
    ImportAccepted,
    ImportMistakes,
    ImportProgress,
    show_bad_row,
    show_import,
    show_kept,
)
from guerdon.imports.starting import cancel_import, start_import
from guerdon.passes.import_rows import BadRow, Row
from guerdon.passes.importing import Importer
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.bodies import takes
from guerdon.platform.boundary import BODY
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond, write_options
from guerdon.platform.tables import (
    CSV,
    FILE_BYTES_MAX,
    JSON_LINES,
    REPORTED_MAX,
    XLSX,
    RowsInvalid,
    read_media_type,
    receive,
)
from guerdon.platform.writes import Answer, WriteOptions, find_answer, write_once

PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
MEDIA_TYPES = (CSV, XLSX, JSON_LINES)
FILES_AT_ONCE = 2  # each may remember a million serials for as long as it is checked
LIST_DEFAULT = 100
TenantId = Annotated[str, Path(alias="tenantId")]
ImportId = Annotated[str, Path(alias="importId", pattern=r"^[0-9a-f]{32}$")]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX)]
ImportCursor = Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="Take it from the Link header.")]
LineCursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$", description="Take it from the Link header.")]
OnError = Annotated[
    Literal["refuse", "skip"],
    Query(alias="onError", description="What bad rows mean: refuse the whole file, or leave them out."),
]


@dataclass(frozen=True, slots=True)
class ImportRoutes:
    """The operations on imports over one database."""

    database: Database
    master_key: MasterKey
    pass_types: PassTypes
    clock: TenantClock
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FILES_AT_ONCE))

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/passes/import", "Import")
        add, reads, writes = made.add_api_route, asks(PASS_READ), asks(PASS_WRITE)
        takes_files = takes(MEDIA_TYPES, FILE_BYTES_MAX, is_streamed=True) | writes
        add("", self.start, methods=["POST"], openapi_extra=takes_files, status_code=202, response_model=ImportAccepted)
        add("", self.list, openapi_extra=reads, response_model=list[ImportProgress])
        add("/{importId}", self.get, openapi_extra=reads, response_model=ImportProgress)
        add("/{importId}/errors", self.list_errors, openapi_extra=reads, response_model=list[ImportMistakes])
        add(
            "/{importId}/cancel",
            self.cancel,
            methods=["POST"],
            openapi_extra=writes,
            status_code=202,
            response_class=Response,
        )
        return made

    async def start(
        self, tenant_id: TenantId, request: Request, caller: CallerDep, on_error: OnError = "refuse"
    ) -> Response:
        """Check a file of another provider's passes and have its good rows taken in (docs/operating.md)."""
        media_type = read_media_type(request.headers.get("content-type", ""), MEDIA_TYPES)
        async with self.places:
            with TemporaryDirectory(prefix="guerdon-") as folder, TemporaryFile(dir=folder) as file:
                path = FilePath(folder) / "passes"
                request.scope[BODY] = await receive(request.stream(), path)
                write = await write_options(request)
                # A file takes long to check, so that the same one again is known before.
                answer = await find_answer(self.database, tenant_id, write)
                if answer is None:
                    spool = Spool(file, Seal(self.master_key, tenant_id, new_id()))
                    rows = read_rows(path, media_type)
                    checked = await self._check(tenant_id, caller, rows, spool)
                    if on_error == "refuse" and checked.totals.bad:
                        raise RowsInvalid(checked.totals.bad, checked.mistaken())
                    answer = await self._start(tenant_id, caller, write, checked, spool)
                return respond(answer)

    async def list(self, tenant_id: TenantId, cursor: ImportCursor = None, limit: Limit = LIST_DEFAULT) -> Response:
        """List the imports of the last 90 days, newest first, with counters that are true at every instant."""
        before = None if cursor is None else UUID(cursor)
        async with self.database.tenant(tenant_id) as tx:
            found = await list_imports(tx, before, limit)
        following = found[-1].import_id.hex if len(found) == limit else None
        return _listed([show_import(one) for one in found], _address(tenant_id), following, limit)

    async def get(self, tenant_id: TenantId, import_id: ImportId) -> Response:
        """Tell how far an import has come."""
        async with self.database.tenant(tenant_id) as tx:
            found = await get_import(tx, UUID(import_id))
        return Response(msgspec.json.encode(show_import(found)), media_type="application/json")

    async def list_errors(
        self, tenant_id: TenantId, import_id: ImportId, cursor: LineCursor = None, limit: Limit = LIST_DEFAULT
    ) -> Response:
        """List the rows that were left out, by line: those that the check named, and those that became bad since."""
        async with self.database.tenant(tenant_id) as tx:
            kept = await list_bad_rows(tx, UUID(import_id), int(cursor or 0), limit)
        following = str(kept[-1].line) if len(kept) == limit else None
        address = f"{_address(tenant_id)}/{import_id}/errors"
        return _listed([show_kept(one) for one in kept], address, following, limit)

    async def cancel(self, tenant_id: TenantId, import_id: ImportId, caller: CallerDep, write: Write) -> Response:
        """Stop an import; passes that were taken in already stay."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            await cancel_import(tx, UUID(import_id), caller.actor, now)
            return Answer(202)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def _check(self, tenant_id: str, caller: Caller, rows: Iterator[Row | BadRow], spool: Spool) -> Checked:
        named: list[BadRow] = []

        def report(row: BadRow) -> None:
            if len(named) < REPORTED_MAX:
                named.append(row)

        async with self.database.tenant(tenant_id) as tx:
            type_names = frozenset(await self.pass_types.list_names(tx))
        importer = Importer(self.master_key, type_names, caller.actor)
        clock = partial(self.clock, tenant_id)
        totals = await check_rows(self.database, tenant_id, importer, rows, clock, report, spool.keep)
        return Checked(totals, named)

    async def _start(
        self, tenant_id: str, caller: Caller, write: WriteOptions, checked: Checked, spool: Spool
    ) -> Answer:
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            started = await start_import(tx, spool.seal.import_id, checked, spool.read(), caller.actor, now)
            return _accepted(tenant_id, started, checked)

        return await write_once(self.database, tenant_id, write, now, work)


def _accepted(tenant_id: str, started: PassImport, checked: Checked) -> Answer:
    document = {
        **show_import(started),
        "count": checked.totals.good,
        "mistakes": [show_bad_row(row) for row in checked.named],
    }
    location = f"{_address(tenant_id)}/{started.import_id.hex}"
    return Answer(202, msgspec.json.encode(document), location=location)


def _address(tenant_id: str) -> str:
    return f"/api/{tenant_id}/passes/import"


def _listed(documents: Sequence[Mapping[str, object]], address: str, following: str | None, limit: int) -> Response:
    link = f'<{address}?cursor={following}&limit={limit}>; rel="next"'
    headers = {} if following is None else {"Link": link, "Guerdon-Next-Cursor": following}
    return Response(msgspec.json.encode(documents), 200, headers, "application/json")
