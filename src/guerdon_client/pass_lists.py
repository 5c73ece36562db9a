"""Calls that list passes by what they say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from guerdon_client.calls import Answer, Call, path_of
from guerdon_client.exact import instant_text, read_json, write_json
from guerdon_client.model import Json
from guerdon_client.pages import Page, read_page
from guerdon_client.reading import Members, read_items

FilterOperator = Literal["equals", "notEquals", "contains", "startsWith", "in", "exists", "greaterThan", "lessThan"]
FilterValue = str | bool | int | Decimal | datetime | Sequence[str]
PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class PassFilter:
    """A condition on a pass; `in` takes texts, `exists` a flag, a date a time.

    Fields: `id`, `passType`, `creationDate`, `lastUpdateDate`, `installationStatus`, `identifiers.…`, `metadata.…`.
    """

    field: str
    operator: FilterOperator
    value: FilterValue = True


@dataclass(frozen=True, slots=True)
class PassSort:
    """What a list is sorted by: a field of a filter, `apple` or `google`, or the bare name of a member."""

    field: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class ListedPass:
    """A pass as a list shows it; `secret` is for callers who may write, `providers` when it came into each wallet."""

    pass_id: str
    pass_type: str
    identifiers: Mapping[str, str]
    metadata: Mapping[str, Json]
    additional_data: Mapping[str, Json]
    created_at: datetime
    updated_at: datetime
    providers: Mapping[str, datetime]
    secret: str | None = field(default=None, repr=False)


def list_passes(
    filters: Sequence[PassFilter] = (),
    sorts: Sequence[PassSort] = (),
    *,
    page_index: int = 0,
    page_size: int = PAGE_DEFAULT,
) -> Call[Page[ListedPass]]:
    """List a page of the passes that all filters match. Raises InvalidRequest."""
    query = [("pageIndex", str(page_index)), ("pageSize", str(page_size)), *_search(filters, sorts)]
    return Call("GET", path_of("passes"), _read_passes, query)


def list_passes_on(
    filters: Sequence[PassFilter] = (),
    sort: PassSort | None = None,
    *,
    cursor: str | None = None,
    limit: int = PAGE_MAX,
) -> Call[Page[ListedPass]]:
    """List the passes that all filters match from a cursor on, or from the beginning. Raises InvalidRequest."""
    query = [("limit", str(limit)), *_search(filters, () if sort is None else (sort,))]
    if cursor is not None:
        query.append(("cursor", cursor))
    return Call("GET", path_of("passes"), _read_passes, query)


def iter_passes(
    filters: Sequence[PassFilter] = (), sort: PassSort | None = None, *, limit: int = PAGE_MAX
) -> Callable[[str | None], Call[Page[ListedPass]]]:
    """Walk through all passes that all filters match, `limit` at a time. Raises InvalidRequest."""
    return lambda cursor: list_passes_on(filters, sort, cursor=cursor, limit=limit)


def _search(filters: Sequence[PassFilter], sorts: Sequence[PassSort]) -> list[tuple[str, str]]:
    query: list[tuple[str, str]] = []
    for index, one in enumerate(filters):
        place = f"filter[{index}]"
        query += [
            (f"{place}.field", one.field),
            (f"{place}.operator", one.operator),
            (f"{place}.value", _text(one.value)),
        ]
    for index, one in enumerate(sorts):
        direction = "DESC" if one.is_descending else "ASC"
        query += [(f"sortBy[{index}].field", one.field), (f"sortBy[{index}].direction", direction)]
    return query


def _text(value: FilterValue) -> str:
    match value:
        case str():
            return value
        case datetime():
            return instant_text(value)
        case _:
            return write_json(value).decode()


def _read_passes(answer: Answer) -> Page[ListedPass]:
    return read_page(answer, tuple(_read_pass(Members(item)) for item in read_items(read_json(answer.body))))


def _read_pass(members: Members) -> ListedPass:
    providers = Members(members.mapping("providers"))
    return ListedPass(
        members.text("id"),
        members.text("passType"),
        members.texts("identifiers"),
        members.mapping("metadata"),
        members.mapping("additionalData"),
        members.instant("creationDate"),
        members.instant("lastUpdateDate"),
        {name: providers.instant(name) for name in members.mapping("providers")},
        members.find_text("secret"),
    )
