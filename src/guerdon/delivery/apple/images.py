"""From one uploaded picture to the files of a slot at @1x, @2x and @3x."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from struct import pack
from typing import Final

from PIL import Image, ImageOps

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.errors import ImageRefused
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.image_slots import SCALES, SLOTS, ImageSlot, image_file_name
from guerdon.delivery.apple.rules_images import PNG_HEAD

UPLOAD_BYTES_MAX: Final = 10_000_000
PIXELS_MAX: Final = 40_000_000
SIDE_MAX: Final = 16_000
FORMATS: Final = ("PNG", "JPEG", "WEBP")
_CROPPED_SHARE_MAX = 0.02  # a picture off by a pixel is not worth a word
_SIXTEEN_BIT_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


@dataclass(frozen=True, slots=True)
class SlotImages:
    """The files made for one slot by name, and what is to be said about them."""

    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]


def make_slot_images(slot_name: str, upload: bytes, language: str | None = None) -> SlotImages:
    """Make the PNG files of a slot from one PNG, JPEG or WebP picture; equal uploads give equal bytes.

    Exact slots are filled, cutting from the middle; the others hold the whole picture. A picture that is too
    small for a scale is enlarged, and a finding says so. At most 10 MB and 40 million pixels, checked before
    anything is decoded. Raises ImageRefused.
    """
    slot = SLOTS.get(slot_name)
    if slot is None:
        raise ImageRefused(f"{slot_name!r} is no place for a picture; there are {', '.join(SLOTS)}.")
    picture = _decoded(upload)
    points = (slot.width, slot.height) if slot.is_exact else _fitted(picture.size, slot)
    source = _cut(picture, points) if slot.is_exact else picture
    files = {
        image_file_name(slot.name, scale, language): _png(source, (points[0] * scale, points[1] * scale))
        for scale in SCALES
    }
    return SlotImages(files, tuple(_findings(slot, picture, source, points)))


def sketch_slot_images(slot_name: str) -> Mapping[str, bytes]:
    """Give the files that a slot would get, as heads of PNG files without pixels: enough for the rules."""
    slot = SLOTS[slot_name]
    return {
        image_file_name(slot.name, scale): PNG_HEAD + pack(">II", slot.width * scale, slot.height * scale)
        for scale in SCALES
    }


def check_picture(upload: bytes) -> None:
    """Accept a picture that can become a pass image, by its head and checksums alone. Raises ImageRefused."""
    picture = _measured(upload)
    try:
        picture.verify()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ImageRefused("The picture is damaged or cut off; send the whole file.") from error


def _decoded(upload: bytes) -> Image.Image:
    picture = _measured(upload)
    try:
        upright = ImageOps.exif_transpose(picture)
        return _eight_bit(upright).convert("RGBA" if upright.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        raise ImageRefused("The picture is damaged or cut off; send the whole file.") from error


def _measured(upload: bytes) -> Image.Image:
    if len(upload) > UPLOAD_BYTES_MAX:
        raise ImageRefused(f"The picture has {len(upload)} bytes; it may have {UPLOAD_BYTES_MAX}.")
    picture = _opened(upload)
    width, height = picture.size
    if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise ImageRefused(
            f"The picture has {width}x{height} pixels; it may have {PIXELS_MAX} in all and {SIDE_MAX} on a side."
        )
    if getattr(picture, "is_animated", False):
        raise ImageRefused("The picture is animated; a pass shows still pictures. Send one frame of it.")
    return picture


def _opened(upload: bytes) -> Image.Image:
    # Pillow reads only the header here, so that the bound on pixels comes before any of them is decoded.
    # Its own bounds lie above ours.
    try:
        return Image.open(BytesIO(upload), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused(f"The picture has too many pixels; it may have {PIXELS_MAX}.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise ImageRefused(f"The upload is no {', '.join(FORMATS)} picture that can be read.") from error


def _eight_bit(picture: Image.Image) -> Image.Image:
    # Pillow would clip 16-bit grey at 255, which makes nearly everything white.
    if picture.mode in _SIXTEEN_BIT_MODES:
        levels = picture.convert("I")
        # Pillow's types name NumPy's, which is not here.
        return levels.point(lambda level: level / 257).convert("L")  # pyright: ignore[reportUnknownMemberType]
    return picture


def _fitted(size: tuple[int, int], slot: ImageSlot) -> tuple[int, int]:
    width, height = size
    share = min(slot.width / width, slot.height / height)
    return max(1, round(width * share)), max(1, round(height * share))


def _cut(picture: Image.Image, points: tuple[int, int]) -> Image.Image:
    width, height = picture.size
    kept_width = min(width, max(1, round(height * points[0] / points[1])))
    kept_height = min(height, max(1, round(width * points[1] / points[0])))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return picture.crop((left, top, left + kept_width, top + kept_height))


def _png(source: Image.Image, size: tuple[int, int]) -> bytes:
    written = BytesIO()
    # Pillow's types name NumPy's, which is not here.
    sized = source.resize(size, Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]
    sized.save(written, "PNG", compress_level=9)
    return written.getvalue()


def _findings(slot: ImageSlot, picture: Image.Image, source: Image.Image, points: tuple[int, int]) -> list[Finding]:
    found: list[Finding] = []
    wanted = f"one of {points[0] * SCALES[-1]}x{points[1] * SCALES[-1]} pixels"
    lost = 1 - (source.width * source.height) / (picture.width * picture.height)
    if lost > _CROPPED_SHARE_MAX:
        found.append(
            finding(
                "image-cropped",
                image_file_name(slot.name, 1),
                f"{lost:.0%} of the picture was cut off; send {wanted}.",
            )
        )
    for scale in SCALES:
        width, height = points[0] * scale, points[1] * scale
        if width > source.width or height > source.height:
            found.append(
                finding(
                    "image-upscaled",
                    image_file_name(slot.name, scale),
                    f"The picture was enlarged to {width}x{height} pixels; send {wanted}.",
                )
            )
    return found
