"""A bounded memory of what was used last."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Newest(Generic[Key, Value]):
    """Keeps the `kept_max` values that were used last; safe in any thread."""

    def __init__(self, kept_max: int) -> None:
        """Begin with none."""
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._kept_max = kept_max
        self._lock = Lock()

    def find(self, key: Key) -> Value | None:
        """Give what is kept under a key, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def keep(self, key: Key, value: Value) -> Value:
        """Keep a value and give it back; the one unused for longest makes room."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            if len(self._kept) > self._kept_max:
                self._kept.popitem(last=False)
        return value
