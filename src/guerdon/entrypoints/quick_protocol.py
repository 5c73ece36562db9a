"""uvicorn's HTTP protocol with a short way for the plain requests of quick routes.

Such a request costs half of the processor time that it costs as ASGI messages in a task of its own. Whatever is not
plain (an odd header, a query, a body without a length, another request still under way on the connection) goes the
usual way, and so does whatever its route does not take.
"""

from asyncio import Future
from collections.abc import Sequence
from re import Pattern
from time import perf_counter
from typing import Any, ClassVar, Final

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from guerdon.platform import metrics
from guerdon.platform.boundary import JSON, problem_headers, request_id_of
from guerdon.platform.http import HotAnswer
from guerdon.platform.problems import InternalError, Problem
from guerdon.platform.quick import Headers, QuickRequest, QuickRoute, address_pattern

BODY_BYTES_MAX: Final = 8_192
# Headers by which a request asks for something that only the usual way knows.
ODD_HEADERS: Final = frozenset({b"authorization", b"expect", b"transfer-encoding", b"upgrade", b"idempotency-key"}) | {
    b"guerdon-dry-run",
    b"if-match",
}

log = structlog.get_logger("guerdon.http")


class _NobodyWaits:
    """Stands where the library keeps the event on which a task would wait for more of its request."""

    def set(self) -> None:
        """Wake nobody."""


class _Turn:
    """What the library asks of the request under way on a connection, for one that is answered here."""

    __slots__ = (
        "disconnected",
        "keep_alive",
        "message_event",
        "request",
        "request_id",
        "response_complete",
        "route",
        "started_at",
    )

    def __init__(self, route: QuickRoute, request: QuickRequest) -> None:
        self.route = route
        self.request = request
        self.request_id = request_id_of(request.headers.get(b"x-request-id"))
        self.started_at = perf_counter()
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False
        self.message_event = _NobodyWaits()


class QuickProtocol(HttpToolsProtocol):
    """Answers the plain requests of its routes itself and leaves all others to the application."""

    routes: ClassVar[Sequence[tuple[bytes, Pattern[bytes], QuickRoute]]] = ()
    _held: QuickRoute | None = None
    _parameters: tuple[str, ...] = ()
    _plain_headers: Headers
    _body: bytes

    def on_headers_complete(self) -> None:
        """Hold back a request that may be plain until it is whole."""
        self._held = self._find_route()
        self._body = b""
        if self._held is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Collect the body of a request that is held back; its length was told and is bounded."""
        if self._held is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """Begin a request that was held back, or let the application have it whole."""
        if self._held is not None:
            route, self._held = self._held, None
            if self._begin(route):
                return
            super().on_headers_complete()
            if self._body:
                super().on_body(self._body)
        super().on_message_complete()

    def _find_route(self) -> QuickRoute | None:
        if self._is_busy():
            return None
        assert self.parser is not None, "it goes with its connection"
        method = self.parser.get_method()
        for wanted, pattern, route in self.routes:
            if method == wanted and (found := pattern.fullmatch(self.url)) is not None:
                self._plain_headers = headers = dict(self.headers)
                if not self._is_plain(headers):
                    return None
                self._parameters = tuple([part.decode("ascii") for part in found.groups()])
                return route
        return None

    def _is_busy(self) -> bool:
        turn: Any = self.cycle  # None before the first request, whatever the library declares
        return turn is not None and not turn.response_complete

    def _is_plain(self, headers: Headers) -> bool:
        assert self.parser is not None, "it goes with its connection"
        length, accepted = headers.get(b"content-length", b""), headers.get(b"accept", JSON)
        return (
            headers.get(b"content-type") == JSON
            and length.isdigit()
            and int(length) <= BODY_BYTES_MAX
            and accepted in {JSON, b"*/*"}
            and ODD_HEADERS.isdisjoint(headers)
            and len(headers) == len(self.headers)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _begin(self, route: QuickRoute) -> bool:
        """Begin a request; False when it has to go the usual way."""
        turn = _Turn(route, QuickRequest(self._parameters, self._plain_headers, self._body))
        try:
            outcome = route.begin(turn.request)
        except Problem as problem:
            self.cycle = turn  # pyright: ignore[reportAttributeAccessIssue]  # it has what the library asks of one
            self._refuse(turn, problem)
            return True
        if outcome is None:
            return False
        self.cycle = turn  # pyright: ignore[reportAttributeAccessIssue]  # as above
        outcome.add_done_callback(lambda done: self._finish(turn, done))
        return True

    def _finish(self, turn: _Turn, outcome: "Future[Any]") -> None:
        failure = outcome.exception()
        if failure is None:
            self._answer(turn, turn.route.answer(outcome.result()))
        elif isinstance(failure, Problem):
            self._refuse(turn, turn.route.refusal(turn.request, failure))
        else:
            log.error("request failed", request_id=turn.request_id, path=turn.route.template, exc_info=failure)
            self._refuse(turn, InternalError())

    def _refuse(self, turn: _Turn, problem: Problem) -> None:
        self._answer(turn, HotAnswer(problem.status, problem.body(turn.request_id), problem_headers(problem)))

    def _answer(self, turn: _Turn, answer: HotAnswer) -> None:
        turn.response_complete = True
        metrics.observe_request(turn.route.template, answer.status, perf_counter() - turn.started_at)
        if turn.disconnected or self.transport.is_closing():
            return
        parts = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers, *turn.request.told):
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"content-length: %d\r\nx-request-id: %b\r\n" % (len(answer.body), turn.request_id.encode()))
        parts += (b"\r\n" if turn.keep_alive else b"connection: close\r\n\r\n", answer.body)
        self.transport.write(b"".join(parts))
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()


def quick_protocol(routes: Sequence[QuickRoute]) -> type[QuickProtocol]:
    """Make the protocol that answers some routes itself."""
    known = tuple((route.method, address_pattern(route.template), route) for route in routes)
    return type("HttpProtocol", (QuickProtocol,), {"routes": known})
