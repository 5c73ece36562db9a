"""The one OpenAPI document of the whole API: FastAPI's part, the hot routes, and what all operations share."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from guerdon.passes.schemas import PassCreated
from guerdon.platform.hot import HotRoute
from guerdon.platform.http import PUBLIC, REPEATABLE_MEMBER, SCOPE_MEMBER
from guerdon.platform.problems import MEDIA_TYPE
from guerdon.platform.wire import JSON_VALUE_SCHEMA, NO_NUL
from guerdon.privileges.schemas import (
    ApplyMovementRequest,
    BulkMovementsRequest,
    BulkMovementsResponse,
    MovementResponse,
    Privilege,
)

VERSION = "0.1.0"
HOT_MODELS: tuple[type[BaseModel], ...] = (
    ApplyMovementRequest,
    MovementResponse,
    BulkMovementsRequest,
    BulkMovementsResponse,
    Privilege,
    PassCreated,
)
METHODS = ("get", "post", "put", "patch", "delete")
BODY_TYPES = ("text/json", "application/*+json")
NARROWED = frozenset({"pattern", "enum", "const", "format"})
ANSWER_TYPES = ("text/plain", "text/json")
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An RFC 9457 problem document; `code` never changes its meaning.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "format": "int32"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
    "additionalProperties": True,
}
EVERYWHERE = {
    "400": "The request is not valid; errors names every mistake",
    "401": "A credential is needed",
    "403": "The credential does not reach this far",
    "404": "There is no such thing for this tenant",
    "408": "The rest of the request did not come in time",
    "429": "The limit is used up",
    "431": "The address and the headers are too large",
    "500": "Something failed on our side",
}
WITH_BODY = {"413": "The body is too large", "415": "The body is in a media type that is not read"}
WRITES = {
    "409": "The state does not allow it",
    "422": "The idempotency key was used for another request",
    "503": "Too much is waiting",
}
WRITE_HEADERS = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "description": "The same key with the same request gives the first answer again.",
    },
    {
        "name": "Guerdon-Dry-Run",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$", "examples": ["true"]},
        "description": "Do everything and keep nothing: true or false.",
    },
]


def document_text(routes: Sequence[APIRoute], hot: Sequence[HotRoute]) -> bytes:
    """Give the document as JSON text."""
    return msgspec.json.format(msgspec.json.encode(compose(routes, hot)), indent=1)


def compose(routes: Sequence[APIRoute], hot: Sequence[HotRoute]) -> dict[str, Any]:
    """Compose the document: every route, each with its scope and its refusals."""
    document = get_openapi(
        title="Guerdon",
        version=VERSION,
        openapi_version="3.1.0",
        description="Wallet passes and loyalty that a business runs itself.",
        routes=routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_hot_schemas())
    schemas["Problem"] = PROBLEM
    schemas["JsonValue"] = JSON_VALUE_SCHEMA
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "name": "X-API-KEY", "in": "header"},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    for route in hot:
        document["paths"].setdefault(route.template, {})[route.method.lower()] = dict(route.operation)
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                _complete(item[method], method)
    return document


def _hot_schemas() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "serialization") for model in HOT_MODELS], ref_template="#/components/schemas/{model}"
    )
    return definitions["$defs"]


def _complete(operation: dict[str, Any], method: str) -> None:
    scope = operation[SCOPE_MEMBER]
    operation["security"] = [] if scope == PUBLIC else [{"apiKey": []}, {"bearer": []}]
    if scope == PUBLIC:
        # A credential may come along, and then it is checked.
        operation["security"] = [{}, {"apiKey": []}, {"bearer": []}]
    responses = operation["responses"]
    responses.pop("422", None)
    refusals = dict(EVERYWHERE)
    if method != "get":
        refusals |= WRITES | WITH_BODY
        if operation.pop(REPEATABLE_MEMBER, True):
            operation.setdefault("parameters", []).extend(WRITE_HEADERS)
    else:
        refusals |= {"409": WRITES["409"], "503": WRITES["503"]}
    for status, description in refusals.items():
        known = responses.setdefault(status, {"description": description})
        known["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] in {"path", "query"}:
            _forbid_nul(parameter["schema"])
    for status, response in responses.items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        else:
            _spell(response, ANSWER_TYPES)
    if "requestBody" in operation:
        _spell(operation["requestBody"], BODY_TYPES)


def _forbid_nul(schema: dict[str, Any]) -> None:
    """Say of a text in an address what the boundary refuses in all of them."""
    for one in (schema, *schema.get("anyOf", ())):
        if one.get("type") == "string" and not NARROWED.intersection(one):
            one["pattern"] = NO_NUL


def _spell(holder: dict[str, Any], media_types: Sequence[str]) -> None:
    """Say that JSON goes by its other names too."""
    content = holder.get("content", {})
    if "application/json" in content:
        for media_type in media_types:
            content.setdefault(media_type, content["application/json"])
