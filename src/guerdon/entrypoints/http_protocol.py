"""uvicorn's HTTP protocol with limits, whole answers to what it cannot read, and no ear for what is no request.

The library takes a head of any length, waits for ever for the rest of a request, takes fields that follow a body for
headers, loses the body of a request that offers another protocol, and answers what it cannot read before what it could.
"""

from asyncio import BaseTransport, TimerHandle
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uuid_utils import uuid4
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from guerdon.platform import metrics
from guerdon.platform.boundary import problem_headers
from guerdon.platform.problems import HeadTooLarge, NotHttp, Problem, TooSlow

Headers = Sequence[tuple[bytes, bytes]]

HEAD_BYTES_MAX: Final = 65_536
PATIENCE_S: Final = 30.0
# What a body has to bring within one patience.
BODY_BYTES_MIN: Final = 1_024


class HttpProtocol(HttpToolsProtocol):
    """Reads requests within limits and hands them to the application.

    A head has to be whole within `patience_s` and `HEAD_BYTES_MAX`, a body has to bring `BODY_BYTES_MIN` in each
    `patience_s`; a protocol above takes the parts of a request by `take_head`, `take_body` and `take_end`.
    """

    patience_s = PATIENCE_S
    _patience: TimerHandle | None = None
    _waits_for: tuple[int, int] = (0, 0)
    _messages = 0
    _bytes_read = 0
    # Since something of a request could be passed on; whole reads are counted.
    _bytes_kept = 0
    _is_head_open = False
    _is_open = True
    _has_moved = False
    _is_declining = False
    _turns: deque[RequestResponseCycle]

    def connection_made(self, transport: BaseTransport) -> None:
        """Give a new connection a while to say something."""
        self._turns = deque()
        super().connection_made(transport)  # pyright: ignore[reportArgumentType]  # the library says more than asyncio
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more, and let no application answer on a closed line."""
        if self._patience is not None:
            self._patience.cancel()
        # The library tells the last request only, and those before it would fail at their answers.
        for turn in self._turns:
            turn.disconnected = True
            turn.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; end the connection at what is no request, or too long a head."""
        self._unset_keepalive_if_required()
        self._has_moved = False
        self._bytes_read += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            self._meet_offer(data[offer.args[0] :])
            return
        except HttpParserError:
            self._end(NotHttp())
            return
        self._bytes_kept = 0 if self._has_moved else self._bytes_kept + len(data)
        if self._bytes_kept > HEAD_BYTES_MAX:
            self._end(HeadTooLarge(HEAD_BYTES_MAX))
        elif self._is_open and self._patience is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._messages += 1
        self._is_open = self._is_head_open = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take a head, unless it has to be read once more without its offer."""
        self._is_head_open, self._has_moved = False, True
        offers = self.parser.should_upgrade()
        self._is_declining = offers and not self._should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self._is_declining:
            return
        self.take_head()
        if not offers:
            # What follows a body is no header: a proxy in front has not seen it (RFC 9110, 6.5.1).
            self.headers = []

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._has_moved = True
        self.take_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._is_open, self._has_moved = False, True
        if not self._is_declining:
            self.take_end()

    def take_head(self) -> None:
        """Begin the request whose head was read."""
        super().on_headers_complete()
        # They are answered in their order, so that those which are done stand first; thousands may come in one read.
        while self._turns and self._turns[0].response_complete:
            self._turns.popleft()
        if self.cycle:
            self._turns.append(self.cycle)

    def take_body(self, body: bytes) -> None:
        """Add to the body of the request."""
        super().on_body(body)

    def take_end(self) -> None:
        """Say that the request is whole."""
        super().on_message_complete()

    def is_busy(self) -> bool:
        """Tell whether a request of this connection is not answered yet."""
        cycle: Any = self.cycle  # None before the first request, whatever the library declares
        return cycle is not None and not cycle.response_complete

    def _should_upgrade(self) -> bool:
        # A socket begins with a GET, and with all before it answered: it would write among the answers.
        return self.parser.get_method() == b"GET" and not self.is_busy() and super()._should_upgrade()

    def _meet_offer(self, rest: bytes) -> None:
        if self._is_declining:
            self._read_again(rest)
        else:
            self.handle_websocket_upgrade()

    def _read_again(self, rest: bytes) -> None:
        """Read a request whose offer of another protocol is declined, as Java's client makes it with every first one.

        The parser leaves out the body of such a request.
        """
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b\r\n" % line for line in self.headers if line[0] not in {b"upgrade", b"connection"}]
        if not self.parser.should_keep_alive():
            lines.append(b"connection: close\r\n")
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the library sets it
        self.data_received(b"".join([*lines, b"\r\n", rest]))

    def _wait(self) -> None:
        self._waits_for = (self._messages, self._bytes_read)
        self._patience = self.loop.call_later(self.patience_s, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience = None
        message, bytes_then = self._waits_for
        if not self._is_open or self.transport.is_closing():
            return
        is_slow = self._is_head_open or self._bytes_read - bytes_then < BODY_BYTES_MIN
        if self.flow.read_paused or message != self._messages or not is_slow:
            # Either it is we who do not read, or it is another request, or enough has come.
            self._wait()
        elif message == 0:
            self.transport.close()
        else:
            self._end(TooSlow(self.patience_s))

    def _end(self, problem: Problem) -> None:
        """Close, after what is under way was answered; if that is nothing, say why."""
        cycle: Any = self.cycle
        if self.is_busy() and not cycle.more_body:
            cycle.keep_alive = False
            self.flow.pause_reading()
        elif self.is_busy() and cycle.response_started:
            self.transport.close()
        else:
            self.transport.write(last_answer(problem, self.server_state.default_headers))
            self.transport.close()


def whole_answer(status: int, headers: Headers, body: bytes, *, is_last: bool) -> bytes:
    """Give an answer as it stands on the wire; after the last one the connection ends."""
    parts = [STATUS_LINE[status]]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (b"content-length: %d\r\n" % len(body), b"connection: close\r\n" if is_last else b"", b"\r\n", body)
    return b"".join(parts)


def last_answer(problem: Problem, default_headers: Headers) -> bytes:
    """Give the answer to what is no request, and count it."""
    metrics.observe_request(metrics.OTHER, problem.status, 0)
    request_id = uuid4().hex
    headers = [*default_headers, *problem_headers(problem), (b"x-request-id", request_id.encode())]
    return whole_answer(problem.status, headers, problem.body(request_id), is_last=True)
