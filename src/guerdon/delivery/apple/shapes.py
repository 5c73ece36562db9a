"""The kinds of value in a `pass.json` and how each is checked.

A check that fails names its rule, so that a finding can be looked up and translated: the error type that
Pydantic reports is the id of the rule in `catalogue.py`.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, LiteralString, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator, Strict
from pydantic_core import PydanticCustomError

NUMBER_MAX: Final = 2**53 - 1  # beyond it a phone, which reads doubles, shows another number

_CAPITALS = {
    "url": "URL",
    "urls": "URLs",
    "id": "ID",
    "ids": "IDs",
    "uuid": "UUID",
    "ssrs": "SSRs",
    "sha256": "SHA256",
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_COLOUR = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.ASCII | re.IGNORECASE)
_HEX_COLOUR = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][^\s]*", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_SHORT_HEX_DIGITS = 3
_CHANNEL_MAX = 255

T = TypeVar("T")


def wire_name(name: str) -> str:
    """Turn our name into Apple's: `web_service_url` into `webServiceURL`."""
    first, *rest = name.split("_")
    return first + "".join(_CAPITALS.get(word, word.capitalize()) for word in rest)


class PassPart(BaseModel):
    """Any object inside a `pass.json`: Apple's names on the wire, nothing unknown, nothing changed later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=wire_name, validate_by_name=True, validate_by_alias=True
    )


def text_must(rule: LiteralString, sentence: LiteralString, holds: Callable[[str], bool]) -> AfterValidator:
    """Check a text by a rule of the catalogue."""
    return AfterValidator(_check(rule, sentence, holds))


def number_must(rule: LiteralString, sentence: LiteralString, holds: Callable[[float], bool]) -> AfterValidator:
    """Check a number by a rule of the catalogue."""
    return AfterValidator(_check(rule, sentence, holds))


def number_between(rule: LiteralString, sentence: LiteralString, *, low: float, high: float) -> AfterValidator:
    """Check that a number lies between two others, ends included."""
    return number_must(rule, sentence, lambda number: low <= number <= high)


def list_must(
    rule: LiteralString, sentence: LiteralString, holds: Callable[[tuple[object, ...]], bool]
) -> AfterValidator:
    """Check a list as a whole by a rule of the catalogue."""
    return AfterValidator(_check(rule, sentence, holds))


def instant(text: str) -> datetime | None:
    """Read a moment as Wallet does: date, time and offset, seconds optional; `None` if it is none."""
    if _MOMENT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def colour_channels(text: str) -> tuple[int, int, int] | None:
    """Read `rgb(r,g,b)`, `#RGB` or `#RRGGBB`; `None` if it is neither."""
    if matched := _HEX_COLOUR.fullmatch(text):
        digits = matched[1]
        if len(digits) == _SHORT_HEX_DIGITS:
            digits = "".join(digit * 2 for digit in digits)
        red, green, blue = bytes.fromhex(digits)
        return red, green, blue
    if matched := _COLOUR.fullmatch(text.strip()):
        red, green, blue = (int(channel) for channel in matched.groups())
        return (red, green, blue) if max(red, green, blue) <= _CHANNEL_MAX else None
    return None


def _check(rule: LiteralString, sentence: LiteralString, holds: Callable[[T], bool]) -> Callable[[T], T]:
    def check(value: T) -> T:
        if not holds(value):
            raise PydanticCustomError(rule, sentence)
        return value

    return check


def _moment_text(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise PydanticCustomError("date-malformed", _MOMENT_SENTENCE)
        return value.isoformat().replace("+00:00", "Z")
    return value


def _colour_text(value: str) -> str:
    channels = colour_channels(value)
    if channels is None:
        raise PydanticCustomError("colour-malformed", "Write a colour as rgb(255,0,0), #F00 or #FF0000.")
    return "rgb({},{},{})".format(*channels)


def _field_value(value: object) -> str | int | Decimal:
    value = _moment_text(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("value-malformed", "A field shows a text, a number or a date.")
    if isinstance(value, str):
        return _whole_text(value)
    if isinstance(value, Decimal) and not value.is_finite():
        raise PydanticCustomError("value-malformed", "A number must be finite.")
    if abs(value) > NUMBER_MAX:
        raise PydanticCustomError("number-too-large", "Numbers over 2^53 lose digits on a phone; send a text.")
    return value


def _whole_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("value-malformed", "The text holds half a character.") from error
    return value


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_MOMENT_SENTENCE = "Write a complete moment like 2026-11-21T18:30:00+01:00 or 2026-11-21T17:30Z."

AnyText = Annotated[str, Strict()]
Text = Annotated[AnyText, text_must("text-empty", "Leave the key out instead of sending an empty text.", bool)]
Flag = Annotated[bool, Strict()]
_Bounded = number_between("number-too-large", "Numbers are finite and end at 2^53.", low=-NUMBER_MAX, high=NUMBER_MAX)
Whole = Annotated[int, Strict(), _Bounded]
Real = Annotated[float, Strict(), _Bounded]
Moment = Annotated[
    AnyText,
    BeforeValidator(_moment_text),
    text_must("date-malformed", _MOMENT_SENTENCE, lambda text: instant(text) is not None),
]
Colour = Annotated[AnyText, AfterValidator(_colour_text)]
WebAddress = Annotated[
    AnyText,
    text_must("url-malformed", "Write a web address with https://.", lambda text: bool(_WEB_ADDRESS.fullmatch(text))),
]
Address = Annotated[
    AnyText,
    text_must("url-malformed", "Write an address with its scheme.", lambda text: bool(_ADDRESS.fullmatch(text))),
]
Email = Annotated[
    AnyText,
    text_must("email-malformed", "Write an address like help@example.org.", lambda text: bool(_EMAIL.fullmatch(text))),
]
CurrencyCode = Annotated[
    AnyText,
    text_must(
        "currency-code-malformed",
        "Write a currency as three capital letters, like EUR.",
        lambda text: bool(_CURRENCY.fullmatch(text)),
    ),
]
Identifier = Annotated[AnyText, text_must("beacon-uuid-malformed", "Write the UUID of the beacon.", _is_uuid)]
FieldValue = Annotated[str | int | Decimal, PlainValidator(_field_value, json_schema_input_type=str | int | Decimal)]
Latitude = Annotated[
    Real, number_between("latitude-out-of-range", "A latitude lies between -90 and 90.", low=-90, high=90)
]
Longitude = Annotated[
    Real,
    number_between("longitude-out-of-range", "A longitude lies between -180 and 180.", low=-180, high=180),
]
