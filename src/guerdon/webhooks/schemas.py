"""This room's words on the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import NO_NUL, Body
from guerdon.webhooks.model import OVERLAP_MAX_S, PATTERN, PATTERN_CHARACTERS_MAX, Attempt, Outcome, State, Webhook

OVERLAP_DEFAULT_S = 86_400

EventPattern = Annotated[str, StringConstraints(pattern=PATTERN, max_length=PATTERN_CHARACTERS_MAX)]
EventPatterns = Annotated[list[EventPattern], Field(min_length=1, max_length=50)]
EndpointText = Annotated[
    str, StringConstraints(min_length=1, max_length=2048, pattern=NO_NUL), Field(json_schema_extra={"format": "uri"})
]
Description = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)

    def text(self) -> bytes:
        """Write the document; members without a value are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class WebhookDefinition(Body):
    """A webhook to be made; `events` hold kinds such as `Pass:Created` or `pass.created`, with `*` for any part."""

    endpoint: EndpointText
    events: EventPatterns
    enabled: bool = True
    description: Description | None = None


class WebhookPatch(Body):
    """Members of a webhook to be changed; null takes the description away.

    Enabling goes on with the first event that was not delivered; `skipMissed` begins with the next one instead.
    """

    endpoint: EndpointText = ""
    events: EventPatterns = []  # noqa: RUF012  # pydantic copies it
    enabled: bool | None = None
    description: Description | None = None
    skip_missed: bool = False


class SecretRotation(Body):
    """How long the old secret signs beside the new one; 0 ends it at once."""

    overlap_seconds: Annotated[int, Field(ge=0, le=OVERLAP_MAX_S)] = OVERLAP_DEFAULT_S


class WebhookOut(_Out):
    """A webhook; its secret is told only when it is made or rotated."""

    id: str
    endpoint: str
    events: list[str]
    enabled: bool
    description: str | None = None
    state: State
    reason: str | None = None
    failing_since: str | None = None
    previous_secret_expires_at: str | None = None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, webhook: Webhook, now: datetime) -> Self:
        """Shape a webhook."""
        until = webhook.previous_until
        return cls(
            id=webhook.webhook_id,
            endpoint=webhook.endpoint,
            events=list(webhook.patterns),
            enabled=webhook.state == "enabled",
            description=webhook.description,
            state=webhook.state,
            reason=webhook.reason,
            failing_since=None if webhook.failing_since is None else rfc3339(webhook.failing_since),
            previous_secret_expires_at=None if until is None or until <= now else rfc3339(until),
            created_at=rfc3339(webhook.created_at),
            updated_at=rfc3339(webhook.updated_at),
        )


class WebhookCreated(WebhookOut):
    """A webhook with its new secret of 64 characters, which is shown this once."""

    signature_secret: str

    @classmethod
    def of_secret(cls, webhook: Webhook, secret: str, now: datetime) -> Self:
        """Shape a webhook with its secret."""
        return cls(**WebhookOut.of(webhook, now).model_dump(by_alias=False), signature_secret=secret)


class AttemptOut(_Out):
    """One attempt: `status` is what the receiver answered, `error` why there is no answer."""

    id: UUID
    event_id: UUID
    type: str
    number: int
    outcome: Outcome
    status: int | None = None
    error: str | None = None
    duration_ms: int
    attempted_at: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Shape an attempt."""
        return cls(
            id=attempt.attempt_id,
            event_id=attempt.event_id,
            type=attempt.kind,
            number=attempt.number,
            outcome=attempt.outcome,
            status=attempt.status,
            error=attempt.error,
            duration_ms=attempt.duration_ms,
            attempted_at=rfc3339(attempt.attempted_at),
        )


class EventOut(_Out):
    """An event as webhooks, the feed and streams tell it; `subject` is what it happened to, mostly a pass."""

    id: UUID
    type: str
    timestamp: str
    tenant_id: str
    subject: str
    data: dict[str, Any]


class EventPage(_Out):
    """Events in order, and the cursor that goes on behind them."""

    events: list[EventOut]
    next: str
