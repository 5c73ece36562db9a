"""The OpenAPI operations of the hot routes, in the words of the rest of the document."""

from typing import Any

from guerdon.platform.bodies import up_to
from guerdon.platform.http import asks
from guerdon.privileges.paging import CURSOR_PATTERN
from guerdon.privileges.queries import LIST_MAX

# A thousand movements with remarks of 500 characters fit, however JSON writes them.
BULK_BYTES_MAX = 8 * 1024 * 1024
TENANT = {"name": "tenantId", "in": "path", "required": True, "schema": {"type": "string", "title": "Tenantid"}}


def _path(name: str, **limits: int) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, **limits}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _header(description: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "description": description}


VERSION_HEADER = {"ETag": _header("The version of the privilege, in quotes.")}
PAGE_HEADERS = {
    "Link": _header('The address of the next page, `rel="next"`; absent on the last one.'),
    "Guerdon-Next-Cursor": _header("Where the next page begins; absent on the last one."),
}
CREATED: dict[int | str, dict[str, Any]] = {200: {"headers": {"Location": _header("Where the new privilege is read.")}}}
HISTORY_HEADER = {
    "Link": _header('The address of the whole history, `rel="movements"`; absent when none of it is cut off.')
}
VERSIONED: dict[int | str, dict[str, Any]] = {200: {"headers": VERSION_HEADER | HISTORY_HEADER}}
PAGED: dict[int | str, dict[str, Any]] = {200: {"headers": PAGE_HEADERS}}
PAGE_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "asOf",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "format": "date-time"},
        "description": "Read values as they were at this RFC 3339 instant.",
    },
    {
        "name": "cursor",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "pattern": CURSOR_PATTERN},
        "description": "Take it from the Link header.",
    },
    {
        "name": "limit",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": LIST_MAX, "default": LIST_MAX},
    },
]
LIST_OPERATION: dict[str, Any] = {
    "tags": ["Privilege"],
    "summary": "List the privileges of a pass",
    "description": "Priority high to low, missing last; movements oldest first, the last thousand of each: "
    "GET /passes/privileges/{privilegeId}/movements has all of them.",
    "operationId": "list_privileges_of_pass",
    "parameters": [
        TENANT,
        _path("passId"),
        *PAGE_PARAMETERS,
    ],
    "responses": {
        "200": {
            "description": "The privileges",
            "headers": PAGE_HEADERS,
            "content": _json({"type": "array", "items": _ref("Privilege")}),
        },
        "404": {"description": "No such pass"},
    },
    **asks("Pass.Read"),
}

MOVEMENT_OPERATION: dict[str, Any] = {
    "tags": ["Privilege"],
    "summary": "Apply a movement to a privilege",
    "description": "The value must still be `oldValue` within 0.0001, else 409 with `currentValue` and `version`. "
    "A `movementId` of your own makes the movement repeatable for ever.",
    "operationId": "apply_movement",
    "parameters": [
        TENANT,
        _path("privilegeId", maxLength=200),
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": '^"?[0-9]{1,18}"?$'},
            "description": "The version that an ETag gave; closes the A-B-A hole of comparing values.",
        },
    ],
    "requestBody": {"required": True, "content": _json(_ref("ApplyMovementRequest"))},
    "responses": {
        "200": {
            "description": "The movement is durable",
            "headers": VERSION_HEADER,
            "content": _json(_ref("MovementResponse")),
        },
        "404": {"description": "No such privilege"},
        "409": {"description": "The value is another one, or would leave its bounds"},
        "412": {"description": "The version is another one"},
        "503": {"description": "Too much is waiting, or the outcome is not known; send it again"},
    },
    **asks("Pass.Write"),
}

BULK_OPERATION: dict[str, Any] = {
    "tags": ["Privilege"],
    "summary": "Apply many movements",
    "description": "Up to a thousand movements in one transaction, in their order; each means what it means by itself. "
    "Whatever is wrong with the form of any of them refuses the whole (400). Otherwise each stands on its own: "
    "`results` tells of each, in the order of the request, what it came to, or the problem that the operation for one "
    "movement would have answered. With `allOrNothing` one refusal refuses the whole: 409 `movements_refused`, with "
    "every refused one in `refused` (`index`, `privilegeId`, `problem`); the value that a problem tells is the one "
    "that the movements before it in the request would have left.",
    "operationId": "apply_movements",
    "parameters": [TENANT],
    "requestBody": {"required": True, "content": _json(_ref("BulkMovementsRequest"))},
    "responses": {
        "200": {"description": "What was applied is durable", "content": _json(_ref("BulkMovementsResponse"))},
        "409": {"description": "All were wanted or none, and some are refused"},
        "503": {"description": "Too much is waiting, or the outcome is not known; send it again"},
    },
    **up_to(BULK_BYTES_MAX),
    **asks("Pass.Write"),
}
