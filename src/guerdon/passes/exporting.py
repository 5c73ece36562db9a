"""Reading all that passes hold of a person, in pages."""

from collections.abc import Sequence
from uuid import UUID

from guerdon.passes import person_queries, queries
from guerdon.passes.aliases import read_aliases
from guerdon.passes.identifiers import Identifiers
from guerdon.passes.model import is_pass_id, read_object
from guerdon.passes.scan_queries import list_scans_of_pass
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Tx

PAGE = 1_000
INSTALLATIONS_MAX = 10_000

Document = dict[str, object]
Page = tuple[Sequence[Document], UUID | None]


async def list_passes_of(tx: Tx, identifiers: Identifiers, limit: int) -> Sequence[str]:
    """List the passes that all identifiers match, by id."""
    if len(identifiers.pass_ids) > 1:
        return []
    pass_id = next(iter(identifiers.pass_ids), None)
    if pass_id is not None and not is_pass_id(pass_id):
        return []
    return await person_queries.list_matching(tx, identifiers.external, pass_id, limit)


async def describe_pass(tx: Tx, pass_id: str) -> Document | None:
    """Give a pass with the devices that hold it or held it; None when it is not there."""
    found = await queries.find_pass(tx, pass_id)
    if found is None:
        return None
    return {
        "passId": found.pass_id,
        "passType": found.pass_type,
        "identifiers": found.identifiers,
        "metadata": found.metadata,
        "additionalData": found.additional_data,
        "creationDate": rfc3339(found.created_at),
        "lastUpdateDate": rfc3339(found.updated_at),
        "namesAtWallets": await read_aliases(tx, pass_id),
        "installations": [
            {
                "wallet": one.provider,
                "deviceId": one.device_id,
                "source": read_object(one.source_text),
                "firstDate": rfc3339(one.first_at),
                "lastDate": rfc3339(one.last_at),
                "removalDate": None if one.removed_at is None else rfc3339(one.removed_at),
            }
            for one in await person_queries.list_installations(tx, pass_id, INSTALLATIONS_MAX)
        ],
    }


async def page_notifications(tx: Tx, pass_id: str, after: UUID | None) -> Page:
    """Give what the holder was to be told, oldest first."""
    rows = await person_queries.list_notifications(tx, pass_id, after or UUID(int=0), PAGE)
    documents: list[Document] = [
        {
            "notificationId": str(row.notification_id),
            "content": row.content,
            "localizedContent": None if row.localized_content_text is None else read_object(row.localized_content_text),
            "state": row.state,
            "date": rfc3339(row.created_at),
        }
        for row in rows
    ]
    return documents, rows[-1].notification_id if len(rows) == PAGE else None


async def page_scans(tx: Tx, pass_id: str, before: UUID | None) -> Page:
    """Give when the pass was scanned, newest first."""
    rows = await list_scans_of_pass(tx, pass_id, before, PAGE)
    documents: list[Document] = [
        {"scanId": str(row.scan_id), "type": row.type, "actor": row.actor, "date": rfc3339(row.scanned_at)}
        for row in rows
    ]
    return documents, rows[-1].scan_id if len(rows) == PAGE else None
