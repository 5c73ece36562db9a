"""A pass as another provider knows it, as a row of a file says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, cast

from pydantic import Field, StringConstraints, ValidationError

from guerdon.passes.given_identifiers import NewIdentifiers
from guerdon.passes.pass_type_parts import NAME_PATTERN
from guerdon.passes.schemas import MemberName
from guerdon.passes.sizes import MEMBERS_MAX
from guerdon.platform.tables import Mistakes, find_mistakes
from guerdon.platform.wire import Body, Instant, JsonValue

SERIAL_PATTERN: Final = r"^[!-~]{1,200}$"


Name = Annotated[str, StringConstraints(pattern=SERIAL_PATTERN)]


class ImportedPass(Body):
    """A pass as another provider knows it."""

    serial: Name
    pass_type: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    authentication_token: Annotated[str, StringConstraints(pattern=r"^[!-~]{16,200}$")] | None = None
    google_object_id: Name | None = None
    identifiers: NewIdentifiers = {}  # noqa: RUF012 (frozen)
    metadata: Annotated[dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX)] = {}  # noqa: RUF012 (frozen)
    additional_data: Annotated[dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX)] = {}  # noqa: RUF012 (frozen)
    created_at: Instant | None = None
    apple_installed_at: Instant | None = None
    google_installed_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A good row, and the line that it begins on."""

    line: int
    given: ImportedPass


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken in, its mistakes by column, and what can be read of it all the same."""

    line: int
    serial: str | None
    mistakes: Mistakes
    pass_type: str | None = None


def check_row(line: int, document: object) -> Row | BadRow:
    """Read what a row says, as a JSON document; a row that breaks the rules has all of its mistakes named."""
    try:
        return Row(line, ImportedPass.model_validate(document))
    except ValidationError as wrong:
        members: Mapping[str, object] = {}
        if isinstance(document, Mapping):
            members = cast("Mapping[str, object]", document)
        return BadRow(line, _text(members.get("serial")), find_mistakes(wrong), _text(members.get("passType")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
