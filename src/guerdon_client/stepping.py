"""Going one step further in a generator that asks for I/O, without StopIteration, which a coroutine cannot pass on."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from guerdon_client.problems import Problem

Step = TypeVar("Step")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Done(Generic[T_co]):
    """The end of a generator and what it gave."""

    value: T_co


def resume(asking: Generator[Step, Any, T_co], outcome: object) -> Step | Done[T_co]:
    """Tell what came and give what is asked next; a Problem is raised where the generator waits.

    Raises what the generator raises.
    """
    try:
        return asking.throw(outcome) if isinstance(outcome, Problem) else asking.send(outcome)
    except StopIteration as end:
        return Done(end.value)
