"""JSON in which every number is exact: read as int or Decimal, written digit by digit, never a float."""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Final, cast

import msgspec

from guerdon_client.errors import BrokenAnswer


class Absent(Enum):
    """The type of ABSENT."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT  # a member that is not sent at all, where None is sent as null

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_later_letters = re.compile(r"_([a-z])")


def read_json(text: bytes) -> object:
    """Read JSON text; numbers with a point or an exponent become Decimal.

    Raises BrokenAnswer.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise BrokenAnswer(f"The answer is not JSON: {broken}.") from broken


def write_json(value: object) -> bytes:
    """Write a value as JSON text.

    Raises TypeError for a float, whose digits are not the ones that were meant, and for what JSON cannot say;
    ValueError for a number that is not finite and for a time without an offset.
    """
    return _encoder.encode(plain(value))


def plain(value: object) -> object:
    """Give a value as JSON knows it: dataclasses by their wire names, without members that are None or ABSENT.

    A member that may be ABSENT keeps its None, which then says null.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return _finite(value)
        case datetime():
            return instant_text(value)
        case _ if isinstance(value, Mapping):
            members = cast("Mapping[object, object]", value)
            return {_member_name(name): plain(member) for name, member in members.items()}
        case list() | tuple():
            return [plain(item) for item in cast("list[object] | tuple[object, ...]", value)]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _members(value)
        case _:
            raise TypeError(f"JSON says no {type(value).__name__} exactly; give int, Decimal, str, bool, list or dict.")


def instant_text(instant: datetime) -> str:
    """Write a time as RFC 3339 in UTC. Raises ValueError when it has no offset."""
    if instant.tzinfo is None:
        raise ValueError("Give a time with an offset, such as datetime.now(UTC).")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(f"JSON knows no {number}.")
    return number


def _member_name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"The names of JSON members are texts, not {type(name).__name__}.")
    return name


def _members(value: object) -> dict[str, object]:
    kept: dict[str, object] = {}
    for field in dataclasses.fields(cast("type", value)):
        member = getattr(value, field.name)
        if member is not ABSENT and (member is not None or field.default is ABSENT):
            kept[_wire_name(field.name)] = plain(member)
    return kept


def _wire_name(name: str) -> str:
    return _later_letters.sub(lambda letter: letter[1].upper(), name)
