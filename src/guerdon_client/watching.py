"""Watching a pass: its frames one after the other, over as many WebSockets as it takes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from guerdon_client.errors import BrokenAnswer, ConnectionLost
from guerdon_client.model import Json
from guerdon_client.reading import read_object

CONNECTED: Final = "connected"
ATTEMPTS_MAX: Final = 20
FIRST_PAUSE_S: Final = 0.5
GROWTH: Final = 1.5
PAUSE_S_MAX: Final = 30.0
FRAME_BYTES_MAX: Final = 65_536
LOSSES: Final = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError, ConnectionLost)


@dataclass(frozen=True, slots=True)
class PassFrame:
    """What happened to a pass; `members` are those of its type, as they came.

    The type `connected` is the client's own and has no time: from now on frames come, and what happened before was
    not told.
    """

    type: str
    pass_id: str
    at: datetime | None = None
    members: Mapping[str, Json] = field(default_factory=dict[str, Json])


async def watch(
    pass_id: str, find_url: Callable[[], Awaitable[str]], pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[PassFrame]:
    """Give the frames of a pass as they come, and `connected` whenever a socket is open: read the pass then.

    A lost socket is opened anew at the address that `find_url` gives, after 0.5 s and then ever longer up to 30 s.
    Raises ConnectionLost after 20 attempts in a row, BrokenAnswer, and what `find_url` raises.
    """
    attempts = 0
    while True:
        try:
            async with connect(await find_url(), max_size=FRAME_BYTES_MAX, compression=None) as socket:
                yield PassFrame(CONNECTED, pass_id)
                async for frame in _frames(socket):
                    attempts = 0
                    yield frame
        except LOSSES as lost:
            if attempts >= ATTEMPTS_MAX:
                raise ConnectionLost("The pass could not be watched.") from lost
        await pause(min(FIRST_PAUSE_S * GROWTH**attempts, PAUSE_S_MAX))
        attempts += 1


async def _frames(socket: ClientConnection) -> AsyncGenerator[PassFrame]:
    async for message in socket:
        if isinstance(message, bytes):
            raise BrokenAnswer("A frame of bytes came; text was promised.")
        document = read_object(message.encode())
        members = {name: value for name, value in document.all().items() if name not in {"type", "passId", "at"}}
        yield PassFrame(document.text("type"), document.text("passId"), document.instant("at"), members)
