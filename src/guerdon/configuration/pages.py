"""Pages of lists: how many at once, from where on, and where the next one is."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response

from guerdon.configuration.schemas import Shown
from guerdon.platform.wire import DIGITS
from guerdon.tenants.model import LIST_MAX, PATH_CHARACTERS_MAX, PATH_START

LIST_DEFAULT = 100

Limit = Annotated[int, Query(ge=1, le=LIST_MAX), DIGITS]
PathStart = Annotated[str, Query(max_length=PATH_CHARACTERS_MAX, pattern=f"^{PATH_START.pattern}$")]


def listed(items: Sequence[Shown], address: str, next_query: str | None) -> Response:
    """Answer one page of a list; `next_query` leads to the one after it."""
    headers = {} if next_query is None else {"Link": f'<{quote(address)}?{quote(next_query, "=&")}>; rel="next"'}
    return Response(b"[" + b",".join(item.text() for item in items) + b"]", 200, headers, "application/json")
