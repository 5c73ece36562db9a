"""Calls on campaigns and notifications: change or tell many passes, watch, cancel, and tell the holder of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from guerdon_client.calls import Answer, Call, part_holder, path_of, read_receipt, write_headers
from guerdon_client.exact import plain, read_json, write_json
from guerdon_client.model import Holder, Json, Notification, Receipt
from guerdon_client.pages import Page, page_query, read_page
from guerdon_client.pass_lists import PassFilter
from guerdon_client.reading import Members, read_items, read_names, read_object

ACCEPTED: Final = 202
PAGE: Final = 100
CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OnError = Literal["refuse", "skip"]


@dataclass(frozen=True, slots=True)
class PassChange:
    """What each pass of a campaign gets, merged per key; None removes a key."""

    identifiers: Mapping[str, str | None] | None = None
    metadata: Mapping[str, Json] | None = None
    additional_data: Mapping[str, Json] | None = None
    pass_type: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    """How a campaign runs."""

    correlation_id: str | None = None
    passes_per_second: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignStarted:
    """How many passes are scheduled; `first_pass_ids` is told by a dry run only."""

    count: int
    correlation_id: str
    operation_id: str
    first_pass_ids: tuple[str, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class TableStarted:
    """A campaign of a table: `mistakes` maps the lines of rows that were left out to their mistakes by column."""

    campaign: CampaignStarted
    rejected: int
    mistakes: Mapping[int, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Campaign:
    """How far a campaign has come; `updated + errors <= total` at every instant."""

    operation_id: str
    name: str
    correlation_id: str
    started_at: datetime
    last_activity_at: datetime
    total: int
    updated: int
    errors: int
    apple_deployed: int
    google_deployed: int
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class CampaignPass:
    """What became of one pass: pending, updated, error (with the refusal's code) or cancelled."""

    operation_id: str
    pass_id: str
    state: str
    code: str | None


@dataclass(frozen=True, slots=True)
class KeptNotification:
    """What a holder was, or is to be, told; `state` is pending, sent or failed."""

    notification_id: str
    content: str | None
    localized_content: Mapping[str, str] | None
    updates_data: bool
    correlation_id: str | None
    state: str
    created_at: datetime


def start_campaign(
    filters: Sequence[PassFilter] = (),
    *,
    named: Sequence[Mapping[str, str]] = (),
    pass_type: str | None = None,
    every: bool = False,
    change: PassChange | None = None,
    notification: Notification | None = None,
    options: CampaignOptions = CampaignOptions(),  # frozen
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[CampaignStarted]:
    """Change many passes, or tell their holders something: those that all filters match and one of `named` names.

    Without either, `every` says that every pass (of `pass_type`) is meant. Raises InvalidRequest.
    """
    body = {
        "filter": [{"field": one.field, "operator": one.operator, "value": plain(one.value)} for one in filters],
        "identifiersIn": list(named),
        "passType": pass_type,
        "all": every,
        "update": None if change is None else _change(change),
        "notification": notification,
        "options": options,
    }
    headers = write_headers(idempotency_key, dry_run=dry_run)
    text = write_json({name: member for name, member in body.items() if member is not None})
    return Call("POST", path_of("passes", "bulk-update"), _read_started, (), headers, text, needs_key=True)


def upload_campaign(
    table: bytes,
    *,
    media_type: str = CSV,
    on_error: OnError = "refuse",
    correlation_id: str | None = None,
    passes_per_second: int | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[TableStarted]:
    """Change the passes that the rows of a table (CSV or XLSX) name; docs/operating.md tells its columns.

    Raises InvalidRequest, which names every bad row with its line, unless they are to be skipped.
    """
    query = [("onError", on_error)]
    if correlation_id is not None:
        query.append(("correlationId", correlation_id))
    if passes_per_second is not None:
        query.append(("passesPerSecond", str(passes_per_second)))
    headers = {"content-type": media_type, **write_headers(idempotency_key, dry_run=dry_run)}
    return Call("POST", path_of("passes", "bulk-update", "file"), _read_table, query, headers, table, needs_key=True)


def list_campaigns(*, cursor: str | None = None, limit: int = PAGE) -> Call[Page[Campaign]]:
    """List the campaigns of the last 30 days, newest first."""
    return Call("GET", path_of("passes", "push-updates"), _read_campaigns, page_query(cursor, limit))


def list_campaign_passes(
    correlation_id: str, *, cursor: str | None = None, limit: int = PAGE
) -> Call[Page[CampaignPass]]:
    """List the passes of the campaigns of a correlation id, and what became of each. Raises NotFound."""
    path = path_of("passes", "push-updates", correlation_id, "passes")
    return Call("GET", path, _read_outcomes, page_query(cursor, limit))


def cancel_campaign(correlation_id: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Stop the campaigns of a correlation id; what they have changed stays changed. Raises NotFound."""
    path = path_of("passes", "push-updates", correlation_id, "cancel")
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("POST", path, read_receipt, (), headers, statuses=frozenset({ACCEPTED}), needs_key=True)


def notify(
    holder: Holder, notification: Notification, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Receipt]:
    """Tell the holder of a pass something. Raises NotFound, Conflict, InvalidRequest."""
    segments, query = part_holder(holder)
    headers = write_headers(idempotency_key, dry_run=dry_run)
    path = path_of("passes", *segments, "notify")
    return Call("POST", path, read_receipt, query, headers, write_json(notification), needs_key=True)


def list_notifications(pass_id: str, *, cursor: str | None = None, limit: int = PAGE) -> Call[Page[KeptNotification]]:
    """List what the holder of a pass was told, newest first. Raises NotFound."""
    path = path_of("passes", pass_id, "notifications")
    return Call("GET", path, _read_notifications, page_query(cursor, limit))


def _change(change: PassChange) -> dict[str, object]:
    members: dict[str, object] = {
        "identifiers": change.identifiers,
        "metadata": change.metadata,
        "additionalData": change.additional_data,
        "passType": change.pass_type,
    }
    return {name: member for name, member in members.items() if member is not None}


def _read_started(answer: Answer) -> CampaignStarted:
    members = read_object(answer.body)
    document = read_json(answer.body)
    has_passes = isinstance(document, dict) and "passIds" in document
    return CampaignStarted(
        members.whole("count"),
        members.text("correlationId"),
        members.text("operationId"),
        read_names(members.items("passIds"), "passIds") if has_passes else (),
        answer.receipt,
    )


def _read_table(answer: Answer) -> TableStarted:
    members = read_object(answer.body)
    rows = [Members(item) for item in members.items("mistakes")]
    mistakes = {row.whole("line"): row.mapping("errors") for row in rows}
    return TableStarted(_read_started(answer), members.whole("rejected"), mistakes)


def _read_campaigns(answer: Answer) -> Page[Campaign]:
    return read_page(answer, tuple(_read_campaign(Members(item)) for item in read_items(read_json(answer.body))))


def _read_campaign(members: Members) -> Campaign:
    return Campaign(
        members.text("operationId"),
        members.text("name"),
        members.text("correlationId"),
        members.instant("startDate"),
        members.instant("lastActivityDate"),
        members.whole("total"),
        members.whole("updated"),
        members.whole("errors"),
        members.whole("appleDeployed"),
        members.whole("googleDeployed"),
        members.flag("cancelled"),
    )


def _read_outcomes(answer: Answer) -> Page[CampaignPass]:
    rows = [Members(item) for item in read_items(read_json(answer.body))]
    read = (
        CampaignPass(row.text("operationId"), row.text("passId"), row.text("state"), row.find_text("code"))
        for row in rows
    )
    return read_page(answer, tuple(read))


def _read_notifications(answer: Answer) -> Page[KeptNotification]:
    rows = [Members(item) for item in read_items(read_json(answer.body))]
    return read_page(answer, tuple(_read_notification(row) for row in rows))


def _read_notification(members: Members) -> KeptNotification:
    return KeptNotification(
        members.text("notificationId"),
        members.find_text("content"),
        members.find_texts("localizedContent"),
        members.flag("updateData"),
        members.find_text("correlationId"),
        members.text("state"),
        members.instant("creationDate"),
    )
