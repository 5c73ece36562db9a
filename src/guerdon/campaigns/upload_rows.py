"""What the rows of an uploaded table say: which pass, and what it gets (research/wallet-crew.md 2.8).

Columns: `id`, `id.<name>` (the pass; all that a row gives must match it), `passType`, `identifiers.<name>`,
`metadata.<name>`, `additionalData.<name>`; any other column is a member of the additional data. An empty cell changes
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guerdon.passes.identifiers import UNNAMEABLE, can_be_named
from guerdon.passes.model import Changes
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.tables import Cell, Mistakes, Row, is_storable

NAME_CHARACTERS_MAX = 100
IDENTIFIER_CHARACTERS_MAX = 500
TEXT_CHARACTERS_MAX = 10_000
COLUMNS_MAX = 200
TARGET, PASS_TYPE, IDENTIFIERS, METADATA, ADDITIONAL = "id", "passType", "identifiers", "metadata", "additionalData"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the part of a pass that it is for, and the member's name."""

    heading: str
    part: str
    name: str


@dataclass(slots=True)
class Wish:
    """What a row asks for: `target` maps identifier names to values, `id` to the pass id."""

    line: int
    target: dict[str, str] = field(default_factory=dict[str, str])
    identifiers: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    metadata: dict[str, object] = field(default_factory=dict[str, object])
    additional_data: dict[str, object] = field(default_factory=dict[str, object])
    pass_type: str | None = None
    mistakes: Mistakes = field(default_factory=dict[str, list[str]])

    @property
    def changes(self) -> Changes:
        """Give what the pass gets."""
        return Changes(self.identifiers or None, self.metadata or None, self.additional_data or None, self.pass_type)

    def blame(self, heading: str, message: str) -> None:
        """Add a mistake of the row."""
        self.mistakes.setdefault(heading, []).append(message)


def read_header(row: Row) -> list[Column]:
    """Read the headings of a table. Raises InvalidRequest, which names every mistake."""
    headings = [str(cell).strip() for cell in row.cells]
    while headings and not headings[-1]:
        headings.pop()
    columns = [_column(heading) for heading in headings]
    mistakes: list[str] = [] if row.broken is None else [row.broken]
    if len(columns) > COLUMNS_MAX:
        mistakes.append(f"A table has at most {COLUMNS_MAX} columns.")
    for place, column in enumerate(columns, start=1):
        if not 1 <= len(column.name) <= NAME_CHARACTERS_MAX or not is_storable(column.name):
            mistakes.append(f"Column {place} needs a name of 1 to {NAME_CHARACTERS_MAX} characters.")
        elif column.part == IDENTIFIERS and not can_be_named(column.name):
            mistakes.append(f"`{column.name}`: {UNNAMEABLE}")
    places = [(column.part, column.name) for column in columns if is_storable(column.name)]
    mistakes += [f"The column {part}.{name} stands twice." for part, name in {p for p in places if places.count(p) > 1}]
    if not any(column.part == TARGET for column in columns):
        mistakes.append("A column `id` or `id.<name>` must name the pass.")
    if mistakes:
        raise InvalidRequest({f"line {row.line}": mistakes})
    return columns


def read_wish(columns: Sequence[Column], row: Row) -> Wish:
    """Read what a row asks for; its mistakes stand in it."""
    wish = Wish(row.line)
    if row.broken is not None:
        wish.blame("row", row.broken)
        return wish
    if any(cell != "" for cell in row.cells[len(columns) :]):
        wish.blame("row", f"There are more cells than the {len(columns)} columns.")
    for column, cell in zip(columns, row.cells, strict=False):
        if cell != "":
            _read_cell(wish, column, cell)
    if not wish.target and not wish.mistakes:
        wish.blame(TARGET, "The row names no pass.")
    return wish


def _read_cell(wish: Wish, column: Column, cell: Cell) -> None:
    text = ("true" if cell else "false") if isinstance(cell, bool) else str(cell)
    most = IDENTIFIER_CHARACTERS_MAX if column.part in {TARGET, IDENTIFIERS} else TEXT_CHARACTERS_MAX
    if len(text) > most:
        wish.blame(column.heading, f"A value has at most {most} characters.")
    elif not is_storable(text):
        wish.blame(column.heading, "The value is not UTF-8, or holds a NUL character.")
    elif column.part == TARGET:
        wish.target[column.name] = text
    elif column.part == PASS_TYPE:
        wish.pass_type = text
    elif column.part == IDENTIFIERS:
        wish.identifiers[column.name] = text
    elif column.part == METADATA:
        wish.metadata[column.name] = cell
    else:
        wish.additional_data[column.name] = cell


def _column(heading: str) -> Column:
    if heading in {TARGET, PASS_TYPE}:
        return Column(heading, heading, heading)
    part, point, name = heading.partition(".")
    if point and part in {TARGET, IDENTIFIERS, METADATA, ADDITIONAL}:
        return Column(heading, part, name)
    return Column(heading, ADDITIONAL, heading)


def as_report(mistaken: Mapping[int, Mistakes]) -> list[dict[str, object]]:
    """Give the mistakes of rows as an answer shows them."""
    return [{"line": line, "errors": mistakes} for line, mistakes in mistaken.items()]
