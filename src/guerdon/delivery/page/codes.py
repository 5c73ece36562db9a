"""Codes as drawings: what a till reads, as SVG that stands inside a page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import zxingcpp

from guerdon.passes.pass_type_parts import BarcodeFormat

CODES_KEPT_MAX = 512

_FORMATS: Final[Mapping[BarcodeFormat, zxingcpp.BarcodeFormat]] = {
    "qr": zxingcpp.BarcodeFormat.QRCode,
    "pdf417": zxingcpp.BarcodeFormat.PDF417,
    "aztec": zxingcpp.BarcodeFormat.Aztec,
    "code128": zxingcpp.BarcodeFormat.Code128,
    "code39": zxingcpp.BarcodeFormat.Code39,
    "codabar": zxingcpp.BarcodeFormat.Codabar,
    "ean13": zxingcpp.BarcodeFormat.EAN13,
    "itf": zxingcpp.BarcodeFormat.ITF,
}
# The stub leaves the options of this one untyped.
_create = cast("Callable[[str, zxingcpp.BarcodeFormat], zxingcpp.Barcode]", zxingcpp.create_barcode)  # pyright: ignore[reportUnknownMemberType]
_SQUARE: Final = frozenset({"qr", "aztec"})
_SIZE: Final = re.compile(r'<svg width="(\d+)" height="(\d+)"')
_PATH: Final = re.compile(r'<path d="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CodeDrawing:
    """A code without its quiet zone: the size in modules, and the dark modules as an SVG path."""

    width: int
    height: int
    path: str
    is_square: bool


@lru_cache(maxsize=CODES_KEPT_MAX)
def find_code(format_: BarcodeFormat, message: str) -> CodeDrawing | None:
    """Draw a code; `None` when the format cannot hold the message."""
    try:
        code = _create(message, _FORMATS[format_])
        drawing = zxingcpp.write_barcode_to_svg(code, add_quiet_zones=False)
    except (ValueError, RuntimeError):
        return None
    size = _SIZE.search(drawing)
    if size is None:
        return None
    path = "".join(_PATH.findall(drawing))
    return CodeDrawing(int(size[1]), int(size[2]), path, is_square=format_ in _SQUARE)
