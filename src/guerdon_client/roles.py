"""Calls on roles: list, make, change, delete."""

from collections.abc import Sequence
from typing import Final

from guerdon_client.calls import NO_CONTENT, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.configuration_model import Role
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import Receipt
from guerdon_client.pages import page_query
from guerdon_client.reading import Members, read_items, read_names, read_object

ROLES: Final = ("admin", "roles")
CREATED: Final = 201
PAGE_MAX: Final = 1_000


def list_roles(*, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[tuple[Role, ...]]:
    """List the roles by name; the last name of a full page is the next cursor."""
    return Call("GET", path_of(*ROLES), _read_roles, page_query(cursor, limit))


def create_role(
    name: str, permissions: Sequence[str], *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Role]:
    """Make a role of permissions that the caller has too. Raises InvalidRequest, Forbidden, Conflict."""
    body = write_json({"name": name, "permissions": list(permissions)})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    statuses = frozenset({CREATED})
    return Call("POST", path_of(*ROLES), _read_one, headers=headers, body=body, statuses=statuses, needs_key=True)


def change_role(
    name: str, permissions: Sequence[str], *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Role]:
    """Give a role other permissions; its keys have them at once. Raises NotFound, Forbidden."""
    body = write_json({"permissions": list(permissions)})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("PATCH", path_of(*ROLES, name), _read_one, headers=headers, body=body, needs_key=True)


def delete_role(name: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Delete a role that no good key names. Raises NotFound, Conflict."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    statuses = frozenset({NO_CONTENT})
    return Call("DELETE", path_of(*ROLES, name), read_receipt, headers=headers, statuses=statuses, needs_key=True)


def _read_roles(answer: Answer) -> tuple[Role, ...]:
    return tuple(_read_role(Members(item)) for item in read_items(read_json(answer.body)))


def _read_one(answer: Answer) -> Role:
    return _read_role(read_object(answer.body))


def _read_role(members: Members) -> Role:
    return Role(
        members.text("name"), read_names(members.items("permissions"), "permissions"), members.instant("updatedAt")
    )
