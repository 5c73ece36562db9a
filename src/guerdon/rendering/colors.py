"""Colours: reading, printing, and how well one can be read on another."""

import re
from dataclasses import dataclass

from guerdon.passes.pass_type_parts import COLOR

CHANNEL_MAX = 255

_SHORT_HEX = 4


@dataclass(frozen=True, slots=True)
class Color:
    """A colour of three channels, 0 to 255."""

    red: int
    green: int
    blue: int

    def rgb(self) -> str:
        """Print it as Apple wants it."""
        return f"rgb({self.red}, {self.green}, {self.blue})"

    def hex(self) -> str:
        """Print it as Google and CSS want it."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    def luminance(self) -> float:
        """Give the relative luminance, 0 for black to 1 for white (WCAG 2.2)."""
        red, green, blue = (_linear(channel) for channel in (self.red, self.green, self.blue))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: int) -> float:
    share = channel / CHANNEL_MAX
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 (sRGB)


def contrast(one: Color, other: Color) -> float:
    """Give the contrast of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((one.luminance(), other.luminance()), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of the card."""

    background: Color
    foreground: Color
    label: Color


def find_color(text: str) -> Color | None:
    """Read `#RGB`, `#RRGGBB` or `rgb(r, g, b)`; `None` when it is none of them."""
    if COLOR.fullmatch(text) is None:
        return None
    if text.startswith("#"):
        digits = "".join(digit * 2 for digit in text[1:]) if len(text) == _SHORT_HEX else text[1:]
        return Color(*bytes.fromhex(digits))
    red, green, blue = (int(channel) for channel in re.findall(r"\d+", text))
    return Color(red, green, blue) if max(red, green, blue) <= CHANNEL_MAX else None
