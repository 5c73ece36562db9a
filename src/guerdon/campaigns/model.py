"""Campaigns: one change, or one message, for many passes, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

CHUNK_PASSES_MAX = 1_000
CHUNKS_PER_SECOND = 4  # at a slow pace, so that it is even and a cancel is heard soon
LISTED_FOR = timedelta(days=30)
KEPT_FOR = timedelta(days=90)
EVENT_STARTED, EVENT_CANCELLED, EVENT_FINISHED = "Campaign:Started", "Campaign:Cancelled", "Campaign:Finished"

State = Literal["pending", "updated", "error", "cancelled"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its counters, which are true at every instant; `request` is JSON text."""

    campaign_id: UUID
    name: str
    correlation_id: str
    actor: str
    passes_per_s: int
    total: int
    updated: int
    errors: int
    apple_deployed: int
    google_deployed: int
    started_at: datetime
    last_activity_at: datetime
    cancelled_at: datetime | None

    @property
    def is_done(self) -> bool:
        """Tell whether every pass has its outcome."""
        return self.updated + self.errors == self.total


@dataclass(frozen=True, slots=True)
class Chunk:
    """Passes that are done in one transaction; `changes` is a JSON list of what each gets, or None."""

    first_position: int
    pass_ids: Sequence[str]
    changes_text: str | None


@dataclass(frozen=True, slots=True)
class Member:
    """A pass of a campaign and what became of it; `code` is that of the refusal."""

    position: int
    pass_id: str
    is_done: bool
    code: str | None

    def state(self, is_cancelled: bool) -> State:
        """Tell what became of the pass, or will."""
        if self.is_done:
            return "updated" if self.code is None else "error"
        return "cancelled" if is_cancelled else "pending"


def chunk_size(passes_per_s: int) -> int:
    """Tell how many passes are done in one transaction at a pace."""
    return max(1, min(CHUNK_PASSES_MAX, passes_per_s // CHUNKS_PER_SECOND))


def choose_text(
    content: str | None, localized: Mapping[str, str] | None, language: str, default_language: str
) -> str | None:
    """Choose what a holder of a language reads: it exactly, its base language, the content, the tenant's default.

    None when none of them is there (research/wallet-crew.md, recommendation 14).
    """
    texts = localized or {}
    base = language.partition("-")[0]
    candidates = (texts.get(language), texts.get(base), content, texts.get(default_language))
    return next((text for text in candidates if text), None)
