"""Sockets that are opened before anybody answers on them."""

import socket

import pytest

from guerdon.entrypoints.listening import PortTaken, listening_socket, listening_sockets


def test_a_port_that_is_taken_is_named() -> None:
    with listening_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=f"Cannot listen on 127.0.0.1 port {port}: another program listens"):
            listening_socket("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused_in_words() -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1 port 0: Cannot assign requested address"):
        listening_socket("192.0.2.1", 0)


def test_a_port_is_free_again_at_once_after_connections() -> None:
    with listening_socket("127.0.0.1", 0) as first:
        first.setblocking(True)  # noqa: FBT003 - the standard library names no argument here
        address = first.getsockname()
        with socket.create_connection(address):
            first.accept()[0].close()

    with listening_socket("127.0.0.1", address[1]) as second:
        assert second.getsockname() == address


def test_one_address_is_opened_for_each_process_and_all_get_connections() -> None:
    with listening_sockets("127.0.0.1", 0, 2) as both:
        address = both[0].getsockname()
        assert both[1].getsockname() == address

        clients = [socket.create_connection(address) for _ in range(64)]
        taken = [_take_all(listening) for listening in both]

        for one in clients:
            one.close()
    assert sum(taken) == 64
    # By the hash of their addresses: fewer than eight of 64 come by chance once in ten thousand million times.
    assert min(taken) >= 8


def test_a_port_that_several_share_is_taken_for_everybody_else() -> None:
    with listening_sockets("127.0.0.1", 0, 2) as ours:
        port = ours[0].getsockname()[1]

        with pytest.raises(PortTaken), listening_sockets("127.0.0.1", port, 2):
            pass


def _take_all(listening: socket.socket) -> int:
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1
