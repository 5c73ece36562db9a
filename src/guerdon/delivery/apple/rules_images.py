"""Rules about the pictures that go with a pass, judged by name and by the header of each PNG."""

from collections.abc import Iterator, Mapping
from struct import unpack_from

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.image_slots import SLOTS, ImageName, find_image_name, image_file_name, slots_of
from guerdon.delivery.apple.model import POSTER_STYLE
from guerdon.delivery.apple.reading import Members, schemes_of, styles_of

PNG_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_PNG_HEAD_BYTES = 24


def image_findings(document: Members, images: Mapping[str, bytes]) -> Iterator[Finding]:
    """Check which pictures there are, and each of them."""
    named = {name: parts for name in images if (parts := find_image_name(name)) is not None}
    yield from _icon(images)
    for name in images:
        parts = named.get(name)
        if parts is None:
            yield finding(
                "image-name-unknown",
                name,
                f"Wallet shows no such file. Pictures are {', '.join(SLOTS)} as .png.",
            )
            continue
        yield from _picture(name, parts, images[name])
        root_name = image_file_name(parts.slot, parts.scale)
        if parts.language is not None and root_name in images:
            yield finding("image-localised-hidden", name, f"{root_name} at the root hides it; move it to a language.")
    present = {parts.slot for parts in named.values()}
    yield from _scales(present - {"icon"}, named)
    yield from _style_slots(document, present)


def _icon(images: Mapping[str, bytes]) -> Iterator[Finding]:
    names = [image_file_name("icon", scale) for scale in (1, 2, 3)]
    if not any(name in images for name in names):
        yield finding(
            "icon-required", "icon.png", "Add an icon of 38 by 38 points; without it no phone takes the pass."
        )
        return
    for name in names[1:]:
        if name not in images:
            yield finding("icon-scale-recommended", name, "Add the icon at this scale, or it looks blurred.")


def _picture(name: str, parts: ImageName, content: bytes) -> Iterator[Finding]:
    size = png_size(content)
    if size is None:
        yield finding("image-not-png", name, "This is no PNG file; convert it.")
        return
    slot = SLOTS[parts.slot]
    width_max, height_max = slot.width * parts.scale, slot.height * parts.scale
    if slot.is_exact and size != (width_max, height_max):
        yield finding(
            "image-size-wrong",
            name,
            f"It has {size[0]}x{size[1]} pixels; this slot takes {width_max}x{height_max}.",
        )
    elif size[0] > width_max or size[1] > height_max:
        yield finding(
            "image-size-wrong",
            name,
            f"It has {size[0]}x{size[1]} pixels; this slot takes at most {width_max}x{height_max}.",
        )


def _scales(slots: set[str], named: Mapping[str, ImageName]) -> Iterator[Finding]:
    have = {(parts.slot, parts.scale) for parts in named.values()}
    for slot in sorted(slots):
        for scale in (2, 3):
            if (slot, scale) not in have:
                yield finding(
                    "image-scale-missing",
                    image_file_name(slot, scale),
                    f"Add {slot} at @{scale}x, or it looks blurred.",
                )


def _style_slots(document: Members, present: set[str]) -> Iterator[Finding]:
    styles, schemes = styles_of(document), schemes_of(document)
    shown = slots_of(styles + schemes)
    for slot in sorted(present - shown):
        yield finding("image-not-shown", f"{slot}.png", f"{' and '.join(styles) or 'No style'} does not show {slot}.")
    if "eventTicket" in styles and "posterEventTicket" not in schemes and "strip" in present:
        for slot in sorted(present & {"background", "thumbnail"}):
            yield finding("strip-and-background", f"{slot}.png", "A strip hides it; keep the strip or this.")
    if POSTER_STYLE in styles:
        for slot in sorted({"background", "primaryLogo"} - present):
            yield finding("poster-image-missing", f"{slot}.png", f"posterGeneric is drawn around {slot}; add it.")
    if "personalizationLogo" in present and document.get("nfc") is None:
        yield finding(
            "personalisation-needs-nfc", "personalizationLogo.png", "Without nfc no phone offers the sign-up."
        )


def png_size(content: bytes) -> tuple[int, int] | None:
    """Read width and height from a PNG's header; `None` if it is no PNG."""
    if len(content) < _PNG_HEAD_BYTES or not content.startswith(PNG_HEAD):
        return None
    width, height = unpack_from(">II", content, 16)
    return width, height
