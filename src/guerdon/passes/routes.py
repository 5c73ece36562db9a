"""HTTP for creating, finding, reading and changing passes (WIRE.md section 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Query, Request, Response

from guerdon.access.guard import CallerDep, OptionalCallerDep
from guerdon.access.model import Caller
from guerdon.passes.creating import NewPass, create_pass
from guerdon.passes.errors import IdentifiersNotProven, NoIdentifier
from guerdon.passes.finding import find_pass_id, get_pass, resolve_pass
from guerdon.passes.identifiers import (
    IDENTIFIERS_PARAMETER,
    Identifiers,
    identifier_name,
    parse_identifiers,
    spelled_name,
)
from guerdon.passes.model import Changes, write_json
from guerdon.passes.pass_type_parts import NAME_PATTERN
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.proofs import Claim, ProofKeys, is_proof_name, read_claims, unproven
from guerdon.passes.schemas import CreatePass, PassDocument, UpdatePass
from guerdon.passes.updating import update_pass
from guerdon.platform.clock import TenantClock, rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import PUBLIC, asks, router
from guerdon.platform.ids import new_pass_id, new_secret
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.problems import Forbidden
from guerdon.platform.writes import Answer, write_once
from guerdon.tenants.administration import get_tenant
from guerdon.tenants.secrets import find_secret

PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
TypeQuery = Annotated[str, Query(alias="passType", pattern=NAME_PATTERN)]
OptionalTypeQuery = Annotated[str | None, Query(alias="passType", pattern=NAME_PATTERN)]
Responses = dict[int | str, dict[str, Any]]
PLAIN_ID: dict[str, Any] = {"schema": {"type": "string"}}
CREATED: Responses = {
    200: {
        "description": "The id of the pass, as text unless JSON is asked for",
        "content": {
            "text/plain": PLAIN_ID,
            "application/json": {"schema": {"$ref": "#/components/schemas/PassCreated"}},
        },
    }
}
FOUND: Responses = {
    200: {"description": "The id of the pass, as text whatever is asked for", "content": {"text/plain": PLAIN_ID}},
    204: {"description": "No pass matches"},
}


@dataclass(frozen=True, slots=True)
class PassRoutes:
    """The pass operations over one database."""

    database: Database
    master_key: MasterKey
    pass_types: PassTypes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes; literal paths stand before those with a pass id."""
        made = router("/api/{tenantId}/passes", "Pass")
        named = {"parameters": [IDENTIFIERS_PARAMETER]}
        made.add_api_route("", self.create, methods=["POST"], openapi_extra=asks(PUBLIC), responses=CREATED)
        made.add_api_route(
            "",
            self.update_by_identifiers,
            methods=["PATCH"],
            response_class=Response,
            openapi_extra=named | asks(PASS_WRITE),
        )
        made.add_api_route(
            "/findPass", self.find, openapi_extra=named | asks(PUBLIC), response_class=Response, responses=FOUND
        )
        made.add_api_route(
            "/{passId}/document", self.document, openapi_extra=asks(PASS_READ), response_model=PassDocument
        )
        made.add_api_route(
            "/{passId}", self.update, methods=["PATCH"], response_class=Response, openapi_extra=asks(PASS_WRITE)
        )
        return made

    async def create(
        self,
        tenantId: str,  # noqa: N803  # the wire's name
        pass_type: TypeQuery,
        body: CreatePass,
        request: Request,
        caller: OptionalCallerDep,
        write: Write,
    ) -> Response:
        """Create a pass, or give the existing one of the same type and identifiers."""
        claims = read_claims(body.identifiers)
        wants_json = b"json" in dict(request.scope["headers"]).get(b"accept", b"")

        async def work(tx: Tx) -> Answer:
            await self._check_proofs(tx, caller, pass_type, claims)
            identifiers = {claim.name: claim.value for claim in claims}
            new = NewPass(new_pass_id(), new_secret(), pass_type, identifiers, body.metadata, body.additional_data)
            pass_id = await create_pass(tx, self.master_key, new, _actor(caller), self.clock(tenantId))
            return Answer(200, pass_id.encode(), "text/plain; charset=utf-8")

        answer = await write_once(self.database, tenantId, write, self.clock(tenantId), work)
        if wants_json:
            document = msgspec.json.encode({"passId": answer.body.decode()})
            answer = Answer(200, document, is_replayed=answer.is_replayed)
        return respond(answer)

    async def find(
        self,
        tenantId: str,  # noqa: N803  # the wire's name
        request: Request,
        caller: OptionalCallerDep,
        pass_type: OptionalTypeQuery = None,
    ) -> Response:
        """Find the one pass that bare identifiers match: its id, or 204."""
        claims, identifiers = _read_find_query(request.scope["query_string"])
        async with self.database.tenant(tenantId) as tx:
            if caller is None or not caller.allows(PASS_READ):
                if identifiers.pass_ids:
                    raise _not_proven(caller, ["id"], PASS_READ)
                await self._check_proofs(tx, caller, pass_type, claims)
            elif pass_type is not None:
                await self.pass_types.get(tx, pass_type)
            pass_id = await find_pass_id(tx, identifiers, pass_type)
        if pass_id is None:
            return Response(status_code=204)
        return Response(pass_id, media_type="text/plain")

    async def document(
        self,
        tenantId: str,  # noqa: N803  # the wire's name
        passId: str,  # noqa: N803  # the wire's name
    ) -> Response:
        """Give the stored pass, without its secret."""
        async with self.database.tenant(tenantId) as tx:
            found = await get_pass(tx, passId)
        document = {
            "passId": found.pass_id,
            "passType": found.pass_type,
            "identifiers": found.identifiers,
            "metadata": found.metadata,
            "additionalData": found.additional_data,
            "revision": found.revision,
            "creationDate": rfc3339(found.created_at),
            "lastUpdateDate": rfc3339(found.updated_at),
        }
        return Response(write_json(document), headers={"ETag": f'"{found.revision}"'}, media_type="application/json")

    async def update(
        self,
        tenantId: str,  # noqa: N803  # the wire's name
        passId: str,  # noqa: N803  # the wire's name
        body: UpdatePass,
        caller: CallerDep,
        write: Write,
        pass_type: OptionalTypeQuery = None,
    ) -> Response:
        """Merge changes into a pass; null removes a key."""

        async def work(tx: Tx) -> Answer:
            return await self._update(tx, passId, body, pass_type, caller)

        return respond(await write_once(self.database, tenantId, write, self.clock(tenantId), work))

    async def update_by_identifiers(
        self,
        tenantId: str,  # noqa: N803  # the wire's name
        request: Request,
        body: UpdatePass,
        caller: CallerDep,
        write: Write,
        pass_type: OptionalTypeQuery = None,
    ) -> Response:
        """Merge changes into the pass that all identifiers of the query match."""
        identifiers = parse_identifiers(request.scope["query_string"])

        async def work(tx: Tx) -> Answer:
            return await self._update(tx, await resolve_pass(tx, identifiers), body, pass_type, caller)

        return respond(await write_once(self.database, tenantId, write, self.clock(tenantId), work))

    async def _update(self, tx: Tx, pass_id: str, body: UpdatePass, pass_type: str | None, caller: Caller) -> Answer:
        found = await get_pass(tx, pass_id)
        if pass_type is not None:
            await self.pass_types.get(tx, pass_type)
        changes = Changes(body.identifiers, body.metadata, body.additional_data, pass_type)
        await update_pass(tx, found.pass_id, changes, caller.actor, self.clock(caller.tenant_id))
        return Answer(200)

    async def _check_proofs(
        self, tx: Tx, caller: Caller | None, pass_type_name: str | None, claims: tuple[Claim, ...]
    ) -> None:
        await get_tenant(tx)
        pass_type = None if pass_type_name is None else await self.pass_types.get(tx, pass_type_name)
        if caller is not None and caller.allows(PASS_WRITE):
            return
        keys = {claim.name: await self._read_keys(tx, claim.name) for claim in claims}
        missing = unproven(claims, pass_type, keys)
        if missing or not claims:
            raise _not_proven(caller, missing, PASS_WRITE)

    async def _read_keys(self, tx: Tx, name: str) -> ProofKeys:
        hmac_key = await find_secret(tx, self.master_key, f"identifiers/{name}.hmac")
        secret = await find_secret(tx, self.master_key, f"identifiers/{name}.secret")
        return ProofKeys(hmac_key, secret)


def _not_proven(caller: Caller | None, names: list[str], scope: str) -> IdentifiersNotProven | Forbidden:
    if caller is None:
        return IdentifiersNotProven(names)
    return Forbidden(f"Without {scope} each identifier must prove itself: {', '.join(names) or 'none was given'}.")


def _actor(caller: Caller | None) -> str:
    return "anonymous" if caller is None else caller.actor


def _read_find_query(query: bytes) -> tuple[tuple[Claim, ...], Identifiers]:
    identifiers = parse_identifiers(query)
    if not identifiers.external and not identifiers.pass_ids:
        raise NoIdentifier
    members: Mapping[str, str] = {
        name: value
        for key, value in parse_qsl(query.decode("latin-1"))
        if is_proof_name(name := spelled_name(key)) or identifier_name(key) is not None
    }
    return read_claims(members), identifiers
