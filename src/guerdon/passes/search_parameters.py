"""Reading what a query asks of a list of passes: `filter[i].field`, `sortBy[i].direction`, pages and cursors.

`filter[0][field]` means the same as `filter[0].field`. A page (`pageIndex`, `pageSize`) and a cursor (`cursor`,
`limit`) exclude each other; without either it is the first page.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from guerdon.passes.filters import PLAIN_KINDS, Filter, GivenFilter, check_filters, read_field
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import INT32_MAX

SORTS_MAX = 5
PAGE_DEFAULT = 20
PAGE_MAX = 100
CURSOR_CHARACTERS_MAX = 4_000
MEMBER = "member"  # a bare name: of an identifier if any pass has one of that name, else of metadata
DIRECTIONS = {"ASC": False, "DESC": True}
SORTED_BY = ("id", "passType", "creationDate", "lastUpdateDate", "apple", "google")

_PART = re.compile(r"(filter|sortBy)\[(\d{1,4})\](?:\.(\w+)|\[(\w+)\])", re.ASCII)
_MEMBERS = {"filter": ("field", "operator", "value"), "sortBy": ("field", "direction")}
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "pageIndex": (0, INT32_MAX),
    "pageSize": (1, PAGE_MAX),
    "limit": (1, PAGE_MAX),
}
_SINGLE = (*_NUMBERS, "cursor", "passType")
MISUNDERSTOOD = (
    "Write filter[0].field, .operator, .value, and sortBy[0].field, .direction; beside them the list knows passType, "
    "pageIndex, pageSize, limit and cursor."
)
NAME_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Sort:
    """One thing that is sorted by, and where it was asked for; `kind` is a name of ORDERS, or `member`."""

    place: str
    kind: str
    name: str
    is_descending: bool


@dataclass(frozen=True, slots=True)
class PlacedFilter:
    """A filter and where it was asked for."""

    place: str
    filter: Filter


@dataclass(frozen=True, slots=True)
class Search:
    """What a list was asked for: `offset` is that of a page, None for a list by cursor; `limit` bounds either."""

    filters: tuple[PlacedFilter, ...]
    sorts: tuple[Sort, ...]
    offset: int | None
    limit: int
    cursor: str | None


def parse_search(query: bytes) -> Search:
    """Read a query string. Raises InvalidRequest, which names every mistake with its place."""
    errors: dict[str, list[str]] = {}
    singles, parts = _part_query(query, errors)
    given = [
        GivenFilter(place, members.get("field"), members.get("operator"), members.get("value"))
        for place, members in parts["filter"]
    ]
    if "passType" in singles:
        given.append(GivenFilter("passType", "passType", "equals", singles["passType"]))
    filters = check_filters(given, errors)
    sorts = _check_sorts(parts["sortBy"], errors)
    numbers = {name: _check_number(name, text, errors) for name, text in singles.items() if name in _NUMBERS}
    is_by_cursor = not {"cursor", "limit"}.isdisjoint(singles)
    if is_by_cursor:
        _check_cursor_form(singles, sorts, errors)
    if errors:
        raise InvalidRequest(errors)
    limit = numbers.get("limit" if is_by_cursor else "pageSize", PAGE_DEFAULT)
    return Search(
        tuple(PlacedFilter(one.place, read) for one, read in zip(given, filters, strict=True)),
        sorts,
        None if is_by_cursor else numbers.get("pageIndex", 0) * limit,
        limit,
        singles.get("cursor") or None,
    )


Parts = Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]


def _part_query(query: bytes, errors: dict[str, list[str]]) -> tuple[dict[str, str], Parts]:
    singles: dict[str, str] = {}
    parts: dict[str, dict[int, dict[str, str]]] = {"filter": {}, "sortBy": {}}
    for key, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        found = _PART.fullmatch(key)
        if found is not None and (member := found[3] or found[4]) in _MEMBERS[found[1]]:
            holder = parts[found[1]].setdefault(int(found[2]), {})
            place = f"{found[1]}[{int(found[2])}].{member}"
        elif key in _SINGLE:
            holder, member, place = singles, key, key
        else:
            # Left out, a condition would widen the list without a word.
            errors[key[:NAME_SHOWN_MAX]] = [MISUNDERSTOOD]
            continue
        if member in holder:
            errors[place] = ["Give this parameter once."]
        holder[member] = value
    listed = {
        family: [(f"{family}[{index}]", members) for index, members in sorted(found.items())]
        for family, found in parts.items()
    }
    return singles, listed


def _check_sorts(given: Sequence[tuple[str, Mapping[str, str]]], errors: dict[str, list[str]]) -> tuple[Sort, ...]:
    if len(given) > SORTS_MAX:
        errors["sortBy"] = [f"Sort by at most {SORTS_MAX} fields."]
        return ()
    sorts: list[Sort] = []
    for place, members in given:
        direction = members.get("direction", "ASC")
        if direction.upper() not in DIRECTIONS:
            errors[f"{place}.direction"] = ["Sort ASC or DESC."]
            continue
        try:
            kind, name = _sorted_by(members.get("field", ""))
        except ValueError as wrong:
            errors[f"{place}.field"] = [str(wrong)]
            continue
        sorts.append(Sort(place, kind, name, DIRECTIONS[direction.upper()]))
    return tuple(sorts)


def _sorted_by(text: str) -> tuple[str, str]:
    if text in SORTED_BY:
        return text, ""
    if text.startswith(("identifiers.", "metadata.")):
        field = read_field(text)
        return field.kind, field.name
    if text in PLAIN_KINDS:
        raise ValueError(f"Sort by {', '.join(SORTED_BY)}, or a member of identifiers or metadata.")
    return MEMBER, read_field(f"metadata.{text}").name


def _check_number(name: str, text: str, errors: dict[str, list[str]]) -> int:
    least, most = _NUMBERS[name]
    number = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else -1
    if not least <= number <= most:
        errors[name] = [f"Give a whole number from {least} to {most}."]
    return number


def _check_cursor_form(singles: Mapping[str, str], sorts: Sequence[Sort], errors: dict[str, list[str]]) -> None:
    for name in ("pageIndex", "pageSize"):
        if name in singles:
            errors.setdefault(name, []).append("A list by cursor has no pages: give cursor and limit alone.")
    if len(sorts) > 1:
        errors["sortBy"] = ["A list by cursor is sorted by one field; several go with pages."]
    if len(singles.get("cursor", "")) > CURSOR_CHARACTERS_MAX:
        errors["cursor"] = ["This is no cursor."]
