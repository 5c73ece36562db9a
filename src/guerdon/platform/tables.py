"""Uploaded tables: kept in a file as they come, then read row by row, CSV and XLSX; memory stays the same throughout.

RowsInvalid  400  rows of the table have mistakes, and the caller wants all or none
"""

import asyncio
import csv
import hashlib
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Final, TextIO, cast

from openpyxl import load_workbook  # pyright: ignore[reportMissingModuleSource,reportUnknownVariableType]
from pydantic import ValidationError

from guerdon.platform.http import mistake_text
from guerdon.platform.problems import BadlyFormed, InvalidRequest, WrongMediaType

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON_LINES: Final = "application/x-ndjson"
DELIMITERS: Final = ",;"
HEADER_CHARACTERS_MAX: Final = 65_536
LINE_CHARACTERS_MAX: Final = 1024**2
EXACT_MAX: Final = 10**15  # up to here a workbook's numbers, which are floats, tell whole numbers apart
SHEET_ROWS_MAX: Final = 2**20  # as ECMA-376 has it; the library walks to whatever row a file names
UNPACKED_BYTES_MAX: Final = 2 * 1024**3
TEXTS_BYTES_MAX: Final = 256 * 1024**2  # a workbook's shared texts are all in memory while it is read
FILE_BYTES_MAX: Final = 100 * 1024**2
ROWS_MAX: Final = 1_000_000
REPORTED_MAX: Final = 10_000  # rows with mistakes that an answer names; it counts them all

Cell = str | bool | int | Decimal
Mistakes = dict[str, list[str]]
WHOLE_ROW: Final = "row"  # where a mistake is of no column


class RowsInvalid(InvalidRequest):
    """Rows of the table have mistakes, and the caller wants all or none."""

    code = "rows_invalid"

    def __init__(self, rejected: int, mistaken: Mapping[int, Mapping[str, Sequence[str]]]) -> None:
        super().__init__(
            {
                f"line {line}": [f"{heading}: {message}" for heading, messages in row.items() for message in messages]
                for line, row in mistaken.items()
            }
        )
        rows = "1 row has" if rejected == 1 else f"{rejected} rows have"
        self.detail = f"{rows} mistakes; see errors. Nothing was scheduled."
        self.extra = {"rejected": rejected}


@dataclass(frozen=True, slots=True)
class Row:
    """One row and the line that it begins on; `broken` says why its cells cannot be read."""

    line: int
    cells: Sequence[Cell]
    broken: str | None = None


def find_mistakes(wrong: ValidationError) -> Mistakes:
    """Give what is wrong with a row by column, in whole sentences."""
    mistakes: Mistakes = {}
    for one in wrong.errors(include_url=False, include_context=False, include_input=False):
        mistakes.setdefault(".".join(map(str, one["loc"])) or WHOLE_ROW, []).append(mistake_text(one))
    return mistakes


def read_media_type(sent: str, read: Sequence[str]) -> str:
    """Give the media type of a table, of which these are read. Raises WrongMediaType."""
    media_type = sent.partition(";")[0].strip().lower()
    if media_type not in read:
        # The boundary lets JSON pass everywhere; one document is no table.
        raise WrongMediaType(media_type, read, reads_json=False)
    return media_type


async def receive(stream: AsyncIterator[bytes], path: Path) -> bytes:
    """Write an upload to a file as it comes, and give its digest, by which a repeat is known."""
    digest = hashlib.sha256()
    with path.open("wb") as kept:
        async for part in stream:
            digest.update(part)
            await asyncio.to_thread(kept.write, part)
    return digest.digest()


def read_rows(path: Path, media_type: str) -> Iterator[Row]:
    """Read the rows of a table, the header first; empty cells are empty texts, and empty rows are left out.

    Raises BadlyFormed when it is no such table at all.
    """
    rows = _read_workbook(path) if media_type == XLSX else _read_csv(path)
    return (row for row in rows if row.broken or any(cell != "" for cell in row.cells))


def read_lines(file: TextIO) -> Iterator[str]:
    """Read a file line by line, each of a million characters at most. Raises BadlyFormed."""
    for number in count(1):
        line = file.readline(LINE_CHARACTERS_MAX + 1)
        if line == "":
            return
        if len(line) > LINE_CHARACTERS_MAX:
            raise BadlyFormed(f"Line {number} has more than {LINE_CHARACTERS_MAX} characters.")
        yield line


def is_storable(text: str) -> bool:
    """Tell whether a text can be stored and sent on: it holds no NUL, and nothing that was no UTF-8."""
    # What was no UTF-8 was decoded into surrogates, and those cannot be encoded again.
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text))


def _read_csv(path: Path) -> Iterator[Row]:
    # Bytes that are no UTF-8 become surrogates, so that their row is named and the rest is read on.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        delimiter = _delimiter(text.readline(HEADER_CHARACTERS_MAX))
        text.seek(0)
        reader = csv.reader(read_lines(text), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as broken:
                yield Row(line, (), f"This is no CSV as RFC 4180 has it: {broken}.")
            else:
                yield Row(line, cells)


def _delimiter(header: str) -> str:
    # Names of columns rarely hold either; a comma wins a tie.
    return max(DELIMITERS, key=header.count)


def _read_workbook(path: Path) -> Iterator[Row]:
    _check_archive(path)
    try:
        with (
            path.open("rb") as file,
            closing(load_workbook(file, read_only=True, data_only=True, keep_links=False)) as workbook,
        ):
            sheet = workbook.worksheets[0]
            sheet.reset_dimensions()
            for line, values in _numbered(sheet.iter_rows(values_only=True)):
                yield Row(line, [_cell(value) for value in values])
    except BadlyFormed:
        raise
    except Exception as broken:  # the library fails in a dozen ways on a file that is no workbook
        raise BadlyFormed(f"This workbook cannot be read: {type(broken).__name__}.") from broken


def _numbered(rows: Iterator[object]) -> Iterator[tuple[int, Sequence[object]]]:
    for line, values in enumerate(rows, start=1):
        if line > SHEET_ROWS_MAX:
            raise BadlyFormed(f"A sheet has {SHEET_ROWS_MAX} rows at most; this workbook names one beyond.")
        yield line, cast("Sequence[object]", values)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError) as broken:
        raise BadlyFormed("This is no XLSX workbook.") from broken
    if sum(sizes.values()) > UNPACKED_BYTES_MAX or sizes.get("xl/sharedStrings.xml", 0) > TEXTS_BYTES_MAX:
        raise BadlyFormed("The workbook is too large once it is unpacked; send CSV.")


def _cell(value: object) -> Cell:
    match value:
        case None:
            return ""
        case bool():
            return value
        case int() if abs(value) < EXACT_MAX:
            return value
        case float() if isfinite(value):
            return int(value) if value.is_integer() and abs(value) < EXACT_MAX else Decimal(repr(value))
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)
