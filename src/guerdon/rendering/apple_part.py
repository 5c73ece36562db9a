"""The part of the view that only Apple Wallet reads."""

from collections.abc import Mapping
from typing import cast

from guerdon.passes.pass_type import PassType
from guerdon.passes.pass_type_parts import FeaturedAction, NfcSpec
from guerdon.rendering.model import ActionView, AppleView, NfcView
from guerdon.rendering.writing import Writer


def apple_view(pass_type: PassType, writer: Writer) -> AppleView:
    """Fill in the `apple` section of a pass type."""
    spec = pass_type.apple
    actions = (_action(action, writer, index) for index, action in enumerate(spec.featured_actions))
    return AppleView(
        style=pass_type.apple_style(),
        fallback_style=spec.fallback_style,
        nfc=_nfc(spec.nfc, writer),
        semantics=cast("Mapping[str, object]", writer.raw(spec.semantics, "apple.semantics")),
        featured_actions=tuple(action for action in actions if action.url or action.place_identifier),
        grouping_identifier=writer.plain(spec.grouping_identifier, "apple.groupingIdentifier"),
        sharing_prohibited=spec.sharing_prohibited,
        suppress_strip_shine=spec.suppress_strip_shine,
        associated_store_identifiers=spec.associated_store_identifiers,
        app_launch_url=writer.plain(spec.app_launch_url, "apple.appLaunchURL"),
        extra=cast("Mapping[str, object]", writer.raw(spec.extra, "apple.extra")),
    )


def _nfc(spec: NfcSpec | None, writer: Writer) -> NfcView | None:
    message = writer.plain(spec.message, "apple.nfc.message") if spec else ""
    if spec is None or not message:
        return None
    return NfcView(message, spec.encryption_public_key, spec.requires_authentication)


def _action(spec: FeaturedAction, writer: Writer, index: int) -> ActionView:
    path = f"apple.featuredActions[{index}]"
    return ActionView(
        identifier=spec.identifier,
        type=spec.type,
        url=writer.plain(spec.url, f"{path}.url"),
        place_identifier=writer.plain(spec.place_identifier, f"{path}.placeIdentifier"),
    )
