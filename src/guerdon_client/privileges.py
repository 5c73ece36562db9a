"""Calls on privileges: the eleven operations, their histories, and a move that reads, applies and tries again."""

from collections.abc import Callable, Generator
from datetime import datetime
from decimal import Decimal
from typing import Final

from guerdon_client.calls import (
    NO_CONTENT,
    Answer,
    Call,
    as_of_query,
    new_key,
    part_holder,
    path_of,
    read_receipt,
    write_headers,
)
from guerdon_client.errors import BelowFloor
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import (
    Holder,
    Movement,
    MovementApplied,
    NewPrivilege,
    Privilege,
    PrivilegeChange,
    PrivilegeCreated,
    Receipt,
)
from guerdon_client.pages import Page, page_query, read_page
from guerdon_client.passes import PASSES
from guerdon_client.privilege_reading import read_movement, read_privilege
from guerdon_client.problems import ValueMismatch
from guerdon_client.reading import Members, read_items, read_object

PRIVILEGES: Final = "privileges"
MOVEMENTS: Final = "movements"
MOVEMENTS_LINK: Final = 'rel="movements"'
MOVE_ATTEMPTS_MAX: Final = 16
PAGE_MAX: Final = 1_000


def list_privileges(holder: Holder, *, as_of: datetime | None = None) -> Call[tuple[Privilege, ...]]:
    """List the privileges of a pass, named by its id or by identifiers: the most important first, 1000 at most.

    With `as_of` the values and movements are those of that instant. Raises NotFound, Conflict.
    """
    segments, query = part_holder(holder)
    path = path_of(PASSES, *segments, PRIVILEGES)
    return Call("GET", path, _read_list, [*query, *as_of_query(as_of)])


def list_privileges_on(
    holder: Holder, *, as_of: datetime | None = None, cursor: str | None = None, limit: int = PAGE_MAX
) -> Call[Page[Privilege]]:
    """List the privileges of a pass from a cursor on, or from the beginning. Raises NotFound, Conflict."""
    segments, query = part_holder(holder)
    path = path_of(PASSES, *segments, PRIVILEGES)
    return Call("GET", path, _read_page, [*query, *as_of_query(as_of), *page_query(cursor, limit)])


def iter_privileges(
    holder: Holder, *, as_of: datetime | None = None, limit: int = PAGE_MAX
) -> Callable[[str | None], Call[Page[Privilege]]]:
    """Walk through all privileges of a pass, `limit` at a time. Raises NotFound, Conflict."""
    return lambda cursor: list_privileges_on(holder, as_of=as_of, cursor=cursor, limit=limit)


def get_privilege(privilege_id: str, pass_id: str | None = None, *, as_of: datetime | None = None) -> Call[Privilege]:
    """Read one privilege; with `pass_id`, only of that pass. Raises NotFound."""
    segments = [] if pass_id is None else [pass_id]
    return Call("GET", path_of(PASSES, *segments, PRIVILEGES, privilege_id), _read_one, as_of_query(as_of))


def list_movements(
    privilege_id: str, *, as_of: datetime | None = None, cursor: str | None = None, limit: int = PAGE_MAX
) -> Call[Page[Movement]]:
    """List the movements of a privilege from a cursor on, or from the oldest one on.

    With `as_of` they end at that instant. Raises NotFound.
    """
    query = [*as_of_query(as_of), *page_query(cursor, limit)]
    return Call("GET", path_of(PASSES, PRIVILEGES, privilege_id, MOVEMENTS), _read_history, query)


def iter_movements(
    privilege_id: str, *, as_of: datetime | None = None, limit: int = PAGE_MAX
) -> Callable[[str | None], Call[Page[Movement]]]:
    """Walk through the whole history of a privilege, oldest movement first. Raises NotFound."""
    return lambda cursor: list_movements(privilege_id, as_of=as_of, cursor=cursor, limit=limit)


