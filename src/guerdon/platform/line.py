"""The line to the database, on which BEGIN travels with a transaction's first statement and COMMIT with its last.

PostgreSQL carries out what it is sent in its order and, after a mistake, nothing more before the next Sync (PostgreSQL
documentation, "Extended Query Protocol", "Pipelining"). So what is put into the packet of a statement needs no round
trip of its own: if BEGIN fails, its statement is not run, and if the last statement fails, nothing is committed. The
driver sends a statement at a time; what it sends passes through here. The answers reach it untouched, and it takes
whatever was completed before the Sync for parts of the statement.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import asyncpg

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    # The class takes no parameter where it is not a stub.
    _Connection = asyncpg.Connection

BIND: Final = ord("B")
QUERY: Final = ord("Q")
SYNC: Final = b"S\x00\x00\x00\x04"
NAME_AT: Final = 6  # of the statement in a Bind, behind its letter, its length and the empty name of a portal
NAME_BYTES_MAX: Final = 63
STATEMENTS_KEPT: Final = 4_096


class NotBegun(RuntimeError):
    """A statement came in a form that BEGIN cannot travel with; a defect of ours."""


class Line:
    """What the driver takes for its transport: adds to the packets that it is told to, and to no others."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Stand before a connected transport."""
        self.transport = transport
        self.write: Callable[[memoryview], None] = transport.write
        self._beginning: Sequence[str] = ()
        self._ending: str | None = None
        self._has_ended = False
        self._last_name = b""
        self._names: dict[str, bytes] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the transport's
        return getattr(self.transport, name)

    def writelines(self, packets: Sequence[memoryview]) -> None:
        """Send packets as one."""
        self.write(memoryview(b"".join(packets)))

    def begin(self, beginning: Sequence[str]) -> None:
        """Have statements without arguments carried out before the next one, in its packet."""
        self._beginning = beginning
        self.write = self._add

    def take_beginning(self) -> Sequence[str]:
        """Give what `begin` was given, to be sent otherwise or not at all; nothing when it has been sent."""
        beginning, self._beginning = self._beginning, ()
        self.write = self.transport.write
        return beginning

    def end_with(self, sql: str) -> None:
        """Have COMMIT carried out behind a statement, in its packet, if this line has run that statement so before.

        The first time the driver may run statements of its own before it, to learn of types, and must not commit then.
        """
        self._ending = sql
        self._has_ended = False
        self._last_name = b""
        self.write = self._add

    def has_ended(self) -> bool:
        """Tell whether COMMIT went with the statement of `end_with`; if it did not, it will the next time."""
        assert self._ending is not None
        if not self._has_ended:
            self._names[self._ending] = self._last_name
        self._ending = None
        self.write = self.transport.write
        return self._has_ended

    def _add(self, packet: memoryview) -> None:
        if packet[0] == BIND:
            packet = self._added(packet, bytes(packet[NAME_AT : NAME_AT + NAME_BYTES_MAX]).partition(b"\x00")[0])
        elif packet[0] == QUERY and self._beginning:
            self._refuse()
        self.transport.write(packet)

    def _added(self, packet: memoryview, name: bytes) -> memoryview:
        parts: list[bytes | memoryview] = []
        if self._beginning:
            if not name:
                # BEGIN would take its place: there is one statement without a name.
                self._refuse()
            parts += [messages(sql) for sql in self.take_beginning()]
        if self._ending is not None and self._names.get(self._ending) == name != b"":
            assert packet[-len(SYNC) :] == SYNC
            parts += [packet[: -len(SYNC)], messages("COMMIT"), SYNC]
            self._has_ended = True
        else:
            parts.append(packet)
        self._last_name = name
        self.write = self.transport.write if self._ending is None else self._add
        return memoryview(b"".join(parts))

    def _refuse(self) -> NoReturn:
        # The driver waits for an answer now, to something that was not sent.
        self.transport.abort()
        raise NotBegun


@lru_cache(STATEMENTS_KEPT)
def messages(sql: str) -> bytes:
    """Give the messages that carry out one statement without arguments or rows: Parse, Bind and Execute."""
    assert "\x00" not in sql
    parse = _message(b"P", b"\x00" + sql.encode() + b"\x00" + bytes(2))
    return parse + _message(b"B", bytes(8)) + _message(b"E", bytes(5))


def _message(letter: bytes, content: bytes) -> bytes:
    return letter + (len(content) + 4).to_bytes(4) + content


class Connection(_Connection):
    """The driver's connection, with its line. Connect it in a `Lines`."""

    __slots__ = ("line",)

    def __init__(self, protocol: Any, transport: Line, *others: Any) -> None:  # noqa: ANN401  # the driver's own
        """Keep the line that the driver takes for a transport."""
        super().__init__(protocol, transport, *others)
        self.line = transport

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109  # theirs
        """Do what the driver does; BEGIN goes alone before a text of several statements, which has no packet for it."""
        if not args and (beginning := self.line.take_beginning()):
            await super().execute("; ".join(beginning))
        return await super().execute(query, *args, timeout=timeout)


class Lines:
    """The event loop as the driver is shown it: each connection that it makes gets a line."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect in `loop`."""
        self._loop = loop

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the loop's
        return getattr(self._loop, name)

    async def create_connection(
        self,
        driver: Callable[[], asyncio.Protocol],
        *where: Any,  # noqa: ANN401  # as the loop takes it
        **how: Any,  # noqa: ANN401
    ) -> tuple[Line, asyncio.Protocol]:
        """Connect over TCP, as the loop does."""
        _, introduction = await self._loop.create_connection(lambda: _Introduction(driver()), *where, **how)
        return introduction.line, introduction.driver

    async def create_unix_connection(
        self, driver: Callable[[], asyncio.Protocol], path: str
    ) -> tuple[Line, asyncio.Protocol]:
        """Connect over a socket in the file system, as the loop does."""
        _, introduction = await self._loop.create_unix_connection(lambda: _Introduction(driver()), path)
        return introduction.line, introduction.driver

    async def start_tls(
        self,
        line: Line,
        protocol: asyncio.Protocol,
        *how: Any,  # noqa: ANN401  # as the loop takes it
        **more: Any,  # noqa: ANN401
    ) -> Line | None:
        """Encrypt what passes a line, as the loop does for a transport."""
        transport = await self._loop.start_tls(line.transport, protocol, *how, **more)
        return None if transport is None else Line(transport)


class _Introduction(asyncio.Protocol):
    """Hands a line to the driver, and leaves the two alone."""

    line: Line

    def __init__(self, driver: asyncio.Protocol) -> None:
        self.driver = driver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line = Line(cast("asyncio.Transport", transport))
        self.line.transport.set_protocol(self.driver)
        self.driver.connection_made(cast("asyncio.Transport", self.line))
