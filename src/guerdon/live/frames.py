"""Frames: what a page is told of an event, and nothing that it could not see by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from guerdon.passes.installing import EVENT_INSTALLED, EVENT_UNINSTALLED
from guerdon.passes.model import EVENT_UPDATED
from guerdon.passes.updating import EVENT_NOTIFIED, EVENT_WALLET_CHANGED
from guerdon.platform.clock import rfc3339
from guerdon.platform.events import StoredEvent
from guerdon.privileges.model import EVENT_ADDED, EVENT_CHANGED, EVENT_DELETED, EVENT_MOVED

UPDATED: Final = "updated"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message to a page, as JSON text."""

    type: str
    text: str


# For each kind of event: the type of its frame, and which members of the event may be told.
_TOLD: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    EVENT_INSTALLED: ("installed", ("provider",)),
    EVENT_UNINSTALLED: ("uninstalled", ("provider",)),
    EVENT_UPDATED: (UPDATED, ("revision",)),
    EVENT_NOTIFIED: ("notified", ()),
    EVENT_WALLET_CHANGED: ("walletChanged", ()),
    EVENT_MOVED: ("privilegeMoved", ("privilegeId", "movementValue", "value")),
    EVENT_ADDED: ("privilegeAdded", ("privilegeId",)),
    EVENT_CHANGED: ("privilegeUpdated", ("privilegeId",)),
    EVENT_DELETED: ("privilegeDeleted", ("privilegeId",)),
}
_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder: Final = msgspec.json.Encoder()


def find_frame(event: StoredEvent) -> Frame | None:
    """Give the frame that tells of an event about a pass, or None for what pages are not told."""
    told = _TOLD.get(event.kind)
    if told is None:
        return None
    type_, names = told
    payload = _decoder.decode(event.payload)
    members = {name: payload[name] for name in names if name in payload}
    document = {"type": type_, "passId": event.subject_id, "at": rfc3339(event.occurred_at), **members}
    return Frame(type_, _encoder.encode(document).decode())
