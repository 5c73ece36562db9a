import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.ledger.amounts import (
    MILLIONTHS_MAX,
    AmountOutOfBounds,
    amount_text,
    read_millionths,
    to_decimal,
    to_millionths,
)


@pytest.mark.parametrize(
    ("number", "millionths"),
    [
        ("0", 0),
        ("-0.0", 0),
        ("0.000001", 1),
        ("-3.25", -3_250_000),
        # Half-even at the sixth place.
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("-0.0000015", -2),
        ("0.00000050000000000000000000000000000000000000001", 1),
        # The bounds belong to the range.
        ("1000000000000", MILLIONTHS_MAX),
        ("-1E+12", -MILLIONTHS_MAX),
        ("1E-999999", 0),
        ("1E-1999999999", 0),
    ],
)
def test_numbers_become_whole_millionths(number: str, millionths: int) -> None:
    assert to_millionths(Decimal(number)) == millionths


@pytest.mark.parametrize(
    "number",
    [
        "1000000000000.000001",
        "1000000000000.00000000000000000000000000000000000001",
        "-1000000000001",
        "1E+13",
        "1E+1000000",
        "-9E+999999999999999",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "9" * 5000,
    ],
)
def test_numbers_outside_the_bounds_are_refused(number: str) -> None:
    with pytest.raises(AmountOutOfBounds):
        to_millionths(Decimal(number))


def test_huge_exponents_take_no_memory() -> None:
    tracemalloc.start()
    for number in ("1E+999999999999", "1E-999999999999", "1E+4000000"):
        try:
            to_millionths(Decimal(number))
        except AmountOutOfBounds:
            continue
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100_000


@given(st.integers(-MILLIONTHS_MAX, MILLIONTHS_MAX))
def test_every_amount_survives_its_text(millionths: int) -> None:
    assert to_millionths(to_decimal(millionths)) == millionths
    assert "E" not in amount_text(millionths)


@given(st.integers(-MILLIONTHS_MAX, MILLIONTHS_MAX))
def test_the_text_is_the_shortest(millionths: int) -> None:
    text = amount_text(millionths)

    assert Decimal(text) * 1_000_000 == millionths
    assert text == "0" or not text.startswith("-0") or text.startswith("-0.")
    assert "." not in text or text[-1] not in "0."


@given(st.one_of(st.integers(-(10**13), 10**13), st.decimals(-(10**13), 10**13, places=8)))
def test_a_number_of_json_is_read_as_any_other(number: int | Decimal) -> None:
    text = str(number).encode()

    if abs(number) > 10**12:
        with pytest.raises(AmountOutOfBounds):
            read_millionths(text)
    else:
        assert read_millionths(text) == to_millionths(number)


@pytest.mark.parametrize("value", [b"null", b"true", b'"1"', b"[1]", b"NaN"])
def test_what_is_no_number_of_json_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="not a number"):
        read_millionths(value)
