"""Webhooks and the rules on them: which events they want, when a failed delivery is tried again, when one is dead."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

WEBHOOK_READ: Final = "Webhook.Read"
WEBHOOK_WRITE: Final = "Webhook.Write"
EVENT_READ: Final = "Event.Read"
TEST_KIND: Final = "Webhook:Test"
RESENT_KIND: Final = "Webhook:Resent"

WEBHOOKS_MAX: Final = 100
PATTERN: Final = r"^(\*|[A-Za-z][A-Za-z-]{0,49})([:.](\*|[A-Za-z][A-Za-z-]{0,49})){0,3}$"
PATTERN_CHARACTERS_MAX: Final = 100
GIVEN_UP_AFTER: Final = timedelta(days=3)
OVERLAP_MAX_S: Final = 7 * 86_400
RETRY_FIRST: Final = timedelta(seconds=5)
RETRY_MAX: Final = timedelta(hours=8)
RETRY_FACTOR: Final = 3
FAILURES_TOLERATED: Final = 10
HOLD_MAX: Final = timedelta(minutes=1)

_pattern = re.compile(PATTERN)

State = Literal["enabled", "disabled", "paused"]
Outcome = Literal["delivered", "failed", "givenUp"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription: an address and the events that it wants.

    `seen_*` say how far the events have been read for it. `failures` counts those in a row, since `failing_since`.
    """

    webhook_id: str
    endpoint: str
    patterns: Sequence[str]
    description: str | None
    state: State
    reason: str | None
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    previous_until: datetime | None
    seen_transaction_id: int
    seen_event_id: UUID
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    created_at: datetime
    updated_at: datetime

    def wants(self, kind: str, subject_id: str) -> bool:
        """Tell whether an event is for this webhook.

        A test is for the one that it tests and no other; that it was sent something again is for all others, lest
        whoever answers every event by asking for it again feeds itself.
        """
        if kind == TEST_KIND:
            return subject_id == self.webhook_id
        if kind == RESENT_KIND and subject_id == self.webhook_id:
            return False
        return matches(tuple(self.patterns), kind)

    def is_held(self, now: datetime) -> bool:
        """Tell whether nothing is sent now, because nearly everything failed."""
        return self.held_until is not None and now < self.held_until

    @property
    def is_failing(self) -> bool:
        """Tell whether so much failed in a row that one delivery at a time is enough."""
        return self.failures >= FAILURES_TOLERATED


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to tell a webhook of an event; `error` says why there is no `status`."""

    attempt_id: UUID
    transaction_id: int
    event_id: UUID
    kind: str
    number: int
    outcome: Outcome
    status: int | None
    error: str | None
    duration_ms: int
    attempted_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one request: the receiver's status, or why there is none."""

    status: int | None
    error: str | None
    duration_ms: int

    @property
    def is_success(self) -> bool:
        """Tell whether the receiver has taken the event."""
        return self.status is not None and 200 <= self.status <= 299  # noqa: PLR2004  # HTTP's own bounds

    @property
    def is_gone(self) -> bool:
        """Tell whether the receiver wants nothing more, ever (410)."""
        return self.status == 410  # noqa: PLR2004  # HTTP's own number


def matches(patterns: tuple[str, ...], kind: str) -> bool:
    """Tell whether any pattern fits a kind of event: `Pass:Created`, `pass.created`, `Pass:*`, `store.*.updated`, `*`.

    A star stands for one part, and at the end for all that follow.
    """
    return _compiled(patterns).fullmatch(kind) is not None


def is_pattern(text: str) -> bool:
    """Tell whether a text is a kind of event or a pattern of some."""
    return len(text) <= PATTERN_CHARACTERS_MAX and _pattern.fullmatch(text) is not None


def retry_after(tries: int, chance: float) -> timedelta:
    """Tell how long to wait after so many failed attempts: three times as long each time, from 5 s to 8 hours.

    `chance` lies between 0 and 1 and spreads it by a fifth either way.
    """
    longest = min(RETRY_FIRST * RETRY_FACTOR ** min(tries - 1, 20), RETRY_MAX)
    return longest * (0.8 + 0.4 * chance)


def hold_after(failures: int) -> timedelta | None:
    """Tell how long an endpoint is left alone after so many failures in a row: from the tenth on, up to a minute."""
    if failures < FAILURES_TOLERATED:
        return None
    return min(timedelta(seconds=2 ** min(failures - FAILURES_TOLERATED, 10)), HOLD_MAX)


def is_dead(failing_since: datetime | None, now: datetime) -> bool:
    """Tell whether an endpoint has done nothing but fail for three days."""
    return failing_since is not None and now - failing_since >= GIVEN_UP_AFTER


@functools.lru_cache(maxsize=1024)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns), re.IGNORECASE)


def _expression(pattern: str) -> str:
    *first, last = re.split("[:.]", pattern)
    parts = ["[^:.]+" if part == "*" else re.escape(part) for part in first]
    return "[:.]".join([*parts, ".+" if last == "*" else re.escape(last)])
