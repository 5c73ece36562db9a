"""Why the ledger refuses, in the order in which it looks.

AccountNotFound      404  no open account of that name for this tenant
MovementMismatch     409  the movement id was used before, for something else
VersionMismatch      412  If-Match names another version
ValueMismatch        409  the value is not what the caller believed
HoldNotFound         404  no such hold on this account
HoldClosed           409  the hold was captured or released before, or its time is over
SpendNotFound        404  no such spending on this account
NothingToReturn      409  all that was spent has been returned, or more is asked than is left
NotEnough            409  more is asked than is available
NothingToExpire      409  no lot of the account is past its time
ValueOutOfBounds     409  the value would leave the bounds of the account
LotTaken             409  the lot id was used before
"""

from guerdon.ledger.amounts import amount_text, to_decimal
from guerdon.platform.problems import Conflict, NotFound, PreconditionFailed


class AccountNotFound(NotFound):
    """No open account of that name for this tenant."""

    code = "account_not_found"

    def __init__(self, kind: str, owner_id: str) -> None:
        super().__init__(f"There is no {kind} {owner_id!r}.")


class MovementMismatch(Conflict):
    """The movement id was used before, for something else."""

    code = "movement_mismatch"

    def __init__(self, movement_id: str) -> None:
        super().__init__(f"The movement id {movement_id!r} was used for another movement; choose a new one.")


class VersionMismatch(PreconditionFailed):
    """If-Match names another version."""

    code = "version_mismatch"

    def __init__(self, value: int, version: int, expected_version: int) -> None:
        super().__init__(
            f"The version is {version}, not {expected_version}; read the value again.",
            extra={"currentValue": to_decimal(value), "version": version},
        )


class ValueMismatch(Conflict):
    """The value is not what the caller believed."""

    code = "value_mismatch"

    def __init__(self, value: int, version: int, expected_value: int) -> None:
        super().__init__(
            f"The value is {amount_text(value)}, not {amount_text(expected_value)}; read it again.",
            extra={"currentValue": to_decimal(value), "version": version},
        )


class HoldNotFound(NotFound):
    """No such hold on this account."""

    code = "hold_not_found"

    def __init__(self, hold_id: str) -> None:
        super().__init__(f"There is no hold {hold_id!r} on this account.")


class HoldClosed(Conflict):
    """The hold was captured or released before, or its time is over."""

    code = "hold_closed"

    def __init__(self, hold_id: str) -> None:
        super().__init__(f"The hold {hold_id!r} is closed: captured, released or past its time.")


class SpendNotFound(NotFound):
    """No such spending on this account."""

    code = "spend_not_found"

    def __init__(self, movement_id: str) -> None:
        super().__init__(f"There is no spending {movement_id!r} on this account.")


class NothingToReturn(Conflict):
    """All that was spent has been returned, or more is asked than is left."""

    code = "nothing_to_return"

    def __init__(self, movement_id: str, returnable: int) -> None:
        super().__init__(
            f"Of the spending {movement_id!r}, {amount_text(returnable)} can still be returned.",
            extra={"returnable": to_decimal(returnable)},
        )


class NotEnough(Conflict):
    """More is asked than is available."""

    code = "not_enough"

    def __init__(self, available: int, wanted: int) -> None:
        super().__init__(
            f"{amount_text(wanted)} was asked and {amount_text(available)} is available.",
            extra={"available": to_decimal(available)},
        )


class NothingToExpire(Conflict):
    """No lot of the account is past its time."""

    code = "nothing_to_expire"

    def __init__(self) -> None:
        super().__init__("No lot of this account is past its time; there is nothing to post.")


class ValueOutOfBounds(Conflict):
    """The value would leave the bounds of the account."""

    code = "value_out_of_bounds"

    def __init__(self, value: int, version: int, value_after: int, value_min: int, value_max: int) -> None:
        super().__init__(
            f"The value would become {amount_text(value_after)}; it must stay between "
            f"{amount_text(value_min)} and {amount_text(value_max)}.",
            extra={"currentValue": to_decimal(value), "version": version},
        )


class LotTaken(Conflict):
    """The lot id was used before."""

    code = "lot_taken"

    def __init__(self) -> None:
        super().__init__("The id of the lot was used for another lot; choose a new one.")
