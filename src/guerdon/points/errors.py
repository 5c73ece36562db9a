"""Why this room refuses, beside what the ledger refuses (not_enough, nothing_to_return, hold_closed).

WalletNotFound      404  no such wallet for this tenant
BatchNotFound       404  no such batch in this wallet
OperationNotFound   404  no such operation in this wallet
ClaimIsWhole        400  a claim of a reward is rolled back whole or not at all
PointsHoldNotFound  404  no such hold in this wallet
CommandNotFound     404  no asynchronous write has this correlation id
CursorInvalid       400  the cursor does not come from this list
PriceTooHigh        400  the price of one point would be beyond 10^12
NoUser              403  the token speaks for no user whose id could be a wallet's
"""

from uuid import UUID

from guerdon.ledger.amounts import AMOUNT_MAX
from guerdon.platform.problems import Forbidden, InvalidRequest, NotFound


class WalletNotFound(NotFound):
    """No such wallet for this tenant."""

    code = "wallet_not_found"

    def __init__(self, wallet_id: object) -> None:
        super().__init__(f"There is no wallet {wallet_id}; create it first.")


class BatchNotFound(NotFound):
    """No such batch in this wallet."""

    code = "batch_not_found"

    def __init__(self, batch_id: UUID) -> None:
        super().__init__(f"There is no batch {batch_id} in this wallet.")


class OperationNotFound(NotFound):
    """No such operation in this wallet."""

    code = "operation_not_found"

    def __init__(self, operation_id: UUID) -> None:
        super().__init__(f"There is no operation {operation_id} in this wallet.")


class ClaimIsWhole(InvalidRequest):
    """A claim of a reward is rolled back whole or not at all."""

    code = "claim_is_whole"

    def __init__(self) -> None:
        super().__init__({"amount": ["This operation is a claim; leave the amount out to roll all of it back."]})


class PointsHoldNotFound(NotFound):
    """No such hold in this wallet."""

    code = "points_hold_not_found"

    def __init__(self, hold_id: UUID) -> None:
        super().__init__(f"There is no hold {hold_id} in this wallet.")


class CommandNotFound(NotFound):
    """No asynchronous write has this correlation id."""

    code = "command_not_found"

    def __init__(self, correlation_id: UUID) -> None:
        super().__init__(f"There is no command {correlation_id}.")


class PriceTooHigh(InvalidRequest, ValueError):  # the latter to be told beside the other mistakes of a body
    """The price of one point would be beyond 10^12."""

    code = "price_too_high"

    def __init__(self) -> None:
        said = f"The price divided by the amount may be {AMOUNT_MAX} at most."
        super().__init__({"price": [said]})
        self.args = (said,)


class NoUser(Forbidden):
    """The token speaks for no user whose id could be a wallet's."""

    code = "no_user"

    def __init__(self) -> None:
        super().__init__("This needs the token of a user, whose id (UUID) is the id of the wallet.")


class CursorInvalid(InvalidRequest):
    """The cursor does not come from this list."""

    code = "points_cursor_invalid"

    def __init__(self) -> None:
        super().__init__({"cursor": ["The cursor does not come from this list; begin without one."]})
