"""HTTP for imports of passes: send a file, watch it being taken in, read which rows were left out, cancel it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.imports.checking import check_rows
from guerdon.imports.chunks import Seal, Spool
from guerdon.imports.files import read_rows
from guerdon.imports.model import Checked, Import, LeftOut
from guerdon.imports.pass_taking import left_out
from guerdon.imports.reading import get_import, list_bad_rows, list_imports
from guerdon.imports.receiving import (
    LIST_DEFAULT,
    MEDIA_TYPES,
    ImportCursor,
    ImportId,
    Limit,
    LineCursor,
    OnError,
    receive_file,
)
from guerdon.imports.schemas import (
    ImportAccepted,
    ImportMistakes,
    ImportProgress,
    show_import,
    show_kept,
    show_left_out,
)
from guerdon.imports.shapes import PASSES
from guerdon.imports.starting import cancel_import, start_import
from guerdon.passes.import_rows import BadRow, Row
from guerdon.passes.importing import Importer
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.bodies import takes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey
from guerdon.platform.listing import cursor_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.tables import FILE_BYTES_MAX, REPORTED_MAX, RowsInvalid
from guerdon.platform.writes import Answer, WriteOptions, find_answer, write_once

PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class ImportRoutes:
    """The operations on imports over one database."""

    database: Database
    master_key: MasterKey
    pass_types: PassTypes
    clock: TenantClock
    places: asyncio.Semaphore

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
        async with receive_file(request, self.places) as received:
            # A file takes long to check, so that the same one again is known before.
            answer = await find_answer(self.database, tenant_id, received.write)
            if answer is None:
                spool = Spool(received.working_file, Seal(self.master_key, tenant_id, new_id()))
                rows = read_rows(received.path, received.media_type, PASSES)
                checked = await self._check(tenant_id, caller, rows, spool)
                if on_error == "refuse" and checked.totals.bad:
                    raise RowsInvalid(checked.totals.bad, checked.mistaken())
                answer = await self._start(tenant_id, caller, received.write, checked, spool)
            return respond(answer)

    async def list(self, tenant_id: TenantId, cursor: ImportCursor = None, limit: Limit = LIST_DEFAULT) -> Response:
        """List the imports of the last 90 days, newest first, with counters that are true at every instant."""
        before = None if cursor is None else UUID(cursor)
        async with self.database.tenant(tenant_id) as tx:
            found = await list_imports(tx, "passes", before, limit)
        following = found[-1].import_id.hex if len(found) == limit else None
        return cursor_response([show_import(one) for one in found], _address(tenant_id), following, limit)

    async def get(self, tenant_id: TenantId, import_id: ImportId) -> Response:
        """Tell how far an import has come."""
        async with self.database.tenant(tenant_id) as tx:
            found = await get_import(tx, "passes", UUID(import_id))
        return Response(msgspec.json.encode(show_import(found)), media_type="application/json")

    async def list_errors(
        self, tenant_id: TenantId, import_id: ImportId, cursor: LineCursor = None, limit: Limit = LIST_DEFAULT
    ) -> Response:
        """List the rows that were left out, by line: those that the check named, and those that became bad since."""
        async with self.database.tenant(tenant_id) as tx:
            kept = await list_bad_rows(tx, "passes", UUID(import_id), int(cursor or 0), limit)
        following = str(kept[-1].line) if len(kept) == limit else None
        address = f"{_address(tenant_id)}/{import_id}/errors"
        return cursor_response([show_kept(one) for one in kept], address, following, limit)

    async def cancel(self, tenant_id: TenantId, import_id: ImportId, caller: CallerDep, write: Write) -> Response:
        """Stop an import; passes that were taken in already stay."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            await cancel_import(tx, "passes", UUID(import_id), caller.actor, now)
            return Answer(202)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def _check(self, tenant_id: str, caller: Caller, rows: Iterator[Row | BadRow], spool: Spool) -> Checked:
        named: list[LeftOut] = []

        def report(row: BadRow) -> None:
            if len(named) < REPORTED_MAX:
                named.append(left_out(row))

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
            started = await start_import(tx, "passes", spool.seal.import_id, checked, spool.read(), caller.actor, now)
            return _accepted(tenant_id, started, checked)

        return await write_once(self.database, tenant_id, write, now, work)


def _accepted(tenant_id: str, started: Import, checked: Checked) -> Answer:
    document = {
        **show_import(started),
        "count": checked.totals.good,
        "mistakes": [show_left_out(row) for row in checked.named],
    }
    location = f"{_address(tenant_id)}/{started.import_id.hex}"
    return Answer(202, msgspec.json.encode(document), location=location)


def _address(tenant_id: str) -> str:
    return f"/api/{tenant_id}/passes/import"
