"""Writing a report as JSON or CSV: row by row into a spool, totals first, and out of it in pieces.

The spool is complete before the first byte is answered. So a failure is told as a problem and never as half a report,
the database is not held by whoever reads slowly, and a report of any length takes a megabyte of memory; the rest is on
disk.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import Final, Protocol

import msgspec

from guerdon.points.report_model import EXACTLY, Cell, Layout, ReportRow, cell_text

SPOOL_BYTES: Final = 1_048_576
PIECE_BYTES: Final = 65_536

_encoder = msgspec.json.Encoder()


class Row(Protocol):
    """A row of a report."""

    def row(self) -> ReportRow:
        """Give the row as it is written."""
        ...


async def write_json(head: Mapping[str, Cell], layout: Layout, rows: AsyncIterator[Row]) -> Iterator[bytes]:
    """Write an object: what is said of the whole report, its totals, and its rows."""
    totals = dict.fromkeys(layout.totalled, Decimal(0))

    async def lines() -> AsyncIterator[bytes]:
        between = b""
        async for one in rows:
            row = one.row()
            for name in layout.totalled:
                totals[name] = EXACTLY.add(totals[name], Decimal(row[name]))
            yield between + _encoder.encode(_document(row))
            between = b","

    spool = await _spooled(lines())
    start = _encoder.encode(_document({**head, **totals}))[:-1] + f',"{layout.member}":['.encode()
    return _pieces(start, spool, b"]}")


async def write_csv(layout: Layout, rows: AsyncIterator[Row]) -> Iterator[bytes]:
    """Write the rows as CSV (RFC 4180) under the names of their columns; totals are for the reader to sum."""
    lines = (_line([cell_text(value) for value in _cells(one.row(), layout)]) async for one in rows)
    return _pieces(_line(layout.columns), await _spooled(lines), b"")


def csv_text(layout: Layout, rows: Sequence[Row]) -> bytes:
    """Write a page of rows as CSV."""
    lines = ([cell_text(value) for value in _cells(one.row(), layout)] for one in rows)
    return b"".join(_line(line) for line in (layout.columns, *lines))


def row_document(one: Row) -> Mapping[str, object]:
    """Give a row as JSON has it, numbers digit by digit."""
    return _document(one.row())


def _document(row: ReportRow) -> dict[str, object]:
    return {name: _json(value) for name, value in row.items()}


async def _spooled(lines: AsyncIterator[bytes]) -> SpooledTemporaryFile[bytes]:
    with ExitStack() as unless_done:
        spool = unless_done.enter_context(SpooledTemporaryFile[bytes](SPOOL_BYTES))
        async for line in lines:
            spool.write(line)
        unless_done.pop_all()
    return spool


def _json(value: Cell) -> object:
    return msgspec.Raw(cell_text(value).encode()) if isinstance(value, Decimal) else value


def _cells(row: ReportRow, layout: Layout) -> list[Cell]:
    return [row.get(name, "") for name in layout.columns]


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _pieces(start: bytes, spool: SpooledTemporaryFile[bytes], end: bytes) -> Iterator[bytes]:
    with spool:
        spool.seek(0)
        yield start
        while piece := spool.read(PIECE_BYTES):
            yield piece
        yield end
