"""The door of every route: who asks, of which tenant, with which scope, and how often."""

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Final, cast

from fastapi import Depends, Request
from msgspec import Struct

from guerdon.access.authentication import Authenticator
from guerdon.access.limits import Allowance, RateLimits
from guerdon.access.model import Caller
from guerdon.platform.boundary import App, Message, Receive, Scope, Send
from guerdon.platform.hot import HotRequest
from guerdon.platform.http import KNOWN, PERSON, PUBLIC
from guerdon.platform.problems import Forbidden, NotFound, Problem, TooManyRequests, Unauthenticated
from guerdon.platform.tenant_ids import is_tenant_id
from guerdon.tenants.clocks import TenantClocks

CALLER: Final = "guerdon.caller"
ALLOWANCE: Final = "guerdon.allowance"
TENANT_PARAMETER: Final = "tenantId"
TENANT_HEADER: Final = b"x-tenant"
OUR_SCHEMES: Final = (b"bearer", b"apikey")


class Admission(Struct, frozen=True):
    """Who was let in, and what is left of their limit."""

    caller: Caller
    allowance: Allowance


class Guard:
    """Admits requests, or refuses them before anything of them is read; one for each process.

    The order of refusals: 401, 429, 404 for another tenant's address, 403; strangers have a 404 for the address of a
    tenant that is disabled or unknown. At an address without a tenant the
    credential tells whose it is; the header x-tenant may say the same, and only a token that may choose another.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        limits: RateLimits,
        clocks: TenantClocks,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask `authenticator` who calls and `limits` how often; `seconds` is a clock that only runs forward.

        Whoever is admitted finds the clock of the tenant as it stands, whichever process advanced it.
        """
        self._authenticator = authenticator
        self._clocks = clocks
        self._limits = limits
        self._seconds = seconds

    async def admit(self, request: Request, wanted: str) -> None:
        """Admit a request of the framework, and keep its caller for `CallerDep`; PUBLIC admits strangers.

        Raises Unauthenticated, IssuerUnreachable, TooManyRequests, NotFound, Forbidden.
        """
        await self._admit(request.scope, dict(request.scope["headers"]), request.path_params, wanted)

    async def readmit(self, request: Request, wanted: str) -> None:
        """Look again whether the caller of a long answer may still have it; counts against no limit.

        Raises Unauthenticated, IssuerUnreachable, NotFound, Forbidden.
        """
        headers = dict(request.scope["headers"])
        authorization, key = headers.get(b"authorization"), headers.get(b"x-api-key")
        caller = await self._authenticator.authenticate(_text(authorization), _text(key), _chosen(headers))
        if caller.tenant_id != request.path_params.get(TENANT_PARAMETER):
            raise NotFound("Nothing is at this address.")
        caller.require(wanted)

    async def admit_hot(self, request: HotRequest, wanted: str) -> Caller:
        """Admit a hot request with a scope and give its caller; raises what `admit` raises."""
        caller = await self._admit(request.scope, request.headers, request.parameters, wanted)
        assert caller is not None, "a hot route for strangers has no caller to give"
        return caller

    def admit_at_once(self, headers: Mapping[bytes, bytes], tenant_id: str | None, wanted: str) -> Admission | None:
        """Admit a request by a key that was found good a moment ago, without waiting for anything.

        `tenant_id` is None at an address without one.
        None means only that the request has to be judged whole, by `admit`; nothing was counted then.
        Raises TooManyRequests.
        """
        key = headers.get(b"x-api-key")
        caller = None if key is None else self._authenticator.find_cached(key.decode("latin-1"))
        if caller is None or not caller.allows(wanted):
            return None
        is_own = _is_chosen(caller, headers) if tenant_id is None else tenant_id == caller.tenant_id
        if not is_own or self._clocks.stands(caller.tenant_id):
            return None
        allowance = self._limits.take_tenant(caller.tenant_id, caller.requests_per_minute, self._seconds())
        return Admission(caller, allowance)

    def admit_socket(self, scope: Scope) -> None:
        """Count the opening of a WebSocket, which brings no credential but its own token. Raises TooManyRequests."""
        self._count_stranger(scope)

    async def check_served(self, tenant_id: str) -> None:
        """Refuse a stranger at a tenant that is disabled just as at one that never was. Raises NotFound."""
        if not await self._authenticator.serves(tenant_id):
            raise NotFound("Nothing is at this address.")

    async def _admit(
        self, scope: Scope, headers: Mapping[bytes, bytes], parameters: Mapping[str, object], wanted: str
    ) -> Caller | None:
        caller = await self._find_caller(scope, headers, wanted)
        tenant_id = parameters.get(TENANT_PARAMETER)
        is_own = caller is not None and tenant_id == caller.tenant_id
        if tenant_id is not None and not is_own and not is_tenant_id(cast("str", tenant_id)):
            raise NotFound("Nothing is at this address.")
        if wanted == PUBLIC:
            # To a public route, somebody of another tenant is a stranger like any other.
            caller = None if caller is not None and tenant_id not in {None, caller.tenant_id} else caller
            if caller is None and tenant_id is not None:
                await self.check_served(cast("str", tenant_id))
        else:
            assert caller is not None
            if tenant_id is not None and not is_own:
                raise NotFound("Nothing is at this address.")
            if tenant_id is None:
                _check_chosen(caller, headers)
            _require(caller, wanted)
        if tenant_id is not None or caller is not None:
            await self._clocks.follow(cast("str", tenant_id) if caller is None else caller.tenant_id)
        scope[CALLER] = caller
        return caller

    async def _find_caller(self, scope: Scope, headers: Mapping[bytes, bytes], wanted: str) -> Caller | None:
        key, authorization = headers.get(b"x-api-key"), headers.get(b"authorization")
        if authorization is not None and wanted == PUBLIC and not _is_ours(authorization):
            authorization = None  # Apple's devices bring a credential of their own kind.
        caller = None
        if key is not None and authorization is None:
            caller = self._authenticator.find_cached(key.decode("latin-1"))
        if caller is None:
            if key is None and authorization is None and wanted == PUBLIC:
                self._count_stranger(scope)
                return None
            try:
                caller = await self._authenticator.authenticate(_text(authorization), _text(key), _chosen(headers))
            except Unauthenticated:
                self._count_stranger(scope)
                raise
        scope[ALLOWANCE] = self._limits.take_tenant(caller.tenant_id, caller.requests_per_minute, self._seconds())
        return caller

    def _count_stranger(self, scope: Scope) -> None:
        client = scope.get("client")
        scope[ALLOWANCE] = self._limits.take_address(client[0] if client else "", self._seconds())


