"""One request to a receiver: within 30 seconds, no redirect followed, hardly anything of its answer read."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from time import perf_counter
from types import TracebackType
from typing import Final, Self

import httpcore2

from guerdon.webhooks.addresses import AddressRules, Endpoint
from guerdon.webhooks.connecting import CheckedBackend, Lookup, look_up
from guerdon.webhooks.model import Answered

TIME_S_MAX: Final = 30.0
CONNECT_S_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 4_096
ANSWER_S_MAX: Final = 2.0
CONNECTIONS_MAX: Final = 256
IDLE_MAX: Final = 32
# Shorter than receivers usually wait, so that a connection is not closed by the other side as we send on it.
IDLE_S: Final = 4.0
ERROR_CHARACTERS_MAX: Final = 300

WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, "No answer within the time limit"),
    (httpcore2.TimeoutException, "No answer within the time limit"),
    (httpcore2.ConnectError, "No connection"),
    (httpcore2.ProtocolError, "The answer is not HTTP, or was cut off"),
    (httpcore2.NetworkError, "The connection was lost"),
)
FAILURES: Final[tuple[type[Exception], ...]] = tuple(kind for kind, _ in WORDS)


class Sender:
    """Sends to any number of receivers at once over connections of its own; used with `async with`."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        lookup: Lookup = look_up,
        tls: ssl.SSLContext | None = None,
        time_s_max: float = TIME_S_MAX,
    ) -> None:
        """Send where `rules` allow, checked against `tls` (None: the system's authorities)."""
        self._time_s_max = time_s_max
        self._pools = {
            is_secure: httpcore2.AsyncConnectionPool(
                ssl_context=tls or ssl.create_default_context(),
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=IDLE_MAX,
                keepalive_expiry=IDLE_S,
                network_backend=CheckedBackend(rules, lookup, is_secure=is_secure),
            )
            for is_secure in (True, False)
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _failure: BaseException | None, _where: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def send(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answered:
        """Post a body and tell how it went; a receiver's failure is told, never raised."""
        started_at = perf_counter()
        statuses: list[int] = []
        error = None
        try:
            async with asyncio.timeout(self._time_s_max):
                await self._post(endpoint, headers, body, statuses)
        except FAILURES as failure:
            error = None if statuses else _told(failure)
        return Answered(next(iter(statuses), None), error, round((perf_counter() - started_at) * 1000))

    async def _post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes, statuses: list[int]) -> None:
        streaming = self._pools[endpoint.is_secure].stream(
            "POST",
            endpoint.url,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=body,
            extensions={"timeout": {"connect": min(CONNECT_S_MAX, self._time_s_max), "pool": self._time_s_max}},
        )
        async with streaming as response:
            # The status says it all, whatever follows; the rest is read so that the connection can be used again.
            statuses.append(response.status)
            with contextlib.suppress(*FAILURES):
                async with asyncio.timeout(min(ANSWER_S_MAX, self._time_s_max)):
                    await _read_little(response)


async def _read_little(response: httpcore2.Response) -> None:
    seen = 0
    async for chunk in response.aiter_stream():
        seen += len(chunk)
        if seen > ANSWER_BYTES_MAX:
            return


def _told(failure: Exception) -> str:
    words = next(words for kind, words in WORDS if isinstance(failure, kind))
    detail = str(failure)
    return (f"{words}: {detail}" if detail else f"{words}.")[:ERROR_CHARACTERS_MAX]
