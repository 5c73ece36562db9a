"""Reading the passes of another provider from a file, row by row: CSV, XLSX or JSON lines.

ImportFileInvalid  400  the file as a whole cannot be read as passes: its header is wrong, or it has too many rows
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from guerdon.passes.import_rows import WHOLE_ROW, BadRow, Row, check_row
from guerdon.platform import tables
from guerdon.platform.http import read_json
from guerdon.platform.problems import BadlyFormed, InvalidRequest
from guerdon.platform.tables import JSON_LINES, ROWS_MAX, XLSX, Cell

COLUMNS_MAX: Final = 500
GROUPS: Final = ("identifiers", "metadata", "additionalData")
DATES: Final = ("createdAt", "appleInstalledAt", "googleInstalledAt")
COLUMNS: Final = ("serial", "passType", "authenticationToken", "googleObjectId", *DATES)
TYPED_GROUPS: Final = ("metadata", "additionalData")  # what else a workbook has as a number is meant as a text
WITHOUT_ZONE: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?", re.ASCII)


class ImportFileInvalid(InvalidRequest):
    """The file as a whole cannot be read as passes."""

    code = "import_file_invalid"

    def __init__(self, what: str) -> None:
        super().__init__({"file": [what]})


def read_rows(path: Path, media_type: str) -> Iterator[Row | BadRow]:
    """Read a file row by row, at most a million.

    Raises ImportFileInvalid, BadlyFormed when it is no such file at all.
    """
    rows = _json_rows(path) if media_type == JSON_LINES else _table_rows(path, media_type)
    yield from islice(rows, ROWS_MAX)
    if next(rows, None) is not None:
        raise ImportFileInvalid(f"The file has more than {ROWS_MAX} rows; part it.")


def _table_rows(path: Path, media_type: str) -> Iterator[Row | BadRow]:
    rows = tables.read_rows(path, media_type)
    header = next(rows, None)
    names = [] if header is None else [str(cell).strip() for cell in header.cells]
    while names and not names[-1]:
        names.pop()
    _check_header(names)
    is_workbook = media_type == XLSX
    return (_row(names, row, is_workbook=is_workbook) for row in rows)


def _check_header(names: Sequence[str]) -> None:
    known = [name in COLUMNS or _group_of(name) is not None for name in names]
    strange = [name for name, is_known in zip(names, known, strict=True) if not is_known]
    if strange:
        raise ImportFileInvalid(
            f"No such columns: {', '.join(strange)[:200]}. There are {', '.join(COLUMNS)}, and {', '.join(GROUPS)}"
            " with a dot and a name."
        )
    if len(set(names)) < len(names) or not {"serial", "passType"} <= set(names) or len(names) > COLUMNS_MAX:
        raise ImportFileInvalid("The header names each column once, and serial and passType among them.")


def _row(names: Sequence[str], row: tables.Row, *, is_workbook: bool) -> Row | BadRow:
    if row.broken is not None:
        return BadRow(row.line, None, {WHOLE_ROW: [row.broken]})
    if any(cell != "" for cell in row.cells[len(names) :]):
        return BadRow(row.line, None, {WHOLE_ROW: [f"There are more cells than the {len(names)} columns."]})
    if not _is_storable("".join(cell for cell in row.cells if isinstance(cell, str))):
        return BadRow(row.line, None, {WHOLE_ROW: ["The row is not UTF-8, or holds a NUL character."]})
    document: dict[str, object] = {}
    groups: dict[str, dict[str, Cell]] = {}
    for name, cell in zip(names, row.cells, strict=False):
        if cell == "":
            continue
        group = _group_of(name)
        if group is None:
            document[name] = _text(name, cell, is_workbook=is_workbook)
        else:
            value = cell if group in TYPED_GROUPS else _text(name, cell, is_workbook=is_workbook)
            groups.setdefault(group, {})[name.removeprefix(f"{group}.")] = value
    return check_row(row.line, {**document, **groups})


def _text(name: str, cell: Cell, *, is_workbook: bool) -> str:
    text = ("true" if cell else "false") if isinstance(cell, bool) else str(cell)
    # A workbook's dates know no zone.
    return f"{text}Z" if is_workbook and name in DATES and WITHOUT_ZONE.fullmatch(text) else text


def _is_storable(text: str) -> bool:
    # What was no UTF-8 was decoded into surrogates, and those cannot be encoded again.
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text))


def _group_of(name: str) -> str | None:
    return next((group for group in GROUPS if name.startswith(f"{group}.") and name != f"{group}."), None)


def _json_rows(path: Path) -> Iterator[Row | BadRow]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for line, text in enumerate(tables.read_lines(file), 1):
            if text.strip():
                try:
                    document = read_json(text.encode("utf-8", "surrogateescape"))
                except BadlyFormed as broken:
                    yield BadRow(line, None, {WHOLE_ROW: [broken.detail]})
                else:
                    yield check_row(line, document)
