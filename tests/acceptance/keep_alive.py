"""A connection that asks one thing after the other, for proofs of which a client's own work would be the half."""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 60
# Servers hang up on whoever has said nothing for a while, and that may cross with what is said next.
IDLE_MAX_S = 2
READ_BYTES = 65_536
NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; the head with its names in lower case."""

    status: int
    head: bytes
    content: bytes

    @property
    def is_success(self) -> bool:
        """Tell whether what was asked is done."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """Give the content as somebody would read it."""
        return self.content.decode()

    def json(self) -> Any:
        """Read the content."""
        return json.loads(self.content)


class Line:
    """HTTP/1.1 to one server, kept alive; with what every request says in its head."""

    def __init__(self, base_url: str, api_key: str) -> None:
        """Connect."""
        parts = urlsplit(base_url)
        assert parts.hostname is not None
        self._peer = (parts.hostname, parts.port or 80)
        self._said = f"HTTP/1.1\r\nhost: {parts.netloc}\r\nx-api-key: {api_key}\r\n"
        self._connect()

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request, with a JSON body if there is one, and read the whole answer."""
        head = f"{method} {path} {self._said}" + "".join(
            f"{name}: {said}\r\n" for name, said in (headers or {}).items()
        )
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            head += "content-type: application/json\r\n"
        if time.monotonic() - self._heard_at > IDLE_MAX_S:
            self.close()
            self._connect()
        self._socket.sendall(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        return self._read()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._peer, TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard_at = time.monotonic()

    def _read(self) -> Answer:
        read = b""
        while (end := read.find(b"\r\n\r\n")) < 0:
            read += self._more()
        head, content = read[:end].lower(), read[end + 4 :]
        status = int(head[9:12])
        length = 0 if status == NO_CONTENT else _length(head)
        while len(content) < length:
            content += self._more()
        assert len(content) == length, "more was answered than was asked"
        return Answer(status, head, content)

    def _more(self) -> bytes:
        more = self._socket.recv(READ_BYTES)
        assert more, "the server has hung up"
        self._heard_at = time.monotonic()
        return more


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    assert found, head
    return int(rest.partition(b"\r\n")[0])
