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


def test_before_a_statement_without_a_name_whose_place_begin_would_take_nothing_is_sent() -> None:
    nowhere = Nowhere()
    line = Line(cast("Any", nowhere))
    line.begin(["BEGIN"])

    with pytest.raises(NotBegun):
        line.write(memoryview(b"B\x00\x00\x00\x0c\x00\x00" + bytes(6)))

    assert nowhere.told == [b"abort"]


def test_what_begins_a_transaction_stands_in_a_text_before_its_own() -> None:
    nowhere = Nowhere()
    line = Line(cast("Any", nowhere))
    line.begin(["BEGIN", "SET LOCAL one = 1"])

    line.write(memoryview(b"Q\x00\x00\x00\x0bSELECT\x00"))

    text = b"BEGIN; SET LOCAL one = 1; SELECT\x00"
    assert nowhere.told == [b"Q" + (4 + len(text)).to_bytes(4) + text]


def test_a_line_that_was_told_nothing_sends_what_it_is_given() -> None:
    nowhere = Nowhere()
    line = Line(cast("Any", nowhere))

    line.write(memoryview(b"Q anything"))
    line.begin(["BEGIN"])
    line.leave()
    line.write(memoryview(b"Q else"))

    assert nowhere.told == [b"Q anything", b"Q else"]
    assert not line.has_begun


def test_a_statement_without_arguments_is_parsed_bound_and_executed() -> None:
    parse = b"P" + (4 + 1 + 6 + 2).to_bytes(4) + b"\x00BEGIN\x00\x00\x00"
    bind = b"B" + (4 + 1 + 1 + 2 + 2 + 2).to_bytes(4) + bytes(8)
    execute = b"E" + (4 + 1 + 4).to_bytes(4) + bytes(5)

    assert messages("BEGIN") == parse + bind + execute
