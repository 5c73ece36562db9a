"""Refusals of the server as exceptions: one class per status, and one for each code that a caller may act on.

Problem              every refusal; `code` never changes, `detail` is for people
InvalidRequest       400  `errors` names every mistake
Unauthenticated      401  no credential, or one that is not accepted
Forbidden            403  too little scope
NotFound             404  nothing there for this tenant
MethodNotAllowed     405  the address exists, the verb does not
Conflict             409  the state does not allow it now
ValueMismatch        409  the value is not `old_value`: `current_value`, `version`
StillRunning         409  the first request with this idempotency key has not finished
MovementsRefused     409  of movements that were wanted all or not at all, some are refused: `refused`
Gone                 410  its time is over
PreconditionFailed   412  the version is not `if_version`: `current_value`, `version`
TooLarge             413  the body is over the limit
WrongMediaType       415  the body is in a media type that is not read
IdempotencyMismatch  422  the idempotency key was used for another request
TooManyRequests      429  the limit is used up: `retry_after_s`
ServerFailed         5xx  the server failed or is too busy: `retry_after_s`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

from guerdon_client.errors import BrokenAnswer, GuerdonError
from guerdon_client.exact import read_json

DETAIL_CHARACTERS_MAX: Final = 500
STANDARD_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "errors"})


class Problem(GuerdonError):
    """A refusal: `extra` holds the members beyond RFC 9457's and `errors`."""

    def __init__(
        self,
        status: int,
        members: Mapping[str, object],
        request_id: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        """Read the members of a problem document; what is missing or of another type is left out."""
        self.status = status
        self.code = _text(members.get("code")) or f"http_{status}"
        self.title = _text(members.get("title")) or ""
        self.detail = _text(members.get("detail")) or ""
        self.errors = _errors(members.get("errors"))
        self.extra = {name: member for name, member in members.items() if name not in STANDARD_MEMBERS}
        self.request_id = _text(members.get("instance")) or request_id
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {self.code}: {self.detail or self.title}".rstrip(": "))

    def __reduce__(self) -> tuple[object, ...]:
        members = {"code": self.code, "title": self.title, "detail": self.detail, "errors": self.errors, **self.extra}
        return type(self), (self.status, members, self.request_id, self.retry_after_s)

    def __str__(self) -> str:
        """Name every mistake of an invalid request, so that a log line is enough to mend it."""
        mistakes = [f"{path}: {message}" for path, messages in self.errors.items() for message in messages]
        return " | ".join([super().__str__(), *mistakes])


class InvalidRequest(Problem):
    """The request breaks its contract; `errors` maps the path of a member to what is wrong with it."""


class Unauthenticated(Problem):
    """No credential, or one that is not accepted."""


class Forbidden(Problem):
    """A good credential with too little scope."""


class NotFound(Problem):
    """Nothing there for this tenant."""


class MethodNotAllowed(Problem):
    """The address exists, the verb does not."""


class Conflict(Problem):
    """The state of things does not allow it now."""


class _Moved(Problem):
    @property
    def current_value(self) -> Decimal:
        """The value as it is. Raises BrokenAnswer when the server does not tell it."""
        value = self.extra.get("currentValue")
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise BrokenAnswer("The refusal does not tell the current value.")
        return Decimal(value)

    @property
    def version(self) -> int | None:
        """The version as it is."""
        version = self.extra.get("version")
        return version if isinstance(version, int) and not isinstance(version, bool) else None


class ValueMismatch(Conflict, _Moved):
    """The value is not what the caller believed."""


class StillRunning(Conflict):
    """The first request with this idempotency key has not finished."""


@dataclass(frozen=True, slots=True)
class RefusedMovement:
    """One of many movements that was refused: which of them, counted from 0, and why."""

    index: int
    privilege_id: str
    problem: Problem


class MovementsRefused(Conflict):
    """Of movements that were wanted all or not at all, some are refused, and none was applied."""

    @property
    def refused(self) -> tuple[RefusedMovement, ...]:
        """Every movement that was refused. Raises BrokenAnswer when the server does not tell them."""
        listed = self.extra.get("refused")
        if not isinstance(listed, list):
            raise BrokenAnswer("The refusal does not tell which movements are refused.")
        return tuple(read_refused(None, one) for one in cast("list[object]", listed))


class Gone(Problem):
    """It was there, and its time is over."""


class PreconditionFailed(_Moved):
    """The version is not the one that the caller believed."""


class TooLarge(Problem):
    """The body is over the limit."""


class WrongMediaType(Problem):
    """The body is in a media type that is not read."""


class Unprocessable(Problem):
    """Understood, and contradicted by something said before."""


class IdempotencyMismatch(Unprocessable):
    """The idempotency key was used for another request."""


class TooManyRequests(Problem):
    """The limit of the tenant or the address is used up."""


class ServerFailed(Problem):
    """The server failed, or is too busy."""


OF_CODE: Final[Mapping[str, type[Problem]]] = {
    "value_mismatch": ValueMismatch,
    "still_running": StillRunning,
    "movements_refused": MovementsRefused,
    "idempotency_mismatch": IdempotencyMismatch,
}
OF_STATUS: Final[Mapping[int, type[Problem]]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    413: TooLarge,
    415: WrongMediaType,
    422: Unprocessable,
    429: TooManyRequests,
}
SERVER_STATUS_MIN: Final = 500


def read_problem(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """Make the exception for an answer of 400 and above; one that is no problem document gets `http_<status>`."""
    members = _document(body) if headers.get("content-type", "").startswith("application/problem+json") else None
    if members is None:
        members = {"detail": body[:DETAIL_CHARACTERS_MAX].decode("utf-8", "replace")}
    wait = headers.get("retry-after", "")
    retry_after_s = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 10 else None  # noqa: PLR2004  # years
    return _kind(status, members)(status, members, headers.get("x-request-id"), retry_after_s)


def read_refused(index: int | None, document: object) -> RefusedMovement:
    """Read one refused movement of many; `index` is given where its document does not tell it. Raises BrokenAnswer."""
    members = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    told = members.get("problem")
    problem = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    place = members.get("index") if index is None else index
    status, privilege_id = problem.get("status"), members.get("privilegeId")
    if not (isinstance(place, int) and isinstance(status, int) and isinstance(privilege_id, str)):
        raise BrokenAnswer("The answer does not tell which movement is refused, or why.")
    return RefusedMovement(place, privilege_id, _kind(status, problem)(status, problem))


def _kind(status: int, members: Mapping[str, object]) -> type[Problem]:
    kind = OF_CODE.get(str(members.get("code"))) or OF_STATUS.get(status)
    if kind is None:
        return ServerFailed if status >= SERVER_STATUS_MIN else Problem
    return kind


def _document(body: bytes) -> dict[str, object] | None:
    try:
        document = read_json(body)
    except BrokenAnswer:
        return None
    return cast("dict[str, object]", document) if isinstance(document, dict) else None


def _text(member: object) -> str | None:
    return member if isinstance(member, str) else None


def _errors(member: object) -> Mapping[str, Sequence[str]]:
    if not isinstance(member, dict):
        return {}
    return {
        str(path): tuple(str(message) for message in cast("list[object]", messages))
        for path, messages in cast("dict[object, object]", member).items()
        if isinstance(messages, list)
    }
