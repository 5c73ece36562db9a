"""Every condition of a search in every form of statement, composed as the package composes them."""

from collections.abc import Iterator
from dataclasses import replace

from guerdon.passes.filter_queries import CONDITIONS, INDEX_OF, Parameters, condition_of
from guerdon.passes.filters import OPERATORS, Filter, GivenFilter, read_filters
from guerdon.passes.order_queries import ORDERS, Mark, Order
from guerdon.passes.search_queries import (
    Narrowing,
    Part,
    compose_by_several,
    compose_count,
    compose_list,
    compose_part,
    compose_phase_count,
)
from guerdon.passes.walk_queries import compose_page
from guerdon.platform.problems import InvalidRequest

FIELDS = ("id", "passType", "creationDate", "lastUpdateDate", "installationStatus", "identifiers.a.b", "metadata.c")
VALUES: tuple[object, ...] = ("2026-01-02T03:04:05Z", "apple", "google", ["apple", "google"], "17", "text", True, False)


def conditions() -> dict[str, Filter]:
    """Give one filter for each condition that there is."""
    found: dict[str, Filter] = {}
    for field in FIELDS:
        for operator in OPERATORS:
            for value in VALUES:
                found |= _condition(field, operator, value)
    assert set(found) == set(CONDITIONS), set(found) ^ set(CONDITIONS)
    return found


def searches() -> Iterator[tuple[str, str, int]]:
    """Give the name, the text and the number of parameters of each statement."""
    everything = Narrowing(list(conditions().values()), "card", "0")
    for name, asked in conditions().items():
        yield _list(f"{name} onward", Narrowing([asked], "card", "0"))
        yield _page(f"{name} onward", Narrowing([asked], "card", "0"))
        yield _count(name, Narrowing([asked]))
        if name in INDEX_OF:
            yield _list(f"{name} first", Narrowing([asked], driver=asked))
    for name, narrowing in (("all", everything), ("none", Narrowing())):
        yield _list(name, narrowing)
        yield _count(name, narrowing)
    for part in parts():
        yield from _parts(part, everything)
    yield from _several("all orders", everything)


def pairs() -> Iterator[str]:
    """Give the text of every condition in every phase of every order, on from the beginning and behind a mark."""
    for asked in conditions().values():
        for part in parts():
            yield compose_part(Narrowing([asked]), part, Parameters("t"))


def parts() -> Iterator[Part]:
    """Give every phase of every order, in both directions, with and without a mark."""
    for by in ORDERS:
        for is_descending in (False, True):
            order = Order(by, "a.b", is_descending)
            for index, phase in enumerate(order.phases):
                yield Part(order, index, 10, 5)
                yield Part(replace(order, name="c"), index, 10, 5)
                yield Part(order, index, 10, mark=Mark(index, ("1",) * len(phase.keys), "0"))


def _condition(field: str, operator: str, value: object) -> dict[str, Filter]:
    try:
        (asked,) = read_filters([GivenFilter("filter[0]", field, operator, value)])
    except InvalidRequest:
        return {}
    return {condition_of(asked): asked}


def _list(name: str, narrowing: Narrowing) -> tuple[str, str, int]:
    parameters = Parameters("t")
    return f"list {name}", compose_list(narrowing, 10, parameters), len(parameters.arguments)


def _page(name: str, narrowing: Narrowing) -> tuple[str, str, int]:
    parameters = Parameters("t")
    return f"page {name}", compose_page(narrowing, 10, parameters), len(parameters.arguments)


def _count(name: str, narrowing: Narrowing) -> tuple[str, str, int]:
    parameters = Parameters("t")
    return f"count {name}", compose_count(narrowing, 10, parameters), len(parameters.arguments)


def _parts(part: Part, narrowing: Narrowing) -> Iterator[tuple[str, str, int]]:
    order = part.order
    direction, start = "DESC" if order.is_descending else "ASC", "on" if part.mark else "from"
    name = f"{order.by} {order.name} {direction} {part.phase} {start}"
    parameters = Parameters("t")
    yield f"part {name}", compose_part(narrowing, part, parameters), len(parameters.arguments)
    parameters = Parameters("t")
    yield f"count {name}", compose_phase_count(narrowing, part, parameters), len(parameters.arguments)


def _several(name: str, narrowing: Narrowing) -> Iterator[tuple[str, str, int]]:
    parameters = Parameters("t")
    orders = [Order(by, "a.b", by > "c") for by in ORDERS]
    yield f"by {name}", compose_by_several(narrowing, orders, 5, 10, parameters), len(parameters.arguments)
