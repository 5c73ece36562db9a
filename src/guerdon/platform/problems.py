"""Refusals: the one family of errors that callers may see, as RFC 9457 problem documents.

Problem              the family; every room's errors.py derives from it
InvalidRequest       400  the request breaks its contract; `errors` names every mistake
BadlyFormed          400  the body is not JSON
NotHttp              400  the request cannot be told apart from the next one
Unauthenticated      401  no credential, or one that is not accepted
Forbidden            403  a good credential with too little scope
NotFound             404  nothing there for this tenant
MethodNotAllowed     405  the address exists, the verb does not
TooSlow              408  the rest of the request did not come in time
Conflict             409  the state of things does not allow it now
Gone                 410  it was there, and its time is over
PreconditionFailed   412  If-Match names another version
TooLarge             413  the body is over the limit
WrongMediaType       415  the body is in a media type that is not read
WrongEncoding        415  the body is packed
Unprocessable        422  understood, and contradicted by something said before
TooManyRequests      429  the limit of the tenant or the address is used up
HeadTooLarge         431  the address and the headers are over the limit
InternalError        500  something failed that is our fault
NotBuilt             501  documented, and not part of this release
Overloaded           503  the queue is full; the same request may be sent again
DatabaseUnavailable  503  the database is away; the same request may be sent again
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

ERROR_TYPE_PREFIX = "https://guerdon.dev/errors/"
MEDIA_TYPE = "application/problem+json"

FieldErrors = Mapping[str, Sequence[str]]
Extra = Mapping[str, object]

# Exact values in a refusal are numbers, as they are everywhere else.
_encoder = msgspec.json.Encoder(decimal_format="number")


class Problem(Exception):  # the family of refusals reads as a noun
    """A refusal that the caller is told about, with a code that never changes."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong here"

    def __init__(
        self,
        detail: str,
        *,
        errors: FieldErrors | None = None,
        extra: Extra | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what is said: `detail` to a person, `errors` and `extra` to a program."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.extra = extra or {}
        self.headers = dict(headers or {})

    def document(self, instance: str) -> dict[str, object]:
        """Give the members of the problem document; `instance` is the request id."""
        members: dict[str, object] = {
            "type": ERROR_TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
        }
        if self.errors is not None:
            members["errors"] = {path: list(messages) for path, messages in self.errors.items()}
        return {**members, **self.extra}

    def body(self, instance: str, *, with_codes: bool = False) -> bytes:
        """Give the problem document as JSON text; `with_codes`, in the words of face B too (`message`, `codes`)."""
        document = self.document(instance)
        return _encoder.encode({**document, "message": self.detail, "codes": self._codes()} if with_codes else document)

    def _codes(self) -> list[dict[str, object]]:
        if self.errors is None:
            return [{"code": self.code, "message": self.detail, "args": list(self.extra.values())}]
        return [
            {"code": self.code, "message": message, "args": [path]}
            for path, messages in self.errors.items()
            for message in messages
        ]


class InternalError(Problem):
    """Something failed that is our fault; the log has the reason under the request id."""

    status, code, title = 500, "internal_error", "Something went wrong here"

    def __init__(self) -> None:
        super().__init__("The request failed on our side. Give the request id to the operator.")


class InvalidRequest(Problem):
    """The request breaks its contract."""

    status, code, title = 400, "invalid_request", "The request is not valid"

    def __init__(self, errors: FieldErrors) -> None:
        count = sum(len(messages) for messages in errors.values())
        noun = "mistake" if count == 1 else "mistakes"
        super().__init__(f"The request has {count} {noun}; see errors.", errors=errors)


class BadlyFormed(Problem):
    """The body is not JSON."""

    status, code, title = 400, "badly_formed", "The body cannot be read"


class NotHttp(Problem):
    """The request cannot be told apart from the next one."""

    status, code, title = 400, "not_http", "The request cannot be read"

    def __init__(self) -> None:
        super().__init__("This is not a request of HTTP/1.1, or one that could be read in two ways.")


class Unauthenticated(Problem):
    """No credential, or one that is not accepted."""

    status, code, title = 401, "unauthenticated", "A credential is needed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'ApiKey realm="guerdon", Bearer realm="guerdon"'})


class Forbidden(Problem):
    """A good credential with too little scope."""

    status, code, title = 403, "forbidden", "The credential does not reach this far"


class NotFound(Problem):
    """Nothing there for this tenant."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    """The address exists, the verb does not."""

    status, code, title = 405, "method_not_allowed", "This verb is not spoken here"


class TooSlow(Problem):
    """The rest of the request did not come in time."""

    status, code, title = 408, "too_slow", "The request did not come in time"

    def __init__(self, patience_s: float) -> None:
        super().__init__(f"Nothing, or too little, of the rest of the request came within {patience_s:g} s.")


class Conflict(Problem):
    """The state of things does not allow it now."""

    status, code, title = 409, "conflict", "The state does not allow it"


class Gone(Problem):
    """It was there, and its time is over."""

    status, code, title = 410, "gone", "Its time is over"


class PreconditionFailed(Problem):
    """If-Match names another version."""

    status, code, title = 412, "precondition_failed", "The version has moved on"


class TooLarge(Problem):
    """The body is over the limit."""

    status, code, title = 413, "too_large", "The body is too large"

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The body may have at most {bytes_max} bytes.")


class WrongMediaType(Problem):
    """The body is in a media type that is not read."""

    status, code, title = 415, "wrong_media_type", "This media type is not read here"

    def __init__(self, media_type: str, also_read: Sequence[str] = (), *, reads_json: bool = True) -> None:
        json = ("application/json", "text/json", "application/*+json") if reads_json else ()
        super().__init__(f"Send one of {', '.join([*json, *also_read])}; this was {media_type or 'nothing'}.")


class WrongEncoding(Problem):
    """The body is packed."""

    status, code, title = 415, "wrong_encoding", "Packed bodies are not read here"

    def __init__(self, encoding: str) -> None:
        super().__init__(f"Send the body as it is; this was {encoding}.", headers={"Accept-Encoding": "identity"})


class Unprocessable(Problem):
    """Understood, and contradicted by something said before."""

    status, code, title = 422, "unprocessable", "The request contradicts an earlier one"


class TooManyRequests(Problem):
    """The limit of the tenant or the address is used up."""

    status, code, title = 429, "too_many_requests", "Too many requests"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"The limit is used up; try again in {retry_after_s} s.",
            headers={"Retry-After": str(retry_after_s)},
        )


class HeadTooLarge(Problem):
    """The address and the headers are over the limit."""

    status, code, title = 431, "head_too_large", "The head of the request is too large"

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The address and the headers together may have at most {bytes_max} bytes.")


class NotBuilt(Problem):
    """Documented, and not part of this release."""

    status, code, title = 501, "not_built", "Not part of this release"


class Overloaded(Problem):
    """The queue is full; the same request may be sent again."""

    status, code, title = 503, "overloaded", "Too much is waiting"

    def __init__(self) -> None:
        super().__init__("Too many requests are waiting; send it again shortly.", headers={"Retry-After": "1"})


class DatabaseUnavailable(Problem):
    """The database is away; the same request may be sent again, a write with the same key."""

    status, code, title = 503, "database_unavailable", "The database is away"

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be reached. Send the request again shortly; a write may have been done, and under the "
            "same Idempotency-Key it is not done twice.",
            headers={"Retry-After": "1"},
        )
