"""HTTP for persons (GDPR): export all that is kept of one, and erase it."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from guerdon.access.guard import CallerDep
from guerdon.passes.identifiers import IDENTIFIERS_PARAMETER, parse_identifiers
from guerdon.persons.erasing import Receipt, erase_person
from guerdon.persons.exporting import note_export, write_export
from guerdon.persons.finding import find_person
from guerdon.persons.schemas import ErasureReceipt, PersonExport
from guerdon.platform.clock import TenantClock, rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once

PERSON_READ, PERSON_WRITE = "Person.Read", "Person.Write"
KEPT = (
    "ledger entries with their amounts and remarks",
    "wallets of points, without what was said of them: what they hold is owed until it ends or is spent",
    "counts of usage",
    "events, without what they said of the person",
)

TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class PersonRoutes:
    """The operations on persons over one database."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/persons", "Person")
        named = {"parameters": [IDENTIFIERS_PARAMETER]}
        reads, writes = named | asks(PERSON_READ, is_repeatable=False), named | asks(PERSON_WRITE)
        made.add_api_route("/export", self.export, methods=["POST"], openapi_extra=reads, response_model=PersonExport)
        made.add_api_route("/erase", self.erase, methods=["POST"], openapi_extra=writes, response_model=ErasureReceipt)
        return made

    async def export(self, tenant_id: TenantId, request: Request, caller: CallerDep) -> Response:
        """Give all that is kept of the passes that all identifiers match, and of their wallets; that is kept too."""
        identifiers = parse_identifiers(request.scope["query_string"])
        now = self.clock(tenant_id)
        async with self.database.tenant(tenant_id) as tx:
            person = await find_person(tx, identifiers)
            await note_export(tx, new_id(), person, caller.actor, now)
        pieces = write_export(self.database, tenant_id, person, now)
        return StreamingResponse(pieces, headers={"Cache-Control": "no-store"}, media_type="application/json")

    async def erase(self, tenant_id: TenantId, request: Request, caller: CallerDep, write: Write) -> Response:
        """Erase all passes that all identifiers match, all that hangs on them, and what is said of their wallets."""
        identifiers = parse_identifiers(request.scope["query_string"])
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            return Answer(200, _document(await erase_person(tx, new_id(), identifiers, caller.actor, now)))

        return respond(await write_once(self.database, tenant_id, write, now, work))


def _document(receipt: Receipt) -> bytes:
    return msgspec.json.encode(
        {
            "receiptId": str(receipt.receipt_id),
            "erasureDate": rfc3339(receipt.erased_at),
            "passIds": receipt.pass_ids,
            "walletIds": [str(wallet_id) for wallet_id in receipt.wallet_ids],
            "erased": receipt.counts,
            "kept": KEPT,
        }
    )
