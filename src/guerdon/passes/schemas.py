"""The bodies of the pass operations."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from guerdon.passes.filters import FILTERS_MAX, Filter, Operator, read_field, read_operator, read_value
from guerdon.passes.given_identifiers import NO_OTHERS, ChangedIdentifiers, ClaimedIdentifiers
from guerdon.passes.sizes import MEMBERS_MAX
from guerdon.platform.wire import NO_NUL, Body, Instant, JsonValue

MemberName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]


def _checked_field(text: str) -> str:
    read_field(text)
    return text


class CreatePass(Body):
    """A new pass; proofs ride among the identifiers as `<name>.hmac` and `<name>.secret`."""

    identifiers: ClaimedIdentifiers = {}  # noqa: RUF012 (frozen)
    metadata: Annotated[dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX, json_schema_extra=NO_OTHERS)] = {}  # noqa: RUF012 (frozen)
    additional_data: Annotated[
        dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX, json_schema_extra=NO_OTHERS)
    ] = {}  # noqa: RUF012 (frozen)


class UpdatePass(Body):
    """Changes of a pass, merged per key; null removes a key."""

    identifiers: ChangedIdentifiers | None = None
    metadata: (
        Annotated[dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX, json_schema_extra=NO_OTHERS)] | None
    ) = None
    additional_data: (
        Annotated[dict[MemberName, JsonValue], Field(max_length=MEMBERS_MAX, json_schema_extra=NO_OTHERS)] | None
    ) = None


class FilterBody(Body):
    """One condition on a pass: `{"field": "metadata.tier", "operator": "equals", "value": "gold"}`."""

    field: Annotated[str, AfterValidator(_checked_field), Field(examples=["metadata.tier", "identifiers.customerId"])]
    operator: Operator
    value: Annotated[JsonValue, Field(validate_default=True)] = None

    @field_validator("value")
    @classmethod
    def check_value(cls, value: object, known: ValidationInfo) -> object:
        """Refuse an operator that the field does not take, and a value that the operator does not take."""
        if {"field", "operator"} <= known.data.keys():
            field = read_field(known.data["field"])
            read_value(field, read_operator(field, known.data["operator"]), value)
        return value

    def to_filter(self) -> Filter:
        """Give the condition as a search takes it."""
        field = read_field(self.field)
        return Filter(field, self.operator, read_value(field, self.operator, self.value))


FilterBodies = Annotated[list[FilterBody], Field(max_length=FILTERS_MAX)]


class PassCreated(Body):
    """The id of the pass."""

    pass_id: str


class PassDocument(Body):
    """The stored pass for diagnostics; its secret is never part of it."""

    pass_id: str
    pass_type: str
    identifiers: dict[str, str]
    metadata: dict[str, JsonValue]
    additional_data: dict[str, JsonValue]
    revision: int
    creation_date: Instant
    last_update_date: Instant


class Providers(Body):
    """When a pass first came into each wallet."""

    apple: Instant | None = None
    google: Instant | None = None


class ListedPass(Body):
    """A pass as the list shows it; its secret is there for callers with Pass.Write."""

    id: str
    secret: str | None = None
    creation_date: Instant
    last_update_date: Instant
    pass_type: str
    identifiers: dict[str, str]
    metadata: dict[str, JsonValue]
    additional_data: dict[str, JsonValue]
    providers: Providers
