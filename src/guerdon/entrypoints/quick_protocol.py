"""uvicorn's HTTP protocol with a short way for the plain requests of quick routes.

Such a request costs half of the processor time that it costs as ASGI messages in a task of its own. Whatever is not
plain (an odd header, a query, a body without a length, another request still under way on the connection) goes the
usual way, and so does whatever its route does not take.
"""

from asyncio import CancelledError, Future
from collections.abc import Sequence
from re import Pattern
from time import perf_counter
from typing import Any, ClassVar, Final

import structlog

from guerdon.entrypoints.http_protocol import HttpProtocol, whole_answer
from guerdon.platform import metrics
from guerdon.platform.boundary import JSON, problem_headers, request_id_of
from guerdon.platform.faces import speaks_codes
from guerdon.platform.failures import log_failure, problem_of
from guerdon.platform.hot import HotAnswer
from guerdon.platform.problems import Problem
from guerdon.platform.quick import Headers, QuickRequest, QuickRoute, address_pattern

BODY_BYTES_MAX: Final = 8_192
# Headers by which a request asks for something that only the usual way knows.
ODD_HEADERS: Final = frozenset({b"authorization", b"content-encoding", b"expect", b"transfer-encoding", b"upgrade"}) | {
    b"guerdon-dry-run",
    b"if-match",
    b"origin",
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
    more_body = False
    response_started = False

    def __init__(self, route: QuickRoute, request: QuickRequest) -> None:
        self.route = route
        self.request = request
        self.request_id = request_id_of(request.headers.get(b"x-request-id"))
        self.started_at = perf_counter()
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False
        self.message_event = _NobodyWaits()


class QuickProtocol(HttpProtocol):
    """Answers the plain requests of its routes itself and leaves all others to the application."""

    routes: ClassVar[Sequence[tuple[bytes, Pattern[bytes], QuickRoute]]] = ()
    _held: QuickRoute | None = None
    _parameters: tuple[str, ...] = ()
    _plain_headers: Headers
    _body: bytes

    def take_head(self) -> None:
        """Hold back a request that may be plain until it is whole."""
        self._held = self._find_route()
        self._body = b""
        if self._held is None:
            super().take_head()

    def take_body(self, body: bytes) -> None:
        """Collect the body of a request that is held back; its length was told and is bounded."""
        if self._held is None:
            super().take_body(body)
        else:
            self._body += body

    def take_end(self) -> None:
        """Begin a request that was held back, or let the application have it whole."""
        if self._held is None or not self._begin(self._held):
            self._let_go()
            super().take_end()
        self._held = None

    def shutdown(self) -> None:
        """Stop after the request under way; one that is held back is under way too."""
        self._let_go()
        super().shutdown()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held = None
            super().take_head()
            if self._body:
                super().take_body(self._body)

    def _find_route(self) -> QuickRoute | None:
        # A client that does not read its answers is made to wait by the usual way.
        if self.is_busy() or self.flow.write_paused:
            return None
        method = self.parser.get_method()
        for wanted, pattern, route in self.routes:
            if method == wanted and (found := pattern.fullmatch(self.url)) is not None:
                self._plain_headers = headers = dict(self.headers)
                if not self._is_plain(headers, route):
                    return None
                self._parameters = tuple([part.decode("ascii") for part in found.groups()])
                return route
        return None

    def _is_plain(self, headers: Headers, route: QuickRoute) -> bool:
        return (
            (_has_short_json(headers) if route.method == b"POST" else b"content-length" not in headers)
            and headers.get(b"accept", JSON) in {JSON, b"*/*"}
            and ODD_HEADERS.isdisjoint(headers)
            and (route.takes_keys or b"idempotency-key" not in headers)
            and len(headers) == len(self.headers)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _begin(self, route: QuickRoute) -> bool:
        """Begin a request; False when it has to go the usual way."""
        turn = _Turn(route, QuickRequest(self.url, self._parameters, self._plain_headers, self._body))
        try:
            outcome = route.begin(turn.request)
        except Exception as failure:  # noqa: BLE001  # the library would take it for a mistake of the client
            # Later, as the next request may stand in the very bytes that are being read.
            self.loop.call_soon(self._answer, turn, _refusal(turn, failure))
        else:
            if outcome is None:
                return False
            outcome.add_done_callback(lambda done: self._answer(turn, _outcome(turn, done)))
        self.cycle = turn  # pyright: ignore[reportAttributeAccessIssue]  # it has what the library asks of one
        return True

    def _answer(self, turn: _Turn, answer: HotAnswer) -> None:
        turn.response_complete = True
        metrics.observe_request(turn.route.template, answer.status, perf_counter() - turn.started_at)
        if turn.disconnected or self.transport.is_closing():
            return
        headers = [*self.server_state.default_headers, *answer.headers, *turn.request.told]
        # A request with an origin goes the usual way, and its answer differs from this one.
        headers += ((b"x-request-id", turn.request_id.encode()), (b"vary", b"Origin"))
        self.transport.write(whole_answer(answer.status, headers, answer.body, is_last=not turn.keep_alive))
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _has_short_json(headers: Headers) -> bool:
    length = headers.get(b"content-length", b"")
    return headers.get(b"content-type") == JSON and length.isdigit() and int(length) <= BODY_BYTES_MAX


def _outcome(turn: _Turn, done: "Future[Any]") -> HotAnswer:
    try:
        return turn.route.answer(done.result())
    except (Exception, CancelledError) as failure:  # noqa: BLE001  # nobody else would answer
        return _refusal(turn, failure)


def _refusal(turn: _Turn, failure: BaseException) -> HotAnswer:
    if isinstance(failure, Problem):
        problem = turn.route.refusal(turn.request, failure)
    else:
        log_failure(log, "request failed", failure, request_id=turn.request_id, path=turn.route.template)
        problem = problem_of(failure)
    body = problem.body(turn.request_id, with_codes=speaks_codes(turn.route.template))
    return HotAnswer(problem.status, body, problem_headers(problem))


def quick_protocol(routes: Sequence[QuickRoute]) -> type[QuickProtocol]:
    """Make the protocol that answers some routes itself."""
    known = tuple((route.method, address_pattern(route.template), route) for route in routes)
    return type("HttpProtocol", (QuickProtocol,), {"routes": known})
