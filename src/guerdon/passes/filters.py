"""What a search asks of passes: filters of a field, an operator and a value (WIRE.md section 1).

A member of identifiers or metadata is named by its whole name, dots included. Of metadata, texts, numbers and booleans
are seen, booleans and numbers as JSON prints them. Dates are compared at milliseconds, as answers print them. A field
that a pass lacks equals nothing, so `notEquals` finds the pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, cast, get_args

import msgspec

from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import parse_instant

FieldKind = Literal["id", "passType", "creationDate", "lastUpdateDate", "installationStatus", "identifiers", "metadata"]
Operator = Literal["equals", "notEquals", "contains", "startsWith", "in", "exists", "greaterThan", "lessThan"]
Value = str | bool | datetime | tuple[str, ...]

OPERATORS: tuple[Operator, ...] = get_args(Operator)
MEMBER_KINDS = ("identifiers", "metadata")
PLAIN_KINDS = tuple(kind for kind in get_args(FieldKind) if kind not in MEMBER_KINDS)
WALLETS = ("apple", "google")
FILTERS_MAX = 50
LISTED_VALUES_MAX = 100
NAME_CHARACTERS_MAX = 100
VALUE_CHARACTERS_MAX = 500
ONE_MILLISECOND = timedelta(milliseconds=1)

_OF_DATES: tuple[Operator, ...] = ("equals", "notEquals", "exists", "greaterThan", "lessThan")
_TAKEN: Mapping[FieldKind, tuple[Operator, ...]] = {
    "creationDate": _OF_DATES,
    "lastUpdateDate": _OF_DATES,
    "installationStatus": ("equals", "notEquals", "contains", "in", "exists"),
}
_decoder = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Field:
    """What of a pass is asked for; `name` is that of a member of identifiers or metadata, else empty."""

    kind: FieldKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; its value is a text, a flag (exists), an instant of whole milliseconds (dates) or texts (in)."""

    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class GivenFilter:
    """A filter as it was written, and where (`filter[0]`); what is None was not given."""

    place: str
    field: object
    operator: object
    value: object


def read_filters(given: Sequence[GivenFilter]) -> tuple[Filter, ...]:
    """Read filters that must all hold. Raises InvalidRequest, which names every mistake with its place."""
    errors: dict[str, list[str]] = {}
    filters = check_filters(given, errors)
    if errors:
        raise InvalidRequest(errors)
    return filters


def check_filters(given: Sequence[GivenFilter], errors: dict[str, list[str]]) -> tuple[Filter, ...]:
    """Read filters that must all hold, and add every mistake with its place to `errors`."""
    if len(given) > FILTERS_MAX:
        errors.setdefault("filter", []).append(f"Give at most {FILTERS_MAX} filters.")
        return ()
    found = [_check_filter(one, errors) for one in given]
    return tuple(one for one in found if one is not None)


def read_field(text: object) -> Field:
    """Read the name of a field: `passType`, `identifiers.customerId`, `metadata.a.b`. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"Name a field: {', '.join(PLAIN_KINDS)}, identifiers.<name> or metadata.<name>.")  # noqa: TRY004  # refusals of input are one kind
    kind, point, name = text.partition(".")
    if text in PLAIN_KINDS:
        return Field(cast("FieldKind", text))
    if kind not in MEMBER_KINDS or not point:
        raise ValueError(f"There is no such field; there are {', '.join(PLAIN_KINDS)}, identifiers.… and metadata.….")
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not is_text(name):
        raise ValueError(f"The name of a member has 1 to {NAME_CHARACTERS_MAX} characters, and no NUL.")
    return Field(cast("FieldKind", kind), name)


def read_operator(field: Field, text: object) -> Operator:
    """Read an operator that the field takes. Raises ValueError."""
    taken: tuple[Operator, ...] = _TAKEN.get(field.kind, OPERATORS)
    if text not in taken:
        raise ValueError(f"{field.kind} takes {', '.join(taken)}.")
    return text


def read_value(field: Field, operator: Operator, value: object) -> Value:
    """Read the value that a field is held against.

    `in` takes a list, or a text of values between commas, or a JSON array as a text; `exists` takes true (which is also
    meant when there is none) or false. Raises ValueError.
    """
    if operator == "exists":
        return _read_flag(value)
    if operator == "in":
        return tuple(dict.fromkeys(_read_scalar(field, one) for one in _read_list(value)))
    text = _read_scalar(field, value)
    return _read_date(text) if field.kind.endswith("Date") else text


def is_text(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text: no NUL, and no half of a character."""
    return not any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text)


def _check_filter(given: GivenFilter, errors: dict[str, list[str]]) -> Filter | None:
    place = f"{given.place}.field"
    try:
        field = read_field(given.field)
        place = f"{given.place}.operator"
        operator = read_operator(field, given.operator)
        place = f"{given.place}.value"
        return Filter(field, operator, read_value(field, operator, given.value))
    except ValueError as wrong:
        errors.setdefault(place, []).append(str(wrong))
    if place.endswith(".field") and given.operator not in OPERATORS:
        errors.setdefault(f"{given.place}.operator", []).append(f"The operators are {', '.join(OPERATORS)}.")
    return None


def _read_flag(value: object) -> bool:
    match value:
        case None | True | "true":
            return True
        case False | "false":
            return False
        case _:
            raise ValueError("Give true or false.")


def _read_list(value: object) -> Sequence[object]:
    values: object = value
    if isinstance(value, str):
        try:
            values = _decoder.decode(value) if value.startswith("[") else value.split(",")
        except msgspec.DecodeError as broken:
            raise ValueError(f"This is no JSON array: {broken}.") from broken
    if not isinstance(values, list) or not 1 <= len(cast("list[object]", values)) <= LISTED_VALUES_MAX:
        raise ValueError(f"Give a list of 1 to {LISTED_VALUES_MAX} values.")
    return cast("list[object]", values)


def _read_scalar(field: Field, value: object) -> str:
    match value:
        case True | False:
            text = "true" if value else "false"
        case str():
            text = value
        case int():
            text = str(value)
        case Decimal() if abs(value.adjusted()) < VALUE_CHARACTERS_MAX:
            text = format(value, "f")
        case _:
            raise ValueError("Give a text, a number, true or false.")
    if not 1 <= len(text) <= VALUE_CHARACTERS_MAX or not is_text(text):
        raise ValueError(f"A value has 1 to {VALUE_CHARACTERS_MAX} characters, and no NUL.")
    if field.kind == "installationStatus" and text not in WALLETS:
        raise ValueError(f"A pass is installed in {' or '.join(WALLETS)}.")
    return text


def _read_date(text: str) -> datetime:
    # A plus sign that was not encoded arrives as a space; no date-time has one there otherwise.
    instant = parse_instant(text.replace(" ", "+") if "T" in text.upper() else text)
    try:
        whole = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
        _ = whole + ONE_MILLISECOND
    except OverflowError as beyond:
        raise ValueError("There is no such date-time.") from beyond
    return whole
