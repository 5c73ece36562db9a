"""Calls on stores: create, read, replace, delete, list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from guerdon_client.calls import NO_CONTENT, OK, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import Json, Receipt
from guerdon_client.pages import Page, read_page
from guerdon_client.reading import Members, read_items, read_names, read_object

STORES: Final = "stores"
CREATED: Final = 201
PAGE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class StoreDetails:
    """What a store is to be; address parts are street, postalCode, city, region and country."""

    name: str
    address: Mapping[str, str] = field(default_factory=dict[str, str])
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    opening_hours: Mapping[str, Json] | None = None
    tags: tuple[str, ...] = ()
    enabled: bool = True

    def body(self) -> dict[str, object]:
        """Write it as the API reads it."""
        return {
            "name": self.name,
            "address": self.address,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "openingHours": self.opening_hours,
            "tags": list(self.tags),
            "enabled": self.enabled,
        }


@dataclass(frozen=True, slots=True)
class Store:
    """A store as it stands."""

    store_id: str
    details: StoreDetails
    created_at: datetime
    updated_at: datetime


def create_store(
    details: StoreDetails, store_id: str | None = None, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Store]:
    """Create a store, under this id or a new one. Raises InvalidRequest, Conflict."""
    body = details.body() | ({} if store_id is None else {"id": store_id})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call(
        "POST", path_of(STORES), _read_store, (), headers, write_json(body), frozenset({CREATED}), needs_key=True
    )


def put_store(
    store_id: str, details: StoreDetails, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Store]:
    """Replace a store as a whole, or create it. Raises InvalidRequest."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    statuses = frozenset({OK, CREATED})
    body = write_json(details.body())
    return Call("PUT", path_of(STORES, store_id), _read_store, (), headers, body, statuses, needs_key=True)


def get_store(store_id: str) -> Call[Store]:
    """Read one store. Raises NotFound."""
    return Call("GET", path_of(STORES, store_id), _read_store)


def delete_store(store_id: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Delete a store. Raises NotFound."""
    return Call(
        "DELETE",
        path_of(STORES, store_id),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
    )


def list_stores(tag: str | None = None, *, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[Page[Store]]:
    """List stores in the order of their ids, those with a tag or all, from a cursor on."""
    query = [("limit", str(limit))]
    query += [(name, text) for name, text in (("tag", tag), ("cursor", cursor)) if text is not None]
    return Call("GET", path_of(STORES), _read_stores, query)


def iter_stores(tag: str | None = None, *, limit: int = PAGE_MAX) -> Callable[[str | None], Call[Page[Store]]]:
    """Walk through all stores, those with a tag or all."""
    return lambda cursor: list_stores(tag, cursor=cursor, limit=limit)


def _read_stores(answer: Answer) -> Page[Store]:
    return read_page(answer, tuple(_store(Members(item)) for item in read_items(read_json(answer.body))))


def _read_store(answer: Answer) -> Store:
    return _store(read_object(answer.body))


def _store(members: Members) -> Store:
    address = Members(members.mapping("address"))
    parts = {name: address.find_text(name) for name in members.mapping("address")}
    details = StoreDetails(
        members.text("name"),
        {name: text for name, text in parts.items() if text is not None},
        members.find_number("latitude"),
        members.find_number("longitude"),
        members.find("openingHours", lambda hours: hours.whole_mapping()),
        read_names(members.items("tags"), "tags"),
        members.flag("enabled"),
    )
    return Store(members.text("id"), details, members.instant("creationDate"), members.instant("lastUpdateDate"))
