"""Calls on webhooks and events, and the check of what a webhook receives."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from guerdon_client.calls import NO_CONTENT, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.errors import BrokenAnswer, NotGenuine
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import Receipt
from guerdon_client.pages import page_query
from guerdon_client.reading import Members, read_items, read_names, read_object
from guerdon_client.webhook_model import Event, EventPage, Webhook, WebhookAttempt, WebhookChange, WebhookSecret

WEBHOOKS: Final = "webhooks"
CREATED: Final = 201
ACCEPTED: Final = 202
PAGE_MAX: Final = 100
TOLERANCE_S: Final = 300
SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what such secrets may begin with


def list_webhooks(*, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[tuple[Webhook, ...]]:
    """List the tenant's webhooks; the last id of a full page is the next cursor."""
    return Call("GET", path_of(WEBHOOKS), _read_webhooks, page_query(cursor, limit))


def get_webhook(webhook_id: str) -> Call[Webhook]:
    """Read one webhook. Raises NotFound."""
    return Call("GET", path_of(WEBHOOKS, webhook_id), lambda answer: _read_webhook(read_object(answer.body)))


def create_webhook(
    endpoint: str,
    events: Sequence[str],
    *,
    description: str | None = None,
    enabled: bool = True,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[WebhookSecret]:
    """Make a webhook and give it with its secret, which is shown this once. Raises InvalidRequest, Conflict."""
    body: dict[str, object] = {"endpoint": endpoint, "events": list(events), "enabled": enabled}
    if description is not None:
        body["description"] = description
    return Call(
        "POST",
        path_of(WEBHOOKS),
        _read_secret,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(body),
        statuses=frozenset({CREATED}),
        needs_key=True,
    )


def update_webhook(
    webhook_id: str, change: WebhookChange, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Webhook]:
    """Change a webhook; enabling one goes on with what it was not told, unless `skip_missed`. Raises NotFound."""
    return Call(
        "PATCH",
        path_of(WEBHOOKS, webhook_id),
        lambda answer: _read_webhook(read_object(answer.body)),
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(change),
        needs_key=True,
    )


def delete_webhook(webhook_id: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Delete a webhook with its attempts. Raises NotFound."""
    return _act("DELETE", (webhook_id,), NO_CONTENT, write_headers(idempotency_key, dry_run=dry_run))


def rotate_webhook_secret(
    webhook_id: str,
    *,
    overlap_seconds: int = 86_400,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[WebhookSecret]:
    """Give a webhook a new secret; the old one signs beside it for so long. Raises NotFound."""
    return Call(
        "POST",
        path_of(WEBHOOKS, webhook_id, "rotate-secret"),
        _read_secret,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json({"overlapSeconds": overlap_seconds}),
        needs_key=True,
    )


def request_webhook_test(
    webhook_id: str, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Receipt]:
    """Have a test event delivered; the attempts tell how it went. Raises NotFound, Conflict."""
    return _act("POST", (webhook_id, "test"), ACCEPTED, write_headers(idempotency_key, dry_run=dry_run))


def list_webhook_attempts(
    webhook_id: str, *, cursor: UUID | None = None, limit: int = PAGE_MAX
) -> Call[tuple[WebhookAttempt, ...]]:
    """List attempts, the latest first; the last id of a full page is the next cursor. Raises NotFound."""
    query = page_query(None if cursor is None else str(cursor), limit)
    return Call("GET", path_of(WEBHOOKS, webhook_id, "attempts"), _read_attempts, query)


def resend_webhook_attempt(
    webhook_id: str, attempt_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Receipt]:
    """Have the event of an attempt delivered again, now. Raises NotFound, Conflict."""
    segments = (webhook_id, "attempts", str(attempt_id), "resend")
    return _act("POST", segments, ACCEPTED, write_headers(idempotency_key, dry_run=dry_run))


def list_events(
    after: str | None = None, *, types: Sequence[str] = (), subject: str | None = None, limit: int = PAGE_MAX
) -> Call[EventPage]:
    """Read the events after a cursor, in order (None: from the first; `latest`: none, but where they end now).

    A page may be empty and yet not the last: when its `next` is the cursor that was given, there is nothing more.
    """
    query = [("limit", str(limit))]
    query += [] if after is None else [("after", after)]
    query += [("types", ",".join(types))] if types else []
    query += [] if subject is None else [("subject", subject)]
    return Call("GET", path_of("events"), _read_page, query)


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    now: datetime | None = None,
    tolerance_s: int = TOLERANCE_S,
) -> Event:
    """Read a delivery that is genuine and fresh: signed by one of `secrets`, as Standard Webhooks says.

    The same event may come again: its id is the same then. Raises NotGenuine, BrokenAnswer.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, seconds = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split(" ")
    except KeyError as missing:
        raise NotGenuine(f"The header {missing} is missing.") from missing
    if not (seconds.isascii() and seconds.isdigit()):
        raise NotGenuine("The header 'webhook-timestamp' is no number.")
    if abs((now or datetime.now(UTC)).timestamp() - int(seconds)) > tolerance_s:
        raise NotGenuine("It was signed too long ago, or in the future.")
    signed = f"{message_id}.{seconds}.".encode() + body
    right = [_signature(secret, signed) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in right for other in signatures):
        raise NotGenuine("No signature is of a known secret.")
    return _read_event(read_object(body))


def _signature(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as broken:
        raise NotGenuine("The secret is not in base64.") from broken
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _act(method: str, segments: Sequence[str], status: int, headers: Mapping[str, str]) -> Call[Receipt]:
    path = path_of(WEBHOOKS, *segments)
    return Call(method, path, read_receipt, headers=headers, statuses=frozenset({status}), needs_key=True)


def _read_webhooks(answer: Answer) -> tuple[Webhook, ...]:
    return tuple(_read_webhook(members) for members in _objects(answer))


def _read_attempts(answer: Answer) -> tuple[WebhookAttempt, ...]:
    return tuple(
        WebhookAttempt(
            _read_uuid(members, "id"),
            _read_uuid(members, "eventId"),
            members.text("type"),
            members.whole("number"),
            members.text("outcome"),
            members.whole("durationMs"),
            members.instant("attemptedAt"),
            members.find_whole("status"),
            members.find_text("error"),
        )
        for members in _objects(answer)
    )


def _objects(answer: Answer) -> Iterator[Members]:
    return (Members(item) for item in read_items(read_json(answer.body)))


def _read_secret(answer: Answer) -> WebhookSecret:
    members = read_object(answer.body)
    return WebhookSecret(_read_webhook(members), members.text("signatureSecret"), answer.receipt)


def _read_webhook(members: Members) -> Webhook:
    return Webhook(
        members.text("id"),
        members.text("endpoint"),
        read_names(members.items("events"), "events"),
        members.flag("enabled"),
        members.text("state"),
        members.instant("createdAt"),
        members.instant("updatedAt"),
        members.find_text("description"),
        members.find_text("reason"),
        members.find_instant("failingSince"),
        members.find_instant("previousSecretExpiresAt"),
    )


def _read_page(answer: Answer) -> EventPage:
    members = read_object(answer.body)
    return EventPage(tuple(_read_event(Members(item)) for item in members.items("events")), members.text("next"))


def _read_event(members: Members) -> Event:
    return Event(
        _read_uuid(members, "id"),
        members.text("type"),
        members.instant("timestamp"),
        members.text("tenantId"),
        members.text("subject"),
        members.mapping("data"),
    )


def _read_uuid(members: Members, name: str) -> UUID:
    try:
        return UUID(members.text(name))
    except ValueError as wrong:
        raise BrokenAnswer(f"The member {name!r} is no UUID.") from wrong
