"""The places for pictures on a pass, and their sizes in points (pixels at @1x)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SCALES: Final = (1, 2, 3)
_FILE_NAME = re.compile(r"(?:(?P<folder>[A-Za-z0-9-]+)\.lproj/)?(?P<slot>[A-Za-z]+)(?:@(?P<scale>[23])x)?\.png")


@dataclass(frozen=True, slots=True)
class ImageSlot:
    """One place. An exact one is filled, the others hold a picture of at most this size."""

    name: str
    width: int
    height: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class ImageName:
    """A file name taken apart: `de.lproj/logo@2x.png` is slot logo at scale 2 for `de`."""

    slot: str
    scale: int
    language: str | None


SLOTS: Final[Mapping[str, ImageSlot]] = {
    slot.name: slot
    for slot in (
        # Sizes as in Apple's builder; the two last are not in it and come from Apple's older pages.
        ImageSlot("icon", 38, 38, is_exact=True),
        ImageSlot("logo", 160, 50, is_exact=False),
        ImageSlot("strip", 375, 144, is_exact=True),
        ImageSlot("thumbnail", 90, 90, is_exact=True),
        ImageSlot("background", 345, 505, is_exact=True),
        ImageSlot("artwork", 358, 448, is_exact=True),
        ImageSlot("footer", 286, 15, is_exact=False),
        ImageSlot("primaryLogo", 126, 30, is_exact=False),
        ImageSlot("secondaryLogo", 135, 12, is_exact=False),
        ImageSlot("personalizationLogo", 150, 40, is_exact=False),
        ImageSlot("venueMap", 375, 375, is_exact=False),
    )
}
_ALWAYS = frozenset({"icon", "logo", "personalizationLogo"})
_SLOTS_OF_STYLE: Final[Mapping[str, frozenset[str]]] = {
    "storeCard": frozenset({"strip"}),
    "coupon": frozenset({"strip"}),
    "generic": frozenset({"thumbnail"}),
    "eventTicket": frozenset({"strip", "background", "thumbnail"}),
    "boardingPass": frozenset({"footer"}),
    "posterGeneric": frozenset({"background", "artwork", "primaryLogo"}),
    "posterEventTicket": frozenset({"background", "artwork", "primaryLogo", "secondaryLogo", "venueMap"}),
    "semanticBoardingPass": frozenset({"primaryLogo", "secondaryLogo"}),
}


def slots_of(styles_and_schemes: list[str]) -> frozenset[str]:
    """Name the slots that these styles and schemes show."""
    return _ALWAYS.union(*(_SLOTS_OF_STYLE.get(name, frozenset[str]()) for name in styles_and_schemes))


def find_image_name(file_name: str) -> ImageName | None:
    """Take a file name apart; `None` if it is no picture of a pass."""
    matched = _FILE_NAME.fullmatch(file_name)
    if matched is None or matched["slot"] not in SLOTS:
        return None
    return ImageName(matched["slot"], int(matched["scale"] or 1), matched["folder"])


def image_file_name(slot: str, scale: int, language: str | None = None) -> str:
    """Name the file of a slot at a scale, for one language or for all."""
    suffix = "" if scale == 1 else f"@{scale}x"
    folder = "" if language is None else f"{language}.lproj/"
    return f"{folder}{slot}{suffix}.png"
