"""The history of a privilege: all its movements, page by page."""

from datetime import datetime
from urllib.parse import quote, urlencode

from guerdon.ledger.accounts import seq_as_of
from guerdon.platform.db import Tx
from guerdon.privileges import queries
from guerdon.privileges.errors import PrivilegeNotFound
from guerdon.privileges.paging import Page
from guerdon.privileges.reading import get_privilege


async def list_movements(
    tx: Tx, privilege_id: str, now: datetime, as_of: datetime | None, after_seq: int, limit: int
) -> Page:
    """Give movements of a privilege behind `after_seq`, oldest first; with `as_of`, those that it had then.

    A page costs the same wherever it is. Raises PrivilegeNotFound.
    """
    privilege = await get_privilege(tx, privilege_id, None, now)
    if as_of is not None and privilege.created_at > as_of:
        raise PrivilegeNotFound(privilege_id)
    last_seq = None if as_of is None else await seq_as_of(tx, privilege.account_id, as_of)
    found = await queries.list_movements(tx, privilege.account_id, after_seq, last_seq, limit + 1)
    shown = found[:limit]
    text = "[" + ",".join(movement.text for movement in shown) + "]"
    return Page(text, str(shown[-1].seq) if len(found) > limit else None)


def history_link(tenant_id: str, privilege_id: str, as_of: datetime | None) -> str:
    """Say in a Link header where the whole history of a privilege is."""
    query = "" if as_of is None else "?" + urlencode({"asOf": as_of.isoformat()})
    return f'</api/{tenant_id}/passes/privileges/{quote(privilege_id)}/movements{query}>; rel="movements"'
