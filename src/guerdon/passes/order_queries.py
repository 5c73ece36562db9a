"""The orders of a search: phases of passes, each in the order of an index, and where a page of one begins.

Passes that have what is sorted by come first, in either direction; those that lack it follow in the order of their ids.
A member of metadata that is a number anywhere is sorted by its numbers, else by its texts. Members are sorted by their
own rows, which name the passes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString

from guerdon.passes.filter_queries import LOOKED_THROUGH
from guerdon.passes.filters import Field

_RANGES: Final = ("equals", "greaterThan", "lessThan")


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that is sorted by, and its type; `{s}` is what it is read from."""

    expression: LiteralString
    type: LiteralString


@dataclass(frozen=True, slots=True)
class Phase:
    """Some of the passes in the order of their keys, and then of the id; `index` names the index of that order.

    A filter whose condition is among `served` is a range of that index.
    """

    index: str | None
    keys: tuple[Key, ...] = ()
    only: LiteralString = ""  # what is asked of a pass here
    rows: LiteralString = ""  # of members, which name the passes here in their order
    lacking: LiteralString = ""  # what a pass here does not have
    served: tuple[str, ...] = ()


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
        return Field(kind, self.name) if self.phases[0].rows else None

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases, in their order."""
        return ORDERS[self.by]

    @property
    def direction(self) -> LiteralString:
        """The direction, as SQL says it."""
        return " DESC" if self.is_descending else " ASC"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a list goes on: behind the pass of these keys, as PostgreSQL prints them, in this phase."""

    phase: int
    keys: tuple[str, ...]
    pass_id: str


_ID: Final = Phase("pass_pkey", served=tuple(f"id {name}" for name in _RANGES))
_CREATED: Final = Key("{s}.created_at", "timestamptz")


def _of_wallet(column: LiteralString, index: str) -> tuple[Phase, ...]:
    return (
        Phase(index, (Key("{s}." + column, "timestamptz"),), only=" AND p." + column + " IS NOT NULL"),
        Phase("pass_pkey", only=" AND p." + column + " IS NULL"),
    )


def _of_member(
    table: LiteralString, index: str, key: Key, served: tuple[str, ...], only: LiteralString = ""
) -> tuple[Phase, ...]:
    rows: LiteralString = table + " f WHERE f.tenant_id = $1 AND f.name = {name}::text" + only
    lacking = LOOKED_THROUGH.replace("TABLE", table).replace("CONDITION", only)
    return Phase(index, (key,), rows=rows, served=served), Phase("pass_pkey", lacking=lacking)


def _texts(kind: str) -> tuple[str, ...]:
    return tuple(f"{kind} {name}" for name in (*_RANGES, "startsWith", "exists"))


_TEXT: Final = Key("{s}.value", "text")
ORDERS: Final[Mapping[str, tuple[Phase, ...]]] = {
    "id": (_ID,),
    "passType": (
        Phase("pass_of_type", (Key("{s}.pass_type", "text"), _CREATED), served=tuple(f"passType {n}" for n in _RANGES)),
    ),
    "creationDate": (
        Phase("pass_created", (_CREATED,), served=(*(f"creationDate {n}" for n in _RANGES), "passType equals")),
    ),
    # No index: it would make every movement dearer.
    "lastUpdateDate": (Phase(None, (Key("{s}.updated_at", "timestamptz"),)),),
    "apple": _of_wallet("apple_installed_at", "pass_apple"),
    "google": _of_wallet("google_installed_at", "pass_google"),
    "identifiers": _of_member("pass_identifier", "pass_identifier_pkey", _TEXT, _texts("identifiers")),
    "metadata": _of_member("pass_metadata", "pass_metadata_pkey", _TEXT, _texts("metadata")),
    "metadata number": _of_member(
        "pass_metadata",
        "pass_metadata_number",
        Key("{s}.number", "double precision"),
        ("metadata greaterThan number", "metadata lessThan number"),
        " AND f.number IS NOT NULL",
    ),
}
