from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.rendering.numbers import by_pattern, find_number, shortest


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.50", "0.5"), ("10.000000", "10"), ("1E+2", "100"), ("-0.0", "0"), ("0.000001", "0.000001"), ("-3.10", "-3.1")],
)
def test_a_value_prints_shortest_and_exact(value: str, text: str) -> None:
    assert shortest(Decimal(value)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_what_is_printed_reads_as_the_same_value(value: Decimal) -> None:
    assert Decimal(shortest(value)) == value


@pytest.mark.parametrize(
    ("value", "pattern", "language", "text"),
    [
        ("1234.5", "0.00", "en", "1234.50"),
        ("1234.5", "#,##0.00", "en", "1,234.50"),
        ("1234.5", "#,##0.00", "de", "1.234,50"),
        ("0.125", "0.00", "en", "0.12"),
        ("0.135", "0.00", "en", "0.14"),
        ("7", "000", "en", "007"),
        ("7.10", "0.##", "en", "7.1"),
        ("7", "0.##", "en", "7"),
        ("-0.001", "0.00", "en", "0.00"),
        ("-3", "0 pts", "en", "-3 pts"),
        ("nothing", "0.00", "en", "nothing"),
    ],
)
def test_a_pattern_prints_a_number(value: str, pattern: str, language: str, text: str) -> None:
    assert by_pattern(value, pattern, language) == text


@pytest.mark.parametrize("value", [True, None, "", "abc", "1e999", float("nan"), float("inf"), "1" * 100, [1]])
def test_what_is_no_number_is_not_taken_for_one(value: object) -> None:
    assert find_number(value) is None
