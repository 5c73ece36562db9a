"""Hot routes: answered by plain ASGI callables beside the framework, and described in the same document."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
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

    `template` is a path with `{names}`, none of which holds a slash. `scope` is what the handler asks of the caller;
    `operation` is its OpenAPI operation object.
    """

    method: str
    template: str
    scope: str
    handler: HotHandler
    operation: Mapping[str, Any]

    def parameters(self, path: str) -> dict[str, str]:
        """Read the parameters of a path that fits the template."""
        pairs = zip(self.template.split("/"), path.split("/"), strict=True)
        return {part[1:-1]: given for part, given in pairs if part.startswith("{")}
