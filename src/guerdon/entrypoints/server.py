"""uvicorn's server, with connections shared fairly among processes, and an end that everybody is told of in time."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from typing import Final, cast

import structlog
import uvicorn

# What accept() says of a connection that came to nothing, or that another process took.
NOBODY: Final = (BlockingIOError, InterruptedError, ConnectionAbortedError)
# How long a process takes no connections when it has no descriptors or memory for them, as asyncio does.
PAUSE_S: Final = 1.0

log = structlog.get_logger("guerdon.server")


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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept on the sockets ourselves: the library's loop would leave nothing to the other processes."""
        await super().startup(sockets=[])
        self.servers = [Accepting(listening, self._protocol) for listening in sockets or ()]  # pyright: ignore[reportAttributeAccessIssue]  # of asyncio's servers, the library uses close() and wait_closed()

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

    def _protocol(self) -> asyncio.Protocol:
        make = cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class)
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._on_stop()


class Accepting:
    """Takes connections from a listening socket that several processes share: one each time it is ready.

    libuv takes all that wait at once, so that of a client's pool of connections one process gets everything and the
    other idles. Whoever takes one by one is overtaken by whoever has less to do.
    """

    def __init__(self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Begin at once, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._protocol = protocol
        self._opening: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listening.setblocking(False)  # noqa: FBT003  # the standard library names no argument here
        self._resume()

    def close(self) -> None:
        """Take no more; connections that wait are left to the other processes."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listening)

    async def wait_closed(self) -> None:
        """Wait until no connection is half opened."""
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except NOBODY:
            return
        except OSError as failure:
            log.warning("no connection can be taken", reason=str(failure), again_in_s=PAUSE_S)
            self._loop.remove_reader(self._listening)
            self._pause = self._loop.call_later(PAUSE_S, self._resume)
            return
        opening = self._loop.create_task(self._open(connection))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            # It went away again before it was one.
            connection.close()
