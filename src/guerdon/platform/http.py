"""How routes read a request and write an answer: strict JSON, all mistakes at once, hot routes beside FastAPI."""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from guerdon.platform.boundary import BODY, REQUEST_ID, ROUTE
from guerdon.platform.faces import speaks_codes
from guerdon.platform.failures import problem_of
from guerdon.platform.problems import (
    MEDIA_TYPE,
    BadlyFormed,
    InvalidRequest,
    NotFound,
    Problem,
)

JSON_DEPTH_MAX = 64
EXPONENT_MAX = 308  # what a double reaches, and so every other reader of the document
EXPONENT_MIN = -1_000
INTEGER_BITS_MAX = 1_024
DOCUMENT_PLACES = frozenset({"body", "query", "path", "header", "cookie"})

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def read_json(body: bytes) -> object:
    """Read JSON text exactly: numbers with a point become Decimal; NaN, infinities and bad UTF-8 are refused.

    Raises BadlyFormed.
    """
    try:
        document = _decoder.decode(body)
        _check_storable(document, JSON_DEPTH_MAX)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError) as broken:
        raise BadlyFormed(f"The body is not JSON in UTF-8: {broken}.") from broken
    return document


class StrictRequest(Request):
    """A request whose JSON is read by `read_json`."""

    async def json(self) -> object:
        """Read the body once."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


Admit = Callable[[Request, str], Awaitable[None]]
SCOPE_MEMBER = "x-guerdon-scope"
REPEATABLE_MEMBER = "x-guerdon-repeatable"
PUBLIC = "public"
PERSON = "person"  # any token of a person, whatever its scopes
KNOWN = "known"  # any good credential; the route itself looks at what it may see


class StrictRoute(APIRoute):
    """A FastAPI route that admits its caller first, reads JSON strictly, and names itself for the metrics.

    The scope that it asks for stands in its OpenAPI operation; a route without one cannot be made.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()
        wanted: str = (self.openapi_extra or {})[SCOPE_MEMBER]
        single = _query_names(self.dependant)

        async def handle(request: Request) -> Response:
            request.scope[ROUTE] = self.path
            # Before anything of the request is read, so that a stranger learns nothing of its mistakes.
            await request.app.state.admit(request, wanted)
            _check_single(request, single)
            strict = StrictRequest(request.scope, request.receive)
            if self.body_field is not None and request.scope[BODY]:
                # Read here, so that broken JSON is told as such and not as FastAPI tells it.
                await strict.json()
            return await handler(strict)

        return handle


def asks(scope: str, *, is_repeatable: bool = True) -> dict[str, Any]:
    """Say which scope a route asks of its caller; PUBLIC asks for none, PERSON and KNOWN for a credential alone.

    A route that is no write, though its verb is not GET, says that idempotency keys and dry runs mean nothing to it.
    """
    return {SCOPE_MEMBER: scope} if is_repeatable else {SCOPE_MEMBER: scope, REPEATABLE_MEMBER: False}


def router(prefix: str, tag: str) -> APIRouter:
    """Make the router of one room."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute)


def install_problems(app: FastAPI) -> None:
    """Make every refusal of the framework and of the rooms a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_failure)


def invalid_request(mistakes: Sequence[ErrorDetails]) -> InvalidRequest:
    """Turn pydantic's findings into one refusal that names every field, as a path such as `content.title`.

    A finding that is a refusal itself, with a code of its own, is given as it is when there is no other.
    """
    found = mistakes[0].get("ctx", {}).get("error") if len(mistakes) == 1 else None
    if isinstance(found, InvalidRequest):
        return found
    errors: dict[str, list[str]] = {}
    for mistake in mistakes:
        errors.setdefault(mistake_path(mistake), []).append(mistake_text(mistake))
    return InvalidRequest(errors)


def mistake_path(mistake: ErrorDetails) -> str:
    """Say where pydantic found a mistake, as a path such as `content.title`."""
    place = mistake["loc"]
    if place and place[0] in DOCUMENT_PLACES:
        place = place[1:]
    return ".".join(str(part) for part in place) or "$"


def mistake_text(mistake: ErrorDetails) -> str:
    """Say what pydantic found, and what our own rules say without its words before them."""
    return mistake["msg"].removeprefix("Value error, ")


def problem_response(problem: Problem, request: Request) -> Response:
    """Shape a refusal as FastAPI's handlers want it."""
    body = problem.body(request.scope.get(REQUEST_ID, ""), with_codes=speaks_codes(request.scope["path"]))
    return Response(body, problem.status, {**problem.headers, "X-Content-Type-Options": "nosniff"}, MEDIA_TYPE)


async def _on_problem(request: Request, problem: Exception) -> Response:
    return problem_response(cast("Problem", problem), request)


async def _on_invalid(request: Request, failure: Exception) -> Response:
    mistakes = cast("RequestValidationError", failure).errors()
    return problem_response(invalid_request(cast("list[ErrorDetails]", mistakes)), request)


async def _on_http_exception(request: Request, failure: Exception) -> Response:
    refusal = cast("HTTPException", failure)
    if refusal.status_code == NotFound.status:
        return problem_response(NotFound("Nothing is at this address."), request)
    return problem_response(BadlyFormed(str(refusal.detail)), request)


async def _on_failure(request: Request, failure: Exception) -> Response:
    return problem_response(problem_of(failure), request)


def _query_names(dependant: Dependant) -> set[str]:
    inner = (_query_names(part) for part in dependant.dependencies)
    return {str(field.alias) for field in dependant.query_params}.union(*inner)


def _check_single(request: Request, names: Collection[str]) -> None:
    """Refuse a query parameter that is given twice: which one is meant would be a guess."""
    repeated = [name for name in names if len(request.query_params.getlist(name)) > 1]
    if repeated:
        raise InvalidRequest({name: ["Give this parameter once."] for name in sorted(repeated)})


def _check_storable(value: object, depth_left: int) -> None:
    """Refuse what PostgreSQL cannot store, and nesting that no document of ours has."""
    if depth_left == 0:
        raise BadlyFormed(f"The body is nested deeper than {JSON_DEPTH_MAX} levels.")
    match value:
        case dict():
            for key, member in cast("dict[str, object]", value).items():
                _check_storable(key, depth_left)
                _check_storable(member, depth_left - 1)
        case list():
            for member in cast("list[object]", value):
                _check_storable(member, depth_left - 1)
        case _:
            _check_leaf(value)


def _check_leaf(value: object) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise BadlyFormed("The body holds a NUL character (\\u0000); leave it out.")
    if isinstance(value, Decimal) and not EXPONENT_MIN <= value.adjusted() <= EXPONENT_MAX:
        raise BadlyFormed(f"The body holds a number beyond 10 to the power of {EXPONENT_MAX}, or of {EXPONENT_MIN}.")
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS_MAX:
        raise BadlyFormed(f"The body holds an integer of more than {INTEGER_BITS_MAX} bits.")
