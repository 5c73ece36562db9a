"""Where the stores are at which a phone should offer a pass."""

from collections.abc import Sequence

from guerdon.platform.db import Tx
from guerdon.stores import queries
from guerdon.stores.model import Spot

SPOTS_MAX = 10  # what Apple Wallet takes


async def list_spots(
    tx: Tx, *, tag: str | None, first_ids: Sequence[str], only_first: bool, limit: int
) -> Sequence[Spot]:
    """List the places of enabled stores, 10 at most: `first_ids` first (or only those), the others by their ids."""
    return await queries.list_spots(tx, tag, first_ids, only_first, min(limit, SPOTS_MAX))
