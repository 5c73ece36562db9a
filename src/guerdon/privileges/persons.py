"""What privileges hold of a person: read whole, and taken away."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.ledger.accounts import lock_accounts
from guerdon.ledger.amounts import amount_text
from guerdon.ledger.model import AccountKey
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Tx
from guerdon.privileges import person_queries
from guerdon.privileges.granting import account_key, remove

PAGE = 1_000
PRIVILEGES_MAX = 5_000

Document = dict[str, object]
Reached = tuple[UUID, int]


async def list_described(tx: Tx, pass_id: str) -> Sequence[Document]:
    """Give the privileges of a pass as they stand, hidden ones too, 5000 at most, without their movements."""
    return [
        {
            **msgspec.json.decode(one.body_text),
            "privilegeId": one.privilege_id,
            "type": one.type,
            "content": one.data_content,
            "deletionDate": None if one.deletion_date is None else rfc3339(one.deletion_date),
            "creationDate": rfc3339(one.created_at),
        }
        for one in await person_queries.list_of_passes(tx, [pass_id], PRIVILEGES_MAX)
    ]


async def page_movements(tx: Tx, pass_id: str, after: Reached | None) -> tuple[Sequence[Document], Reached | None]:
    """Give the movements on the privileges of a pass, oldest first, privilege by privilege."""
    rows = await person_queries.list_movements(tx, pass_id, *(after or (UUID(int=0), 0)), PAGE)
    documents: list[Document] = [
        {
            "privilegeId": row.privilege_id,
            "movementId": row.movement_id,
            "movementValue": msgspec.Raw(amount_text(row.amount).encode()),
            "value": msgspec.Raw(amount_text(row.value_after).encode()),
            "remarks": row.remarks,
            "date": rfc3339(row.occurred_at),
        }
        for row in rows
    ]
    return documents, (rows[-1].account_id, rows[-1].seq) if len(rows) == PAGE else None


async def list_accounts(tx: Tx, pass_ids: Sequence[str]) -> Sequence[AccountKey]:
    """Name the accounts of the privileges of passes, 5000 at most."""
    return [account_key(one.privilege_id) for one in await person_queries.list_of_passes(tx, pass_ids, PRIVILEGES_MAX)]


async def remove_of_passes(tx: Tx, pass_ids: Sequence[str], actor: str, now: datetime) -> int:
    """Take away the privileges of passes, 5000 at most, and tell how many; their entries stay in the ledger."""
    found = await person_queries.list_of_passes(tx, pass_ids, PRIVILEGES_MAX)
    if found:
        await lock_accounts(tx, [account_key(privilege.privilege_id) for privilege in found])
        await remove(tx, found, actor, now)
    return len(found)
