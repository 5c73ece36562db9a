"""Answers that several routes of this room give."""

from collections.abc import Mapping, Sequence

import msgspec
from fastapi import Response

from guerdon.campaigns.starting import Started
from guerdon.platform.parameters import respond
from guerdon.platform.writes import Answer

CORRELATION_HEADER, CURSOR_HEADER = "Guerdon-Correlation-Id", "Guerdon-Next-Cursor"


def accepted(started: Started, *, is_dry_run: bool, more: Mapping[str, object] | None = None) -> Answer:
    """Answer with how many passes are scheduled, in a dry run with the first of them, and with whatever `more` says."""
    document: dict[str, object] = {
        "count": started.campaign.total,
        "correlationId": started.campaign.correlation_id,
        "operationId": started.campaign.campaign_id.hex,
    }
    if is_dry_run:
        document["passIds"] = started.first_pass_ids
    return Answer(200, msgspec.json.encode({**document, **(more or {})}))


def respond_accepted(answer: Answer) -> Response:
    """Shape the answer to a start; the correlation id stands in a header too, also for a repeat."""
    correlation_id: str = msgspec.json.decode(answer.body)["correlationId"]
    return respond(answer, {CORRELATION_HEADER: correlation_id})


def listed(documents: Sequence[Mapping[str, object]], address: str, following: str | None, limit: int) -> Response:
    """Answer with a page of a list; `following` is the cursor of the next one."""
    link = f'<{address}?cursor={following}&limit={limit}>; rel="next"'
    headers = {} if following is None else {"Link": link, CURSOR_HEADER: following}
    return Response(msgspec.json.encode(documents), 200, headers, "application/json")
