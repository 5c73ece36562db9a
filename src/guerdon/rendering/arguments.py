"""What may stand after the name of a filter, told in words of templates."""

from collections.abc import Callable, Collection
from functools import lru_cache
from inspect import Parameter, Signature, signature
from typing import Final

# Given by the engine, never by a template.
_OF_THE_ENGINE: Final = frozenset({"context", "environment"})


def argument_mistake(name: str, function: Callable[..., object], unnamed: int, named: Collection[str]) -> str | None:
    """Say what is wrong with the arguments of a filter: how many have no name, and the names of the others."""
    shape = _shape(function)
    unknown = sorted(set(named) - shape.parameters.keys())
    if unknown:
        return f"the filter `{name}` has no argument `{unknown[0]}`"
    in_order = [one for one in shape.parameters.values() if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
    if unnamed > len(in_order):
        return f"the filter `{name}` takes {_at_most(len(in_order))}"
    twice = [one.name for one in in_order[:unnamed] if one.name in named]
    if twice:
        return f"the filter `{name}` is given its argument `{twice[0]}` twice"
    needed = [one for one in in_order if one.default is Parameter.empty]
    if any(one.name not in named for one in needed[unnamed:]):
        return f"the filter `{name}` needs {_counted(len(needed))}"
    return None


@lru_cache(maxsize=200)
def _shape(function: Callable[..., object]) -> Signature:
    found = signature(function)
    _value, *others = found.parameters.values()
    return found.replace(parameters=[one for one in others if one.name not in _OF_THE_ENGINE])


def _at_most(count: int) -> str:
    return "no argument" if count == 0 else f"at most {_counted(count)}"


def _counted(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"
