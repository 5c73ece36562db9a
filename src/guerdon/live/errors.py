"""Refusals of the room live.

LiveTokenRefused  401  the token of a WebSocket is not good, not for this pass, or too old
TooManySockets    429  the pass or the tenant has as many sockets open as it may
SocketsFull       503  this process has as many sockets open as it may, or it is stopping
"""

from guerdon.platform.problems import Overloaded, Problem, TooManyRequests

RETRY_AFTER_S = 5


class LiveTokenRefused(Problem):
    """The token of a WebSocket is not good, not for this pass, or too old."""

    status, code, title = 401, "live_token_refused", "The token does not open this socket"

    def __init__(self) -> None:
        super().__init__(
            "The token is not good here, or too old; ask the pass's connect for a new one.",
            headers={"WWW-Authenticate": 'Bearer realm="guerdon live"'},
        )


class TooManySockets(TooManyRequests):
    """The pass or the tenant has as many sockets open as it may."""

    code, title = "too_many_sockets", "Too many sockets"

    def __init__(self, whose: str, sockets_max: int) -> None:
        Problem.__init__(
            self,
            f"This {whose} may have {sockets_max} sockets open in one process; ask for its state instead.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )


class SocketsFull(Overloaded):
    """This process has as many sockets open as it may, or it is stopping."""

    code = "sockets_full"

    def __init__(self) -> None:
        Problem.__init__(
            self, "No more sockets are opened here now; try again shortly.", headers={"Retry-After": str(RETRY_AFTER_S)}
        )
