"""The bodies and answers of campaigns."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, WithJsonSchema

from guerdon.campaigns.model import Campaign, Member, State
from guerdon.passes.given_identifiers import NO_OTHERS, ChangedIdentifiers, IdentifierValue
from guerdon.passes.identifiers import IDENTIFIERS_MAX
from guerdon.passes.notify_request import NotifyRequest
from guerdon.passes.pass_type_parts import NAME_PATTERN
from guerdon.passes.sizes import MEMBERS_MAX
from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import NO_NUL, Body, Instant, JsonValue, ShortText, Text

LISTED_MAX = 10_000
FILTERS_MAX = 50
PASSES_PER_S_MAX = 100_000
# It comes back in a header and stands in an address, so that it is printable ASCII without a slash.
CORRELATION_ID_PATTERN = r"^[!-.0-~][ -.0-~]{8,98}[!-.0-~]$"
MemberName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
Members = Annotated[dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX, json_schema_extra=NO_OTHERS)]
Identifiers = Annotated[
    dict[MemberName, IdentifierValue], Field(min_length=1, max_length=IDENTIFIERS_MAX, json_schema_extra=NO_OTHERS)
]
FilterValue = Annotated[
    Any, WithJsonSchema({"type": ["string", "number", "boolean", "array", "null"], "items": {"type": "string"}})
]
PassTypeName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
CampaignCorrelationId = Annotated[str, StringConstraints(pattern=CORRELATION_ID_PATTERN)]
PassesPerSecond = Annotated[int, Field(ge=1, le=PASSES_PER_S_MAX)]


class FilterBody(Body):
    """One condition, as in the list of passes."""

    field: Text | None = None
    operator: Text | None = None
    value: FilterValue = None


class BulkUpdateChanges(Body):
    """What each pass gets, merged per key; null removes a key."""

    identifiers: ChangedIdentifiers | None = None
    metadata: Members | None = None
    additional_data: Members | None = None
    pass_type: PassTypeName | None = None


class BulkUpdateOptions(Body):
    """How a campaign runs."""

    correlation_id: CampaignCorrelationId | None = None
    passes_per_second: PassesPerSecond | None = None
    name: ShortText | None = None


class BulkUpdateRequest(Body):
    """Which passes get what: those that all filters match and that one of `identifiersIn` names, if any is given."""

    filter: Annotated[list[FilterBody], Field(max_length=FILTERS_MAX)] = []  # noqa: RUF012 (frozen)
    pass_type: PassTypeName | None = None
    identifiers_in: Annotated[list[Identifiers], Field(max_length=LISTED_MAX)] = []  # noqa: RUF012 (frozen)
    all: bool = False
    update: BulkUpdateChanges | None = None
    notification: NotifyRequest | None = None
    options: BulkUpdateOptions = BulkUpdateOptions()


class BulkUpdateAccepted(Body):
    """How many passes are scheduled; a dry run names the first of them."""

    count: int
    correlation_id: str
    operation_id: str
    pass_ids: list[str] | None = None


class RowMistakes(Body):
    """A row that was left out: its line, and every mistake by column."""

    line: int
    errors: dict[str, list[str]]


class UploadAccepted(BulkUpdateAccepted):
    """How many rows are scheduled and how many were left out, of which the first 10 000 are named."""

    rejected: int
    mistakes: list[RowMistakes]


class CampaignStatistics(Body):
    """How far a campaign has come; at every instant `updated + errors <= total`."""

    operation_id: str
    name: str
    correlation_id: str
    start_date: Instant
    last_activity_date: Instant
    total: int
    updated: int
    errors: int
    apple_deployed: int
    google_deployed: int
    cancelled: bool


class CampaignPass(Body):
    """What became of one pass of a campaign; `code` is that of the refusal."""

    operation_id: str
    pass_id: str
    state: State
    code: str | None = None


def show_campaign(campaign: Campaign) -> dict[str, object]:
    """Give the members of a `CampaignStatistics`."""
    return {
        "operationId": campaign.campaign_id.hex,
        "name": campaign.name,
        "correlationId": campaign.correlation_id,
        "startDate": rfc3339(campaign.started_at),
        "lastActivityDate": rfc3339(campaign.last_activity_at),
        "total": campaign.total,
        "updated": campaign.updated,
        "errors": campaign.errors,
        "appleDeployed": campaign.apple_deployed,
        "googleDeployed": campaign.google_deployed,
        "cancelled": campaign.cancelled_at is not None,
    }


def show_pass(campaign: Campaign, member: Member) -> dict[str, object]:
    """Give the members of a `CampaignPass`."""
    state = member.state(campaign.cancelled_at is not None)
    shown: dict[str, object] = {
        "operationId": campaign.campaign_id.hex,
        "passId": member.pass_id,
        "state": state,
    }
    return shown if member.code is None else {**shown, "code": member.code}


def as_document(body: Body) -> dict[str, Any]:
    """Give a body as it was sent: its wire names, without what was not given."""
    return body.model_dump(by_alias=True, exclude_unset=True)
