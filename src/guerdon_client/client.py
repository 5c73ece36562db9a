"""The blocking client."""

import time
from secrets import SystemRandom
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2

from guerdon_client.calls import Answer, Call
from guerdon_client.clock import Clock
from guerdon_client.connection import ANSWER_BYTES_MAX, TIMEOUT_S, Intake, connect
from guerdon_client.exchange import Attempt, Lost, Pause, Retries, exchange
from guerdon_client.operations import Blocking, Operations, Story
from guerdon_client.points_parts import Balances, Coupons, Reports, Rewards, Vouchers, Wallets
from guerdon_client.problems import Problem
from guerdon_client.stepping import Done, resume

T = TypeVar("T")

NEVER_SENT_AGAIN: Final = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
_random = SystemRandom()


class Guerdon(Operations, Blocking):
    """Speaks to one tenant of one server; usable by several threads, and to be closed."""

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
        http: httpx2.Client | None = None,
    ) -> None:
        """Connect lazily; `timeout_s` is for one attempt.

        An `http` client of your own (proxies, certificates) is used and not closed. Raises ValueError.
        """
        self._connection = connect(base_url, tenant_id, api_key, token)
        self._timeout_s = timeout_s
        self._retries = retries
        self._answer_bytes_max = answer_bytes_max
        self._owned = httpx2.Client() if http is None else None
        self._http = http or self._owned or httpx2.Client()

    @property
    def wallets(self) -> Wallets[Blocking]:
        """Give what the client can do with points wallets."""
        return Wallets(self)

    @property
    def clock(self) -> Clock[Blocking]:
        """Give what the client can do with the time of a sandbox."""
        return Clock(self)

    @property
    def reports(self) -> Reports[Blocking]:
        """Give the reports on points that the client can ask for."""
        return Reports(self)

    @property
    def balances(self) -> Balances[Blocking]:
        """Give what the client can do with balances that come from another system."""
        return Balances(self)

    def __enter__(self) -> Self:
        """Use the client in a `with` block, which closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that the client opened."""
        if self._owned is not None:
            self._owned.close()

    @property
    def coupons(self) -> Coupons[Blocking]:
        """What wallets are entitled to once."""
        return Coupons(self)

    @property
    def vouchers(self) -> Vouchers[Blocking]:
        """Codes that become points."""
        return Vouchers(self)

    @property
    def rewards(self) -> Rewards[Blocking]:
        """What can be claimed for points."""
        return Rewards(self)

    def send(self, call: Call[T]) -> T:
        """Send one call and give its answer. Raises Problem, ConnectionLost, BrokenAnswer."""
        talk = exchange(call, self._retries, _random.random)
        step = resume(talk, None)
        while not isinstance(step, Done):
            step = resume(talk, self._do(step))
        return step.value

    def tell(self, story: Story[T]) -> T:
        """Send the calls of a story one after the other. Raises what the story raises."""
        step = resume(story, None)
        while not isinstance(step, Done):
            step = resume(story, self._outcome(step))
        return step.value

    def _outcome(self, call: Call[Any]) -> object:
        try:
            return self.send(call)
        except Problem as refused:
            return refused

    def _do(self, step: Attempt | Pause) -> Answer | Lost | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return self._attempt(step)
        except NEVER_SENT_AGAIN:
            raise
        except httpx2.TransportError as lost:
            return Lost(lost)

    def _attempt(self, attempt: Attempt) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        url, headers = self._connection.url(attempt), self._connection.headers(attempt)
        with self._http.stream(
            attempt.method,
            url,
            headers=headers,
            content=attempt.body,
            timeout=self._timeout_s,
            follow_redirects=False,
        ) as response:
            intake = Intake(response, self._answer_bytes_max, deadline)
            for chunk in response.iter_raw():
                intake.take(chunk, time.monotonic())
            return intake.answer(response)
