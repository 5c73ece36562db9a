"""The sockets that `guerdon up` opens for its children, their addresses, and the first answer through them."""

import asyncio
import socket
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from guerdon.entrypoints.home import Say
from guerdon.entrypoints.listening import listening_socket, listening_sockets

LOOPBACK: Final = "127.0.0.1"
# Whoever listens everywhere is reached here.
NEAR: Final = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}  # noqa: S104  # looked up, not listened on
POLL_S: Final = 0.05
ANSWER_S: Final = 10.0
LINE_BYTES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Sockets:
    """What is listened on: the API, once for each process, and in the sandbox the stand-ins for Apple and Google."""

    api: tuple[socket.socket, ...]
    stand_ins: tuple[socket.socket, ...] = ()

    @property
    def port(self) -> int:
        """The port of the API, also where a free one was taken."""
        return _port(self.api[0])

    @property
    def push_url(self) -> str:
        """Where the stand-in for Apple's pushes is reached."""
        return f"https://{LOOPBACK}:{_port(self.stand_ins[0])}"

    @property
    def google_url(self) -> str:
        """Where the stand-in for Google is reached."""
        return f"http://{LOOPBACK}:{_port(self.stand_ins[1])}"

    def api_url(self, host: str) -> str:
        """Tell where the API is reached from this machine."""
        near = NEAR.get(host, host)
        return f"http://{f'[{near}]' if ':' in near else near}:{self.port}"


@contextmanager
def open_sockets(host: str, port: int, api_processes: int, *, with_stand_ins: bool) -> Generator[Sockets]:
    """Listen for the children; port 0 takes a free one. Raises PortTaken."""
    with ExitStack() as stack:
        api = stack.enter_context(listening_sockets(host, port, api_processes))
        count = 2 if with_stand_ins else 0
        yield Sockets(api, tuple(stack.enter_context(listening_socket(LOOPBACK, 0)) for _ in range(count)))


def api_words(listening: socket.socket, core: int | None) -> tuple[str, ...]:
    """Say to `guerdon api` on what it listens, and which core it keeps to."""
    kept = () if core is None else ("--core", str(core))
    return ("--descriptor", str(listening.fileno()), *kept)


async def tell_when_ready(base_url: str, lines: Sequence[str], say: Say) -> None:
    """Ask until a child answers that it serves, for ever if need be, and then say the lines."""
    while not await _is_ready(base_url):  # noqa: ASYNC110  # another process sets no event of ours
        await asyncio.sleep(POLL_S)
    for line in lines:
        say(line)


async def _is_ready(base_url: str) -> bool:
    address = urlsplit(base_url)
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=LINE_BYTES_MAX)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False


def _port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])
