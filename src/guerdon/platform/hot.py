"""Hot routes: answered by plain ASGI callables beside the framework, and described in the same document."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from guerdon.platform.boundary import Scope


class HotRequest(msgspec.Struct, frozen=True):
    """What a hot handler sees of a request."""

    scope: Scope
    headers: Mapping[bytes, bytes]
    parameters: Mapping[str, str]
    body: bytes


class HotAnswer(msgspec.Struct, frozen=True):
    """A finished answer of a hot handler."""

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ((b"content-type", b"application/json"),)


HotHandler = Callable[[HotRequest], Awaitable[HotAnswer]]


@dataclass(frozen=True, slots=True)
class HotRoute:
    """A route that is answered by a plain ASGI callable, beside FastAPI and in the same document.

    `template` is a path with `{names}`; a name in `reserved` never matches a parameter. `scope` is what
    the handler asks of the caller; `operation` is its OpenAPI operation object.
    """

    method: str
    template: str
    scope: str
    handler: HotHandler
    operation: Mapping[str, Any]
    reserved: frozenset[str] = field(default=frozenset())

    def pattern(self) -> re.Pattern[str]:
        """Give what a whole path must look like, its parameters named."""
        parts = (
            f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in self.template.split("/")
        )
        return re.compile("/".join(parts))
