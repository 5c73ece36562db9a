"""The place of a stand-in for Google's wallet service: it keeps what it is sent, and says that it is not built yet."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from guerdon.entrypoints.stand_ins_http import Answer, Conversation, Request
from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import MEDIA_TYPE, NotBuilt

KEPT_MAX: Final = 10_000
JSON: Final = "application/json"


class GoogleStandIn:
    """Answers 501 to all but `GET /received`, which shows the newest 10 000 requests."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Begin with nothing received."""
        self._clock = clock
        self._received: deque[dict[str, object]] = deque(maxlen=KEPT_MAX)

    def connection(self) -> asyncio.Protocol:
        """Make the protocol of one connection."""
        return Conversation(self.answer)

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if (request.method, request.path.partition("?")[0]) == ("GET", "/received"):
            return Answer(200, msgspec.json.encode(list(self._received)), {"content-type": JSON})
        refusal = NotBuilt("The stand-in for Google is not part of this release; see docs/operating.md.")
        self._received.append(
            {
                "receivedAt": rfc3339(self._clock()),
                "method": request.method,
                "path": request.path,
                "body": request.body.decode(errors="replace"),
                "status": refusal.status,
            }
        )
        return Answer(refusal.status, refusal.body("stand-in"), {"content-type": MEDIA_TYPE})
