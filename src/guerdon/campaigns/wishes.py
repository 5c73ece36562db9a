"""What a campaign does to a pass, as it is kept and as the use cases take it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, cast

import msgspec

from guerdon.passes.model import Changes, JsonObject, read_object, write_json
from guerdon.passes.updating import Notification


@dataclass(frozen=True, slots=True)
class Work:
    """What every pass of a campaign gets; without a change of its own, a message may still ask for fresh data."""

    changes: Changes
    has_update: bool
    notification: Notification | None

    @property
    def changes_rows(self) -> bool:
        """Tell whether the passes get new revisions."""
        return self.has_update or (self.notification is not None and self.notification.update_data)

    @classmethod
    def read(cls, update: str | None, notification: str | None, correlation_id: str) -> Self:
        """Read the members of a campaign's request, JSON text each."""
        told = None if notification is None else _read_notification(read_object(notification), correlation_id)
        changes = Changes() if update is None else read_changes(read_object(update))
        return cls(changes, update is not None, told)


def read_changes(members: Mapping[str, object]) -> Changes:
    """Read changes as they stand in JSON."""
    identifiers = cast("Mapping[str, str | None] | None", members.get("identifiers"))
    metadata, additional = members.get("metadata"), members.get("additionalData")
    return Changes(
        identifiers,
        cast("JsonObject | None", metadata),
        cast("JsonObject | None", additional),
        cast("str | None", members.get("passType")),
    )


def write_each(each: Sequence[Changes]) -> str:
    """Print the changes of each pass of a chunk."""
    return write_json([_members(changes) for changes in each])


def read_each(text: str) -> list[Changes]:
    """Read what `write_each` printed."""
    documents = msgspec.json.decode(text, type=list[msgspec.Raw])
    return [read_changes(read_object(bytes(document).decode())) for document in documents]


def _members(changes: Changes) -> dict[str, object]:
    members: dict[str, object] = {
        "identifiers": changes.identifiers,
        "metadata": changes.metadata,
        "additionalData": changes.additional_data,
        "passType": changes.pass_type,
    }
    return {name: member for name, member in members.items() if member}


def _read_notification(members: Mapping[str, object], correlation_id: str) -> Notification:
    options = cast("Mapping[str, object]", members.get("options") or {})
    return Notification(
        cast("str | None", members.get("content")),
        cast("Mapping[str, str] | None", members.get("localizedContent")),
        bool(options.get("updateData")),
        cast("str | None", options.get("correlationId")) or correlation_id,
    )
