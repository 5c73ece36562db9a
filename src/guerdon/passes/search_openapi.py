"""What the OpenAPI document says of the list of passes: its parameters and the headers of its answer."""

from collections.abc import Mapping
from typing import Any

from guerdon.passes.filters import OPERATORS, PLAIN_KINDS, VALUE_CHARACTERS_MAX
from guerdon.passes.search_parameters import PAGE_DEFAULT, PAGE_MAX
from guerdon.platform.wire import INT32_MAX


def _parameter(name: str, schema: Mapping[str, object], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": dict(schema), "description": description}


def _whole(least: int, most: int, default: int) -> dict[str, object]:
    return {"type": "integer", "format": "int32", "minimum": least, "maximum": most, "default": default}


def _header(kind: str, description: str) -> dict[str, Any]:
    return {"schema": {"type": kind}, "description": description}


_FIELD = rf"^({'|'.join(PLAIN_KINDS)}|(identifiers|metadata)\.[^\u0000]{{1,100}})$"
SEARCH_PARAMETERS = [
    _parameter("pageIndex", _whole(0, INT32_MAX, 0), "Which page, counted from 0."),
    _parameter("pageSize", _whole(1, PAGE_MAX, PAGE_DEFAULT), "How many passes a page has."),
    _parameter(
        "filter[0].field",
        {"type": "string", "pattern": _FIELD},
        "What a pass must say; all filters, `filter[0]` to `filter[49]`, must hold.",
    ),
    _parameter("filter[0].operator", {"type": "string", "enum": list(OPERATORS)}, "How the value is held against it."),
    _parameter(
        "filter[0].value",
        {"type": "string", "pattern": f"^[^\\u0000]{{1,{VALUE_CHARACTERS_MAX}}}$"},
        "A text; for dates RFC 3339; for `in` texts between commas or a JSON array; for `exists` true or false.",
    ),
    _parameter(
        "sortBy[0].field",
        {"type": "string", "pattern": "^[^\\u0000]{1,100}$"},
        "id, passType, creationDate, lastUpdateDate, apple, google, or a member of identifiers or metadata.",
    ),
    _parameter("sortBy[0].direction", {"type": "string", "enum": ["ASC", "DESC"], "default": "ASC"}, "Which way."),
    _parameter(
        "passType",
        {"type": "string", "pattern": f"^[^\\u0000]{{1,{VALUE_CHARACTERS_MAX}}}$"},
        "Passes of this type only; the same as a filter.",
    ),
    _parameter(
        "cursor", {"type": "string", "maxLength": 4000}, "Where to go on, from `Guerdon-Next-Cursor` or `Link`."
    ),
    _parameter(
        "limit", _whole(1, PAGE_MAX, PAGE_DEFAULT), "How many passes come at once in a list by cursor, at most."
    ),
]
LISTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Passes; `secret` only for callers with Pass.Write",
        "headers": {
            "x-pagination-total": _header("integer", "How many passes match; not told behind a cursor."),
            "Guerdon-Total-Estimated": _header("boolean", "The total is an estimate."),
            "Guerdon-Unindexed": _header("string", "The filters and sorts that can use no index, by their places."),
            "Guerdon-Next-Cursor": _header("string", "Where a list by cursor goes on; absent at its end."),
            "Link": _header("string", 'The same as an address, `rel="next"`.'),
        },
    }
}
