"""Pages of lists: by cursor, and on face B by range (`_start`, `_end`, `_sort`, `_order`, as React-admin asks)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import Depends, Query, Request, Response

from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import DIGITS, INT32_MAX

LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000
CURSOR_PATTERN = r"^[A-Za-z0-9_-]{1,200}$"
RANGE_OR_CURSOR = "Give either cursor and limit, or _start, _end, _sort and _order."
TOTAL_HEADER = "X-Total-Count"
NEXT_HEADER = "Guerdon-Next-Cursor"

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Listing:
    """What of a list is asked for: `limit` items from `start` on in the order of `sort`, or from `cursor` on.

    A list without a `sort` is in the room's own order, and `is_descending` None means its own direction.
    """

    limit: int
    start: int = 0
    cursor: str | None = None
    sort: str | None = None
    is_descending: bool | None = None

    @property
    def is_by_cursor(self) -> bool:
        """Tell whether the list is in its own order, from its beginning or a cursor on."""
        return self.start == 0 and self.sort is None and self.is_descending is None

    def check_sort(self, names: Collection[str], *, goes_both_ways: bool = False) -> None:
        """Accept no sort, or one of these; a cursor goes on in the other direction only where a list goes both ways.

        Raises InvalidRequest.
        """
        if self.cursor is not None and self.is_descending is not None and not goes_both_ways:
            raise InvalidRequest({"cursor": [RANGE_OR_CURSOR]})
        if self.sort is not None and self.sort not in names:
            choice = f"Sort by one of {', '.join(sorted(names))}."
            raise InvalidRequest(
                {"_sort": [choice if names else "This list has an order of its own; leave _sort out."]}
            )


async def listing(
    start: Annotated[int | None, Query(alias="_start", ge=0, le=INT32_MAX), DIGITS] = None,
    end: Annotated[int | None, Query(alias="_end", ge=0, le=INT32_MAX), DIGITS] = None,
    sort: Annotated[str | None, Query(alias="_sort", pattern=r"^[A-Za-z]{1,40}$")] = None,
    order: Annotated[str | None, Query(alias="_order", pattern=r"^(ASC|DESC|asc|desc)$")] = None,
    cursor: Annotated[str | None, Query(pattern=CURSOR_PATTERN, description="Take it from the Link header.")] = None,
    limit: Annotated[int | None, Query(ge=1, le=LIMIT_MAX), DIGITS] = None,
) -> Listing:
    """Read what of a list is asked for. Raises InvalidRequest."""
    is_descending = None if order is None else order.upper() == "DESC"
    is_ranged = any(one is not None for one in (start, end, sort))
    if is_ranged and (cursor is not None or limit is not None):
        raise InvalidRequest({"cursor": [RANGE_OR_CURSOR]})
    if not is_ranged:
        return Listing(limit or LIMIT_DEFAULT, cursor=cursor, is_descending=is_descending)
    first = start or 0
    count = LIMIT_DEFAULT if end is None else end - first
    if not 0 <= count <= LIMIT_MAX:
        raise InvalidRequest({"_end": [f"Ask for 0 to {LIMIT_MAX} items: _start <= _end <= _start + {LIMIT_MAX}."]})
    return Listing(count, first, None, sort, is_descending)


def list_response(
    request: Request, documents: Sequence[object], *, total: int | None, next_cursor: str | None
) -> Response:
    """Answer one page as an array; `total` counts the whole list, `next_cursor` says where it goes on, if it does."""
    headers: dict[str, str] = {}
    if total is not None:
        headers[TOTAL_HEADER] = str(total)
    if next_cursor is not None:
        query = [
            (name, text) for name, text in parse_qsl(request.url.query) if name not in {"cursor", "_start", "_end"}
        ]
        address = f"{request.url.path}?{urlencode([*query, ('cursor', next_cursor)])}"
        headers[NEXT_HEADER] = next_cursor
        headers["Link"] = f'<{address}>; rel="next"'
    return Response(_encoder.encode(documents), 200, headers, "application/json")


def cursor_response(
    documents: Sequence[Mapping[str, object]], address: str, following: str | None, limit: int
) -> Response:
    """Answer one page of a list that knows cursors alone; `following` is the cursor of the next one."""
    link = f'<{address}?cursor={following}&limit={limit}>; rel="next"'
    headers = {} if following is None else {"Link": link, NEXT_HEADER: following}
    return Response(_encoder.encode(documents), 200, headers, "application/json")


ListingDep = Annotated[Listing, Depends(listing)]
