"""Answers that several routes of this room give."""

from collections.abc import Mapping

import msgspec
from fastapi import Response

from guerdon.campaigns.starting import Started
from guerdon.platform.parameters import respond
from guerdon.platform.writes import Answer

CORRELATION_HEADER = "Guerdon-Correlation-Id"


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
