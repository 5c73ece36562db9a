"""Bringing together what a pass is drawn from: the pass, its type, its privileges, its points."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec

from guerdon.ledger.amounts import to_decimal
from guerdon.passes.finding import find_any_pass, get_pass
from guerdon.passes.model import Pass
from guerdon.passes.pass_type import PassType
from guerdon.passes.pass_type_parts import StoresSpec
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Tx
from guerdon.privileges.model import PrivilegeState
from guerdon.privileges.reading import list_states
from guerdon.rendering.model import LocalText, PassSubject, PassView, Place, PrivilegeSubject, SubjectLink
from guerdon.rendering.view import LOCATIONS_MAX, render_view
from guerdon.rendering.wallet_loading import load_wallet
from guerdon.stores.locating import list_spots
from guerdon.tenants.administration import get_tenant

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A pass with all that its view is made of; `view` draws it."""

    found: Pass
    pass_type: PassType
    type_digest: bytes
    subject: PassSubject
    privileges: tuple[PrivilegeSubject, ...]

    def wallet_shown(self) -> object:
        """Name what of the wallet may show; coupons say the same as long as they are there."""
        wallet = self.subject.wallet
        if wallet is None:
            return None
        ids = tuple(coupon.id for coupon in wallet.coupons)
        return wallet.balance, wallet.available, wallet.expiring, ids

    def view(self, now: datetime) -> PassView:
        """Draw the pass as it stands at `now`. This computes and reads nothing more."""
        return render_view(self.pass_type, self.subject, self.privileges, now)


async def load_drawing(
    tx: Tx, pass_types: PassTypes, pass_id: str, now: datetime, *, even_voided: bool = False
) -> Drawing:
    """Read a pass with its type, its privileges and its wallet; `even_voided` is for devices that hold it already.

    Raises PassNotFound, UnknownPassType, PassTypeInvalid.
    """
    found = (even_voided and await find_any_pass(tx, pass_id)) or await get_pass(tx, pass_id)
    pass_type, digest = await pass_types.get_versioned(tx, found.pass_type)
    tenant = await get_tenant(tx)
    states = await list_states(tx, pass_id, now)
    subject = PassSubject(
        id=found.pass_id,
        type=found.pass_type,
        tenant_id=tx.tenant_id,
        tenant_name=tenant.name,
        created_at=found.created_at,
        identifiers=found.identifiers,
        metadata=found.metadata,
        additional_data=found.additional_data,
        is_voided=found.voided_at is not None,
        places=await _places(tx, pass_type.stores, found.metadata),
        wallet=await load_wallet(tx, found.identifiers.get(pass_type.wallet), now),
    )
    return Drawing(found, pass_type, digest, subject, tuple(_privilege_subject(state) for state in states))


async def _places(tx: Tx, spec: StoresSpec | None, metadata: Members) -> tuple[Place, ...]:
    if spec is None:
        return ()
    named = metadata.get(spec.metadata)
    ids = cast("list[object]", named) if isinstance(named, list) else [named]
    spots = await list_spots(
        tx,
        tag=spec.tag or None,
        first_ids=[str(one) for one in ids if isinstance(one, str | int)],
        only_first=spec.among == "metadata",
        limit=LOCATIONS_MAX,
    )
    return tuple(Place(spot.name, spot.latitude, spot.longitude) for spot in spots)


def _privilege_subject(state: PrivilegeState) -> PrivilegeSubject:
    body: Members = msgspec.json.decode(state.body_text)
    content, look, links = (cast("Members", body.get(name) or {}) for name in ("content", "appearance", "links"))
    return PrivilegeSubject(
        id=state.privilege_id,
        type=state.type,
        value=to_decimal(state.value),
        external_id=body.get("externalId"),
        priority=state.priority,
        categories=tuple(body.get("categories") or ()),
        title=_local(content.get("title")),
        description=_local(content.get("description")),
        data_content=state.data_content,
        deletion_date=state.deletion_date,
        main_image_url=_local(look.get("mainImageUrl")),
        thumbnail_url=_local(look.get("thumbnailUrl")),
        background_color=look.get("backgroundColor"),
        foreground_color=look.get("foregroundColor"),
        legal_information=_link(links.get("legalInformation")),
        call_to_action=_link(links.get("callToAction")),
    )


def _local(text: Members | None) -> LocalText:
    return LocalText() if text is None else LocalText(text.get("value") or "", text.get("values") or {})


def _link(link: Members | None) -> SubjectLink | None:
    return None if link is None else SubjectLink(link["link"], _local(link.get("title")))
