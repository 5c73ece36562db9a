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
from typing import TYPE_CHECKING, Any, Final, cast

import asyncpg

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    # The class takes no parameter where it is not a stub.
    _Connection = asyncpg.Connection

PARSE: Final = ord("P")
BIND: Final = ord("B")
QUERY: Final = ord("Q")
ASKING: Final = frozenset({BIND, QUERY})
SYNC: Final = b"S\x00\x00\x00\x04"
HEAD_BYTES: Final = 5  # of a message: its letter and its length
NAME_AT: Final = HEAD_BYTES + 1  # of the statement in a Bind, behind the empty name of a portal
NAME_BYTES_MAX: Final = 63
STATEMENTS_KEPT: Final = 4_096


class NotBegun(RuntimeError):
    """A statement came in a form that BEGIN cannot travel with; a defect of ours."""


class Line:
    """What the driver takes for its transport: adds to the packets that it is told to, and to no others."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Stand before a connected transport."""
        self.transport = transport
        self.is_in_transaction: Callable[[], bool] = lambda: False  # the driver's own, from its connecting on
        # Whether BEGIN has been sent since `begin`, and be it in vain.
        self.has_begun = False
        # Whether the server holds what was prepared, and its tables, until it hears more.
        self.is_halfway = False
        self._beginning: Sequence[str] = ()
        self._ending: str | None = None
        self._has_ended = False
        self._last_name = b""
        self._names: dict[str, bytes] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the transport's
        return getattr(self.transport, name)

    def begin(self, beginning: Sequence[str]) -> None:
        """Have statements without arguments carried out before the next one, in its packet, until `leave`.

        They go before the one after it as well, if they failed themselves and whoever sent them took no notice.
        """
        self._beginning = beginning
        self.has_begun = False

    def is_bound(self) -> bool:
        """Tell whether a transaction is open, or will be with the next statement."""
        return bool(self._beginning)

    def leave(self) -> None:
        """Add nothing any more: the transaction is over, however it ended."""
        self._beginning = ()
        self._ending = None

    def end_with(self, sql: str) -> None:
        """Have COMMIT carried out behind a statement, in its packet, if this line has run that statement so before.

        The first time the driver may run statements of its own before it, to learn of types, and must not commit then.
        """
        self._ending = sql
        self._has_ended = False

    def has_ended(self) -> bool:
        """Tell whether COMMIT went with the statement of `end_with`; if it did not, it will the next time.

        Ask once the statement has succeeded: only then was it the last that the driver has sent.
        """
        assert self._ending is not None
        if not self._has_ended:
            self._names[self._ending] = self._last_name
        self._ending = None
        return self._has_ended

    def write(self, packet: memoryview) -> None:
        """Send a packet, and with it what `begin` and `end_with` ask for."""
        kind = packet[0]
        self.is_halfway = kind == PARSE
        if kind == BIND and self._ending is not None:
            packet = self._with_ending(packet, self._ending)
        if kind in ASKING and self._beginning and not self.is_in_transaction():
            packet = self._with_beginning(packet)
        self.transport.write(packet)

    def writelines(self, packets: Sequence[memoryview]) -> None:
        """Send packets as one."""
        self.write(memoryview(b"".join(packets)))

    def _with_beginning(self, packet: memoryview) -> memoryview:
        self.has_begun = True
        if packet[0] == QUERY:
            text = "; ".join((*self._beginning, "")).encode()
            return memoryview(_message(b"Q", text + packet[HEAD_BYTES:]))
        if not _name_of(packet):
            # BEGIN would take its place: there is one statement without a name. The driver waits for an answer now.
            self.transport.abort()
            raise NotBegun
        return memoryview(b"".join([*map(messages, self._beginning), packet]))

    def _with_ending(self, packet: memoryview, sql: str) -> memoryview:
        assert not self._has_ended, sql
        self._last_name = _name_of(packet)
        if not self._last_name or self._names.get(sql) != self._last_name:
            return packet
        assert packet[-len(SYNC) :] == SYNC
        self._has_ended = True
        return memoryview(b"".join([packet[: -len(SYNC)], messages("COMMIT"), SYNC]))


def _name_of(bind: memoryview) -> bytes:
    return bytes(bind[NAME_AT : NAME_AT + NAME_BYTES_MAX]).partition(b"\x00")[0]


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

    def __init__(self, protocol: Any, transport: Line, loop: "Lines", *others: Any) -> None:  # noqa: ANN401  # the driver's
        """Keep the line that the driver takes for a transport."""
        # By the loop itself the driver knows which of its tasks runs.
        super().__init__(protocol, transport, loop.loop, *others)
        self.line = transport
        transport.is_in_transaction = protocol.is_in_transaction

    def transaction(self, **how: Any) -> Any:  # noqa: ANN401  # the driver's own
        """Do what the driver does; inside a transaction that it has not begun it refuses, and so does this before."""
        if self.line.is_bound():
            raise asyncpg.InterfaceError("the transaction of a tenant holds no other; use a savepoint")
        return super().transaction(**how)


class Lines:
    """The event loop as the driver is shown it: each connection that it makes gets a line."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect in `loop`."""
        self.loop = loop

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the loop's
        return getattr(self.loop, name)

    async def create_connection(
        self,
        driver: Callable[[], asyncio.Protocol],
        *where: Any,  # noqa: ANN401  # as the loop takes it
        **how: Any,  # noqa: ANN401
    ) -> tuple[Line, asyncio.Protocol]:
        """Connect over TCP, as the loop does."""
        _, introduction = await self.loop.create_connection(lambda: _Introduction(driver()), *where, **how)
        return introduction.line, introduction.driver

    async def create_unix_connection(
        self, driver: Callable[[], asyncio.Protocol], path: str
    ) -> tuple[Line, asyncio.Protocol]:
        """Connect over a socket in the file system, as the loop does."""
        _, introduction = await self.loop.create_unix_connection(lambda: _Introduction(driver()), path)
        return introduction.line, introduction.driver

    async def start_tls(
        self,
        line: Line,
        protocol: asyncio.Protocol,
        *how: Any,  # noqa: ANN401  # as the loop takes it
        **more: Any,  # noqa: ANN401
    ) -> Line | None:
        """Encrypt what passes a line, as the loop does for a transport."""
        transport = await self.loop.start_tls(line.transport, protocol, *how, **more)
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
