"""Stores: the places of a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

EVENT_CREATED, EVENT_UPDATED, EVENT_DELETED = "Store:Created", "Store:Updated", "Store:Deleted"
STORES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Store:
    """One place; `address_text` and `opening_hours_text` are JSON, and either both coordinates are there or none."""

    store_id: str
    name: str
    address_text: str
    latitude: Decimal | None
    longitude: Decimal | None
    opening_hours_text: str | None
    tags: Sequence[str]
    enabled: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a store is: what a pass needs of it so that a phone offers the pass there."""

    store_id: str
    name: str
    latitude: Decimal
    longitude: Decimal
