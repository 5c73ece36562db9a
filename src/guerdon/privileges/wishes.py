"""Turning the bodies of seed 001 into what the use cases take."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from guerdon.ledger.amounts import to_millionths
from guerdon.passes.updating import Notification
from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import InvalidRequest
from guerdon.privileges.model import Description, PastMovement, opening_history
from guerdon.privileges.schemas import PrivilegeData, PrivilegeMovement, PrivilegeRequest

DESCRIBING = ("external_id", "origin", "categories", "content", "appearance", "links")
OPENING_REMARK = "opening value"


def read_description(body: PrivilegeRequest, type_given: str | None) -> Description:
    """Part a body into the members that it gives and what they say. Raises InvalidRequest."""
    if body.options.notification is not None:
        body.options.notification.check("options.notification")
    given = {PrivilegeRequest.model_fields[name].alias or name for name in body.model_fields_set & _fields()}
    if "content" in body.data.model_fields_set:
        given.add("data.content")
    document = {
        PrivilegeRequest.model_fields[name].alias or name: _plain(getattr(body, name))
        for name in DESCRIBING
        if name in body.model_fields_set
    }
    return Description(frozenset(given), type_given, body.priority, document, body.data.content, body.deletion_date)


def read_history(data: PrivilegeData, opening_id: str, now: datetime) -> tuple[PastMovement, ...]:
    """Give the history that a new privilege brings: its movements, or one that opens it with its value.

    Raises ZeroMovement, HistoryMismatch, InvalidRequest when two movements share an id or one is yet to come.
    """
    movements = data.movements
    _check_movements(movements, now)
    value = None if data.value is None else to_millionths(data.value)
    history = opening_history(
        value,
        [
            PastMovement(movement.movement_id, to_millionths(movement.value), movement.date, movement.remarks)
            for movement in movements
        ],
    )
    if not history and value:
        return (PastMovement(opening_id, value, now, OPENING_REMARK),)
    return history


def read_notification(body: PrivilegeRequest) -> Notification | None:
    """Give what the holder is to be told beside the privilege, if anything."""
    if body.options.notification is None:
        return None
    return body.options.notification.read(body.options.correlation_id)


def _check_movements(movements: Sequence[PrivilegeMovement], now: datetime) -> None:
    counts = Counter(movement.movement_id for movement in movements)
    errors = {
        f"data.movements.{position}.date": [f"A history holds what has been, and it is {rfc3339(now)} now."]
        for position, movement in enumerate(movements)
        if movement.date > now
    }
    repeated = sorted(movement_id for movement_id, count in counts.items() if count > 1)
    if repeated:
        errors["data.movements"] = [f"The movement id {name!r} stands twice." for name in repeated]
    if errors:
        raise InvalidRequest(errors)


def _fields() -> set[str]:
    return set(PrivilegeRequest.model_fields)


def _plain(member: object) -> object:
    """Give a member as JSON values under its wire names, without what is null."""
    if isinstance(member, BaseModel):
        return _without_nulls(member.model_dump(mode="json", by_alias=True, exclude_unset=True))
    return member


def _without_nulls(document: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]  # JSON
        for name, value in document.items()
        if value is not None
    }
