"""The outermost layer of HTTP: request ids, body limits, media types, and problems for everything that fails."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from time import perf_counter
from typing import Any

import structlog
from uuid_utils import uuid4

from guerdon.platform import metrics
from guerdon.platform.bodies import BodyRule
from guerdon.platform.faces import speaks_codes
from guerdon.platform.failures import log_failure, problem_of
from guerdon.platform.problems import (
    MEDIA_TYPE,
    BadlyFormed,
    InvalidRequest,
    Problem,
    TooLarge,
    WrongEncoding,
    WrongMediaType,
)
from guerdon.platform.receiving import ClientGone, Message, Receive, bounded, collect, replay

Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY = "guerdon.body"
HEADERS = "guerdon.headers"
REQUEST_ID = "guerdon.request_id"
ROUTE = "guerdon.route"
READS_JSON = re.compile(rb"(application|text)/json|application/[\w.!#$&^+-]+\+json", re.IGNORECASE)
SENT_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{8,64}")
# Headers that decide what a request is. Of two, a proxy in front may have looked at the other one.
GIVEN_ONCE = (
    b"host",
    b"authorization",
    b"x-api-key",
    b"content-type",
    b"idempotency-key",
    b"guerdon-dry-run",
    b"if-match",
)
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
JSON = b"application/json"
IDENTITY = b"identity"
SWITCHING_PROTOCOLS = 101
SOCKET_FAILED = 1011
CLIENT_GONE = 499  # as proxies count it; nobody is told

log = structlog.get_logger("guerdon.http")


class Boundary:
    """Wraps the application: whatever happens inside, the caller gets a whole and honest answer."""

    def __init__(self, app: App, *, body_bytes_max: int, rules: Sequence[BodyRule] = ()) -> None:
        """Read bodies of at most `body_bytes_max` bytes before `app` sees the request; `rules` are the exceptions."""
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await self._open_socket(scope, receive, send)
            return
        started_at = perf_counter()
        scope[HEADERS] = headers = dict(scope["headers"])
        scope[REQUEST_ID] = request_id = request_id_of(headers.get(b"x-request-id"))
        answer = _Answer(scope, send, _answer_media_type(headers.get(b"accept")))
        try:
            _check_address(scope)
            _check_headers(scope, headers)
            scope[BODY] = b""
            await self._app(scope, await self._take_body(scope, headers, receive), answer)
        except ClientGone:
            answer.status = CLIENT_GONE
        except Problem as problem:
            await send_problem(problem, request_id, answer, scope["path"])
        except Exception as failure:  # noqa: BLE001  # whatever it is, the caller gets an answer
            told = {"request_id": request_id, "method": scope["method"], "path": scope["path"]}
            log_failure(log, "request failed", failure, **told)
            if not answer.has_started:
                await send_problem(problem_of(failure), request_id, answer, scope["path"])
        finally:
            metrics.observe_request(scope.get(ROUTE, "other"), answer.status, perf_counter() - started_at)

    async def _open_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a WebSocket with a whole answer, as any request; once it is open, it ends with a code."""
        scope[HEADERS] = headers = dict(scope["headers"])
        scope[REQUEST_ID] = request_id = request_id_of(headers.get(b"x-request-id"))
        opening = _Opening(scope, send)
        try:
            _check_address(scope)
            await self._app(scope, receive, opening)
        except Problem as problem:
            await send_problem(problem, request_id, opening)
        except Exception as failure:  # noqa: BLE001  # whatever it is, the caller gets an answer
            log_failure(log, "socket failed", failure, request_id=request_id)
            if opening.is_open:
                await send({"type": "websocket.close", "code": SOCKET_FAILED})
            else:
                await send_problem(problem_of(failure), request_id, opening)

    async def _take_body(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """Read the body into the scope, unless its route streams it, and give what the application receives."""
        if scope["method"] not in METHODS_WITH_BODY:
            return replay(b"", receive)
        encoding = headers.get(b"content-encoding", IDENTITY)
        if encoding != IDENTITY:
            raise WrongEncoding(encoding.decode("latin-1"))
        declared = headers.get(b"content-length", b"")
        length = int(declared) if declared.isdigit() else None
        rule = self._find_rule(scope, headers, length)
        bytes_max = self._body_bytes_max if rule is None else rule.bytes_max
        if length is not None and length > bytes_max:
            raise TooLarge(bytes_max)
        if rule is not None and rule.is_streamed:
            _check_media_type(scope, headers, rule)
            return bounded(receive, bytes_max)
        scope[BODY] = body = await collect(receive, bytes_max)
        if body and headers.get(b"content-type") != JSON:
            # Bytes that another verb of this address takes are not what is wrong with the request.
            there = (one for one in self._rules if one.is_at(scope["path"]))
            _check_media_type(scope, headers, rule or next(there, None))
        return replay(body, receive)

    def _find_rule(self, scope: Scope, headers: dict[bytes, bytes], length: int | None) -> BodyRule | None:
        # Nearly all requests bring short JSON and need no look at the rules.
        if headers.get(b"content-type") == JSON and length is not None and length <= self._body_bytes_max:
            return None
        return next((rule for rule in self._rules if rule.fits(scope["method"], scope["path"])), None)


async def send_problem(problem: Problem, request_id: str, send: Send, path: str = "") -> None:
    """Send a refusal as a problem document, in the words of the face that the path belongs to."""
    body = problem.body(request_id, with_codes=speaks_codes(path))
    await send_answer(send, problem.status, body, problem_headers(problem))


def problem_headers(problem: Problem) -> list[tuple[bytes, bytes]]:
    """Give the headers that belong to a refusal."""
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"x-content-type-options", b"nosniff")]
    return headers + [(name.lower().encode(), value.encode("latin-1")) for name, value in problem.headers.items()]


