"""uvicorn's server, with an end that everybody is told of in time."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Generator

import uvicorn


class Server(uvicorn.Server):
    """A server that ends well by the first signal, instead of raising it again once it has stopped.

    `on_stop` is called at the signal, for streams that have no end of their own; `say_goodbye` is awaited before
    connections are closed.
    """

    def __init__(
        self, config: uvicorn.Config, on_stop: Callable[[], None], say_goodbye: Callable[[], Awaitable[None]]
    ) -> None:
        """Take over a configuration; `serve` begins."""
        super().__init__(config)
        self._on_stop = on_stop
        self._say_goodbye = say_goodbye

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, tell clients, and wait for what is under way."""
        # The library would end WebSockets as a fault of the server; a client that is told reconnects at leisure.
        await self._say_goodbye()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take the two signals of the end as long as the server runs."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._on_stop()
