"""Reading the passes of another provider from a file, row by row: CSV or JSON lines.

ImportFileInvalid  400  the file as a whole cannot be read as passes: its header is wrong, or it has too many rows
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Annotated, Final, Literal, TextIO, cast

from pydantic import Field, StringConstraints, ValidationError

from guerdon.passes.pass_type_parts import NAME_PATTERN
from guerdon.passes.schemas import MEMBERS_MAX, IdentifierName, IdentifierValue
from guerdon.platform.http import read_json
from guerdon.platform.problems import BadlyFormed, InvalidRequest
from guerdon.platform.wire import Body, Instant, JsonValue

ROWS_MAX: Final = 1_000_000
COLUMNS_MAX: Final = 500
LINE_CHARACTERS_MAX: Final = 1024 * 1024
SERIAL_PATTERN: Final = r"^[!-~]{1,200}$"
GROUPS: Final = ("identifiers", "metadata", "additionalData")
COLUMNS: Final = (
    "serial", "passType", "authenticationToken", "googleObjectId", "createdAt", "appleInstalledAt", "googleInstalledAt",
)  # fmt: skip

FileFormat = Literal["csv", "jsonl"]
Name = Annotated[str, StringConstraints(pattern=SERIAL_PATTERN)]


class ImportFileInvalid(InvalidRequest):
    """The file as a whole cannot be read as passes."""

    code = "import_file_invalid"

    def __init__(self, what: str) -> None:
        super().__init__({"file": [what]})


class ImportedPass(Body):
    """A pass as another provider knows it."""

    serial: Name
    pass_type: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    authentication_token: Annotated[str, StringConstraints(pattern=r"^[!-~]{16,200}$")] | None = None
    google_object_id: Name | None = None
    identifiers: Annotated[dict[IdentifierName, IdentifierValue], Field(max_length=20)] = {}  # noqa: RUF012 (frozen)
    metadata: Annotated[dict[IdentifierName, JsonValue], Field(max_length=MEMBERS_MAX)] = {}  # noqa: RUF012 (frozen)
    additional_data: Annotated[dict[IdentifierName, JsonValue], Field(max_length=MEMBERS_MAX)] = {}  # noqa: RUF012 (frozen)
    created_at: Instant | None = None
    apple_installed_at: Instant | None = None
    google_installed_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A good row, and the line on which it ends."""

    line: int
    given: ImportedPass


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken in, and why."""

    line: int
    serial: str | None
    mistakes: Sequence[str]


def read_rows(lines: Iterable[str], file_format: FileFormat) -> Iterator[Row | BadRow]:
    """Read a file row by row, at most a million; `lines` come decoded as UTF-8 with `surrogateescape`.

    Raises ImportFileInvalid.
    """
    documents = _csv_rows(lines) if file_format == "csv" else _json_rows(lines)
    for number, (line, document) in enumerate(documents, 1):
        if number > ROWS_MAX:
            raise ImportFileInvalid(f"The file has more than {ROWS_MAX} rows; part it.")
        yield document if isinstance(document, BadRow) else _checked(line, document)


def read_lines(file: TextIO) -> Iterator[str]:
    """Read a file line by line, each of 1 MiB at most. Raises ImportFileInvalid."""
    for number in count(1):
        line = file.readline(LINE_CHARACTERS_MAX + 1)
        if line == "":
            return
        if len(line) > LINE_CHARACTERS_MAX:
            raise ImportFileInvalid(f"Line {number} has more than {LINE_CHARACTERS_MAX} characters.")
        yield line


def _csv_rows(lines: Iterable[str]) -> Iterator[tuple[int, object]]:
    source = iter(lines)
    header = next(source, "")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), list[str]())]
    _check_header(names)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as broken:
            yield 0, BadRow(reader.line_num + 1, None, [f"The row is no CSV: {broken}."])
            continue
        if cells is None:
            return
        if cells:
            yield reader.line_num + 1, _document(names, cells, reader.line_num + 1)


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


def _document(names: Sequence[str], cells: Sequence[str], line: int) -> object:
    if len(cells) > len(names):
        return BadRow(line, None, [f"The row has {len(cells)} cells, the header {len(names)}."])
    if not _is_storable("".join(cells)):
        return BadRow(line, None, ["The row is not UTF-8, or holds a NUL character."])
    document: dict[str, object] = {}
    groups: dict[str, dict[str, str]] = {}
    for name, cell in zip(names, cells, strict=False):
        group = _group_of(name)
        if cell == "":
            continue
        if group is None:
            document[name] = cell
        else:
            groups.setdefault(group, {})[name.removeprefix(f"{group}.")] = cell
    return {**document, **groups}


def _is_storable(text: str) -> bool:
    # What was no UTF-8 was decoded into surrogates, and those cannot be encoded again.
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _group_of(name: str) -> str | None:
    return next((group for group in GROUPS if name.startswith(f"{group}.") and name != f"{group}."), None)


def _json_rows(lines: Iterable[str]) -> Iterator[tuple[int, object]]:
    for line, text in enumerate(lines, 1):
        if text.strip():
            try:
                yield line, read_json(text.encode("utf-8", "surrogateescape"))
            except BadlyFormed as broken:
                yield line, BadRow(line, None, [broken.detail])


def _checked(line: int, document: object) -> Row | BadRow:
    try:
        return Row(line, ImportedPass.model_validate(document))
    except ValidationError as wrong:
        serial = cast("Mapping[str, object]", document).get("serial") if isinstance(document, Mapping) else None
        mistakes = [f"{'.'.join(map(str, one['loc'])) or '$'}: {one['msg']}" for one in wrong.errors()]
        return BadRow(line, serial if isinstance(serial, str) else None, mistakes)
