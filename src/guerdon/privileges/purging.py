"""Purging privileges whose deletion date has passed, and those of passes that go."""

from collections.abc import Sequence
from datetime import datetime

from guerdon.ledger.accounts import lock_account
from guerdon.platform.db import Tx
from guerdon.privileges import queries
from guerdon.privileges.granting import account_key, remove

ACTOR = "system:purge"
PRIVILEGES_MAX = 500


async def purge_overdue(tx: Tx, now: datetime) -> int:
    """Remove at most 500 privileges that are hidden already, refresh their passes, and tell how many."""
    overdue = await queries.list_overdue(tx, now, PRIVILEGES_MAX)
    for privilege in sorted(overdue, key=lambda privilege: privilege.account_id):
        await lock_account(tx, account_key(privilege.privilege_id))
    # Read again under the locks: a PUT may have moved a deletion date into the future meanwhile.
    still_overdue = {privilege.privilege_id for privilege in await queries.list_overdue(tx, now, PRIVILEGES_MAX)}
    due = [privilege for privilege in overdue if privilege.privilege_id in still_overdue]
    if due:
        await remove(tx, due, ACTOR, now)
    return len(due)


async def first_overdue_after(tx: Tx, instant: datetime) -> datetime | None:
    """Tell when the next privilege is to be removed, after an instant."""
    return await queries.first_deletion_after(tx, instant)


async def remove_of_passes(tx: Tx, pass_ids: Sequence[str], actor: str, now: datetime) -> None:
    """Take all privileges of passes away; call this before a pass is locked, since accounts are locked first."""
    while found := await queries.list_of_passes(tx, pass_ids, PRIVILEGES_MAX):
        for privilege in found:
            await lock_account(tx, account_key(privilege.privilege_id))
        await remove(tx, found, actor, now)


async def have_privileges(tx: Tx, pass_ids: Sequence[str]) -> bool:
    """Tell whether any of these passes has a privilege, hidden ones counted."""
    return await queries.list_of_passes(tx, pass_ids, 1) != []
