"""A notification as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from guerdon.passes.model import read_object


@dataclass(frozen=True, slots=True)
class KeptNotification:
    """What a holder was, or is to be, told; `state` is pending, sent or failed."""

    notification_id: UUID
    content: str | None
    localized_content_text: str | None
    update_data: bool
    correlation_id: str | None
    state: str
    created_at: datetime

    @property
    def localized_content(self) -> Mapping[str, str] | None:
        """The texts by language."""
        text = self.localized_content_text
        return None if text is None else cast("Mapping[str, str]", read_object(text))
