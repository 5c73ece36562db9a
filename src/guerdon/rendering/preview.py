"""The preview: what each wallet would show of a pass, and what it would not, as JSON."""

from collections.abc import Mapping
from typing import Final

from guerdon.passes.pass_type_parts import Kind
from guerdon.platform.clock import rfc3339
from guerdon.rendering.losses import losses
from guerdon.rendering.model import Barcode, FieldView, LinkView, PassView, PrivilegeView
from guerdon.rendering.numbers import shortest
from guerdon.rendering.printing import print_field
from guerdon.rendering.rows import Rows, classic_rows, poster_rows

GOOGLE_FIELDS_ON_CARD_MAX = 4

_GOOGLE_KINDS: Final[Mapping[Kind, str]] = {
    "customerCard": "loyalty",
    "giftCard": "giftCard",
    "offer": "offer",
    "eventTicket": "eventTicket",
    "generic": "generic",
}

Members = dict[str, object]


def preview(view: PassView, language: str | None = None) -> Members:
    """Write what `device=preview` answers, in `language` or the default one; never counted as an installation."""
    spoken = language or view.language
    return {
        "passId": view.pass_id,
        "passType": view.pass_type,
        "kind": view.kind,
        "language": spoken,
        "languages": list(view.languages),
        "voided": view.is_voided,
        "expiresAt": None if view.expires_at is None else rfc3339(view.expires_at),
        "apple": _apple(view, spoken),
        "google": _google(view, spoken),
        "privileges": [_privilege(privilege, spoken) for privilege in view.privileges],
        "losses": [{"platform": loss.platform, "what": loss.what, "why": loss.why} for loss in losses(view)],
        "faults": [{"path": fault.path, "message": fault.message} for fault in view.faults],
    }


def _apple(view: PassView, spoken: str) -> Members:
    style, fallback = view.apple.style, view.apple.fallback_style
    rows = poster_rows(view) if style == "posterGeneric" else classic_rows(view)
    return {
        "style": style,
        "fallbackStyle": fallback,
        "organization": view.organization.in_language(spoken),
        "logoText": view.logo_text.in_language(spoken),
        "description": view.description.in_language(spoken),
        "colors": {
            "background": view.colors.background.hex(),
            "foreground": view.colors.foreground.hex(),
            "label": view.colors.label.hex(),
        },
        "images": {role: view.image(role, spoken) for role in view.images},
        "fields": _rows(rows, spoken),
        "fallbackFields": _rows(classic_rows(view), spoken) if fallback else None,
        "barcodes": [_barcode(barcode, spoken) for barcode in view.barcodes],
        "links": [_link(link, spoken) for link in view.links],
        "relevantDates": [
            {"from": rfc3339(date.since), "until": rfc3339(date.until) if date.until else None}
            for date in view.relevant_dates
        ],
        "featuredActions": [action.type for action in view.apple.featured_actions],
    }


def _google(view: PassView, spoken: str) -> Members:
    """Map the pass onto Google's card: a title, a header, two rows of two fields, all else as text modules."""
    on_card = [field for group in ("header", "secondary", "auxiliary") for field in view.in_group(group)]
    primary = [_field(field, spoken) for field in view.in_group("primary")]
    below = (
        *view.in_group("footer"),
        *on_card[GOOGLE_FIELDS_ON_CARD_MAX:],
        *view.in_group("back"),
        *view.in_group("additionalInfo"),
    )
    card = [_field(field, spoken) for field in on_card[:GOOGLE_FIELDS_ON_CARD_MAX]]
    return {
        "type": _GOOGLE_KINDS[view.kind],
        "cardTitle": view.logo_text.in_language(spoken) or view.organization.in_language(spoken),
        "header": primary[0]["value"] if primary else view.description.in_language(spoken),
        "subheader": primary[0]["label"] if primary else None,
        "rows": [card[index : index + 2] for index in range(0, len(card), 2)],
        "textModules": [*primary[1:], *(_field(field, spoken) for field in below)],
        "barcode": _barcode(view.barcodes[0], spoken) if view.barcodes else None,
        "hexBackgroundColor": view.colors.background.hex(),
        "logo": view.image("icon", spoken) or view.image("logo", spoken),
        "heroImage": next(
            (view.image(role, spoken) for role in ("hero", "strip", "background", "artwork") if view.image(role)),
            None,
        ),
        "links": [_link(link, spoken) for link in view.links],
        "state": "EXPIRED" if view.is_voided else "ACTIVE",
        "given": dict(view.google),
    }


def _rows(rows: Rows, spoken: str) -> Members:
    return {group: [_field(field, spoken) for field in fields] for group, fields in rows.items()}


def _field(field: FieldView, spoken: str) -> Members:
    return {
        "key": field.key,
        "label": field.label.in_language(spoken),
        "value": print_field(field, spoken),
        "notifies": bool(field.change_message),
        "link": field.link,
    }


def _barcode(barcode: Barcode, spoken: str) -> Members:
    return {
        "format": barcode.format,
        "message": barcode.message,
        "altText": barcode.alt_text.in_language(spoken),
    }


def _link(link: LinkView, spoken: str) -> Members:
    return {"title": link.title.in_language(spoken), "url": link.url}


def _privilege(privilege: PrivilegeView, spoken: str) -> Members:
    progress = privilege.progress()
    return {
        "privilegeId": privilege.id,
        "type": privilege.type,
        "title": privilege.title.in_language(spoken),
        "description": privilege.description.in_language(spoken),
        "value": shortest(privilege.value),
        "goal": None if privilege.goal is None else shortest(privilege.goal),
        "progress": None if progress is None else shortest(progress),
        "endsAt": None if privilege.ends_at is None else rfc3339(privilege.ends_at),
    }
