"""The kinds of member that every face's bodies are made of, with their limits and their JSON schemas."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

AMOUNT_MAX = 10**12
INT32_MAX = 2**31 - 1
HALF_A_MILLIONTH = Decimal("0.0000005")
NO_NUL = r"^[^\x00]*$"  # PostgreSQL stores no NUL in text
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
RFC3339 = re.compile(r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)

# Python reads more as numbers: 1_0, blanks around one, the digits of other scripts, NaN.
NUMBER_TEXT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
WHOLE_TEXT = re.compile(r"[+-]?\d+", re.ASCII)
Read = TypeVar("Read")


class Body(BaseModel):
    """A body of face A: camelCase members, unknown ones refused, no value bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


class OpenBody(BaseModel):
    """A body of faces B and C: as those of face A, but unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, alias_generator=to_camel)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 date-time with an offset, into UTC and microseconds.

    Raises ValueError.
    """
    if RFC3339.fullmatch(text) is None:
        raise ValueError("Give an RFC 3339 date-time with an offset, such as 2026-11-21T09:30:00Z.")
    digits = re.sub(r"(\.\d{6})\d+", r"\1", text.upper().replace(" ", "T"))
    try:
        return datetime.fromisoformat(digits).astimezone(UTC)
    except (ValueError, OverflowError) as impossible:
        raise ValueError(f"There is no such date-time: {impossible}.") from impossible


def told_together(check: Callable[[], object], read: Callable[[], Read]) -> Read:
    """Check a value and read it, and tell together what either refuses.

    Raises pydantic's ValidationError, which a validator may raise: its mistakes are told beside those of other members.
    """
    mistakes: list[InitErrorDetails] = []
    given: list[Read] = []
    for step in (check, lambda: given.append(read())):
        try:
            step()
        except ValidationError as wrong:
            mistakes += [_again(one["msg"], *one["loc"]) for one in wrong.errors(include_url=False)]
        except ValueError as wrong:
            mistakes.append(_again(str(wrong)))
    if mistakes:
        raise ValidationError.from_exception_data("value", mistakes)
    return given[0]


def _again(said: str, *place: str | int) -> InitErrorDetails:
    return {"type": PydanticCustomError("value_error", "{said}", {"said": said}), "loc": place, "input": None}


@dataclass(frozen=True, slots=True)
class AtMost:
    """How many there may be in a list; that there are more is told beside what is wrong with those up to there."""

    count: int

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Stand around the reading of the list."""
        return core_schema.no_info_wrap_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say the bound in the words of JSON Schema."""
        return {**handler(schema), "maxItems": self.count}

    def _read(self, given: object, read: ValidatorFunctionWrapHandler) -> object:
        many = cast("list[object]", given) if isinstance(given, list) else []
        if len(many) <= self.count:
            return read(given)
        return told_together(lambda: self._refuse(len(many)), lambda: read(many[: self.count]))

    def _refuse(self, there: int) -> None:
        raise ValueError(f"Give {self.count} at most; these are {there}.")


def find_decimal(text: str) -> Decimal | None:
    """Read a text that is a number, in ASCII and without blanks; None when it is none, or ends nowhere."""
    return None if NUMBER_TEXT.fullmatch(text) is None else Decimal(text)


def _instant(value: object) -> object:
    return parse_instant(value) if isinstance(value, str) else value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("Give a number.")  # noqa: TRY004  # pydantic reports ValueError, not TypeError
    # Compared, not abs(): arithmetic rounds to the context's digits first.
    if not -AMOUNT_MAX <= value <= AMOUNT_MAX:
        raise ValueError(f"The number must lie between -{AMOUNT_MAX} and {AMOUNT_MAX}.")
    return Decimal(value)


def _whole(value: object) -> object:
    # To JSON, 1.0 and 1 are one number.
    if isinstance(value, Decimal) and abs(value) <= INT32_MAX + 1 and value == value.to_integral_value():
        return int(value)
    return value


def _digits(value: object) -> object:
    if isinstance(value, str) and WHOLE_TEXT.fullmatch(value) is None:
        raise ValueError("Give a whole number, in digits.")
    return value


def _plain(value: object) -> object:
    # What is no number, and so becomes None, is refused as whatever stands behind this refuses it.
    return find_decimal(value) if isinstance(value, str) else value


def _above_zero(value: Decimal) -> Decimal:
    # What is below is zero when it is rounded half-even to six places.
    if value <= HALF_A_MILLIONTH:
        raise ValueError("Give a number greater than zero (after rounding to six places).")
    return value


def _uuid(value: object) -> object:
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and UUID_TEXT.fullmatch(value):
        return UUID(value)
    raise ValueError("Give a UUID, such as f54d9d74-3755-45a8-b042-f5b2aefca818.")


Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Exact = Annotated[
    Decimal,
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "format": "double", "minimum": -AMOUNT_MAX, "maximum": AMOUNT_MAX}),
]
# What many amounts come to, which no bound of one of them holds for.
Sum = Annotated[Decimal, WithJsonSchema({"type": "number", "format": "double"})]
# Stands behind the bounds of a number: before them, they would not be said in the words of JSON Schema.
WHOLE = BeforeValidator(_whole)
# For a whole number that comes as a text, in a query.
DIGITS = BeforeValidator(_digits)
# For a number that may come as a text, in a file.
PLAIN = BeforeValidator(_plain)
INT32_FORMAT: dict[str, Any] = {"format": "int32"}
Int32 = Annotated[int, Field(ge=-INT32_MAX - 1, le=INT32_MAX, json_schema_extra=INT32_FORMAT), WHOLE]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(pattern=NO_NUL)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]
NonZero = Annotated[
    Exact,
    WithJsonSchema(
        {
            "type": "number",
            "format": "double",
            "anyOf": [{"minimum": 0.000001, "maximum": AMOUNT_MAX}, {"minimum": -AMOUNT_MAX, "maximum": -0.000001}],
        }
    ),
]
Positive = Annotated[
    Exact,
    AfterValidator(_above_zero),
    WithJsonSchema({"type": "number", "format": "double", "minimum": 0.000001, "maximum": AMOUNT_MAX}),
]
UuidMember = Annotated[UUID, BeforeValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
Texts = dict[Text, Text]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
CorrelationId = Annotated[str, StringConstraints(min_length=10, max_length=100, pattern=NO_NUL)]
Uri = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$", max_length=2048)]
UriMember = Annotated[Uri, WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2048})]
JsonValue = Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/JsonValue"})]
JSON_VALUE_SCHEMA: dict[str, Any] = {
    "description": "Any JSON that the database can hold: no NUL in texts, no number beyond a double.",
    "anyOf": [
        {"type": ["null", "boolean"]},
        {"type": "number"},
        {"type": "string", "pattern": NO_NUL},
        {"type": "array", "items": {"$ref": "#/components/schemas/JsonValue"}},
        {
            "type": "object",
            "propertyNames": {"pattern": NO_NUL},
            "additionalProperties": {"$ref": "#/components/schemas/JsonValue"},
        },
    ],
}
