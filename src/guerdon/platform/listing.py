"""Pages of lists: by cursor, and on face B by range, in json-server's dialect, which React-admin speaks.

A list is walked by `cursor` and `limit`, or read by `_start`, `_end`, `_sort` and `_order`. A mixture is refused, but
for `_order` on a list whose cursors go both ways. A `_sort` without `_order` rises; without both, the list's own order
holds.
"""

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
RANGE = ("_start", "_end", "_sort", "_order")
CURSOR_HINT = "Take it from the Link header."
RANGE_OR_CURSOR = "Give either cursor and limit, or _start, _end, _sort and _order."
TOTAL_HEADER = "X-Total-Count"
NEXT_HEADER = "Guerdon-Next-Cursor"

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Listing:
    """What of a list is asked for: `limit` items from `start` on in the order of `sort`, or from `cursor` on.

    A list without a `sort` is in the room's own order, and `is_descending` None means its own direction.
    `walked_by` is the parameter that says that the list is walked: `cursor`, `limit`, or None.
    """

    limit: int
    start: int = 0
    cursor: str | None = None
    sort: str | None = None
    is_descending: bool | None = None
    walked_by: str | None = None

    @property
    def is_by_cursor(self) -> bool:
        """Tell whether the list is in its own order, from its beginning or a cursor on."""
        return self.start == 0 and self.sort is None and self.is_descending is None

    def check_sort(self, names: Collection[str], *, goes_both_ways: bool = False) -> None:
        """Accept no sort, or one of these; no `_order` either when there are none.

        A list is walked in a direction that is asked for only where it `goes_both_ways`. Raises InvalidRequest.
        """
        if not names:
            self._check_own_order()
        if self.walked_by is not None and self.is_descending is not None and not goes_both_ways:
            raise InvalidRequest({self.walked_by: [RANGE_OR_CURSOR]})
        if self.sort is not None and self.sort not in names:
            raise InvalidRequest({"_sort": [f"Sort by one of {', '.join(sorted(names))}."]})

    def falls(self, *, unasked: bool) -> bool:
        """Tell whether the order falls: as `_order` says, or else by a sort never and in the own order if `unasked`."""
        if self.is_descending is None:
            return unasked and self.sort is None
        return self.is_descending

    def _check_own_order(self) -> None:
        asked = {"_sort": self.sort, "_order": self.is_descending}
        mistakes = {
            name: [f"This list has an order of its own; leave {name} out."]
            for name, said in asked.items()
            if said is not None
        }
        if mistakes:
            raise InvalidRequest(mistakes)


Start = Annotated[int | None, Query(alias="_start", ge=0, le=INT32_MAX), DIGITS]
End = Annotated[int | None, Query(alias="_end", ge=0, le=INT32_MAX), DIGITS]
Cursor = Annotated[str | None, Query(pattern=CURSOR_PATTERN, description=CURSOR_HINT)]
Limit = Annotated[int | None, Query(ge=1, le=LIMIT_MAX), DIGITS]
SORT_PATTERN, ORDER_PATTERN = r"^[A-Za-z]{1,40}$", r"^(ASC|DESC|asc|desc)$"


async def listing(
    start: Start = None,
    end: End = None,
    sort: Annotated[str | None, Query(alias="_sort", pattern=SORT_PATTERN)] = None,
    order: Annotated[
        str | None,
        Query(alias="_order", pattern=ORDER_PATTERN, description="ASC beside _sort when left out."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> Listing:
    """Read what of a list is asked for. Raises InvalidRequest."""
    is_descending = None if order is None else order.upper() == "DESC"
    is_ranged = any(one is not None for one in (start, end, sort))
    walked_by = "cursor" if cursor is not None else "limit" if limit is not None else None
    if is_ranged and walked_by is not None:
        raise InvalidRequest({walked_by: [RANGE_OR_CURSOR]})
    if not is_ranged:
        return Listing(limit or LIMIT_DEFAULT, cursor=cursor, is_descending=is_descending, walked_by=walked_by)
    first = start or 0
    count = LIMIT_DEFAULT if end is None else end - first
    if not 0 <= count <= LIMIT_MAX:
        raise InvalidRequest({"_end": [f"Ask for 0 to {LIMIT_MAX} items: _start <= _end <= _start + {LIMIT_MAX}."]})
    return Listing(count, first, None, sort, is_descending)


async def own_order_listing(
    start: Start = None,
    end: End = None,
    sort: Annotated[str | None, Query(alias="_sort", pattern=SORT_PATTERN, include_in_schema=False)] = None,
    order: Annotated[str | None, Query(alias="_order", pattern=ORDER_PATTERN, include_in_schema=False)] = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> Listing:
    """Read what of a list in its own order is asked for; `check_sort` refuses what is not offered.

    Raises InvalidRequest.
    """
    return await listing(start, end, sort, order, cursor, limit)


async def refuse_range(request: Request) -> None:
    """Refuse the range of a list that knows cursors alone. Raises InvalidRequest."""
    given = [name for name in RANGE if name in request.query_params]
    if given:
        raise InvalidRequest({name: ["This list is walked by cursor and limit alone."] for name in given})


def list_response(
    request: Request, documents: Sequence[object], *, total: int | None, next_cursor: str | None
) -> Response:
    """Answer one page as an array; `total` counts the whole list, `next_cursor` says where it goes on, if it does."""
    headers: dict[str, str] = {}
    if total is not None:
        headers[TOTAL_HEADER] = str(total)
    if next_cursor is not None:
        left_out = {"cursor", "_start", "_end", "_sort"}
        query = [(name, text) for name, text in parse_qsl(request.url.query) if name not in left_out]
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
OwnOrderDep = Annotated[Listing, Depends(own_order_listing)]
