"""The WebSocket of a pass: opened by a token, one text frame for each event, ended by a code."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from guerdon.access.guard import Guard
from guerdon.live.mailbox import POLICY, TRY_AGAIN_LATER, Ending, Mailbox
from guerdon.live.tokens import LiveTokens
from guerdon.live.watching import Watcher
from guerdon.platform import metrics
from guerdon.platform.boundary import ROUTE, App, Receive, Scope, Send
from guerdon.platform.problems import NotFound
from guerdon.platform.tenant_ids import is_tenant_id

TEMPLATE: Final = "/api/{tenantId}/passes/{passId}/live"
ADDRESS: Final = re.compile(r"/api/([^/]+)/passes/([^/]+)/live")
SEND_S: Final = 10.0
MESSAGES_MAX: Final = 30
WINDOW_S: Final = 60.0


class LiveSockets:
    """Answers every WebSocket of the process and hands everything else on."""

    def __init__(
        self, app: App, watcher: Watcher, guard: Guard, tokens: LiveTokens, clock: Callable[[], datetime]
    ) -> None:
        """Wrap `app`."""
        self._app = app
        self._watcher = watcher
        self._guard = guard
        self._tokens = tokens
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it ends. Raises TooManyRequests, NotFound and what errors.py lists."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        self._guard.admit_socket(scope)
        found = ADDRESS.fullmatch(scope["path"])
        if found is None or not is_tenant_id(found[1]):
            raise NotFound("No WebSocket is at this address.")
        scope[ROUTE] = TEMPLATE
        tenant_id, pass_id = found.groups()
        self._tokens.check(_token(scope["query_string"]), tenant_id, pass_id, self._clock())
        await self._guard.check_served(tenant_id)
        with self._watcher.sockets.opened(tenant_id, pass_id) as mailbox:
            await self._watcher.join(tenant_id)
            await send({"type": "websocket.accept"})
            ending = await _converse(mailbox, receive, send)
        metrics.count_ending(ending.code)


async def _converse(mailbox: Mailbox, receive: Receive, send: Send) -> Ending:
    listening = asyncio.create_task(_listen(mailbox, receive))
    try:
        ending = await _tell(mailbox, send)
        if ending.code is not None:
            async with asyncio.timeout(SEND_S):
                await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})
    except TimeoutError:
        # The client reads nothing, so it is not told; the server drops its connection.
        return Ending(TRY_AGAIN_LATER)
    except OSError:
        return Ending(None)
    finally:
        listening.cancel()
    return ending


async def _tell(mailbox: Mailbox, send: Send) -> Ending:
    while True:
        match await mailbox.take():
            case Ending() as ending:
                return ending
            case frame:
                async with asyncio.timeout(SEND_S):
                    await send({"type": "websocket.send", "text": frame.text})


async def _listen(mailbox: Mailbox, receive: Receive) -> None:
    """Notice that the client goes; what it says is not read, and it may say little."""
    loop = asyncio.get_running_loop()
    window_ends_at, messages = loop.time() + WINDOW_S, 0
    while (await receive())["type"] != "websocket.disconnect":
        if loop.time() > window_ends_at:
            window_ends_at, messages = loop.time() + WINDOW_S, 0
        messages += 1
        if messages > MESSAGES_MAX:
            mailbox.end(Ending(POLICY, "too many messages"))
            return
    mailbox.end(Ending(None))


def _token(query_string: bytes) -> str:
    values = parse_qs(query_string.decode("latin-1")).get("token", [])
    return values[0] if len(values) == 1 else ""
