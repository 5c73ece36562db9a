"""A call: what to send and how to read what comes back, the same for the blocking and the asynchronous client."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from guerdon_client.errors import BrokenAnswer
from guerdon_client.exact import instant_text
from guerdon_client.model import Holder, Receipt

T_co = TypeVar("T_co", covariant=True)

KEY_CHARACTERS_MAX: Final = 255
OK: Final = 200
NO_CONTENT: Final = 204
FOUND: Final = 302
NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer to a request to `url`; the names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def receipt(self) -> Receipt:
        """How the write went that this answers."""
        return Receipt(self.headers.get("x-request-id"), self.headers.get("idempotency-replayed") == "true")

    @property
    def version(self) -> int | None:
        """The version that the ETag tells, when it is one."""
        tag = self.headers.get("etag", "").removeprefix("W/").strip('"')
        return int(tag) if tag.isascii() and tag.isdigit() else None


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One request and how to read its answer.

    `path` follows the tenant's address, or the server's own when `is_of_server`. `statuses` are those that `read`
    understands. `needs_key` says that only an idempotency key makes a repeat harmless.
    """

    method: str
    path: str
    read: Callable[[Answer], T_co]
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    statuses: frozenset[int] = frozenset({OK})
    needs_key: bool = False
    is_of_server: bool = False

    @property
    def address(self) -> str:
        """Path and query, ready to be sent."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path


def path_of(*segments: str) -> str:
    """Join path segments, each quoted whole.

    Raises ValueError for an empty one and for `.` and `..`, which would lead to another address.
    """
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise ValueError(f"{segment!r} cannot stand in an address.")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def holder_query(holder: Mapping[str, str]) -> list[tuple[str, str]]:
    """Write identifiers as a query. Raises ValueError when there are none."""
    if not holder:
        raise ValueError("Give at least one identifier.")
    return [(f"identifiers[{name}]", value) for name, value in holder.items()]


def part_holder(holder: Holder) -> tuple[list[str], list[tuple[str, str]]]:
    """Name a pass by path segments or by a query. Raises ValueError."""
    return ([holder], []) if isinstance(holder, str) else ([], holder_query(holder))


def as_of_query(as_of: datetime | None) -> list[tuple[str, str]]:
    """Write the instant of a read as a query. Raises ValueError when it has no offset."""
    return [] if as_of is None else [("asOf", instant_text(as_of))]


def write_headers(idempotency_key: str | None, *, dry_run: bool) -> dict[str, str]:
    """Write the headers that every write takes. Raises ValueError when the key is not 1 to 255 printable characters."""
    headers: dict[str, str] = {}
    if idempotency_key is not None:
        is_plain = is_header_value(idempotency_key)
        if not is_plain or len(idempotency_key) > KEY_CHARACTERS_MAX:
            raise ValueError(f"An idempotency key has 1 to {KEY_CHARACTERS_MAX} printable ASCII characters.")
        headers["idempotency-key"] = idempotency_key
    if dry_run:
        headers["guerdon-dry-run"] = "true"
    return headers


def is_header_value(text: str) -> bool:
    """Tell whether a text can be sent as a header as it is: printable ASCII without a blank at either end."""
    return text != "" and text.isascii() and text.isprintable() and text == text.strip()


def new_key() -> str:
    """Make an idempotency key or a movement id that nobody has used."""
    return secrets.token_hex(16)


def read_receipt(answer: Answer) -> Receipt:
    """Read a write that answers nothing more."""
    return answer.receipt


def read_text(answer: Answer) -> str:
    """Read a short text. Raises BrokenAnswer."""
    try:
        return answer.body.decode()
    except UnicodeDecodeError as broken:
        raise BrokenAnswer("The answer is not text in UTF-8.") from broken
