"""What of a pass does not arrive on which phone, said before anybody installs it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from guerdon.passes.pass_type_parts import Style
from guerdon.rendering.colors import contrast
from guerdon.rendering.model import PassView
from guerdon.rendering.rows import HEADER_OF_POSTER_MAX, Rows, classic_rows, poster_rows

Platform = Literal["apple", "appleBeforeIos27", "google", "everywhere"]

CONTRAST_MIN = 3.0  # WCAG 2.2, 1.4.11 and large text of 1.4.3

_NEW_FORMATS: Final = frozenset({"code39", "codabar", "ean13", "itf"})
_ROOM: Final[Mapping[Style, Mapping[str, int]]] = {
    "storeCard": {"header": 3, "primary": 1, "beside": 4},
    "coupon": {"header": 3, "primary": 1, "beside": 4},
    "generic": {"header": 3, "primary": 1, "beside": 8},
    "eventTicket": {"header": 3, "primary": 1, "beside": 8},
}
_IMAGES_OF_STYLE: Final[Mapping[Style, frozenset[str]]] = {
    "storeCard": frozenset({"icon", "logo", "strip"}),
    "coupon": frozenset({"icon", "logo", "strip"}),
    "generic": frozenset({"icon", "logo", "thumbnail"}),
    "eventTicket": frozenset({"icon", "logo", "strip", "background", "thumbnail"}),
    "posterGeneric": frozenset({"icon", "logo", "background", "artwork", "primaryLogo"}),
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that some phones do not show, and why."""

    platform: Platform
    what: str
    why: str


def losses(view: PassView) -> tuple[Loss, ...]:
    """List what is lost, Apple first."""
    return (*_apple(view), *_google(view), *_everywhere(view))


def _apple(view: PassView) -> Iterator[Loss]:
    style, fallback = view.apple.style, view.apple.fallback_style
    if style == "posterGeneric":
        if len(view.in_group("header")) > HEADER_OF_POSTER_MAX:
            yield Loss("apple", "fields.header", "A poster shows one header field; the others move to the details.")
        if poster_rows(view)["footer"][1:]:
            yield Loss("apple", "fields.footer", "A poster may show only the first of two footer fields.")
        if view.in_group("secondary") or view.in_group("auxiliary"):
            why = "A poster has no secondary and auxiliary fields; they become primary, footer and detail fields."
            yield Loss("apple", "fields", why)
        if fallback is not None:
            yield Loss("appleBeforeIos27", "apple.style", f"Before iOS 27 the pass is shown as {fallback}.")
            yield from _room(classic_rows(view), fallback, "appleBeforeIos27")
    else:
        yield from _room(classic_rows(view), style, "apple")
    shown = _IMAGES_OF_STYLE[style] | _IMAGES_OF_STYLE.get(fallback or style, frozenset())
    for role in sorted(set(view.images) - shown - {"hero"}):
        yield Loss("apple", f"images.{role}", f"The style {style} has no place for this image.")
    if view.barcodes and all(barcode.format in _NEW_FORMATS for barcode in view.barcodes):
        why = f"{view.barcodes[0].format} is shown from iOS 27 on; older phones show the same text as a QR code."
        yield Loss("appleBeforeIos27", "barcodes", why)
    if view.apple.featured_actions:
        yield Loss("appleBeforeIos27", "apple.featuredActions", "These buttons exist from iOS 27 on.")


def _room(rows: Rows, style: Style, platform: Platform) -> Iterator[Loss]:
    room = _ROOM[style]
    beside = len(rows["secondary"]) + len(rows["auxiliary"])
    for group, count in (("header", len(rows["header"])), ("beside", beside)):
        if count > room[group]:
            where = "header" if group == "header" else "secondary and auxiliary"
            why = f"{style} shows {room[group]} {where} fields; this pass has {count}, so the last are cut off."
            yield Loss(platform, f"fields.{'header' if group == 'header' else 'secondary'}", why)


def _google(view: PassView) -> Iterator[Loss]:
    if view.apple.nfc is not None:
        yield Loss("google", "apple.nfc", "Smart Tap needs its own agreement with Google; no NFC message is sent.")
    if view.apple.semantics or any(field.semantics for fields in view.fields.values() for field in fields):
        yield Loss("google", "apple.semantics", "Google Wallet has no such tags.")
    if view.apple.style == "posterGeneric":
        yield Loss("google", "apple.style", "Google Wallet draws its own card; only colour, logo and hero are ours.")
    if any(view.images.get(role) for role in ("strip", "background", "artwork")) and "hero" not in view.images:
        yield Loss("google", "images.hero", "Without a hero image of its own the strip or background is cut to it.")
    if len(view.barcodes) > 1:
        yield Loss("google", "barcodes", "Google Wallet shows one code; the first is used.")
    if any(field.is_relative for fields in view.fields.values() for field in fields):
        yield Loss("google", "fields", "Google Wallet prints no relative dates; the date itself is shown.")
    if view.relevant_dates[1:]:
        yield Loss("google", "relevance.dates", "Google Wallet knows one interval; the first is used.")


def _everywhere(view: PassView) -> Iterator[Loss]:
    colors = view.colors
    for name, color in (("foreground", colors.foreground), ("label", colors.label)):
        if contrast(color, colors.background) < CONTRAST_MIN:
            ratio = contrast(color, colors.background)
            yield Loss("everywhere", f"colors.{name}", f"Contrast {ratio:.1f} to 1 is hard to read; 3 is the least.")
