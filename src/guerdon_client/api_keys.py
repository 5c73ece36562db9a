"""Calls on API keys: list, read, make, switch on and off, replace, revoke."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from guerdon_client.calls import NO_CONTENT, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import ApiKey, ApiKeyCreated, Receipt
from guerdon_client.pages import page_query
from guerdon_client.reading import Members, read_items, read_names, read_object

KEYS: Final = ("admin", "apiKeys")
CREATED: Final = 201
PAGE_MAX: Final = 1_000


def list_api_keys(*, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[tuple[ApiKey, ...]]:
    """List the tenant's keys, oldest first and revoked ones too; the last key id of a full page is the next cursor."""
    return Call("GET", path_of(*KEYS), _read_keys, page_query(cursor, limit))


def create_api_key(
    name: str,
    permissions: Sequence[str],
    *,
    roles: Sequence[str] = (),
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[ApiKeyCreated]:
    """Make a key with scopes and roles that reach no further than the caller's.

    Raises InvalidRequest, Forbidden, Conflict.
    """
    body: dict[str, object] = {"name": name, "enabled": True, "permissions": list(permissions)}
    if roles:
        body["roles"] = list(roles)
    if expires_at is not None:
        body["expiresAt"] = expires_at
    return Call(
        "POST",
        path_of(*KEYS),
        _read_created,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(body),
        statuses=frozenset({CREATED}),
        needs_key=True,
    )


def get_api_key(name: str) -> Call[ApiKey]:
    """Read the key that has this name, or had it last. Raises NotFound."""
    return Call("GET", path_of(*KEYS, name), lambda answer: _read_key(read_object(answer.body)))


def enable_api_key(
    name: str, *, is_enabled: bool = True, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[ApiKey]:
    """Switch a good key on, or off with `is_enabled=False`. Raises NotFound, Forbidden."""
    return Call(
        "PATCH",
        path_of(*KEYS, name),
        lambda answer: _read_key(read_object(answer.body)),
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json({"enabled": is_enabled}),
        needs_key=True,
    )


def rotate_api_key(
    name: str,
    *,
    overlap_s: int = 86_400,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[ApiKeyCreated]:
    """Make the next key of a name; the one before is good for `overlap_s` yet. Raises NotFound, Forbidden."""
    body: dict[str, object] = {"overlapSeconds": overlap_s}
    if expires_at is not None:
        body["expiresAt"] = expires_at
    return Call(
        "POST",
        path_of(*KEYS, name, "rotate"),
        _read_created,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(body),
        statuses=frozenset({CREATED}),
        needs_key=True,
    )


def revoke_api_key(name: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Make the good key of this name worthless for ever. Raises NotFound."""
    return Call(
        "DELETE",
        path_of(*KEYS, name),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
    )


def _read_keys(answer: Answer) -> tuple[ApiKey, ...]:
    return tuple(_read_key(Members(item)) for item in read_items(read_json(answer.body)))


def _read_created(answer: Answer) -> ApiKeyCreated:
    members = read_object(answer.body)
    return ApiKeyCreated(_read_key(members), members.text("token"), answer.receipt)


def _read_key(members: Members) -> ApiKey:
    return ApiKey(
        members.text("keyId"),
        members.text("name"),
        members.text("prefix"),
        read_names(members.items("permissions"), "permissions"),
        members.flag("enabled"),
        members.instant("createdAt"),
        members.find_instant("expiresAt"),
        members.find_instant("revokedAt"),
        members.find_instant("lastUsedAt"),
        read_names(members.items("roles"), "roles"),
        members.find_text("replacedBy"),
    )
