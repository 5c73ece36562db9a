"""What a privilege is made of, and the rules on its history. Values are whole millionths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.ledger.amounts import to_decimal
from guerdon.ledger.page import TOLERANCE
from guerdon.privileges.errors import HistoryMismatch, ZeroMovement

EVENT_ADDED, EVENT_CHANGED = "Privilege:Added", "Privilege:Updated"
EVENT_DELETED, EVENT_MOVED = "Privilege:Deleted", "Privilege:Moved"


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege as its row stands; the descriptive members are JSON text under their wire names."""

    privilege_id: str
    pass_id: str
    account_id: UUID
    type: str
    priority: int | None
    body_text: str
    data_content: str | None
    deletion_date: datetime | None
    created_at: datetime

    def is_hidden(self, now: datetime) -> bool:
        """Tell whether its time is over: it is hidden at once and purged later."""
        return self.deletion_date is not None and self.deletion_date <= now


@dataclass(frozen=True, slots=True)
class PrivilegeState:
    """What a privilege says and is worth now; the value in millionths, the descriptive members as JSON text."""

    privilege_id: str
    type: str
    priority: int | None
    body_text: str
    data_content: str | None
    deletion_date: datetime | None
    value: int


@dataclass(frozen=True, slots=True)
class PastMovement:
    """A movement of a history that is brought in, under its own id and date."""

    movement_id: str
    amount: int
    occurred_at: datetime
    remarks: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """The members of a privilege that a request gives; `given` names those that are there, null or not."""

    given: frozenset[str]
    type: str | None
    priority: int | None
    body: Mapping[str, object]
    data_content: str | None
    deletion_date: datetime | None


def opening_history(value: int | None, movements: Sequence[PastMovement]) -> tuple[PastMovement, ...]:
    """Put a history in order of time, and check that it adds up to the value within 0.0001.

    Raises ZeroMovement, HistoryMismatch.
    """
    for position, movement in enumerate(movements):
        if movement.amount == 0:
            raise ZeroMovement(f"data.movements.{position}.value")
    total = sum(movement.amount for movement in movements)
    if movements and value is not None and abs(total - value) > TOLERANCE:
        raise HistoryMismatch(to_decimal(value), to_decimal(total))
    return tuple(sorted(movements, key=lambda movement: movement.occurred_at))
