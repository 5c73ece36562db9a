"""Calls that ask how the server is."""

from typing import Final

from guerdon_client.calls import OK, Answer, Call, path_of

UNAVAILABLE: Final = 503


def is_healthy() -> Call[bool]:
    """Tell whether the process lives."""
    return Call("GET", path_of("healthz"), _is_ok, statuses=frozenset({OK, UNAVAILABLE}), is_of_server=True)


def is_ready() -> Call[bool]:
    """Tell whether the process serves."""
    return Call("GET", path_of("readyz"), _is_ok, statuses=frozenset({OK, UNAVAILABLE}), is_of_server=True)


def _is_ok(answer: Answer) -> bool:
    return answer.status == OK
