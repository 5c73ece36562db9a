"""Every condition of a search in every form of statement, composed as the package composes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from guerdon.passes.filter_queries import CONDITIONS, INDEX_OF, Parameters, condition_of, finds_rows
from guerdon.passes.filters import OPERATORS, Filter, GivenFilter, read_filters
from guerdon.passes.order_queries import ORDERS, Mark, Order
from guerdon.passes.page_queries import (
    Gathering,
    Walk,
    compose_gathering,
    compose_walk,
    compose_walk_count,
    compose_walk_end,
)
from guerdon.passes.search_queries import compose_count, compose_count_alone
from guerdon.passes.selection_queries import Narrowing, compose_part
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
    everything = list(conditions().values())
    for name, asked in conditions().items():
        yield _selection(f"{name} onward", Narrowing([asked], "card", "0"))
        yield _count(name, [asked])
        yield _alone(name, asked)
        if name in INDEX_OF and finds_rows(asked):
            yield _selection(f"{name} first", Narrowing([asked], driver=asked))
            yield _gathering(f"{name} first", Gathering([asked], [Order()], asked))
    for name, filters in (("all", everything), ("none", [])):
        yield _selection(name, Narrowing(filters))
        yield _count(name, filters)
        yield _gathering(f"{name} by all", Gathering(filters, [Order(by, "a.b", by > "c") for by in ORDERS]))
    for walk in walks():
        yield from _walk(replace(walk, filters=everything))
    for gathering in gatherings():
        yield _gathering("", replace(gathering, filters=everything))


def pairs() -> Iterator[str]:
    """Give the text of every condition in every phase of every order, on from the beginning and behind a mark."""
    for asked in conditions().values():
        for walk in walks():
            yield compose_walk(replace(walk, filters=[asked]), 10, 5, Parameters("t"))
        for gathering in gatherings():
            yield compose_gathering(replace(gathering, filters=[asked]), 10, 5, Parameters("t"))


def walks() -> Iterator[Walk]:
    """Give every phase of every order, in both directions, with and without a mark."""
    for by in ORDERS:
        for is_descending in (False, True):
            order = Order(by, "a.b", is_descending)
            for number, phase in enumerate(order.phases):
                yield Walk((), order, number, 100)
                yield Walk((), replace(order, name="c"), number, 100)
                yield Walk((), order, number, 100, Mark(number, ("1",) * len(phase.keys), "0"))


def gatherings() -> Iterator[Gathering]:
    """Give every order of what is gathered, with and without a mark, and where few are expected."""
    for by in ORDERS:
        for is_descending in (False, True):
            order = Order(by, "a.b", is_descending)
            yield Gathering((), [order])
            yield Gathering((), [order], expected_max=100)
            for number, phase in enumerate(order.phases):
                yield Gathering((), [order], mark=Mark(number, ("1",) * len(phase.keys), "0"))


def _condition(field: str, operator: str, value: object) -> dict[str, Filter]:
    try:
        (asked,) = read_filters([GivenFilter("filter[0]", field, operator, value)])
    except InvalidRequest:
        return {}
    return {condition_of(asked): asked}


def _selection(name: str, narrowing: Narrowing) -> tuple[str, str, int]:
    parameters = Parameters("t")
    return f"select {name}", compose_part(narrowing, 10, parameters), len(parameters.arguments)


def _count(name: str, filters: Sequence[Filter]) -> tuple[str, str, int]:
    parameters = Parameters("t")
    return f"count {name}", compose_count(filters, 10, parameters), len(parameters.arguments)


def _alone(name: str, asked: Filter) -> tuple[str, str, int]:
    parameters = Parameters("t")
    return f"count {name} alone", compose_count_alone(asked, 10, parameters), len(parameters.arguments)


def _walk(walk: Walk) -> Iterator[tuple[str, str, int]]:
    order = walk.order
    name = f"{order.by} {order.name}{order.direction} {walk.phase_number} {'on' if walk.mark else 'from'}"
    parameters = Parameters("t")
    yield f"walk {name}", compose_walk(walk, 10, 5, parameters), len(parameters.arguments)
    for what, compose in (("count", compose_walk_count), ("end", compose_walk_end)):
        parameters = Parameters("t")
        yield f"{what} of walk {name}", compose(walk, parameters), len(parameters.arguments)


def _gathering(name: str, gathering: Gathering) -> tuple[str, str, int]:
    order, mark = gathering.orders[0], gathering.mark
    start = f"on {mark.phase}" if mark else "from"
    parameters = Parameters("t")
    text = compose_gathering(gathering, 10, 5, parameters)
    limit = gathering.expected_max or ""
    return f"gather {name} {order.by}{order.direction} {start} {limit}", text, len(parameters.arguments)
