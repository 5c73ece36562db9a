"""Hot routes: answered by plain ASGI callables beside the framework, and described in the same document."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guerdon.platform.bodies import BodyRule, body_rule
from guerdon.platform.boundary import Scope
from guerdon.platform.writes import WriteOptions, read_write_options

NO_OPTIONS = WriteOptions(None, b"", is_dry_run=False)


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
    `operation` is its OpenAPI operation object. `beside` is the template of an address whose last parameter may well
    be what stands here: whatever verb this address has no route for goes there.
    """

    method: str
    template: str
    scope: str
    handler: HotHandler
    operation: Mapping[str, Any]
    beside: str | None = None

    def parameters(self, path: str) -> dict[str, str]:
        """Read the parameters of a path that fits the template."""
        pairs = zip(self.template.split("/"), path.split("/"), strict=True)
        return {part[1:-1]: given for part, given in pairs if part.startswith("{")}

    def body_rule(self) -> BodyRule | None:
        """Give what the route takes instead of JSON of the usual size, if it does."""
        parts = ("[^/]+" if part.startswith("{") else re.escape(part) for part in self.template.split("/"))
        return body_rule(frozenset({self.method}), re.compile("/".join(parts) + r"\Z"), self.operation)


def write_options_of(request: HotRequest) -> WriteOptions:
    """Read how a write was asked for. Raises InvalidRequest."""
    headers, scope = request.headers, request.scope
    if b"idempotency-key" not in headers and b"guerdon-dry-run" not in headers:
        return NO_OPTIONS
    address = scope["path"].encode() + b"?" + scope["query_string"]
    return read_write_options(scope["method"], address, headers, request.body)
