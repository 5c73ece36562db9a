"""Long lists page by page."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from guerdon_client.calls import Answer
from guerdon_client.errors import BrokenAnswer

T_co = TypeVar("T_co", covariant=True)

NUMBER_DIGITS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """A part of a long list.

    `total` counts the whole list when the server tells it, and is an estimate when `is_estimate`. In a list by cursor,
    `next_cursor` goes on. `unindexed` names the filters and sorts for which the server has no index.
    """

    items: tuple[T_co, ...]
    total: int | None = None
    is_estimate: bool = False
    next_cursor: str | None = None
    unindexed: tuple[str, ...] = ()


def page_query(cursor: str | None, limit: int) -> list[tuple[str, str]]:
    """Ask for a page: from a cursor on, or from the beginning."""
    return [("limit", str(limit)), *([] if cursor is None else [("cursor", cursor)])]


def read_page(answer: Answer, items: tuple[T_co, ...]) -> Page[T_co]:
    """Read what the headers say of a page. Raises BrokenAnswer."""
    total = answer.headers.get("x-pagination-total", answer.headers.get("x-total-count"))
    if total is not None and not (total.isascii() and total.isdigit() and len(total) <= NUMBER_DIGITS_MAX):
        raise BrokenAnswer(f"The total is no number: {total!r}.")
    unindexed = answer.headers.get("guerdon-unindexed", "")
    return Page(
        items,
        None if total is None else int(total),
        answer.headers.get("guerdon-total-estimated") == "true",
        answer.headers.get("guerdon-next-cursor"),
        tuple(unindexed.split(", ")) if unindexed else (),
    )
