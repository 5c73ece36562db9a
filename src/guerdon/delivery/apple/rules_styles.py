"""Rules about the styles of a pass and what belongs to which."""

from collections.abc import Iterator

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.model import POSTER_FALLBACKS, POSTER_STYLE
from guerdon.delivery.apple.reading import GROUPS, Members, items, members, schemes_of, styles_of, text

_STYLE_OF_SCHEME = {"posterEventTicket": "eventTicket", "semanticBoardingPass": "boardingPass"}
_GROUPED_STYLES = frozenset({"eventTicket", "boardingPass"})
_SHOWN = {
    "storeCard": {"headerFields": 3, "primaryFields": 1, "secondaryFields": 4, "auxiliaryFields": 4},
    "coupon": {"headerFields": 3, "primaryFields": 1, "secondaryFields": 4, "auxiliaryFields": 4},
    "generic": {"headerFields": 3, "primaryFields": 1, "secondaryFields": 4, "auxiliaryFields": 4},
    "eventTicket": {"headerFields": 3, "primaryFields": 1, "secondaryFields": 4, "auxiliaryFields": 8},
    "boardingPass": {"headerFields": 3, "primaryFields": 2, "secondaryFields": 4, "auxiliaryFields": 5},
    POSTER_STYLE: {"headerFields": 1, "primaryFields": 4, "footerFields": 2},
}
_ONE_ROW_STYLES = frozenset({"storeCard", "coupon"})
_ONE_ROW_MAX = 4
_EVERYWHERE = frozenset({"backFields"})


def style_findings(document: Members) -> Iterator[Finding]:
    """Check which styles there are, their groups, and the keys bound to a style."""
    styles = styles_of(document)
    yield from _styles(styles)
    yield from _schemes(document, styles)
    for style in styles:
        yield from _groups(document, style)
    if document.get("groupingIdentifier") is not None and not _GROUPED_STYLES & set(styles):
        yield finding(
            "grouping-misplaced",
            "groupingIdentifier",
            "Only eventTicket and boardingPass are grouped; leave it out.",
        )
    yield from _actions(document)


def _styles(styles: list[str]) -> Iterator[Finding]:
    classic = [style for style in styles if style != POSTER_STYLE]
    if not styles:
        yield finding("style-missing", "", "Add a style: storeCard, coupon, generic, eventTicket or boardingPass.")
    elif len(classic) > 1:
        yield finding("styles-conflict", classic[1], f"The pass has {' and '.join(styles)}; keep one of them.")
    elif POSTER_STYLE not in styles:
        return
    elif not classic:
        yield finding(
            "poster-fallback-missing",
            POSTER_STYLE,
            "Systems before iOS 27 show nothing. Add storeCard, coupon or generic beside it.",
        )
    elif classic[0] not in POSTER_FALLBACKS:
        yield finding("styles-conflict", classic[0], "The fallback of posterGeneric is storeCard, coupon or generic.")


def _schemes(document: Members, styles: list[str]) -> Iterator[Finding]:
    schemes = schemes_of(document)
    for index, scheme in enumerate(schemes):
        style = _STYLE_OF_SCHEME.get(scheme, scheme)
        if style not in styles:
            yield finding(
                "scheme-without-style",
                f"preferredStyleSchemes[{index}]",
                f"{scheme} needs the style {style}, which this pass does not have.",
            )
        elif style != scheme and style not in schemes[index + 1 :]:
            yield finding(
                "scheme-fallback-missing",
                f"preferredStyleSchemes[{index}]",
                f"Put {style} behind {scheme}, for systems that do not know it.",
            )


def _groups(document: Members, style: str) -> Iterator[Finding]:
    shown, fields = _SHOWN[style], members(document.get(style))
    for group in GROUPS:
        count = len(items(fields.get(group)))
        if not count or group in _EVERYWHERE or _belongs(document, style, group):
            continue
        path = f"{style}.{group}"
        if group not in shown:
            yield finding("fields-not-shown", path, f"{style} does not show {group}; use another group.")
        elif count > shown[group]:
            yield finding("fields-more-than-shown", path, f"{style} shows {shown[group]} of these {count} fields.")
    beside = len(items(fields.get("secondaryFields"))) + len(items(fields.get("auxiliaryFields")))
    if style in _ONE_ROW_STYLES and beside > _ONE_ROW_MAX:
        yield finding(
            "fields-more-than-shown",
            f"{style}.auxiliaryFields",
            f"{style} puts secondary and auxiliary fields into one row and shows 4 of these {beside}.",
        )


def _belongs(document: Members, style: str, group: str) -> bool:
    if group != "additionalInfoFields":
        return False
    return style == POSTER_STYLE or any(_STYLE_OF_SCHEME.get(scheme) == style for scheme in schemes_of(document))


def _actions(document: Members) -> Iterator[Finding]:
    actions = [members(action) for action in items(document.get("featuredActions"))]
    if actions and any(scheme in _STYLE_OF_SCHEME for scheme in schemes_of(document)):
        yield finding(
            "featured-actions-misplaced",
            "featuredActions",
            "Poster tickets and semantic boarding passes may not show them; use their own links.",
        )
    for index, action in enumerate(actions):
        kind, url, place = text(action.get("type")), text(action.get("url")), action.get("placeIdentifier")
        path = f"featuredActions[{index}]"
        if kind == "place" and (url or place is None):
            yield finding("featured-action-target", path, "`place` takes a placeIdentifier of Apple Maps and no url.")
        elif kind != "place" and (not url or place is not None):
            yield finding("featured-action-target", path, f"{kind or 'An action'} takes a url and no placeIdentifier.")
        elif kind == "call" and not url.startswith("tel:"):
            yield finding("featured-action-target", path, "`call` takes a tel: address.")
