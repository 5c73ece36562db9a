"""Every condition of a search in every form of statement, composed as the package composes them."""

from collections.abc import Iterator

from guerdon.passes.filter_queries import CONDITIONS, Parameters, condition_of
from guerdon.passes.filters import OPERATORS, Filter, GivenFilter, read_filters
from guerdon.passes.search_queries import Narrowing, compose_count, compose_list
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
    for name, asked in conditions().items():
        yield from _forms(name, Narrowing([asked]))
        yield from _forms(f"{name} onward", Narrowing([asked], "card", "0"))
    yield from _forms("all", Narrowing(list(conditions().values()), "card", "0"))
    yield from _forms("none", Narrowing())


def _condition(field: str, operator: str, value: object) -> dict[str, Filter]:
    try:
        (asked,) = read_filters([GivenFilter("filter[0]", field, operator, value)])
    except InvalidRequest:
        return {}
    return {condition_of(asked): asked}


def _forms(name: str, narrowing: Narrowing) -> Iterator[tuple[str, str, int]]:
    parameters = Parameters("t")
    yield f"list {name}", compose_list(narrowing, 10, parameters), len(parameters.arguments)
    parameters = Parameters("t")
    yield f"count {name}", compose_count(narrowing, 10, parameters), len(parameters.arguments)
