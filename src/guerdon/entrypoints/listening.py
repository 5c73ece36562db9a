"""Listening sockets that are opened before the processes that answer on them, and outlive each of them.

PortTaken  503  another program listens there already, or the address is not ours to listen on
"""

import errno
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import ClassVar

from guerdon.platform.problems import Problem

BACKLOG = 2048


class PortTaken(Problem):
    """Another program listens there already, or the address is not ours to listen on."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "port_taken"
    title: ClassVar[str] = "The port cannot be opened"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Cannot listen on {host} port {port}: {reason}. Choose another address with --host or --port."
        )


def listening_socket(host: str, port: int, *, is_one_of_several: bool = False) -> socket.socket:
    """Open a listening socket; port 0 takes a free one.

    Hand its fileno() to a child in `pass_fds`. Several on one address must all say so. Raises PortTaken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortTaken(host, port, error.strerror or str(error)) from error
    try:
        # A restart may bind while connections of the last run are still in TIME_WAIT.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_one_of_several:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        is_taken = error.errno == errno.EADDRINUSE
        reason = "another program listens there" if is_taken else error.strerror or str(error)
        raise PortTaken(host, port, reason) from error
    listening.setblocking(False)  # noqa: FBT003 - the standard library names no argument here
    return listening


@contextmanager
def listening_sockets(host: str, port: int, count: int) -> Generator[tuple[socket.socket, ...]]:
    """Open one address `count` times, a socket for each process; the kernel shares new connections out among them.

    Of one socket for all, whichever process wakes first takes every connection that waits, and a client's whole pool
    with it. Since we hold the sockets as long as we live, connections to a process that died wait for its successor.
    Raises PortTaken.
    """
    # By itself first: sockets that share would also share with those of another program of the same user.
    with listening_socket(host, port) as alone:
        port = int(alone.getsockname()[1])
    with ExitStack() as stack:
        yield tuple(stack.enter_context(listening_socket(host, port, is_one_of_several=True)) for _ in range(count))
