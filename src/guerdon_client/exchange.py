"""How a call becomes an answer: which attempts are safe, how long to pause, what an answer means; no I/O.

The clients drive `exchange`: they send what it yields, sleep when it says so, and tell it what came.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import httpx2

from guerdon_client.calls import Answer, Call, new_key
from guerdon_client.errors import BrokenAnswer, ConnectionLost
from guerdon_client.problems import Problem, StillRunning, read_problem

T = TypeVar("T")

REFUSED_MIN: Final = 400
BUSY: Final = frozenset({429, 502, 503, 504})
KEY_HEADER: Final = "idempotency-key"
DRY_RUN_HEADER: Final = "guerdon-dry-run"


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is sent at most, and the pauses between.

    The n-th pause lies between half and all of `first_pause_s` x 2^(n-1), at most `pause_max_s`. A server that asks for
    a longer one is not asked again.
    """

    attempts_max: int = 4
    first_pause_s: float = 0.1
    pause_max_s: float = 5.0

    def pause_s(self, attempt: int, share: float) -> float:
        """Give the pause after an attempt, counted from 1; `share` is random, 0 to 1."""
        longest = min(self.first_pause_s * 2 ** (attempt - 1), self.pause_max_s)
        return longest * (0.5 + share / 2)


NO_RETRIES: Final = Retries(attempts_max=1)


@dataclass(frozen=True, slots=True)
class Lost:
    """What came instead of an answer."""

    reason: httpx2.TransportError


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait before the next attempt."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to be sent; `address` is path and query under the tenant's address, or under the server's."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes | None
    is_of_server: bool


def exchange(
    call: Call[T], retries: Retries, random: Callable[[], float]
) -> Generator[Attempt | Pause, Answer | Lost | None, T]:
    """Send a call until an answer stands or another attempt would not be safe or allowed.

    Raises Problem, ConnectionLost, BrokenAnswer.
    """
    prepared = _repeatable(call) if retries.attempts_max > 1 else call
    is_safe = not prepared.needs_key or KEY_HEADER in prepared.headers or DRY_RUN_HEADER in prepared.headers
    attempts_max = retries.attempts_max if is_safe else 1
    attempt = 0
    while True:
        attempt += 1
        outcome = yield Attempt(
            prepared.method, prepared.address, _headers(prepared), prepared.body, prepared.is_of_server
        )
        assert outcome is not None
        failure = _failure(outcome, prepared.statuses)
        if failure is None:
            assert isinstance(outcome, Answer)
            return _read(prepared, outcome)
        pause_s = _pause_s(failure, attempt, retries, random)
        if attempt >= attempts_max or pause_s is None:
            raise failure
        yield Pause(pause_s)


def _repeatable(call: Call[T]) -> Call[T]:
    if not call.needs_key or KEY_HEADER in call.headers or DRY_RUN_HEADER in call.headers:
        return call
    return replace(call, headers={**call.headers, KEY_HEADER: new_key()})


def _headers(call: Call[T]) -> dict[str, str]:
    # Plain bytes only: a compressed answer could unfold to any size.
    base = {"accept": "application/json", "accept-encoding": "identity"}
    if call.body is not None:
        base["content-type"] = "application/json"
    return {**base, **call.headers}


def _failure(outcome: Answer | Lost, statuses: frozenset[int]) -> Problem | ConnectionLost | None:
    if isinstance(outcome, Lost):
        lost = ConnectionLost(f"No whole answer came: {outcome.reason or type(outcome.reason).__name__}.")
        lost.__cause__ = outcome.reason
        return lost
    if outcome.status in statuses or outcome.status < REFUSED_MIN:
        return None
    return read_problem(outcome.status, outcome.headers, outcome.body)


def _pause_s(
    failure: Problem | ConnectionLost, attempt: int, retries: Retries, random: Callable[[], float]
) -> float | None:
    """Give the pause before the next attempt, or None when another attempt would only be refused again."""
    pause_s = retries.pause_s(attempt, random())
    if isinstance(failure, ConnectionLost | StillRunning):
        return pause_s
    if failure.status not in BUSY:
        return None
    asked_s = failure.retry_after_s or 0
    return max(asked_s, pause_s) if asked_s <= retries.pause_max_s else None


def _read(call: Call[T], answer: Answer) -> T:
    if answer.status not in call.statuses:
        where = f" to {answer.headers['location']!r}, which is not followed" if "location" in answer.headers else ""
        raise BrokenAnswer(f"The answer is {answer.status}{where}; {sorted(call.statuses)} was promised.")
    return call.read(answer)
