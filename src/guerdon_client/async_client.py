"""The asynchronous client, for asyncio."""

import asyncio
import time
from collections.abc import AsyncGenerator
from secrets import SystemRandom
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2

from guerdon_client.calls import Answer, Call
from guerdon_client.clock import Clock
from guerdon_client.connection import ANSWER_BYTES_MAX, TIMEOUT_S, Intake, connect
from guerdon_client.exchange import Attempt, Lost, Pause, Retries, exchange
from guerdon_client.operations import Asynchronous, Operations, Story
from guerdon_client.passes import connect_pass
from guerdon_client.points_parts import Balances, Coupons, Reports, Rewards, Vouchers, Wallets
from guerdon_client.problems import Problem
from guerdon_client.stepping import Done, resume
from guerdon_client.watching import PassFrame, watch

T = TypeVar("T")

NEVER_SENT_AGAIN: Final = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
_random = SystemRandom()


class AsyncGuerdon(Operations, Asynchronous):
    """Speaks to one tenant of one server; for any number of tasks at once, and to be closed."""

    def __init__(
        self,
        base_url: str,
        tenant_id: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        timeout_s: float = TIMEOUT_S,
        retries: Retries = Retries(),  # noqa: B008  # frozen
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Connect lazily; `timeout_s` is for one attempt.

        An `http` client of your own (proxies, certificates) is used and not closed. Raises ValueError.
        """
        self._connection = connect(base_url, tenant_id, api_key, token)
        self._timeout_s = timeout_s
        self._retries = retries
        self._answer_bytes_max = answer_bytes_max
        self._owned = httpx2.AsyncClient() if http is None else None
        self._http = http or self._owned or httpx2.AsyncClient()

    @property
    def wallets(self) -> Wallets[Asynchronous]:
        """Give what the client can do with points wallets."""
        return Wallets(self)

    @property
    def clock(self) -> Clock[Asynchronous]:
        """Give what the client can do with the time of a sandbox."""
        return Clock(self)

    @property
    def reports(self) -> Reports[Asynchronous]:
        """Give the reports on points that the client can ask for."""
        return Reports(self)

    @property
    def balances(self) -> Balances[Asynchronous]:
        """Give what the client can do with balances that come from another system."""
        return Balances(self)

    async def __aenter__(self) -> Self:
        """Use the client in a `async with` block, which closes it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that the client opened."""
        if self._owned is not None:
            await self._owned.aclose()

    @property
    def coupons(self) -> Coupons[Asynchronous]:
        """What wallets are entitled to once."""
        return Coupons(self)

    @property
    def vouchers(self) -> Vouchers[Asynchronous]:
        """Codes that become points."""
        return Vouchers(self)

    @property
    def rewards(self) -> Rewards[Asynchronous]:
        """What can be claimed for points."""
        return Rewards(self)

    async def send(self, call: Call[T]) -> T:
        """Send one call and give its answer. Raises Problem, ConnectionLost, BrokenAnswer."""
        talk = exchange(call, self._retries, _random.random)
        step = resume(talk, None)
        while not isinstance(step, Done):
            step = resume(talk, await self._do(step))
        return step.value

    async def tell(self, story: Story[T]) -> T:
        """Send the calls of a story one after the other. Raises what the story raises."""
        step = resume(story, None)
        while not isinstance(step, Done):
            step = resume(story, await self._outcome(step))
        return step.value

    def watch_pass(self, pass_id: str) -> AsyncGenerator[PassFrame]:
        """Give what happens to a pass as it happens, and `connected` whenever a socket is open: read the pass then.

        A lost socket is opened anew. Raises NotFound, ConnectionLost after 20 attempts in a row, BrokenAnswer.
        """
        return watch(pass_id, lambda: self.send(connect_pass(pass_id)))

    async def _outcome(self, call: Call[Any]) -> object:
        try:
            return await self.send(call)
        except Problem as refused:
            return refused

    async def _do(self, step: Attempt | Pause) -> Answer | Lost | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._attempt(step)
        except NEVER_SENT_AGAIN:
            raise
        except httpx2.TransportError as lost:
            return Lost(lost)

    async def _attempt(self, attempt: Attempt) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        url, headers = self._connection.url(attempt), self._connection.headers(attempt)
        async with self._http.stream(
            attempt.method,
            url,
            headers=headers,
            content=attempt.body,
            timeout=self._timeout_s,
            follow_redirects=False,
        ) as response:
            intake = Intake(response, self._answer_bytes_max, deadline)
            async for chunk in response.aiter_raw():
                intake.take(chunk, time.monotonic())
            return intake.answer(response)
