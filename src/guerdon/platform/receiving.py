"""Reading the body of a request within its limit: whole, or streamed."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from guerdon.platform.problems import TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class ClientGone(Exception):
    """The caller closed the connection before its request was whole."""


async def collect(receive: Receive, bytes_max: int) -> bytes:
    """Read a whole body. Raises TooLarge, ClientGone."""
    message = await receive()
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body") and size <= bytes_max:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if size > bytes_max:
        raise TooLarge(bytes_max)
    return b"".join(parts)


def bounded(receive: Receive, bytes_max: int) -> Receive:
    """Pass a body on as it comes, up to its limit; what it gives raises TooLarge beyond."""
    left = bytes_max

    async def receive_bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge(bytes_max)
        return message

    return receive_bounded


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more, and then what follows it."""
    is_sent = False

    async def receive_again() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
