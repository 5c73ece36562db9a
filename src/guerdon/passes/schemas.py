"""The bodies of the pass operations."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from guerdon.platform.wire import Body, Instant

IdentifierName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
IdentifierValue = Annotated[str, StringConstraints(min_length=1, max_length=500)]
MEMBERS_MAX = 200


class CreatePass(Body):
    """A new pass; proofs ride among the identifiers as `<name>.hmac` and `<name>.secret`."""

    identifiers: Annotated[dict[IdentifierName, IdentifierValue], Field(max_length=60)] = {}  # noqa: RUF012 (frozen)
    metadata: Annotated[dict[IdentifierName, Any], Field(max_length=MEMBERS_MAX)] = {}  # noqa: RUF012 (frozen)
    additional_data: Annotated[dict[IdentifierName, Any], Field(max_length=MEMBERS_MAX)] = {}  # noqa: RUF012 (frozen)


class UpdatePass(Body):
    """Changes of a pass, merged per key; null removes a key."""

    identifiers: Annotated[dict[IdentifierName, IdentifierValue | None], Field(max_length=20)] | None = None
    metadata: Annotated[dict[IdentifierName, Any], Field(max_length=MEMBERS_MAX)] | None = None
    additional_data: Annotated[dict[IdentifierName, Any], Field(max_length=MEMBERS_MAX)] | None = None


class PassCreated(Body):
    """The id of the pass."""

    pass_id: str


class PassDocument(Body):
    """The stored pass for diagnostics; its secret is never part of it."""

    pass_id: str
    pass_type: str
    identifiers: dict[str, str]
    metadata: dict[str, Any]
    additional_data: dict[str, Any]
    revision: int
    creation_date: Instant
    last_update_date: Instant
