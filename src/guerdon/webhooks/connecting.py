"""Connecting to the very address that was checked: names are looked up here, once for each connection."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

import httpcore2

from guerdon.webhooks.addresses import AddressRules, Endpoint
from guerdon.webhooks.errors import EndpointRefused

LOOKUP_S_MAX: Final = 5.0
LOOKUPS_AT_ONCE: Final = 32
ADDRESSES_TRIED: Final = 4

Lookup = Callable[[str, int], Awaitable[list[str]]]

# Threads of their own, so that names whose servers hang keep nobody else's work waiting.
_threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="webhook-names")


class AddressRefused(httpcore2.ConnectError):
    """The name leads to no address that may be called."""


async def look_up(host: str, port: int) -> list[str]:
    """Give the addresses of a host, in the system's order. Raises OSError, TimeoutError."""

    def ask() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        return [str(entry[4][0]) for entry in found]

    async with asyncio.timeout(LOOKUP_S_MAX):
        return await asyncio.get_running_loop().run_in_executor(_threads, ask)


async def check_endpoint(endpoint: Endpoint, rules: AddressRules, lookup: Lookup = look_up) -> None:
    """Look an endpoint up as a delivery would, and refuse what could not be delivered. Raises EndpointRefused."""
    try:
        rules.choose(await lookup(endpoint.host, endpoint.port), is_secure=endpoint.is_secure)
    except (OSError, UnicodeError) as unknown:
        raise EndpointRefused(f"The host {endpoint.host!r} cannot be looked up.") from unknown
    except ValueError as refused:
        raise EndpointRefused(_reason(endpoint, refused)) from refused


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Looks names up itself and connects only to addresses that the rules allow."""

    def __init__(self, rules: AddressRules, lookup: Lookup, *, is_secure: bool) -> None:
        """Connect for https, or for http to this machine's own addresses."""
        self._rules = rules
        self._lookup = lookup
        self._is_secure = is_secure
        self._backend = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's signature
        local_address: str | None = None,
        socket_options: "Iterable[Any] | None" = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first checked address that answers. Raises AddressRefused, httpcore2.ConnectError."""
        try:
            found = await self._lookup(host, port)
        except (OSError, UnicodeError) as unknown:
            raise httpcore2.ConnectError(f"The host {host!r} cannot be looked up.") from unknown
        try:
            addresses = self._rules.choose(found, is_secure=self._is_secure)
        except ValueError as refused:
            raise AddressRefused(str(refused)) from refused
        failure: Exception | None = None
        for address in addresses[:ADDRESSES_TRIED]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                failure = failed
        assert failure is not None
        raise failure


def _reason(endpoint: Endpoint, refused: ValueError) -> str:
    if not endpoint.is_secure:
        return "Give an https:// URL; http is for this machine's own addresses, where the operator allows them."
    return str(refused)
