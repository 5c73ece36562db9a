"""The hot operations as plain ASGI callables: movements, one or many, and the privileges of a pass."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from guerdon.access.guard import Guard
from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Posted, Repeat
from guerdon.platform.boundary import REQUEST_ID
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.hot import HotAnswer, HotRequest, HotRoute, write_options_of
from guerdon.platform.problems import InvalidRequest, Problem
from guerdon.platform.quick import QuickRequest
from guerdon.privileges.bulk_answers import tell_bulk
from guerdon.privileges.errors import PrivilegeNotFound
from guerdon.privileges.movement_reading import movement_command, read_bulk, read_movement, read_movement_quickly
from guerdon.privileges.openapi import BULK_OPERATION, LIST_OPERATION, MOVEMENT_OPERATION
from guerdon.privileges.paging import list_page, page_headers, read_asked
from guerdon.privileges.reading import PrivilegeLists

MOVEMENTS = "/api/{tenantId}/passes/privileges/{privilegeId}/movements"
BULK_MOVEMENTS = "/api/{tenantId}/passes/privileges/bulk-movements"
ONE_PRIVILEGE = "/api/{tenantId}/passes/privileges/{privilegeId}"
PRIVILEGES = "/api/{tenantId}/passes/{passId}/privileges"
PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
# Quotes are the rule; clients that leave them out mean the same.
VERSION = re.compile(rb'(?:W/)?(?:"(\d{1,18})"|(\d{1,18}))')
JSON_HEADER = (b"content-type", b"application/json")
REPLAYED = (b"idempotency-replayed", b"true")


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
            # Somebody may have named a privilege so.
            HotRoute("POST", BULK_MOVEMENTS, PASS_WRITE, self.apply_bulk, BULK_OPERATION, beside=ONE_PRIVILEGE),
            HotRoute("GET", PRIVILEGES, PASS_READ, self.list_privileges, LIST_OPERATION),
        ]

    async def apply_movement(self, request: HotRequest) -> HotAnswer:
        """Apply a movement. Refusals in order: 400, 404, 412, 409."""
        tenant_id = request.parameters["tenantId"]
        caller = await self.guard.admit_hot(request, PASS_WRITE)
        wish = read_movement(request.body)
        options = write_options_of(request)
        repeat = None if options.idempotency_key is None else Repeat(options.idempotency_key, options.fingerprint)
        version = _read_version(request.headers)
        command = movement_command(request.parameters["privilegeId"], wish, caller.actor, version, repeat)
        try:
            posted = await self.poster.post(tenant_id, command, dry_run=options.is_dry_run)
        except AccountNotFound as missing:
            raise PrivilegeNotFound(request.parameters["privilegeId"]) from missing
        return _moved(posted)

    async def apply_bulk(self, request: HotRequest) -> HotAnswer:
        """Apply many movements in one transaction, each as `apply_movement` does, or all or none of them."""
        tenant_id = request.parameters["tenantId"]
        caller = await self.guard.admit_hot(request, PASS_WRITE)
        wish = read_bulk(request.body)
        options = write_options_of(request)
        commands = [movement_command(privilege_id, one, caller.actor) for privilege_id, one in wish.movements]
        instance = request.scope[REQUEST_ID]
        answer = await self.poster.post_bulk(
            tenant_id, commands, options, lambda outcomes: tell_bulk(wish, outcomes, instance)
        )
        return HotAnswer(answer.status, answer.body, [JSON_HEADER, REPLAYED] if answer.is_replayed else [JSON_HEADER])

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
        wish = read_movement_quickly(request.body)
        if wish is None:
            return None
        admission = self._guard.admit_at_once(request.headers, tenant_id, PASS_WRITE)
        if admission is None:
            return None
        request.told = admission.allowance.wire_headers()
        return self._poster.begin(tenant_id, movement_command(privilege_id, wish, admission.caller.actor))

    def answer(self, outcome: Posted) -> HotAnswer:
        """Tell the movement's id."""
        return _moved(outcome)

    def refusal(self, request: QuickRequest, problem: Problem) -> Problem:
        """Name the privilege that is not there."""
        return PrivilegeNotFound(request.parameters[1]) if isinstance(problem, AccountNotFound) else problem


def _moved(posted: Posted) -> HotAnswer:
    entry = posted.entry
    headers = [JSON_HEADER, (b"etag", b'"%d"' % entry.seq)]
    if posted.is_repeat:
        headers.append(REPLAYED)
    return HotAnswer(200, b'{"movementId":"%s"}' % entry.movement_id.encode(), headers)


def _read_version(headers: Mapping[bytes, bytes]) -> int | None:
    sent = headers.get(b"if-match")
    if sent is None or sent == b"*":
        return None
    version = VERSION.fullmatch(sent.strip())
    if version is None:
        raise InvalidRequest({"If-Match": ['Send the version that an ETag gave, in quotes: "5".']})
    return int(version[1] or version[2])
