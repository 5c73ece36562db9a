"""A small memory of recent answers: bounded in number and in time."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class RecentAnswers(Generic[Key, Value]):
    """Keeps each answer for `lifetime`, and the newest `entries_max` of them."""

    def __init__(self, lifetime: timedelta, entries_max: int) -> None:
        """Begin empty; with no lifetime nothing is ever kept."""
        self._lifetime = lifetime
        self._entries_max = entries_max
        self._entries: dict[Key, tuple[datetime, datetime, Value]] = {}

    def find(self, key: Key, now: datetime) -> Value | None:
        """Give the answer kept for `key`, unless it is too old."""
        entry = self._entries.get(key)
        # An answer from the future was kept before the clock was set back; its age is unknown.
        if entry is None or not entry[0] <= now < entry[1]:
            return None
        return entry[2]

    def keep(self, key: Key, value: Value, now: datetime) -> None:
        """Keep an answer, in place of the oldest one when there are too many."""
        self._entries.pop(key, None)
        while len(self._entries) >= self._entries_max:
            del self._entries[next(iter(self._entries))]
        if self._lifetime:
            self._entries[key] = (now, now + self._lifetime, value)

    def forget(self, key: Key) -> None:
        """Drop the answer kept for `key`, if there is one."""
        self._entries.pop(key, None)

    def forget_all(self) -> None:
        """Drop every answer."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
