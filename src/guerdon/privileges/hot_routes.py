"""The two hot operations as plain ASGI callables: a movement, and the privileges of a pass."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from pydantic import ValidationError

from guerdon.access.guard import Guard
from guerdon.ledger.amounts import AmountOutOfBounds, read_millionths, to_millionths
from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Command, Move, Posted, Repeat
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.hot import HotAnswer, HotRequest, HotRoute
from guerdon.platform.http import invalid_request, read_json
from guerdon.platform.ids import new_movement_id
from guerdon.platform.problems import InvalidRequest, Problem
from guerdon.platform.quick import QuickRequest
from guerdon.platform.writes import WriteOptions, read_write_options
from guerdon.privileges.errors import PrivilegeNotFound, ZeroMovement
from guerdon.privileges.granting import account_key
from guerdon.privileges.openapi import LIST_OPERATION, MOVEMENT_OPERATION
from guerdon.privileges.paging import list_page, page_headers, read_asked
from guerdon.privileges.reading import PrivilegeLists
from guerdon.privileges.schemas import ApplyMovementRequest

MOVEMENTS = "/api/{tenantId}/passes/privileges/{privilegeId}/movements"
PRIVILEGES = "/api/{tenantId}/passes/{passId}/privileges"
PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
# Quotes are the rule; clients that leave them out mean the same.
VERSION = re.compile(rb'(?:W/)?(?:"(\d{1,18})"|(\d{1,18}))')
JSON_HEADER = (b"content-type", b"application/json")
NO_OPTIONS = WriteOptions(None, b"", is_dry_run=False)


class _Wish(msgspec.Struct):
    """A movement as its body asks for it, in millionths."""

    old_value: int
    movement_value: int
    remarks: str | None
    movement_id: str | None


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
    clock: TenantClock

    def routes(self) -> list[HotRoute]:
        """Give the routes with what they ask and what they document."""
        return [
            HotRoute("POST", MOVEMENTS, PASS_WRITE, self.apply_movement, MOVEMENT_OPERATION),
            HotRoute("GET", PRIVILEGES, PASS_READ, self.list_privileges, LIST_OPERATION),
        ]

    async def apply_movement(self, request: HotRequest) -> HotAnswer:
        """Apply a movement. Refusals in order: 400, 404, 412, 409."""
        tenant_id = request.parameters["tenantId"]
        caller = await self.guard.admit_hot(request, PASS_WRITE)
        wish = _read_movement(request.body)
        options = _read_options(request)
        repeat = None if options.idempotency_key is None else Repeat(options.idempotency_key, options.fingerprint)
        version = _read_version(request.headers)
        command = _command(request.parameters["privilegeId"], wish, caller.actor, version, repeat)
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
        text = None if query else await self.lists.find(tenant_id, pass_id)
        if text is not None:
            return HotAnswer(200, text.encode())
        asked = read_asked(query)
        async with self.database.tenant(tenant_id) as tx:
            page = await list_page(tx, pass_id, self.clock(tenant_id), asked)
        more = page_headers(page, request.scope["path"], query).items()
        headers = [(name.lower().encode(), value.encode()) for name, value in more]
        return HotAnswer(200, page.text.encode(), [JSON_HEADER, *headers])


class QuickMovements:
    """The movement once more, for plain requests; all that it does not take is `apply_movement`'s."""

    method = b"POST"
    template = MOVEMENTS
    takes_keys = False

    def __init__(self, guard: Guard, poster: Poster) -> None:
        """Post with the poster of this process."""
        self._guard = guard
        self._poster = poster

    def begin(self, request: QuickRequest) -> "asyncio.Future[Posted] | None":
        """Post a movement with nothing wrong in it for a caller who is known. Raises TooManyRequests, Overloaded."""
        tenant_id, privilege_id = request.parameters
        wish = _read_quickly(request.body)
        if wish is None or wish.movement_value == 0:
            return None
        admission = self._guard.admit_at_once(request.headers, tenant_id, PASS_WRITE)
        if admission is None:
            return None
        request.told = admission.allowance.wire_headers()
        return self._poster.begin(tenant_id, _command(privilege_id, wish, admission.caller.actor))

    def answer(self, outcome: Posted) -> HotAnswer:
        """Tell the movement's id."""
        return _moved(outcome)

    def refusal(self, request: QuickRequest, problem: Problem) -> Problem:
        """Name the privilege that is not there."""
        return PrivilegeNotFound(request.parameters[1]) if isinstance(problem, AccountNotFound) else problem


def _command(
    privilege_id: str, wish: _Wish, actor: str, version: int | None = None, repeat: Repeat | None = None
) -> Command:
    return Command(
        account_key(privilege_id),
        Move(wish.movement_value, wish.old_value, version),
        wish.movement_id or new_movement_id(),
        actor,
        wish.remarks,
        is_chosen=wish.movement_id is not None,
        repeat=repeat,
    )


def _moved(posted: Posted) -> HotAnswer:
    entry = posted.entry
    headers = [JSON_HEADER, (b"etag", b'"%d"' % entry.seq)]
    if posted.is_repeat:
        headers.append((b"idempotency-replayed", b"true"))
    return HotAnswer(200, b'{"movementId":"%s"}' % entry.movement_id.encode(), headers)


def _read_movement(body: bytes) -> _Wish:
    """Read the body in the fast way; whatever that refuses is read again slowly, to name every mistake at once."""
    wish = _read_quickly(body) or _read_slowly(body)
    if wish.movement_value == 0:
        raise ZeroMovement("movementValue")
    return wish


def _read_quickly(body: bytes) -> _Wish | None:
    try:
        movement = _movement_decoder.decode(body)
        old_value, movement_value = (
            read_millionths(bytes(value)) for value in (movement.old_value, movement.movement_value)
        )
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return None
    if movement.remarks is not None and "\x00" in movement.remarks:
        return None
    return _Wish(old_value, movement_value, movement.remarks, movement.movement_id)


def _read_slowly(body: bytes) -> _Wish:
    try:
        movement = ApplyMovementRequest.model_validate(read_json(body))
        old_value, movement_value = to_millionths(movement.old_value), to_millionths(movement.movement_value)
    except ValidationError as refused:
        raise invalid_request(refused.errors(include_url=False)) from refused
    except AmountOutOfBounds as beyond:
        raise InvalidRequest({"movementValue": [str(beyond)]}) from beyond
    return _Wish(old_value, movement_value, movement.remarks, movement.movement_id)


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
