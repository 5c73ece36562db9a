"""Reading movements from bodies: the fast way; what it refuses is read again slowly, to name every mistake at once."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from guerdon.ledger.amounts import read_millionths, to_millionths
from guerdon.ledger.model import Command, Move, Repeat
from guerdon.platform.http import invalid_request, mistake_path, read_json
from guerdon.platform.ids import new_movement_id
from guerdon.platform.problems import InvalidRequest
from guerdon.privileges.errors import ZeroMovement
from guerdon.privileges.granting import account_key
from guerdon.privileges.schemas import (
    MOVEMENTS_MAX,
    ZERO_KIND,
    ApplyMovementRequest,
    BulkMovement,
    BulkMovementsRequest,
)

NUL: Final = "\x00"  # PostgreSQL stores none in text


class MovementWish(Struct, frozen=True):
    """A movement as its body asks for it, in millionths."""

    old_value: int
    movement_value: int
    remarks: str | None
    movement_id: str | None


class BulkWish(Struct, frozen=True):
    """The movements of one request, each with the privilege that it is on, and whether one refusal refuses them all."""

    movements: Sequence[tuple[str, MovementWish]]
    is_all_or_nothing: bool


# `\Z`, since `$` takes a line's end behind it.
_Remarks = Annotated[str, Meta(min_length=1, max_length=500)]
_MovementId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
_PrivilegeId = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f/]{1,200}\Z")]


class _Movement(Struct, forbid_unknown_fields=True, rename="camel"):
    old_value: msgspec.Raw
    movement_value: msgspec.Raw
    remarks: _Remarks | None = None
    movement_id: _MovementId | None = None


class _BulkMovement(_Movement, forbid_unknown_fields=True, rename="camel", kw_only=True):
    privilege_id: _PrivilegeId


class _Bulk(Struct, forbid_unknown_fields=True, rename="camel"):
    movements: Annotated[list[_BulkMovement], Meta(min_length=1, max_length=MOVEMENTS_MAX)]
    all_or_nothing: bool = False


_movement_decoder = msgspec.json.Decoder(_Movement)
_bulk_decoder = msgspec.json.Decoder(_Bulk)


def read_movement(body: bytes) -> MovementWish:
    """Read a movement. Raises InvalidRequest, BadlyFormed."""
    return read_movement_quickly(body) or _read_movement_slowly(body)


def read_movement_quickly(body: bytes) -> MovementWish | None:
    """Read a movement with nothing wrong in it; None for all others."""
    try:
        return _wish(_movement_decoder.decode(body))
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return None


def read_bulk(body: bytes) -> BulkWish:
    """Read the movements of one request. Raises InvalidRequest, BadlyFormed."""
    return _read_bulk_quickly(body) or _read_bulk_slowly(body)


def movement_command(
    privilege_id: str, wish: MovementWish, actor: str, version: int | None = None, repeat: Repeat | None = None
) -> Command:
    """Say to the ledger what is asked of a privilege."""
    return Command(
        account_key(privilege_id),
        Move(wish.movement_value, wish.old_value, version),
        wish.movement_id or new_movement_id(),
        actor,
        wish.remarks,
        is_chosen=wish.movement_id is not None,
        repeat=repeat,
    )


def _read_bulk_quickly(body: bytes) -> BulkWish | None:
    try:
        bulk = _bulk_decoder.decode(body)
        movements = [(one.privilege_id, _wish(one)) for one in bulk.movements]
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return None
    return BulkWish(movements, bulk.all_or_nothing)


def _wish(movement: _Movement) -> MovementWish:
    amount, remarks = read_millionths(bytes(movement.movement_value)), movement.remarks
    if amount == 0 or (remarks is not None and NUL in remarks):
        raise ValueError("a mistake, to be named by the slow way")
    return MovementWish(read_millionths(bytes(movement.old_value)), amount, remarks, movement.movement_id)


def _read_movement_slowly(body: bytes) -> MovementWish:
    try:
        return _validated(ApplyMovementRequest.model_validate(read_json(body)))
    except ValidationError as refused:
        raise _refusal(refused.errors(include_url=False)) from refused


def _read_bulk_slowly(body: bytes) -> BulkWish:
    try:
        bulk = BulkMovementsRequest.model_validate(read_json(body))
    except ValidationError as refused:
        raise _refusal(refused.errors(include_url=False)) from refused
    return BulkWish([(one.privilege_id, _validated(one)) for one in bulk.movements], bulk.all_or_nothing)


def _validated(movement: ApplyMovementRequest | BulkMovement) -> MovementWish:
    old_value, amount = to_millionths(movement.old_value), to_millionths(movement.movement_value)
    return MovementWish(old_value, amount, movement.remarks, movement.movement_id)


def _refusal(mistakes: Sequence[ErrorDetails]) -> InvalidRequest:
    """Name all mistakes; where they are nothing but movements of zero, under the code that this has."""
    if all(mistake["type"] == ZERO_KIND for mistake in mistakes):
        return ZeroMovement(*(mistake_path(mistake) for mistake in mistakes))
    return invalid_request(mistakes)
