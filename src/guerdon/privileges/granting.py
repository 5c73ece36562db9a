"""Adding privileges to passes, changing what they say, and taking them away."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.ledger.accounts import bound_account, close_account_at, close_accounts, lock_account, open_account
from guerdon.ledger.errors import MovementMismatch
from guerdon.ledger.model import AccountKey, Command, Move, Posted
from guerdon.ledger.posting import post
from guerdon.passes.finding import lock_pass
from guerdon.passes.updating import touch_passes
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.problems import Problem
from guerdon.privileges import queries
from guerdon.privileges.errors import (
    MovementIdTaken,
    PrivilegeElsewhere,
    PrivilegeNotFound,
    TypeNeeded,
)
from guerdon.privileges.model import (
    EVENT_ADDED,
    EVENT_CHANGED,
    EVENT_DELETED,
    Description,
    PastMovement,
    Privilege,
)
from guerdon.privileges.reading import get_privilege

Bounds = tuple[int | None, int | None]


async def add_privilege(
    tx: Tx,
    new: Privilege,
    history: Sequence[PastMovement],
    bounds: Bounds,
    actor: str,
    now: datetime,
) -> None:
    """Add a privilege to a pass, with the history that it brings.

    Raises PassNotFound, MovementIdTaken, PrivilegeElsewhere, and what the ledger refuses.
    """
    key = account_key(new.privilege_id)
    await open_account(tx, new.account_id, key, new.pass_id, now, has_lots=False, bounds=bounds)
    if not await queries.insert_privilege(tx, new):
        raise PrivilegeElsewhere(new.privilege_id)
    await _post_history(tx, key, history, actor, now)
    if new.deletion_date is not None:
        # Only now, since one that is over already still brings its history.
        await close_account_at(tx, new.account_id, new.deletion_date)
    # Under its lock the pass is there, or is not: somebody may delete it while this privilege is being made.
    await lock_pass(tx, new.pass_id)
    await _changed(tx, new, EVENT_ADDED, actor, now)


async def put_privilege(
    tx: Tx,
    pass_id: str,
    privilege_id: str,
    description: Description,
    account_id: UUID,
    bounds: Bounds,
    actor: str,
    now: datetime,
) -> None:
    """Create a privilege under this id, or change the members that are given; the history is never touched.

    `account_id` is used when it is new. Raises TypeNeeded, PrivilegeElsewhere, PassNotFound.
    """
    old = await _lock_privilege(tx, privilege_id)
    if old is not None and old.is_hidden(now):
        await remove(tx, [old], actor, now)
        old = None
    if old is None:
        await _create_as_put(tx, pass_id, privilege_id, description, account_id, bounds, actor, now)
        return
    if old.pass_id != pass_id:
        raise PrivilegeElsewhere(privilege_id)
    changed = described(old, description)
    await queries.update_privilege(tx, changed, now)
    await close_account_at(tx, old.account_id, changed.deletion_date)
    await bound_account(tx, old.account_id, *bounds)
    await _changed(tx, changed, EVENT_CHANGED, actor, now)


async def delete_privilege(tx: Tx, privilege_id: str, pass_id: str | None, actor: str, now: datetime) -> None:
    """Take a privilege away for good; with `pass_id`, only from that pass. Raises PrivilegeNotFound."""
    if await lock_account(tx, account_key(privilege_id)) is None:
        raise PrivilegeNotFound(privilege_id)
    privilege = await get_privilege(tx, privilege_id, pass_id, now)
    await remove(tx, [privilege], actor, now)


async def remove(tx: Tx, privileges: Sequence[Privilege], actor: str, now: datetime) -> None:
    """Take privileges away: their accounts are closed, their entries stay in the ledger."""
    await close_accounts(tx, sorted(privilege.account_id for privilege in privileges), now)
    await queries.delete_privileges(tx, privileges)
    await touch_passes(tx, [privilege.pass_id for privilege in privileges], now)
    await emit(tx, [_event(EVENT_DELETED, privilege, actor) for privilege in privileges], now)


def account_key(privilege_id: str) -> AccountKey:
    """Name the account of a privilege."""
    return AccountKey("privilege", privilege_id)


def described(old: Privilege, description: Description) -> Privilege:
    """Put the given members in place of the old ones; a member given as null is gone."""
    given = description.given
    body: dict[str, object] = msgspec.json.decode(old.body_text)
    body.update(description.body)
    return replace(
        old,
        type=description.type or old.type,
        priority=description.priority if "priority" in given else old.priority,
        body_text=_body_text(body),
        data_content=description.data_content if "data.content" in given else old.data_content,
        deletion_date=description.deletion_date if "deletionDate" in given else old.deletion_date,
    )


async def _lock_privilege(tx: Tx, privilege_id: str) -> Privilege | None:
    """Read a privilege under its account's lock, as every movement on it has it."""
    if await lock_account(tx, account_key(privilege_id)) is None:
        # One that appears from here on was committed just now, and we hold no lock on it: it is not there for us.
        return None
    return await queries.find_privilege(tx, privilege_id)


async def _create_as_put(
    tx: Tx,
    pass_id: str,
    privilege_id: str,
    description: Description,
    account_id: UUID,
    bounds: Bounds,
    actor: str,
    now: datetime,
) -> None:
    if description.type is None:
        raise TypeNeeded
    blank = Privilege(privilege_id, pass_id, account_id, description.type, None, "{}", None, None, now)
    await add_privilege(tx, described(blank, description), (), bounds, actor, now)


async def _post_history(tx: Tx, key: AccountKey, history: Sequence[PastMovement], actor: str, now: datetime) -> None:
    commands = [
        Command(
            key,
            Move(past.amount),
            past.movement_id,
            actor,
            past.remarks,
            is_chosen=True,
            occurred_at=past.occurred_at,
        )
        for past in history
    ]
    outcomes = await post(tx, commands, now) if commands else []
    for past, outcome in zip(history, outcomes, strict=True):
        if isinstance(outcome, MovementMismatch) or (isinstance(outcome, Posted) and outcome.is_repeat):
            raise MovementIdTaken(past.movement_id)
        if isinstance(outcome, Problem):
            raise outcome


async def _changed(tx: Tx, privilege: Privilege, kind: str, actor: str, now: datetime) -> None:
    await touch_passes(tx, [privilege.pass_id], now)
    await emit(tx, [_event(kind, privilege, actor)], now)


def _event(kind: str, privilege: Privilege, actor: str) -> Event:
    payload = {"passId": privilege.pass_id, "privilegeId": privilege.privilege_id, "type": privilege.type}
    return Event(kind, privilege.pass_id, msgspec.json.encode(payload).decode(), actor)


def _body_text(body: dict[str, object]) -> str:
    kept = {name: member for name, member in body.items() if member is not None}
    return msgspec.json.encode(kept).decode()
