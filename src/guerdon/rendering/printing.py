"""Values as a phone prints them, for the preview and the hosted page."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from guerdon.passes.pass_type_parts import DateStyle
from guerdon.rendering.dates import find_instant, print_instant
from guerdon.rendering.model import FieldView
from guerdon.rendering.numbers import by_pattern

_SIGNS: Final[Mapping[str, str]] = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "PLN": "zł"}
_WITHOUT_CENTS: Final = frozenset({"JPY", "KRW", "ISK", "VND", "CLP"})
_SIGN_FIRST: Final = frozenset({"en", "nl"})
_DAY_FORMS: Final[Mapping[str, Mapping[DateStyle, str]]] = {
    "en": {"short": "%-m/%-d/%y", "medium": "%b %-d, %Y", "long": "%B %-d, %Y", "full": "%A, %B %-d, %Y"},
    "de": {"short": "%d.%m.%y", "medium": "%d.%m.%Y", "long": "%-d. %B %Y", "full": "%A, %-d. %B %Y"},
    "fr": {"short": "%d/%m/%Y", "medium": "%-d %b %Y", "long": "%-d %B %Y", "full": "%A %-d %B %Y"},
}
_OTHER_DAY_FORMS: Final[Mapping[DateStyle, str]] = {
    "short": "%d/%m/%Y",
    "medium": "%-d %b %Y",
    "long": "%-d %B %Y",
    "full": "%A %-d %B %Y",
}
_CLOCK_FORMS: Final[Mapping[str, str]] = {"en": "%-I:%M %p"}


def print_field(field: FieldView, language: str) -> str:
    """Print the value of a field as a phone set to `language` would; instants in the zone they were given in."""
    if field.instant is not None:
        instant = find_instant(field.instant)
        assert instant is not None
        return print_moment(instant, field.date_style, field.time_style, language)
    if field.number is None:
        return field.value.in_language(language)
    if field.currency is not None:
        return print_money(field.number, field.currency, language)
    match field.number_style:
        case "percent":
            return by_pattern(field.number * 100, "#,##0.##", language) + " %"
        case "scientific":
            return f"{field.number:E}"
        case _:
            return print_number(field.number, language)


def print_number(value: Decimal, language: str) -> str:
    """Print a number with the separators of a language, at most 6 places."""
    return by_pattern(value, "#,##0.######", language)


def print_money(amount: Decimal, currency: str, language: str) -> str:
    """Print an amount of money in a currency (ISO 4217) by the custom of a language."""
    printed = by_pattern(abs(amount), "#,##0" if currency in _WITHOUT_CENTS else "#,##0.00", language)
    sign = _SIGNS.get(currency, currency)
    minus = "-" if amount < 0 else ""
    if language[:2] in _SIGN_FIRST:
        return f"{minus}{sign}{'' if len(sign) == 1 else ' '}{printed}"
    return f"{minus}{printed} {sign}"


def print_moment(instant: datetime, date_style: DateStyle | None, time_style: DateStyle | None, language: str) -> str:
    """Print an instant in the styles that Wallet knows; `none` and a missing style leave that part out."""
    forms = _DAY_FORMS.get(language[:2], _OTHER_DAY_FORMS)
    parts = [forms[date_style]] if date_style and date_style != "none" else []
    if time_style and time_style != "none":
        parts.append(_CLOCK_FORMS.get(language[:2], "%H:%M"))
    return print_instant(instant, ", ".join(parts), language) if parts else ""
