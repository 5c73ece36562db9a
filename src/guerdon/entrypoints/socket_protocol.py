"""uvicorn's WebSocket protocol with little memory for each client, no addresses in the log, and an end that is one."""

import logging
import socket
from asyncio import BaseTransport
from typing import Any, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from guerdon.entrypoints.http_protocol import last_answer
from guerdon.platform.problems import NotHttp

BUFFER_BYTES: Final = 32_768
FAREWELL_S: Final = 5.0
MESSAGE_BYTES_MAX: Final = 4_096
PING_S: Final = 20.0
PONG_S: Final = 20.0

# Library lines name whole addresses, and an address holds a token.
_quiet = logging.getLogger("guerdon.sockets")
_quiet.setLevel(logging.WARNING)


class SocketProtocol(WebSocketsSansIOProtocol):
    """Whatever a client does or leaves undone, its connection and its memory go soon after its socket has ended."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # as the library calls it
        super().__init__(*arguments, **named)
        self.logger = self.conn.logger = _quiet
        self.conn.debug = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what waits for the client here and in the kernel, which would keep megabytes."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=BUFFER_BYTES)
        line = transport.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Read on; an opening that the library cannot read is answered, for it would leave the client waiting."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(last_answer(NotHttp(), self.default_headers))
            self.transport.close()

    async def run_asgi(self) -> None:
        """Serve the socket; a client that takes no goodbye is dropped."""
        try:
            await super().run_asgi()
        finally:
            self._drop_soon()

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message; one that comes after a goodbye finds nobody, which is no mistake of who sends it."""
        try:
            await super().send(message)
        except RuntimeError as ended:
            if self.close_sent:
                raise ClientDisconnected from ended
            raise

    def keepalive_timeout(self) -> None:
        """End a socket whose client answers no ping, also when what waits for it cannot be sent."""
        super().keepalive_timeout()
        self._drop_soon()

    def _drop_soon(self) -> None:
        if not self.disconnected:
            self.loop.call_later(FAREWELL_S, self.transport.abort)
