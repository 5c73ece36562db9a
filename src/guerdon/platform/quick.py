"""What a quick route is: one whose plain requests are answered without the framework and without a task of their own.

A plain request is whole before anything is done for it, and is either begun at once or not taken at all: then it goes
the usual way, where everything else about requests is decided. So nothing is said twice but the good path.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from guerdon.platform.hot import HotAnswer
from guerdon.platform.problems import Problem

Headers = Mapping[bytes, bytes]


class QuickRequest(Struct):
    """A plain request: its address and the parameters in it, its headers in lower case, its whole body.

    `told` is what the answer says beside its own headers, whatever it is.
    """

    address: bytes
    parameters: tuple[str, ...]
    headers: Headers
    body: bytes
    told: Sequence[tuple[bytes, bytes]] = ()


class QuickRoute(Protocol):
    """One operation, for requests that need nothing but its good path; `takes_keys`: with an idempotency key, too."""

    method: bytes
    template: str
    takes_keys: bool

    def begin(self, request: QuickRequest) -> "asyncio.Future[Any] | None":
        """Begin what is asked and give its outcome to come; None has the request go the usual way, and changes nothing.

        Raises Problem.
        """
        ...

    def answer(self, outcome: Any) -> HotAnswer:  # noqa: ANN401  # what `begin` promised, which differs by route
        """Shape what came of it."""
        ...

    def refusal(self, request: QuickRequest, problem: Problem) -> Problem:
        """Say a refusal in the words of the room."""
        ...


def address_pattern(template: str) -> re.Pattern[bytes]:
    """Give what an address must look like to be plain: no query, nothing encoded, each parameter caught."""
    parts = (rb"([\w.~-]+)" if part.startswith("{") else re.escape(part.encode()) for part in template.split("/"))
    return re.compile(b"/".join(parts))
