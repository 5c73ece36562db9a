"""Why a call fails without a refusal of the server: all of them, and every refusal, are a GuerdonError.

ConnectionLost    no whole answer came, after all attempts that were safe
BrokenAnswer      an answer came that this client cannot read
AnswerTooLarge    the answer is larger than the client was told to accept
NotGenuine        a delivery to a webhook is not signed by a known secret, or not fresh
BelowFloor        a move would take the value below the floor that the caller gave
"""

from decimal import Decimal


class GuerdonError(Exception):
    """Everything that this client raises about a call."""


class ConnectionLost(GuerdonError):
    """No whole answer came; whether a write happened is not known unless it is repeated with the same key or id."""


class BrokenAnswer(GuerdonError):
    """An answer came that this client cannot read: not the JSON that was promised, or a redirect."""


class AnswerTooLarge(BrokenAnswer):
    """The answer is larger than the client was told to accept."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The answer has more than {bytes_max} bytes.")


class NotGenuine(GuerdonError):
    """A delivery to a webhook is not signed by a known secret, or not fresh; it is to be refused."""


class BelowFloor(GuerdonError):
    """A move would take the value below the floor that the caller gave; nothing was moved."""

    def __init__(self, current_value: Decimal, movement: Decimal, floor: Decimal) -> None:
        super().__init__(f"The value is {current_value}; moving {movement} would leave less than {floor}.")
        self.current_value = current_value
