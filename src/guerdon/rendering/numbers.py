"""Numbers in templates: exact decimals, printed shortest, and patterns such as `#,##0.00`."""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, DecimalException, InvalidOperation
from typing import Final

from liquid.exceptions import FilterArgumentError

# Thirty-four digits hold the product of any two values of the ledger; the exponent bounds keep a chain of
# multiplications in a template from growing without end.
ARITHMETIC: Final = Context(prec=34, Emax=60, Emin=-60, rounding=ROUND_HALF_EVEN)
PLACES_OF_A_QUOTIENT: Final = Decimal("1e-12")
PLACES_MAX = 20
NUMBER_CHARACTERS_MAX = 80

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_PATTERN = re.compile(r"(?P<before>[^#0,.]*)(?P<whole>[#0,]+)(?:\.(?P<places>0*#*))?(?P<after>[^#0]*)")
_SEPARATORS: Final[Mapping[str, tuple[str, str]]] = {
    "en": (",", "."),
    "de": (".", ","),
    "es": (".", ","),
    "it": (".", ","),
    "nl": (".", ","),
    "pt": (".", ","),
    "fr": ("\u202f", ","),
}


class Number(Decimal):
    """A decimal that prints itself shortest and exact: `0.5`, `10`, never `1E+1`."""

    __slots__ = ()

    def __str__(self) -> str:
        return shortest(self)


def shortest(value: Decimal) -> str:
    """Print a decimal exactly, without an exponent and without zeros that say nothing."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def find_number(value: object) -> Decimal | None:
    """Read a number from a template's value; `None` when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return Decimal(value) if value.is_finite() else None
    if isinstance(value, float):
        return find_number(repr(value))
    text = str(value).strip() if isinstance(value, str) else ""
    if len(text) > NUMBER_CHARACTERS_MAX or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def number_filters() -> Mapping[str, Callable[..., object]]:
    """List the filters that compute, by name."""
    return {
        "plus": _two(ARITHMETIC.add),
        "minus": _two(ARITHMETIC.subtract),
        "times": _two(ARITHMETIC.multiply),
        "divided_by": _divided_by,
        "modulo": _two(_modulo),
        "at_least": _two(ARITHMETIC.max),
        "at_most": _two(ARITHMETIC.min),
        "abs": _one(abs),
        "ceil": _one(lambda number: number.to_integral_value(ROUND_CEILING)),
        "floor": _one(lambda number: number.to_integral_value(ROUND_FLOOR)),
        "round": _rounded,
        "number": by_pattern,
    }


def by_pattern(value: object, pattern: object = "0.######", language: object = "en") -> str:
    """Print a number by a pattern: `0` a digit, `#` a digit if needed, `,` groups, all else as it is.

    A value that is no number is printed as it is. Raises FilterArgumentError for a pattern without a digit.
    """
    number = find_number(value)
    if number is None:
        return "" if value is None else str(value)
    parts = _PATTERN.fullmatch(str(pattern))
    if parts is None:
        raise FilterArgumentError(f"number: {str(pattern)!r} is no pattern such as '#,##0.00'", token=None)
    group, point = _SEPARATORS.get(str(language)[:2], _SEPARATORS["en"])
    places = parts["places"] or ""
    whole, fraction = _digits(number, min(len(places), PLACES_MAX))
    fraction = fraction[: places.count("0")] + fraction[places.count("0") :].rstrip("0")
    whole = whole.zfill(min(parts["whole"].count("0"), PLACES_MAX))
    if "," in parts["whole"]:
        whole = f"{int(whole):,}".replace(",", group)
    is_negative = number < 0 and (whole.strip("0") or fraction.strip("0"))
    sign = "-" if is_negative else ""
    return f"{parts['before']}{sign}{whole}{point if fraction else ''}{fraction}{parts['after']}"


def _digits(number: Decimal, places: int) -> tuple[str, str]:
    text = format(abs(number).quantize(Decimal(1).scaleb(-places), context=_WIDE), "f")
    whole, _point, fraction = text.partition(".")
    return whole, fraction


_WIDE: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)


def _number(value: object) -> Decimal:
    """Read a number as Liquid does: what is none counts as zero."""
    found = find_number(value)
    return Decimal(0) if found is None else found


def _one(operation: Callable[[Decimal], Decimal]) -> Callable[..., object]:
    def computed(value: object) -> Number:
        return Number(operation(_number(value)))

    return computed


def _two(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., object]:
    def computed(left: object, right: object) -> Number:
        return _computed(operation, left, right)

    return computed


def _computed(operation: Callable[[Decimal, Decimal], Decimal], left: object, right: object) -> Number:
    try:
        return Number(operation(_number(left), _number(right)))
    except DecimalException as error:
        raise FilterArgumentError("the result is not a number that can be kept", token=None) from error


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    """Give the remainder with the sign of the divisor, as Liquid does."""
    remainder = ARITHMETIC.remainder(left, right)
    return remainder + right if remainder and (remainder < 0) != (right < 0) else remainder


def _divided_by(left: object, right: object) -> object:
    """Divide; two whole numbers that are written or counted as such divide whole, as Liquid does."""
    if isinstance(left, int) and isinstance(right, int) and right:
        return left // right
    quotient = _computed(ARITHMETIC.divide, left, right)
    try:
        return Number(quotient.quantize(PLACES_OF_A_QUOTIENT, context=ARITHMETIC))
    except InvalidOperation:
        return quotient


def _rounded(value: object, places: object = 0) -> Number:
    wanted = min(max(int(_number(places)), 0), PLACES_MAX)
    return Number(_number(value).quantize(Decimal(1).scaleb(-wanted), context=_WIDE))
