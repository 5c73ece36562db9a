"""Reading the members of a JSON object by name and type; what is not as promised is a BrokenAnswer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar, cast

from guerdon_client.errors import BrokenAnswer
from guerdon_client.exact import read_json
from guerdon_client.model import Json

T = TypeVar("T")


class Members:
    """The members of one JSON object. Its methods raise BrokenAnswer for a missing member or another type."""

    __slots__ = ("_members",)

    def __init__(self, document: object) -> None:
        """Take what must be an object."""
        self._members = cast("Mapping[str, object]", _checked(document, dict, "an object", "$"))

    def all(self) -> Mapping[str, Json]:
        """Give every member as it is."""
        return cast("Mapping[str, Json]", self._members)

    def text(self, name: str) -> str:
        """Give a text."""
        return _checked(self._members.get(name), str, "a text", name)

    def find_text(self, name: str) -> str | None:
        """Give a text, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.text(name)

    def whole(self, name: str) -> int:
        """Give a whole number."""
        number = self.number(name)
        if number != number.to_integral_value():
            raise BrokenAnswer(f"The member {name!r} is {number}; a whole number was promised.")
        return int(number)

    def find_whole(self, name: str) -> int | None:
        """Give a whole number, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.whole(name)

    def number(self, name: str) -> Decimal:
        """Give a number, exactly."""
        value = self._members.get(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise _broken(name, "a number", value)
        return Decimal(value)

    def find_number(self, name: str) -> Decimal | None:
        """Give a number, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """Give true or false."""
        return _checked(self._members.get(name), bool, "true or false", name)

    def find_flag(self, name: str) -> bool | None:
        """Give true or false, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.flag(name)

    def instant(self, name: str) -> datetime:
        """Give a time, in UTC."""
        text = self.text(name)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError as wrong:
            raise _broken(name, "a time", text) from wrong
        if instant.tzinfo is None:
            raise _broken(name, "a time with an offset", text)
        return instant.astimezone(UTC)

    def find_instant(self, name: str) -> datetime | None:
        """Give a time, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.instant(name)

    def day(self, name: str) -> date:
        """Give a day."""
        text = self.text(name)
        try:
            return date.fromisoformat(text)
        except ValueError as wrong:
            raise _broken(name, "a day", text) from wrong

    def find_day(self, name: str) -> date | None:
        """Give a day, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.day(name)

    def mapping(self, name: str) -> Mapping[str, Json]:
        """Give an object as it is."""
        return cast("Mapping[str, Json]", _checked(self._members.get(name), dict, "an object", name))

    def whole_mapping(self) -> Mapping[str, Json]:
        """Give the object itself."""
        return cast("Mapping[str, Json]", self._members)

    def texts(self, name: str) -> Mapping[str, str]:
        """Give an object whose members are texts."""
        members = self.mapping(name)
        return {member: _checked(text, str, "a text", f"{name}.{member}") for member, text in members.items()}

    def find_texts(self, name: str) -> Mapping[str, str] | None:
        """Give an object whose members are texts, or None when it is missing or null."""
        return None if self._members.get(name) is None else self.texts(name)

    def find(self, name: str, read: Callable[["Members"], T]) -> T | None:
        """Give an object as `read` reads it, or None when it is missing or null."""
        member = self._members.get(name)
        return None if member is None else read(Members(member))

    def items(self, name: str) -> Sequence[object]:
        """Give an array; one that is missing or null is empty."""
        member = self._members.get(name)
        return [] if member is None else read_items(member, name)


def read_object(text: bytes) -> Members:
    """Read JSON text that must be an object. Raises BrokenAnswer."""
    return Members(read_json(text))


def read_items(document: object, name: str = "$") -> list[object]:
    """Take what must be an array. Raises BrokenAnswer."""
    return cast("list[object]", _checked(document, list, "an array", name))


def read_names(items: Sequence[object], name: str) -> tuple[str, ...]:
    """Take what must be texts. Raises BrokenAnswer."""
    return tuple(_checked(item, str, "a text", name) for item in items)


def _checked(value: object, kind: type[T], promised: str, name: str) -> T:
    if not isinstance(value, kind):
        raise _broken(name, promised, value)
    return value


def _broken(name: str, promised: str, value: object) -> BrokenAnswer:
    return BrokenAnswer(f"The member {name!r} is {type(value).__name__}; {promised} was promised.")
