"""Which bodies a route takes: JSON of the usual size, or what the route itself says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

BODY_MEMBER: Final = "x-guerdon-body"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


@dataclass(frozen=True, slots=True)
class BodyRule:
    """What one route takes instead of JSON of the usual size.

    A streamed body is not read before the route is asked; whoever reads more than `bytes_max` of it meets TooLarge.
    """

    methods: frozenset[str]
    address: re.Pattern[str]
    media_types: tuple[str, ...]
    bytes_max: int
    is_streamed: bool

    def is_at(self, path: str) -> bool:
        """Tell whether this route has an address, whatever the verb."""
        return self.address.match(path) is not None

    def fits(self, method: str, path: str) -> bool:
        """Tell whether a request goes to this route."""
        return method in self.methods and self.is_at(path)

    def reads(self, media_type: str) -> bool:
        """Tell whether the route reads a media type; `image/*` reads every image."""
        family, _, member = media_type.lower().partition("/")
        return bool(member) and not {f"{family}/{member}", f"{family}/*"}.isdisjoint(self.media_types)


def takes(media_types: Sequence[str], bytes_max: int, *, is_streamed: bool = False) -> dict[str, Any]:
    """Say which bytes a route takes, in its OpenAPI operation: beside `asks`, for a body that is no JSON document."""
    content = dict.fromkeys(media_types, _BINARY)
    return {"requestBody": {"required": True, "content": content}, **up_to(bytes_max, media_types, is_streamed)}


def up_to(bytes_max: int, media_types: Sequence[str] = (), is_streamed: bool = False) -> dict[str, Any]:
    """Say that a route takes larger bodies than the usual, and media types beside those of JSON."""
    return {BODY_MEMBER: {"maxBytes": bytes_max, "mediaTypes": list(media_types), "streamed": is_streamed}}


def body_rules(routers: Sequence[APIRouter]) -> list[BodyRule]:
    """Collect what the routes say of their bodies."""
    routes = [route for part in routers for route in part.routes if isinstance(route, APIRoute)]
    said = (body_rule(frozenset(route.methods or ()), route.path_regex, route.openapi_extra or {}) for route in routes)
    return [rule for rule in said if rule is not None]


def body_rule(methods: frozenset[str], address: re.Pattern[str], operation: Mapping[str, Any]) -> BodyRule | None:
    """Read what the OpenAPI operation of a route says of its bodies; None for JSON of the usual size."""
    body = operation.get(BODY_MEMBER)
    if body is None:
        return None
    return BodyRule(methods, address, tuple(body["mediaTypes"]), body["maxBytes"], body["streamed"])
