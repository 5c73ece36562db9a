"""What a line adds to packets, and what it leaves alone."""

from typing import Any, cast

import pytest

from guerdon.platform.line import Line, NotBegun, messages


class Nowhere:
    """A transport that remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def write(self, packet: memoryview) -> None:
        self.told.append(bytes(packet))

    def abort(self) -> None:
        self.told.append(b"abort")


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(
            b"B\x00\x00\x00\x0c\x00\x00" + bytes(6), id="a statement without a name, whose place BEGIN would take"
        ),
        pytest.param(b"Q\x00\x00\x00\x0aSELECT\x00", id="a text, which runs even after a mistake"),
    ],
)
def test_where_begin_cannot_go_before_a_statement_nothing_is_sent(packet: bytes) -> None:
    nowhere = Nowhere()
    line = Line(cast("Any", nowhere))
    line.begin(["BEGIN"])

    with pytest.raises(NotBegun):
        line.write(memoryview(packet))

    assert nowhere.told == [b"abort"]


def test_a_line_that_was_told_nothing_sends_what_it_is_given() -> None:
    nowhere = Nowhere()
    line = Line(cast("Any", nowhere))

    line.write(memoryview(b"Q anything"))
    line.begin(["BEGIN"])
    assert line.take_beginning() == ["BEGIN"]
    line.write(memoryview(b"Q else"))

    assert nowhere.told == [b"Q anything", b"Q else"]


def test_a_statement_without_arguments_is_parsed_bound_and_executed() -> None:
    parse = b"P" + (4 + 1 + 6 + 2).to_bytes(4) + b"\x00BEGIN\x00\x00\x00"
    bind = b"B" + (4 + 1 + 1 + 2 + 2 + 2).to_bytes(4) + bytes(8)
    execute = b"E" + (4 + 1 + 4).to_bytes(4) + bytes(5)

    assert messages("BEGIN") == parse + bind + execute