async def send_answer(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Send a whole answer; its length is added, except where a status has no body."""
    if status not in {204, 304}:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Answer:
    """Passes an answer on, with the request id and in the media type that the caller reads."""

    __slots__ = ("_media_type", "_scope", "_send", "has_started", "status")

    def __init__(self, scope: Scope, send: Send, media_type: bytes) -> None:
        self._scope = scope
        self._send = send
        self._media_type = media_type
        self.has_started = False
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            self.status = message["status"]
            headers = message["headers"]
            if self._media_type != JSON:
                headers = [(n, self._spelled(v) if n == b"content-type" else v) for n, v in headers]
            message["headers"] = [*headers, (b"x-request-id", self._scope[REQUEST_ID].encode())]
        await self._send(message)

    def _spelled(self, media_type: bytes) -> bytes:
        return self._media_type if media_type == JSON else media_type


class _Opening:
    """Passes on how a WebSocket begins: accepted, or refused with an answer of HTTP; counts either as one request."""

    __slots__ = ("_scope", "_send", "_started_at", "is_open")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._started_at = perf_counter()
        self.is_open = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self.is_open = True
            self._observe(SWITCHING_PROTOCOLS)
            request_id = (b"x-request-id", self._scope[REQUEST_ID].encode())
            message["headers"] = [*message.get("headers", ()), request_id]
        elif message["type"].startswith("http."):
            message = self._refusal(message)
        await self._send(message)

    def _refusal(self, message: Message) -> Message:
        if message["type"] == "http.response.start":
            self._observe(message["status"])
            message["headers"] = [*message["headers"], (b"x-request-id", self._scope[REQUEST_ID].encode())]
        # The ASGI extension "WebSocket Denial Response" has the same messages under other names.
        return {**message, "type": f"websocket.{message['type']}"}

    def _observe(self, status: int) -> None:
        metrics.observe_request(self._scope.get(ROUTE, "other"), status, perf_counter() - self._started_at)


def request_id_of(sent: bytes | None) -> str:
    """Give the id that a request brings, if it has the form of one, or a new one."""
    if sent is not None and SENT_REQUEST_ID.fullmatch(sent):
        return sent.decode()
    return uuid4().hex


def _answer_media_type(accept: bytes | None) -> bytes:
    """Choose among the three spellings of JSON; whoever accepts none of them gets the usual one."""
    if accept is None or JSON in accept or b"*/*" in accept:
        return JSON
    if b"text/json" in accept:
        return b"text/json; charset=utf-8"
    if b"text/plain" in accept:
        return b"text/plain; charset=utf-8"
    return JSON


def _check_address(scope: Scope) -> None:
    # PostgreSQL stores no NUL in text, so an address with one names nothing.
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        raise InvalidRequest({"path": ["The address holds a NUL character; leave it out."]})
    if len(scope["query_string"]) > 8_192:  # noqa: PLR2004  # the usual limit of proxies in front
        raise BadlyFormed("The query may have at most 8192 characters.")


def _check_headers(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
    if len(headers) == len(scope["headers"]):
        return
    counts = Counter(name for name, _ in scope["headers"])
    repeated = [name.decode() for name in GIVEN_ONCE if counts[name] > 1]
    if repeated:
        raise InvalidRequest({name: ["Give this header once."] for name in repeated})


def _check_media_type(scope: Scope, headers: dict[bytes, bytes], rule: BodyRule | None) -> None:
    if headers.get(b"content-type") == JSON:
        return
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip()
    if READS_JSON.fullmatch(media_type):
        # Every accepted spelling means the same; the framework inside knows one.
        scope["headers"] = [(n, JSON if n == b"content-type" else v) for n, v in scope["headers"]]
    elif rule is None or not rule.reads(media_type.decode("latin-1")):
        also_read, reads_json = ((), True) if rule is None else (rule.media_types, not rule.is_streamed)
        raise WrongMediaType(media_type.decode("latin-1"), also_read, reads_json=reads_json)
