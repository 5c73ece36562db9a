"""HTTP for imports of balances: send a file of lots, watch and reconcile it, read what was left out, cancel it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.imports.balance_checking import check_balances
from guerdon.imports.balance_model import Reconciliation, Tally
from guerdon.imports.balance_reading import get_progress, list_progress, list_wallets
from guerdon.imports.balance_schemas import (
    BalanceImportAccepted,
    BalanceImportProgress,
    LotMistakes,
    WalletReconciliationOut,
)
from guerdon.imports.balance_starting import start_balance_import
from guerdon.imports.balance_taking import left_out
from guerdon.imports.chunks import Seal, Spool
from guerdon.imports.files import read_rows
from guerdon.imports.model import Checked, Import, LeftOut
from guerdon.imports.reading import list_bad_rows
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
from guerdon.imports.schemas import show_import, show_kept, show_left_out
from guerdon.imports.shapes import BALANCES
from guerdon.imports.starting import cancel_import
from guerdon.passes.model import write_json
from guerdon.platform.bodies import takes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey
from guerdon.platform.listing import cursor_response, refuse_range
from guerdon.platform.parameters import Write, respond
from guerdon.platform.tables import FILE_BYTES_MAX, REPORTED_MAX, RowsInvalid
from guerdon.platform.writes import Answer, WriteOptions, find_answer, write_once
from guerdon.points.import_rows import BadLot, LotRow

WALLET_READ, WALLET_WRITE, WALLET_REPORT = "Wallet.Read", "Wallet.Write", "Wallet.Report"
ADDRESS = f"{FACE_B}/balances/import"
WalletCursor = Annotated[
    UUID | None, Query(description="Take it from the Link header.", json_schema_extra={"format": "uuid"})
]


@dataclass(frozen=True, slots=True)
class BalanceImportRoutes:
    """The operations on imports of balances over one database."""

    database: Database
    master_key: MasterKey
    clock: TenantClock
    places: asyncio.Semaphore

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(ADDRESS, "Balance import")
        add, reads, writes = made.add_api_route, asks(WALLET_READ), asks(WALLET_WRITE)
        takes_files = takes(MEDIA_TYPES, FILE_BYTES_MAX, is_streamed=True) | writes
        add(
            "",
            self.start,
            methods=["POST"],
            openapi_extra=takes_files,
            status_code=202,
            response_model=BalanceImportAccepted,
        )
        walked = [Depends(refuse_range)]
        add("", self.list, dependencies=walked, openapi_extra=reads, response_model=list[BalanceImportProgress])
        add("/{importId}", self.get, openapi_extra=reads, response_model=BalanceImportProgress)
        add(
            "/{importId}/errors",
            self.list_errors,
            dependencies=walked,
            openapi_extra=reads,
            response_model=list[LotMistakes],
        )
        add(
            "/{importId}/wallets",
            self.list_wallets,
            dependencies=walked,
            openapi_extra=asks(WALLET_REPORT),
            response_model=list[WalletReconciliationOut],
        )
        add(
            "/{importId}/cancel",
            self.cancel,
            methods=["POST"],
            openapi_extra=writes,
            status_code=202,
            response_class=Response,
        )
        return made

    async def start(self, request: Request, caller: CallerDep, on_error: OnError = "refuse") -> Response:
        """Check a file of balances with their lots and have them posted (docs/points.md)."""
        tenant_id = caller.tenant_id
        async with receive_file(request, self.places) as received:
            # A file takes long to check, so that the same one again is known before.
            answer = await find_answer(self.database, tenant_id, received.write)
            if answer is None:
                spool = Spool(received.working_file, Seal(self.master_key, tenant_id, new_id()))
                rows = read_rows(received.path, received.media_type, BALANCES)
                checked, tally = await self._check(tenant_id, rows, spool)
                if on_error == "refuse" and checked.totals.bad:
                    raise RowsInvalid(checked.totals.bad, checked.mistaken())
                answer = await self._start(caller, received.write, checked, tally, spool)
            return respond(answer)

    async def list(self, caller: CallerDep, cursor: ImportCursor = None, limit: Limit = LIST_DEFAULT) -> Response:
        """List the imports of balances of the last 90 days, newest first, each with its reconciliation."""
        before = None if cursor is None else UUID(cursor)
        async with self.database.tenant(caller.tenant_id) as tx:
            found = await list_progress(tx, before, limit)
        following = found[-1][0].import_id.hex if len(found) == limit else None
        return cursor_response([_progress(*one) for one in found], ADDRESS, following, limit)

    async def get(self, caller: CallerDep, import_id: ImportId) -> Response:
        """Tell how far an import of balances has come, and hold what the file says against what was posted."""
        async with self.database.tenant(caller.tenant_id) as tx:
            found = await get_progress(tx, UUID(import_id))
        return Response(write_json(_progress(*found)), media_type="application/json")

    async def list_errors(
        self, caller: CallerDep, import_id: ImportId, cursor: LineCursor = None, limit: Limit = LIST_DEFAULT
    ) -> Response:
        """List the rows that were left out, by line: those that the check named, and those that became bad since."""
        async with self.database.tenant(caller.tenant_id) as tx:
            kept = await list_bad_rows(tx, "balances", UUID(import_id), int(cursor or 0), limit)
        following = str(kept[-1].line) if len(kept) == limit else None
        documents = [show_kept(one, "batch") for one in kept]
        return cursor_response(documents, f"{ADDRESS}/{import_id}/errors", following, limit)

    async def list_wallets(
        self, caller: CallerDep, import_id: ImportId, cursor: WalletCursor = None, limit: Limit = LIST_DEFAULT
    ) -> Response:
        """Hold what the file says of each wallet against the ledger as it stands, by wallet id."""
        async with self.database.tenant(caller.tenant_id) as tx:
            found = await list_wallets(tx, UUID(import_id), cursor, limit)
        following = str(found[-1].wallet_id) if len(found) == limit else None
        documents = [one.document() for one in found]
        return cursor_response(documents, f"{ADDRESS}/{import_id}/wallets", following, limit)

    async def cancel(self, import_id: ImportId, caller: CallerDep, write: Write) -> Response:
        """Stop an import of balances; lots that were posted already stay."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            await cancel_import(tx, "balances", UUID(import_id), caller.actor, now)
            return Answer(202)

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def _check(self, tenant_id: str, rows: Iterator[LotRow | BadLot], spool: Spool) -> tuple[Checked, Tally]:
        named: list[LeftOut] = []

        def report(row: BadLot) -> None:
            if len(named) < REPORTED_MAX:
                named.append(left_out(row))

        totals, tally = await check_balances(
            self.database, tenant_id, rows, partial(self.clock, tenant_id), report, spool.keep
        )
        return Checked(totals, named), tally

    async def _start(self, caller: Caller, write: WriteOptions, checked: Checked, tally: Tally, spool: Spool) -> Answer:
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            import_id = spool.seal.import_id
            started = await start_balance_import(tx, import_id, checked, tally, spool.read(), caller.actor, now)
            document = {
                **_progress(started, tally.reconciliation()),
                "count": tally.new_rows,
                "mistakes": [show_left_out(row, "batch") for row in checked.named],
            }
            return Answer(202, write_json(document).encode(), location=f"{ADDRESS}/{import_id.hex}")

        return await write_once(self.database, caller.tenant_id, write, now, work)


def _progress(one: Import, said: Reconciliation) -> dict[str, object]:
    return {**show_import(one), "reconciliation": said.document(one.rejected)}
