"""Passes, privileges and pass types for tests of what a pass shows."""

from datetime import UTC, datetime
from decimal import Decimal

from guerdon.passes.pass_type import PassType
from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.rendering.model import LocalText, PassSubject, PassView, PrivilegeSubject
from guerdon.rendering.view import render_view

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

COFFEE = LocalText("Coffee", {"de": "Kaffee"})
HEAD = """\
kind: customerCard
organization: Ember & Oat
description: Coffee card
images: {icon: icon.png}
"""


def a_pass_type(more: str = "") -> PassType:
    return read_pass_type("loyalty", (HEAD + more).encode())


def a_subject(
    *,
    identifiers: dict[str, str] | None = None,
    metadata: dict[str, object] | None = None,
    additional_data: dict[str, object] | None = None,
    is_voided: bool = False,
) -> PassSubject:
    return PassSubject(
        id="8QpZ3vX1nB7kT5mWc2Ra",
        type="loyalty",
        tenant_id="demo",
        tenant_name="Demo",
        created_at=NOW,
        identifiers=identifiers or {},
        metadata=metadata or {},
        additional_data=additional_data or {},
        is_voided=is_voided,
    )


def a_privilege(
    id_: str = "p1",
    value: str = "7",
    *,
    external_id: str | None = "stamps",
    title: LocalText = COFFEE,
    deletion_date: datetime | None = None,
    background_color: str | None = None,
    foreground_color: str | None = None,
) -> PrivilegeSubject:
    return PrivilegeSubject(
        id=id_,
        type="MultiUse",
        value=Decimal(value),
        external_id=external_id,
        title=title,
        deletion_date=deletion_date,
        background_color=background_color,
        foreground_color=foreground_color,
    )


def a_view(
    more: str = "", subject: PassSubject | None = None, privileges: tuple[PrivilegeSubject, ...] = ()
) -> PassView:
    return render_view(a_pass_type(more), subject or a_subject(), privileges, NOW)
