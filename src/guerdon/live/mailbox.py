"""Mailboxes: the frames that wait for one socket, few, so that a slow client costs nobody but itself."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from guerdon.live.frames import UPDATED, Frame

FRAMES_MAX: Final = 64

GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_AGAIN_LATER: Final = 1013


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a socket ends: a code of RFC 6455 with its reason, or None when the client is gone already."""

    code: int | None
    reason: str = ""


class Mailbox:
    """The waiting frames of one socket; one task takes them out."""

    __slots__ = ("_ending", "_frames", "_something")

    def __init__(self) -> None:
        """Begin empty."""
        self._frames: deque[Frame] = deque()
        self._ending: Ending | None = None
        self._something = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """Leave a frame; when too many wait, the socket ends instead.

        Of the frames that say `updated` only the newest waits: the older ones say nothing more.
        """
        if self._ending is not None:
            return
        if frame.type == UPDATED:
            self._forget_update()
        if len(self._frames) >= FRAMES_MAX:
            self.end(Ending(TRY_AGAIN_LATER, "too slow"))
            return
        self._frames.append(frame)
        self._something.set()

    def end(self, ending: Ending) -> None:
        """Have the socket end before any other frame; the first ending counts."""
        if self._ending is None:
            self._ending = ending
            self._frames.clear()
            self._something.set()

    async def take(self) -> Frame | Ending:
        """Wait for the next frame, or for the end."""
        await self._something.wait()
        if self._ending is not None:
            return self._ending
        frame = self._frames.popleft()
        if not self._frames:
            self._something.clear()
        return frame

    def _forget_update(self) -> None:
        waiting = next((frame for frame in self._frames if frame.type == UPDATED), None)
        if waiting is not None:
            self._frames.remove(waiting)
