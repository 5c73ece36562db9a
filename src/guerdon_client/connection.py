"""Where a client sends to, with what credential, and how much it takes in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx2

from guerdon_client.calls import Answer, is_header_value, path_of
from guerdon_client.errors import AnswerTooLarge, BrokenAnswer
from guerdon_client.exchange import Attempt

ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
TIMEOUT_S: Final = 10.0
USER_AGENT: Final = "guerdon-client"


@dataclass(frozen=True, slots=True)
class Connection:
    """One tenant of one server, as one caller."""

    server_url: str
    tenant_path: str
    credential: Mapping[str, str] = field(repr=False)

    def url(self, attempt: Attempt) -> str:
        """Give the whole address of an attempt."""
        return self.server_url + ("" if attempt.is_of_server else self.tenant_path) + attempt.address

    def headers(self, attempt: Attempt) -> dict[str, str]:
        """Give all headers of an attempt."""
        return {"user-agent": USER_AGENT, **self.credential, **attempt.headers}


def connect(base_url: str, tenant_id: str, api_key: str | None, token: str | None) -> Connection:
    """Check where to and as whom; without a key and a token the caller is anonymous.

    Raises ValueError, which never shows the credential.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("The base URL begins with http:// or https:// and has no query.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Give the credential as api_key or token, not in the base URL.")
    if api_key is not None and token is not None:
        raise ValueError("Give either api_key or token.")
    credential: dict[str, str] = {}
    if api_key is not None:
        credential["x-api-key"] = _printable(api_key, "api_key")
    if token is not None:
        credential["authorization"] = f"Bearer {_printable(token, 'token')}"
    return Connection(base_url.rstrip("/"), path_of("api", tenant_id), credential)


class Intake:
    """Takes in the body of one answer, and stops at the limits of size and time."""

    __slots__ = ("_bytes_max", "_chunks", "_deadline", "_size")

    def __init__(self, response: httpx2.Response, bytes_max: int, deadline: float) -> None:
        """Expect at most `bytes_max` bytes before `deadline`. Raises BrokenAnswer for a compressed answer."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise BrokenAnswer("The answer is compressed; plain bytes were asked for.")
        self._bytes_max = bytes_max
        self._deadline = deadline
        self._chunks: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes, now: float) -> None:
        """Take a part. Raises AnswerTooLarge, httpx2.ReadTimeout."""
        self._size += len(chunk)
        if self._size > self._bytes_max:
            raise AnswerTooLarge(self._bytes_max)
        if now > self._deadline:
            # The timeout of the socket starts anew with every byte, so a trickle would never end.
            raise httpx2.ReadTimeout("The answer came too slowly.")
        self._chunks.append(chunk)

    def answer(self, response: httpx2.Response) -> Answer:
        """Give the whole answer."""
        return Answer(str(response.url), response.status_code, dict(response.headers), b"".join(self._chunks))


def _printable(secret: str, name: str) -> str:
    if not is_header_value(secret):
        raise ValueError(f"The {name} must be printable ASCII without blanks at its ends.")
    return secret