def create_privilege(
    holder: Holder, new: NewPrivilege, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[PrivilegeCreated]:
    """Add a privilege to a pass, named by its id or by identifiers. Raises InvalidRequest, NotFound, Conflict."""
    segments, query = part_holder(holder)
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call(
        "POST",
        path_of(PASSES, *segments, PRIVILEGES),
        lambda answer: PrivilegeCreated(read_object(answer.body).text("privilegeId"), answer.receipt),
        query,
        headers,
        write_json(new),
        needs_key=True,
    )


def put_privilege(
    holder: Holder,
    privilege_id: str,
    change: PrivilegeChange,
    *,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Receipt]:
    """Create the privilege of this id or change what is given; its history is never touched.

    Raises InvalidRequest, NotFound, and Conflict when another pass holds the id.
    """
    segments, query = part_holder(holder)
    path = path_of(PASSES, *segments, PRIVILEGES, privilege_id)
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("PUT", path, read_receipt, query, headers, write_json(change), needs_key=True)


def delete_privilege(
    privilege_id: str, pass_id: str | None = None, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Receipt]:
    """Take a privilege away for good; with `pass_id`, only from that pass. Raises NotFound."""
    segments = [] if pass_id is None else [pass_id]
    return Call(
        "DELETE",
        path_of(PASSES, *segments, PRIVILEGES, privilege_id),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
    )


def apply_movement(
    privilege_id: str,
    movement: Decimal | int,
    old_value: Decimal | int,
    *,
    remarks: str | None = None,
    movement_id: str | None = None,
    if_version: int | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[MovementApplied]:
    """Move a value that is still `old_value` within 0.0001, once, however often it is sent.

    Without `movement_id` one is made here, so that the client's own repeats move nothing twice; give your own to be
    safe over restarts too. Raises InvalidRequest, NotFound, PreconditionFailed when the version is not
    `if_version`, ValueMismatch, and Conflict when the value would leave its bounds.
    """
    body = {
        "oldValue": old_value,
        "movementValue": movement,
        "movementId": movement_id or new_key(),
        **({} if remarks is None else {"remarks": remarks}),
    }
    headers = write_headers(idempotency_key, dry_run=dry_run)
    if if_version is not None:
        headers["if-match"] = f'"{if_version}"'
    path = path_of(PASSES, PRIVILEGES, privilege_id, MOVEMENTS)
    return Call("POST", path, _read_movement, headers=headers, body=write_json(body))


def move(
    privilege_id: str,
    movement: Decimal | int,
    *,
    remarks: str | None = None,
    movement_id: str | None = None,
    floor: Decimal | int | None = None,
    attempts_max: int = MOVE_ATTEMPTS_MAX,
) -> Generator[Call[Privilege] | Call[MovementApplied], Privilege | MovementApplied, MovementApplied]:
    """Move a value whatever it is now: read it, apply, and try again while others are quicker.

    With `floor` it never falls below that. Raises BelowFloor, ValueMismatch after `attempts_max` tries, and what
    `apply_movement` raises.
    """
    chosen_id = movement_id or new_key()
    read = yield get_privilege(privilege_id)
    assert isinstance(read, Privilege)
    value = read.value
    # A repeat over restarts must reach the server even when the value has fallen since: there its id is known.
    is_repeat = movement_id is not None and any(past.movement_id == movement_id for past in read.movements)
    for attempts_left in reversed(range(attempts_max)):
        if floor is not None and value + movement < floor and not is_repeat:
            raise BelowFloor(value, Decimal(movement), Decimal(floor))
        try:
            applied = yield apply_movement(privilege_id, movement, value, remarks=remarks, movement_id=chosen_id)
        except ValueMismatch as quicker:
            if attempts_left == 0:
                raise
            value = quicker.current_value
        else:
            assert isinstance(applied, MovementApplied)
            return applied
    raise ValueError("attempts_max must be at least 1.")


def _read_one(answer: Answer) -> Privilege:
    is_cut = MOVEMENTS_LINK in answer.headers.get("link", "")
    return read_privilege(read_object(answer.body), answer.version, is_cut=is_cut)


def _read_history(answer: Answer) -> Page[Movement]:
    return read_page(answer, tuple(read_movement(Members(item)) for item in read_items(read_json(answer.body))))


def _read_page(answer: Answer) -> Page[Privilege]:
    return read_page(answer, _read_list(answer))


def _read_list(answer: Answer) -> tuple[Privilege, ...]:
    return tuple(read_privilege(Members(item)) for item in read_items(read_json(answer.body)))


def _read_movement(answer: Answer) -> MovementApplied:
    return MovementApplied(read_object(answer.body).text("movementId"), answer.version, answer.receipt)
