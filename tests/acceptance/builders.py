"""What stories begin with."""

import time
from decimal import Decimal

from guerdon_client import Event, Guerdon, NewPrivilege, PrivilegeData


def a_card(shop: Guerdon, pass_id: str, value: Decimal | int = 0) -> str:
    """A stamp card on a pass, worth `value`."""
    return shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=PrivilegeData(value))).privilege_id


def value_of(shop: Guerdon, privilege_id: str) -> Decimal:
    """What a privilege is worth now."""
    return shop.get_privilege(privilege_id).value


def read_events(shop: Guerdon, subject: str, kind: str, count: int = 1) -> list[Event]:
    """Give the events of a kind about a subject, once so many are told; an older open transaction holds them back."""
    ends_at = time.monotonic() + 20
    while time.monotonic() < ends_at:
        events = shop.list_events(types=[kind], subject=subject).events
        if len(events) >= count:
            return list(events)
        time.sleep(0.05)
    raise AssertionError(f"Too few events of {kind} about {subject}: {shop.list_events(subject=subject)}")
