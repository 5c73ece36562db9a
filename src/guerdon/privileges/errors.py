"""Why this room refuses, beside what the ledger refuses (value_mismatch, version_mismatch, value_out_of_bounds).

ZeroMovement          400  a movement of zero moves nothing
HistoryMismatch       400  the value given is not the sum of the movements given
TypeNeeded            400  a new privilege needs a type
PrivilegeNotFound     404  no such privilege for this tenant, or not on this pass
PrivilegeElsewhere    409  another pass holds a privilege of this id
MovementIdTaken       409  a movement of the history carries an id that exists already
"""

from decimal import Decimal

from guerdon.platform.problems import Conflict, InvalidRequest, NotFound


class ZeroMovement(InvalidRequest):
    """A movement of zero moves nothing."""

    code = "zero_movement"

    def __init__(self, path: str) -> None:
        super().__init__({path: ["The movement is zero (after rounding to six places); give another number."]})


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
