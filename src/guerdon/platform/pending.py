"""Writes whose outcome nobody reads: held back until their transaction's next statement, and then sent as one."""

import re
from collections.abc import Sequence
from typing import Final, LiteralString, NamedTuple, cast

PARAMETER: Final = re.compile(r"\$(\d+)")
OWN_WITH: Final = re.compile(r"\s*WITH\b")


class Write(NamedTuple):
    """One INSERT or UPDATE with its arguments, the tenant first; a WITH of its own may read and lock, not write."""

    sql: LiteralString
    arguments: tuple[object, ...]


class Pending:
    """The writes that a transaction holds back.

    They stand side by side in one statement, so that none of them sees what another does: no two may change the same
    rows. All of them together cost one round trip.
    """

    __slots__ = ("_writes", "is_lost")

    def __init__(self) -> None:
        """Begin with none."""
        self._writes: list[Write] = []
        # Whether writes were sent and have failed, or nobody knows. Whoever sent the statement after them, and took
        # their failure for that of its own, must not be able to commit without them.
        self.is_lost = False

    def __bool__(self) -> bool:
        """Tell whether something is held back."""
        return bool(self._writes)

    def holds(self, sql: LiteralString) -> bool:
        """Tell whether this very statement is held back already: a second one could change the same rows."""
        return any(write.sql is sql for write in self._writes)

    def add(self, write: Write) -> None:
        """Hold a write back."""
        self._writes.append(write)

    def take(self) -> Write:
        """Give all that is held back as one statement, and hold nothing any more."""
        writes, self._writes = self._writes, []
        return writes[0] if len(writes) == 1 else together(writes)

    def forget(self) -> None:
        """Hold nothing any more, and take nothing for lost."""
        self._writes = []
        self.is_lost = False


def together(writes: Sequence[Write]) -> Write:
    """Make one statement of several; what several of them are given, the tenant or a list, it is given once."""
    arguments: list[object] = []
    numbers: list[int] = []
    known: dict[int, int] = {}
    tenant_id = writes[0].arguments[0]
    for write in writes:
        for argument in write.arguments:
            name = id(argument)
            number = known.get(name)
            if number is None:
                arguments.append(argument)
                number = len(arguments)
                if argument is tenant_id or isinstance(argument, list):
                    known[name] = number
            numbers.append(number)
    form = (tuple(write.sql for write in writes), tuple(numbers))
    sql = _composed.get(form)
    if sql is None:
        sql = _composed[form] = _compose(writes, numbers)
    return Write(sql, tuple(arguments))


# As many as there are orders in which the code writes.
_composed: Final[dict[tuple[tuple[str, ...], tuple[int, ...]], LiteralString]] = {}


def _compose(writes: Sequence[Write], numbers: Sequence[int]) -> LiteralString:
    texts: list[str] = []
    first = 0
    for write in writes:
        mine = numbers[first : first + len(write.arguments)]
        texts.append(PARAMETER.sub(lambda found, mine=mine: f"${mine[int(found[1]) - 1]}", write.sql))
        first += len(write.arguments)
    # What stands in a WITH is carried out after the main statement, in no certain order. So the first write stays the
    # first; one that has a WITH of its own cannot be the main statement.
    main, beside = ("SELECT", texts) if OWN_WITH.match(texts[0]) else (texts[0], texts[1:])
    named = ",\n".join(f"written_{number} AS ({text})" for number, text in enumerate(beside, 1))
    return cast("LiteralString", f"WITH {named}\n{main}")
