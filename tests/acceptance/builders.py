"""What stories begin with."""

from decimal import Decimal

from guerdon_client import Guerdon, NewPrivilege, PrivilegeData


def a_card(shop: Guerdon, pass_id: str, value: Decimal | int = 0) -> str:
    """A stamp card on a pass, worth `value`."""
    return shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=PrivilegeData(value))).privilege_id


def value_of(shop: Guerdon, privilege_id: str) -> Decimal:
    """What a privilege is worth now."""
    return shop.get_privilege(privilege_id).value
