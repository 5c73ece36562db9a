"""Exact amounts: whole millionths in the ledger, Decimal outside it, and never a float."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

UNIT = 1_000_000
AMOUNT_MAX = 10**12  # in whole units; WIRE.md section 0
MILLIONTHS_MAX = AMOUNT_MAX * UNIT
SIX_PLACES = Decimal("0.000001")
WHOLE_DIGITS = 12  # so many need no look at the bounds
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)


class AmountOutOfBounds(ValueError):
    """The number is not finite or beyond 10^12."""


def to_millionths(number: Decimal | int) -> int:
    """Turn a number into whole millionths, rounded half-even at the sixth place.

    Raises AmountOutOfBounds.
    """
    exact = Decimal(number)
    # Compared, not abs(): arithmetic rounds to the context's digits first and overflows on huge exponents.
    if not exact.is_finite() or not -AMOUNT_MAX <= exact <= AMOUNT_MAX:
        raise AmountOutOfBounds(f"The number must lie between -{AMOUNT_MAX} and {AMOUNT_MAX}.")
    return int(exact.quantize(SIX_PLACES, context=_CONTEXT).scaleb(6))


def read_millionths(value: bytes) -> int:
    """Read a value of JSON, which must be a number, as `to_millionths` does; short whole ones go straight.

    Raises ValueError, ArithmeticError.
    """
    if value[:1] not in b"-0123456789":
        raise ValueError("not a number")
    if len(value) <= WHOLE_DIGITS and value.isdigit():
        return int(value) * UNIT
    return to_millionths(Decimal(value.decode()))


def to_decimal(millionths: int) -> Decimal:
    """Turn whole millionths into the shortest exact decimal, without an exponent."""
    return Decimal(amount_text(millionths))


def amount_text(millionths: int) -> str:
    """Print whole millionths as the shortest exact decimal: `0.5`, `10`, `-3.25`."""
    whole, part = divmod(abs(millionths), UNIT)
    sign = "-" if millionths < 0 else ""
    return f"{sign}{whole}.{part:06d}".rstrip("0") if part else f"{sign}{whole}"
