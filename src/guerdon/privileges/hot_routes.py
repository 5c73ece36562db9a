"""The two hot operations as plain ASGI callables: a movement, and the privileges of a pass."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import ValidationError

from guerdon.access.guard import Guard
from guerdon.ledger.amounts import UNIT, AmountOutOfBounds, to_millionths
from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Command, Move, Posted, Repeat
from guerdon.passes.model import RESERVED_IDS
from guerdon.platform.db import Database
from guerdon.platform.http import HotAnswer, HotRequest, HotRoute, invalid_request, read_json
from guerdon.platform.ids import new_movement_id
from guerdon.platform.parameters import hot_as_of
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.writes import WriteOptions, read_write_options
from guerdon.privileges.errors import PrivilegeNotFound, ZeroMovement
from guerdon.privileges.granting import account_key
from guerdon.privileges.openapi import LIST_OPERATION, MOVEMENT_OPERATION
from guerdon.privileges.reading import PrivilegeLists, list_privileges
from guerdon.privileges.schemas import ApplyMovementRequest

MOVEMENTS = "/api/{tenantId}/passes/privileges/{privilegeId}/movements"
PRIVILEGES = "/api/{tenantId}/passes/{passId}/privileges"
PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
# Quotes are the rule; clients that leave them out mean the same.
VERSION = re.compile(rb'(?:W/)?(?:"(\d{1,18})"|(\d{1,18}))')
WHOLE_DIGITS = 12  # so many need no look at the bounds
JSON_HEADER = (b"content-type", b"application/json")
NO_OPTIONS = WriteOptions(None, b"", is_dry_run=False)


class _Movement(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    old_value: msgspec.Raw
    movement_value: msgspec.Raw
    remarks: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    movement_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None


_movement_decoder = msgspec.json.Decoder(_Movement)


@dataclass(frozen=True, slots=True)
class HotPrivilegeRoutes:
    """The hot operations over the poster and the lists of this process."""

    database: Database
    guard: Guard
    poster: Poster
    lists: PrivilegeLists
    clock: Callable[[], datetime]

    def routes(self) -> list[HotRoute]:
        """Give the routes with what they ask and what they document."""
        return [
            HotRoute("POST", MOVEMENTS, PASS_WRITE, self.apply_movement, MOVEMENT_OPERATION),
            HotRoute("GET", PRIVILEGES, PASS_READ, self.list_privileges, LIST_OPERATION, RESERVED_IDS),
        ]

    async def apply_movement(self, request: HotRequest) -> HotAnswer:
        """Apply a movement. Refusals in order: 400, 404, 412, 409."""
        tenant_id = request.parameters["tenantId"]
        caller = await self.guard.admit_hot(request, PASS_WRITE)
        old_value, movement_value, remarks, movement_id = _read_movement(request.body)
        options = _read_options(request)
        command = Command(
            account_key(request.parameters["privilegeId"]),
            Move(movement_value, old_value, _read_version(request.headers)),
            movement_id or new_movement_id(),
            caller.actor,
            remarks,
            is_chosen=movement_id is not None,
            repeat=None if options.idempotency_key is None else Repeat(options.idempotency_key, options.fingerprint),
        )
        try:
            posted = await self.poster.post(tenant_id, command, dry_run=options.is_dry_run)
        except AccountNotFound as missing:
            raise PrivilegeNotFound(request.parameters["privilegeId"]) from missing
        return _moved(posted)

    async def list_privileges(self, request: HotRequest) -> HotAnswer:
        """List the privileges of a pass; concurrent requests share a statement."""
        tenant_id, pass_id = request.parameters["tenantId"], request.parameters["passId"]
        await self.guard.admit_hot(request, PASS_READ)
        query = request.scope["query_string"]
        as_of = hot_as_of(query) if query else None
        if as_of is None:
            return HotAnswer(200, (await self.lists.read(tenant_id, pass_id)).encode())
        async with self.database.tenant(tenant_id) as tx:
            return HotAnswer(200, (await list_privileges(tx, pass_id, self.clock(), as_of)).encode())


def _moved(posted: Posted) -> HotAnswer:
    entry = posted.entry
    headers = [JSON_HEADER, (b"etag", b'"%d"' % entry.seq)]
    if posted.is_repeat:
        headers.append((b"idempotency-replayed", b"true"))
    return HotAnswer(200, b'{"movementId":"%s"}' % entry.movement_id.encode(), headers)


def _read_movement(body: bytes) -> tuple[int, int, str | None, str | None]:
    """Read the body in the fast way; whatever that refuses is read again slowly, to name every mistake at once."""
    try:
        movement = _movement_decoder.decode(body)
        old_value, movement_value = _number(movement.old_value), _number(movement.movement_value)
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return _read_slowly(body)
    if movement.remarks is not None and "\x00" in movement.remarks:
        return _read_slowly(body)
    if movement_value == 0:
        raise ZeroMovement("movementValue")
    return old_value, movement_value, movement.remarks, movement.movement_id


def _number(raw: msgspec.Raw) -> int:
    text = bytes(raw)
    if text[:1] not in b"-0123456789":
        raise ValueError("not a number")
    if len(text) <= WHOLE_DIGITS and text.isdigit():
        return int(text) * UNIT
    return to_millionths(Decimal(text.decode()))


def _read_slowly(body: bytes) -> tuple[int, int, str | None, str | None]:
    try:
        movement = ApplyMovementRequest.model_validate(read_json(body))
        old_value, movement_value = to_millionths(movement.old_value), to_millionths(movement.movement_value)
    except ValidationError as refused:
        raise invalid_request(refused.errors(include_url=False)) from refused
    except AmountOutOfBounds as beyond:
        raise InvalidRequest({"movementValue": [str(beyond)]}) from beyond
    if movement_value == 0:
        raise ZeroMovement("movementValue")
    return old_value, movement_value, movement.remarks, movement.movement_id


def _read_options(request: HotRequest) -> WriteOptions:
    headers = request.headers
    if b"idempotency-key" not in headers and b"guerdon-dry-run" not in headers:
        return NO_OPTIONS
    scope = request.scope
    return read_write_options("POST", scope["path"].encode() + b"?" + scope["query_string"], headers, request.body)


def _read_version(headers: Mapping[bytes, bytes]) -> int | None:
    sent = headers.get(b"if-match")
    if sent is None or sent == b"*":
        return None
    version = VERSION.fullmatch(sent.strip())
    if version is None:
        raise InvalidRequest({"If-Match": ['Send the version that an ETag gave, in quotes: "5".']})
    return int(version[1] or version[2])
