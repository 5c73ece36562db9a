"""Lists of face B in two forms: by places, in the manner of React-admin, and by cursor."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query, Request

from guerdon.platform.problems import InvalidRequest

PART_MAX = 1_000
PART_DEFAULT = 100
PLACE_MAX = 1_000_000
CURSOR_PATTERN = r"^[A-Za-z0-9_.-]{1,128}$"


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is wanted: `limit` things from place `offset` in an order, or on from a cursor."""

    offset: int
    limit: int
    sort: str
    is_descending: bool
    cursor: str | None
    is_by_cursor: bool


def part_of(orders: Sequence[str]) -> Callable[..., Awaitable[Part]]:
    """Make what reads the part that a request wants of a list with these orders; the first is the usual one."""

    async def read(
        start: Annotated[int, Query(alias="_start", ge=0, le=PLACE_MAX)] = 0,
        end: Annotated[int | None, Query(alias="_end", ge=1, le=PLACE_MAX + PART_MAX)] = None,
        sort: Annotated[str | None, Query(alias="_sort", json_schema_extra={"enum": list(orders)})] = None,
        order: Annotated[Literal["ASC", "DESC"], Query(alias="_order")] = "ASC",
        cursor: Annotated[
            str | None, Query(pattern=CURSOR_PATTERN, description="Take it from the Link header.")
        ] = None,
        limit: Annotated[int | None, Query(ge=1, le=PART_MAX)] = None,
    ) -> Part:
        errors: dict[str, list[str]] = {}
        if sort is not None and sort not in orders:
            errors["_sort"] = [f"Sort by one of {', '.join(orders)}."]
        last = start + PART_DEFAULT if end is None else end
        if not start < last <= start + PART_MAX:
            errors["_end"] = [f"Give a place behind _start, by {PART_MAX} at most."]
        is_by_cursor = cursor is not None or limit is not None
        if is_by_cursor and (start or end is not None or sort is not None):
            errors["cursor"] = ["Give either cursor and limit, or _start, _end, _sort and _order."]
        if errors:
            raise InvalidRequest(errors)
        wanted = limit or PART_DEFAULT if is_by_cursor else last - start
        return Part(start, wanted, sort or orders[0], order == "DESC", cursor, is_by_cursor)

    return read


def total_headers(total: int) -> Mapping[str, str]:
    """Tell how many things the whole list has, as React-admin reads it."""
    return {"X-Total-Count": str(total), "Access-Control-Expose-Headers": "X-Total-Count"}


def next_headers(request: Request, following: str | None, limit: int) -> Mapping[str, str]:
    """Tell where a list by cursor goes on, with everything else that the request asked for."""
    if following is None:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {"cursor", "limit"}]
    query = urlencode([*kept, ("limit", limit), ("cursor", following)])
    return {"Guerdon-Next-Cursor": following, "Link": f'<{request.url.path}?{query}>; rel="next"'}
