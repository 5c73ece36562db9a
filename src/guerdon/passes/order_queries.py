"""The orders of a search: phases of passes, each in the order of an index, and where a page of one begins.

Passes that have what is sorted by come first, in either direction; those that lack it follow in the order of their ids.
A member of metadata that is a number anywhere is sorted by its numbers, else by its texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from guerdon.passes.filter_queries import DIGITS, Parameters
from guerdon.passes.filters import Field

_OF_MEMBER: Final = "{s}.tenant_id = $1 AND {s}.name = {name}::text AND {s}.pass_id = p.pass_id"
_NUMBERED: Final = " AND {s}.number IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that is sorted by, and its type."""

    expression: LiteralString
    type: LiteralString


@dataclass(frozen=True, slots=True)
class Phase:
    """Some of the passes in the order of their keys, and then of the id; `index` names the index of that order."""

    index: str | None
    keys: tuple[Key, ...] = ()
    only: LiteralString = ""
    join: LiteralString = ""
    last: LiteralString = "p.pass_id"


@dataclass(frozen=True, slots=True)
class Order:
    """What is sorted by (a name of ORDERS, and that of a member) and in which direction."""

    by: str = "id"
    name: str = ""
    is_descending: bool = False

    @property
    def member(self) -> Field | None:
        """The member that is sorted by, if it is one."""
        kind = "identifiers" if self.by == "identifiers" else "metadata"
        return Field(kind, self.name) if self.phases[0].join else None

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases, in their order."""
        return ORDERS[self.by]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a list goes on: behind the pass of these keys, as PostgreSQL prints them, in this phase."""

    phase: int
    keys: tuple[str, ...]
    pass_id: str


_ID: Final = Phase("pass_pkey")
_CREATED: Final = Key("p.created_at", "timestamptz")


def _of_wallet(column: LiteralString, index: str) -> tuple[Phase, ...]:
    return (
        Phase(index, (Key(column, "timestamptz"),), " AND " + column + " IS NOT NULL"),
        Phase("pass_pkey", only=" AND " + column + " IS NULL"),
    )


def _of_member(table: LiteralString, index: str, key: Key, only: LiteralString = "") -> tuple[Phase, ...]:
    found: LiteralString = table + " {s} ON " + _OF_MEMBER + only
    lacking: LiteralString = " AND NOT EXISTS (SELECT FROM " + table + " {s} WHERE " + _OF_MEMBER + only + ")"
    return Phase(index, (key,), join=" JOIN " + found, last="{s}.pass_id"), Phase("pass_pkey", only=lacking)


_TEXT: Final = Key("{s}.value", "text")
ORDERS: Final[Mapping[str, tuple[Phase, ...]]] = {
    "id": (_ID,),
    "passType": (Phase("pass_of_type", (Key("p.pass_type", "text"), _CREATED)),),
    "creationDate": (Phase("pass_created", (_CREATED,)),),
    # No index: it would make every movement dearer.
    "lastUpdateDate": (Phase(None, (Key("p.updated_at", "timestamptz"),)),),
    "apple": _of_wallet("p.apple_installed_at", "pass_apple"),
    "google": _of_wallet("p.google_installed_at", "pass_google"),
    "identifiers": _of_member("pass_identifier", "pass_identifier_pkey", _TEXT),
    "metadata": _of_member("pass_metadata", "pass_metadata_pkey", _TEXT),
    "metadata number": _of_member(
        "pass_metadata", "pass_metadata_number", Key("{s}.number", "double precision"), _NUMBERED
    ),
}


@dataclass(frozen=True, slots=True)
class OrderText:
    """The parts of a statement that make an order; `keys` are texts by which a mark can be made."""

    keys: LiteralString
    join: LiteralString
    only: LiteralString
    order_by: LiteralString


def compose_phase(order: Order, phase: Phase, mark: Mark | None, parameters: Parameters) -> OrderText:
    """Give the parts for one phase of an order, behind a mark."""
    name = parameters.put(order.name) if "{name}" in phase.join + phase.only else ""
    columns = _columns(phase, "s")
    only = phase.only.format(s="s", name=name)
    if mark is not None:
        only += " AND " + _compare(order, phase, mark, columns, parameters)
    return OrderText(
        "ARRAY[" + ", ".join(column + "::text" for column in columns[:-1]) + "]::text[]",
        phase.join.format(s="s", name=name),
        only,
        ", ".join(column + _direction(order) for column in columns),
    )


def compose_several(orders: Sequence[Order], parameters: Parameters) -> OrderText:
    """Give the parts for an order by several things at once, which no index has."""
    join: LiteralString = ""
    columns: list[LiteralString] = []
    for digit, order in zip(DIGITS, orders, strict=False):
        first, alias = order.phases[0], "s" + digit
        if first.join:
            join += " LEFT" + first.join.format(s=alias, name=parameters.put(order.name))
        keys = _columns(first, alias)
        columns.extend(key + _direction(order) + " NULLS LAST" for key in (keys[:-1] or keys))
    return OrderText("NULL::text[]", join, "", ", ".join(columns) + ", p.pass_id")


def _columns(phase: Phase, alias: LiteralString) -> list[LiteralString]:
    parts: list[LiteralString] = [key.expression for key in phase.keys]
    parts.append(phase.last)
    return [part.format(s=alias) for part in parts]


def _compare(
    order: Order, phase: Phase, mark: Mark, columns: Sequence[LiteralString], parameters: Parameters
) -> LiteralString:
    places: list[LiteralString] = [
        parameters.put(text) + "::text::" + key.type for text, key in zip(mark.keys, phase.keys, strict=True)
    ]
    places.append(parameters.put(mark.pass_id) + "::text")
    comparison: LiteralString = ") < (" if order.is_descending else ") > ("
    return "(" + ", ".join(columns) + comparison + ", ".join(places) + ")"


def _direction(order: Order) -> LiteralString:
    return " DESC" if order.is_descending else " ASC"
