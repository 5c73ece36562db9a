"""The answers of notifications."""

from typing import Literal

from guerdon.passes.kept_notification import KeptNotification
from guerdon.passes.notify_request import Translations
from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import Body, Instant


class NotificationDocument(Body):
    """What the holder of a pass was, or is to be, told."""

    notification_id: str
    content: str | None = None
    localized_content: Translations | None = None
    update_data: bool
    correlation_id: str | None = None
    state: Literal["pending", "sent", "failed"]
    creation_date: Instant


def show_notification(kept: KeptNotification) -> dict[str, object]:
    """Give the members of a `NotificationDocument`."""
    members: dict[str, object | None] = {
        "notificationId": kept.notification_id.hex,
        "content": kept.content,
        "localizedContent": kept.localized_content,
        "updateData": kept.update_data,
        "correlationId": kept.correlation_id,
        "state": kept.state,
        "creationDate": rfc3339(kept.created_at),
    }
    return {name: member for name, member in members.items() if member is not None}
