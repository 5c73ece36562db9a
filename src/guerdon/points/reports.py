"""What finance asks of points: what is owed, what expires, what expired that was paid for, and who holds what."""

from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.listing import Listing
from guerdon.points import report_queries
from guerdon.points.errors import CursorInvalid
from guerdon.points.reading import Page
from guerdon.points.report_model import WalletRow

BEFORE_ALL = UUID(int=0)


async def list_wallets(tx: Tx, asked: Listing, as_of: datetime) -> Page[WalletRow]:
    """List the wallets that there were at an instant with what they held, in the order of their ids.

    Raises CursorInvalid, InvalidRequest.
    """
    asked.check_sort(())
    after = _read_cursor(asked.cursor)
    found = await report_queries.list_wallets(tx, as_of, after, asked.start, asked.limit)
    total = None if asked.cursor else await report_queries.count_wallets(tx, as_of)
    has_more = len(found) == asked.limit > 0
    return Page(found, total, str(found[-1].wallet_id) if has_more else None)


def _read_cursor(cursor: str | None) -> UUID:
    if cursor is None:
        return BEFORE_ALL
    try:
        return UUID(cursor)
    except ValueError as strange:
        raise CursorInvalid from strange
