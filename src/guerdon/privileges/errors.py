"""Why this room refuses, beside what the ledger refuses (value_mismatch, version_mismatch, value_out_of_bounds).

ZeroMovement          400  a movement of zero moves nothing
HistoryMismatch       400  the value given is not the sum of the movements given
TypeNeeded            400  a new privilege needs a type
PrivilegeNotFound     404  no such privilege for this tenant, or not on this pass
PrivilegeElsewhere    409  another pass holds a privilege of this id
MovementIdTaken       409  a movement of the history carries an id that exists already
MovementsRefused      409  of movements that are wanted all or not at all, some are refused
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from guerdon.platform.problems import Conflict, InvalidRequest, NotFound

MOVES_NOTHING: Final = "The movement is zero (after rounding to six places); give another number."


class ZeroMovement(InvalidRequest):
    """A movement of zero moves nothing."""

    code = "zero_movement"

    def __init__(self, *paths: str) -> None:
        super().__init__({path: [MOVES_NOTHING] for path in paths})


class HistoryMismatch(InvalidRequest):
    """The value given is not the sum of the movements given."""

    code = "history_mismatch"

    def __init__(self, value: Decimal, total: Decimal) -> None:
        super().__init__({"data.value": [f"The movements add up to {total}, not to {value}; leave one of them out."]})


class TypeNeeded(InvalidRequest):
    """A new privilege needs a type."""

    code = "type_needed"

    def __init__(self) -> None:
        super().__init__({"type": ["There is no such privilege yet; a new one needs a type."]})


class PrivilegeNotFound(NotFound):
    """No such privilege for this tenant, or not on this pass."""

    code = "privilege_not_found"

    def __init__(self, privilege_id: str) -> None:
        super().__init__(f"There is no privilege {privilege_id!r}.")


class PrivilegeElsewhere(Conflict):
    """Another pass holds a privilege of this id."""

    code = "privilege_elsewhere"

    def __init__(self, privilege_id: str) -> None:
        super().__init__(f"The privilege {privilege_id!r} is on another pass; privileges never move between passes.")


class MovementIdTaken(Conflict):
    """A movement of the history carries an id that exists already."""

    code = "movement_id_taken"

    def __init__(self, movement_id: str) -> None:
        super().__init__(f"The movement id {movement_id!r} exists already; history that is brought in needs new ids.")


class MovementsRefused(Conflict):
    """Of movements that are wanted all or not at all, some are refused."""

    code = "movements_refused"

    def __init__(self, refused: Sequence[Mapping[str, object]], count: int) -> None:
        super().__init__(
            f"{len(refused)} of {count} movements are refused, and so none was applied; see refused.",
            extra={"refused": refused},
        )
