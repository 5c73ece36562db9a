"""What the API speaks of webhooks and events, as frozen dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from guerdon_client.exact import ABSENT, Absent
from guerdon_client.model import Json, Receipt


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook; `state` is `enabled`, `disabled`, or `paused` for a `reason`."""

    webhook_id: str
    endpoint: str
    events: tuple[str, ...]
    is_enabled: bool
    state: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    reason: str | None = None
    failing_since: datetime | None = None
    previous_secret_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A webhook and its new secret, which is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """Changes of a webhook: what is ABSENT stays, None clears the description."""

    endpoint: str | Absent = ABSENT
    events: Sequence[str] | Absent = ABSENT
    enabled: bool | Absent = ABSENT
    description: str | Absent | None = ABSENT
    skip_missed: bool | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One attempt to deliver an event; `error` says why there is no `status`."""

    attempt_id: UUID
    event_id: UUID
    type: str
    number: int
    outcome: str
    duration_ms: int
    attempted_at: datetime
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `subject` is what it happened to, mostly a pass."""

    event_id: UUID
    type: str
    timestamp: datetime
    tenant_id: str
    subject: str
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order; `next` is the cursor that goes on behind them."""

    events: tuple[Event, ...]
    next: str
