"""Pages of a pass's privileges: how many at once, from where on, and where the next one is."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from guerdon.passes.errors import PassNotFound
from guerdon.passes.finding import get_pass
from guerdon.platform.db import Tx
from guerdon.platform.parameters import parse_as_of
from guerdon.platform.problems import InvalidRequest
from guerdon.privileges import queries
from guerdon.privileges.queries import LIST_MAX, Place

CURSOR_PATTERN: Final = "^[A-Za-z0-9_-]{1,2000}$"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_number = re.compile("[0-9]{1,4}")

Rank = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 + 1)]
Microseconds = Annotated[int, msgspec.Meta(ge=0, le=10**17)]
PrivilegeId = Annotated[str, msgspec.Meta(max_length=200, pattern="^[^\\x00]*$")]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a list is asked for."""

    as_of: datetime | None = None
    after: Place | None = None
    limit: int = LIST_MAX


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list as JSON text, and where the next one begins, if there is one."""

    text: str
    following: str | None


async def list_page(tx: Tx, pass_id: str, now: datetime, asked: Asked) -> Page:
    """Give privileges of a pass, at most 1000, in the order of the list. Raises PassNotFound."""
    await get_pass(tx, pass_id)
    places = await queries.list_places(tx, pass_id, now, asked.as_of, asked.after, asked.limit + 1)
    shown = places[: asked.limit]
    listed = await queries.list_documents(tx, [pass_id], now, asked.as_of, [place.privilege_id for place in shown])
    if pass_id not in listed:
        raise PassNotFound(pass_id)
    return Page(listed[pass_id].text, _write_cursor(shown[-1]) if len(places) > asked.limit else None)


def read_asked(query: bytes) -> Asked:
    """Read `asOf`, `cursor` and `limit` from a raw query string; other names are let be. Raises InvalidRequest."""
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    errors: dict[str, Sequence[str]] = {}
    limit, after = given.get("limit", str(LIST_MAX)), None
    if _number.fullmatch(limit) is None or not 1 <= int(limit) <= LIST_MAX:
        errors["limit"] = [f"Give a number from 1 to {LIST_MAX}."]
    try:
        after = _read_cursor(given["cursor"]) if "cursor" in given else None
    except ValueError as wrong:
        errors["cursor"] = [str(wrong)]
    if errors:
        raise InvalidRequest(errors)
    return Asked(parse_as_of(given["asOf"]) if "asOf" in given else None, after, int(limit))


def page_headers(page: Page, path: str, query: bytes) -> dict[str, str]:
    """Say where the next page is: at the address of this one, behind its last privilege."""
    if page.following is None:
        return {}
    kept = [(name, text) for name, text in parse_qsl(query.decode("latin-1")) if name != "cursor"]
    following = urlencode([*kept, ("cursor", page.following)])
    return {"Link": f'<{quote(path)}?{following}>; rel="next"', "Guerdon-Next-Cursor": page.following}


def _write_cursor(place: Place) -> str:
    microseconds = (place.created_at - EPOCH) // timedelta(microseconds=1)
    document = msgspec.json.encode([place.rank, microseconds, place.privilege_id])
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> Place:
    """Read a cursor. Raises ValueError."""
    try:
        document = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        rank, microseconds, privilege_id = msgspec.json.decode(document, type=tuple[Rank, Microseconds, PrivilegeId])
    except (binascii.Error, ValueError) as broken:
        raise ValueError("This is no cursor; take it from the Link header.") from broken
    return Place(privilege_id, rank, EPOCH + timedelta(microseconds=microseconds))
