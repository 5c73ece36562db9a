"""Query parameters and headers that several rooms read the same way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from guerdon.platform.boundary import BODY
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import parse_instant
from guerdon.platform.writes import REPLAYED_HEADER, Answer, WriteOptions, read_write_options


async def write_options(request: Request) -> WriteOptions:
    """Read how a write was asked for from its request."""
    scope = request.scope
    address = scope["path"].encode() + b"?" + scope["query_string"]
    return read_write_options(scope["method"], address, dict(scope["headers"]), scope[BODY])


async def as_of_parameter(
    as_of: Annotated[
        str | None,
        Query(
            alias="asOf",
            description="Read values as they were at this RFC 3339 instant.",
            json_schema_extra={"format": "date-time"},
        ),
    ] = None,
) -> datetime | None:
    """Read `asOf`. Raises InvalidRequest."""
    return None if as_of is None else parse_as_of(as_of)


def instant_parameter(name: str, text: str | None) -> datetime | None:
    """Read the instant of a query parameter that may be left out. Raises InvalidRequest."""
    return None if text is None else _parse_instant(name, text)


def parse_as_of(text: str) -> datetime:
    """Read the text of an `asOf` parameter. Raises InvalidRequest."""
    return _parse_instant("asOf", text)


def with_plus(text: str) -> str:
    """Give the text of an instant with the plus sign that was not encoded and so arrived as a space."""
    # No date-time with a T has a space otherwise.
    return text.replace(" ", "+") if text.count(" ") == 1 and "T" in text.upper() else text


def _parse_instant(name: str, text: str) -> datetime:
    try:
        return parse_instant(with_plus(text))
    except ValueError as wrong:
        raise InvalidRequest({name: [str(wrong)]}) from wrong


def respond(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    """Shape the answer of a write."""
    sent = dict(headers or {})
    if answer.location is not None:
        sent["Location"] = answer.location
    if answer.is_replayed:
        sent[REPLAYED_HEADER] = "true"
    return Response(answer.body, answer.status, sent, answer.media_type if answer.body else None)


Write = Annotated[WriteOptions, Depends(write_options)]
AsOf = Annotated[datetime | None, Depends(as_of_parameter)]