class AllowanceHeaders:
    """Tells every answer what is left of its caller's limit; stands between the boundary and the routes."""

    def __init__(self, app: App) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            allowance: Allowance | None = scope.get(ALLOWANCE)
            if message["type"] == "http.response.start" and allowance is not None:
                told = allowance.wire_headers()
                headers = message["headers"]
                if message["status"] == TooManyRequests.status:
                    names = {name for name, _ in told}
                    headers = [header for header in headers if header[0] not in names]
                message["headers"] = [*headers, *told]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Problem as refusal:
            # The boundary answers it, and that lies outside of here.
            told: Allowance | None = scope.get(ALLOWANCE)
            if told is not None:
                refusal.headers.update(told.headers())
            raise


async def optional_caller(request: Request) -> Caller | None:
    """Give the caller whom the guard found, or None for a stranger."""
    caller: Caller | None = request.scope[CALLER]
    return caller


async def known_caller(request: Request) -> Caller:
    """Give the caller whom the guard admitted."""
    caller: Caller = request.scope[CALLER]
    return caller


OptionalCallerDep = Annotated[Caller | None, Depends(optional_caller)]
CallerDep = Annotated[Caller, Depends(known_caller)]


def _require(caller: Caller, wanted: str) -> None:
    if wanted == PERSON:
        if caller.subject is None:
            raise Forbidden("This needs the token of a person.")
    elif wanted != KNOWN:
        caller.require(wanted)


def _chosen(headers: Mapping[bytes, bytes]) -> str | None:
    named = headers.get(TENANT_HEADER)
    return None if named is None else named.decode("latin-1").strip().lower()


def _is_chosen(caller: Caller, headers: Mapping[bytes, bytes]) -> bool:
    return _chosen(headers) in {None, caller.tenant_id}


def _check_chosen(caller: Caller, headers: Mapping[bytes, bytes]) -> None:
    if not _is_chosen(caller, headers):
        raise Forbidden("The header x-tenant names another tenant than the credential is of.")


def _is_ours(authorization: bytes) -> bool:
    return authorization.strip().partition(b" ")[0].lower() in OUR_SCHEMES


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
