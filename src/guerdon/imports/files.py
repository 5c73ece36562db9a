"""Reading what another provider knows from a file, row by row: CSV, XLSX or JSON lines.

ImportFileInvalid  400  the file as a whole cannot be read: its header is wrong, or it has too many rows
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Generic, TypeVar

from guerdon.platform import tables
from guerdon.platform.http import read_json
from guerdon.platform.problems import BadlyFormed, InvalidRequest
from guerdon.platform.tables import JSON_LINES, ROWS_MAX, WHOLE_ROW, XLSX, Cell, Mistakes, is_storable

COLUMNS_MAX: Final = 500
WITHOUT_ZONE: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?", re.ASCII)
RowT = TypeVar("RowT")


class ImportFileInvalid(InvalidRequest):
    """The file as a whole cannot be read."""

    code = "import_file_invalid"

    def __init__(self, what: str) -> None:
        super().__init__({"file": [what]})


@dataclass(frozen=True, slots=True)
class Shape(Generic[RowT]):
    """What the files of one kind hold: columns, and groups of columns that are named `group.name`.

    What a workbook has as a number is meant as a text, but in `typed_groups`. `check` makes a row of a line and what it
    says, `refuse` of one that cannot be read at all.
    """

    columns: Sequence[str]
    needed: Sequence[str]
    dates: Sequence[str]
    groups: Sequence[str]
    typed_groups: Sequence[str]
    check: Callable[[int, object], RowT]
    refuse: Callable[[int, Mistakes], RowT]

    def group_of(self, name: str) -> str | None:
        """Give the group that a column belongs to."""
        return next((group for group in self.groups if name.startswith(f"{group}.") and name != f"{group}."), None)


def read_rows(path: Path, media_type: str, shape: Shape[RowT]) -> Iterator[RowT]:
    """Read a file row by row, at most a million.

    Raises ImportFileInvalid, BadlyFormed when it is no such file at all.
    """
    rows = _json_rows(path, shape) if media_type == JSON_LINES else _table_rows(path, media_type, shape)
    yield from islice(rows, ROWS_MAX)
    if next(rows, None) is not None:
        raise ImportFileInvalid(f"The file has more than {ROWS_MAX} rows; part it.")


def _table_rows(path: Path, media_type: str, shape: Shape[RowT]) -> Iterator[RowT]:
    rows = tables.read_rows(path, media_type)
    header = next(rows, None)
    names = [] if header is None else _names(header)
    while names and not names[-1]:
        names.pop()
    _check_header(names, shape)
    is_workbook = media_type == XLSX
    return (_row(names, row, shape, is_workbook=is_workbook) for row in rows)


def _names(header: tables.Row) -> list[str]:
    if header.broken is not None:
        raise ImportFileInvalid(header.broken)
    names = [str(cell).strip() for cell in header.cells]
    if not is_storable("".join(names)):
        raise ImportFileInvalid("The header is not UTF-8, or holds a NUL character.")
    return names


def _check_header(names: Sequence[str], shape: Shape[RowT]) -> None:
    strange = [name for name in names if name not in shape.columns and shape.group_of(name) is None]
    if strange:
        raise ImportFileInvalid(
            f"No such columns: {', '.join(strange)[:200]}. There are {', '.join(shape.columns)}, and"
            f" {', '.join(shape.groups)} with a dot and a name."
        )
    if len(set(names)) < len(names) or not {*shape.needed} <= {*names} or len(names) > COLUMNS_MAX:
        needed = f"{', '.join(shape.needed[:-1])} and {shape.needed[-1]}"
        raise ImportFileInvalid(f"The header names each column once, and {needed} among them.")


def _row(names: Sequence[str], row: tables.Row, shape: Shape[RowT], *, is_workbook: bool) -> RowT:
    if row.broken is not None:
        return shape.refuse(row.line, {WHOLE_ROW: [row.broken]})
    if any(cell != "" for cell in row.cells[len(names) :]):
        return shape.refuse(row.line, {WHOLE_ROW: [f"There are more cells than the {len(names)} columns."]})
    if not is_storable("".join(cell for cell in row.cells if isinstance(cell, str))):
        return shape.refuse(row.line, {WHOLE_ROW: ["The row is not UTF-8, or holds a NUL character."]})
    document: dict[str, object] = {}
    groups: dict[str, dict[str, Cell]] = {}
    for name, cell in zip(names, row.cells, strict=False):
        if cell == "":
            continue
        group = shape.group_of(name)
        is_date = is_workbook and name in shape.dates
        if group is None:
            document[name] = _text(cell, is_date=is_date)
        else:
            value = cell if group in shape.typed_groups else _text(cell, is_date=is_date)
            groups.setdefault(group, {})[name.removeprefix(f"{group}.")] = value
    return shape.check(row.line, {**document, **groups})


def _text(cell: Cell, *, is_date: bool) -> str:
    text = ("true" if cell else "false") if isinstance(cell, bool) else str(cell)
    # A workbook's dates know no zone.
    return f"{text}Z" if is_date and WITHOUT_ZONE.fullmatch(text) else text


def _json_rows(path: Path, shape: Shape[RowT]) -> Iterator[RowT]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for line, text in enumerate(tables.read_lines(file), 1):
            if text.strip():
                try:
                    document = read_json(text.encode("utf-8", "surrogateescape"))
                except BadlyFormed as broken:
                    yield shape.refuse(line, {WHOLE_ROW: [broken.detail]})
                else:
                    yield shape.check(line, document)
