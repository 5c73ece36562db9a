"""Identifiers as the bodies of requests and the rows of files give them, under names that they may have."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic import JsonValue as JsonSchemaValue

from guerdon.passes.identifiers import (
    IDENTIFIERS_MAX,
    NAME_CHARACTERS_MAX,
    NO_BRACKETS,
    VALUE_CHARACTERS_MAX,
    check_names,
)
from guerdon.passes.proofs import check_claims
from guerdon.platform.wire import NO_NUL

NO_OTHERS: Final[dict[str, JsonSchemaValue]] = {
    "additionalProperties": False
}  # names that break the pattern are refused


def _checked_names(identifiers: dict[str, str | None]) -> dict[str, str | None]:
    check_names(name for name, value in identifiers.items() if value is not None)  # null takes a stored one away
    return identifiers


def _checked_claims(identifiers: dict[str, str]) -> dict[str, str]:
    check_claims(identifiers)
    return identifiers


# What no pattern can say of a name is checked of all together, so that all are told at once.
_Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=NO_NUL),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": NAME_CHARACTERS_MAX, "pattern": NO_BRACKETS}),
]
IdentifierValue = Annotated[str, StringConstraints(min_length=1, max_length=VALUE_CHARACTERS_MAX, pattern=NO_NUL)]
NewIdentifiers = Annotated[
    dict[_Name, IdentifierValue],
    Field(max_length=IDENTIFIERS_MAX, json_schema_extra=NO_OTHERS),
    AfterValidator(_checked_names),
]
ChangedIdentifiers = Annotated[
    dict[_Name, IdentifierValue | None],
    Field(max_length=IDENTIFIERS_MAX, json_schema_extra=NO_OTHERS),
    AfterValidator(_checked_names),
]
# Each with two proofs at most.
ClaimedIdentifiers = Annotated[
    dict[_Name, IdentifierValue],
    Field(max_length=3 * IDENTIFIERS_MAX, json_schema_extra=NO_OTHERS),
    AfterValidator(_checked_claims),
]
