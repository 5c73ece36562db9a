from datetime import UTC, datetime
from decimal import Decimal

import pytest

from guerdon.passes.pass_type_parts import DateStyle
from guerdon.rendering.printing import print_moment, print_money

WHEN = datetime(2026, 12, 5, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("62.5", "EUR", "en", "€62.50"),
        ("1234.5", "EUR", "de", "1.234,50 €"),
        ("-3", "USD", "en", "-$3.00"),
        ("1500", "JPY", "en", "¥1,500"),
        ("3", "CHF", "en", "CHF 3.00"),
    ],
)
def test_money_is_printed_by_the_custom_of_the_language(amount: str, currency: str, language: str, text: str) -> None:
    assert print_money(Decimal(amount), currency, language) == text


@pytest.mark.parametrize(
    ("day", "clock", "language", "text"),
    [
        ("short", None, "en", "12/5/26"),
        ("medium", "short", "en", "Dec 5, 2026, 9:05 AM"),
        ("long", "short", "de", "5. Dezember 2026, 09:05"),
        ("full", "none", "fr", "samedi 5 décembre 2026"),
        ("none", "short", "it", "09:05"),
        ("none", None, "en", ""),
    ],
)
def test_a_moment_is_printed_in_the_styles_of_wallet(
    day: DateStyle, clock: DateStyle | None, language: str, text: str
) -> None:
    assert print_moment(WHEN, day, clock, language) == text
