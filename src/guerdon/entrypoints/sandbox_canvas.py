"""A canvas for flat shapes, drawn large and made small so that edges are smooth, the same bytes every time."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Self

from PIL import Image, ImageDraw, ImageFont

SCALE: Final = 3  # pictures are kept at @3x
SUPERSAMPLING: Final = 4

Point = tuple[float, float]
Paint = tuple[int, int, int]

CLEAR: Final = (0, 0, 0, 0)


def paint(digits: str) -> Paint:
    """Read a colour of six hexadecimal digits."""
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def mixed(one: Paint, other: Paint, share: float) -> Paint:
    """Mix two colours; `share` 0 is all the first, 1 all the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture of `width` by `height` points; all places and sizes are in points."""

    width: float
    height: float
    image: Image.Image
    draw: ImageDraw.ImageDraw

    @classmethod
    def of(cls, width: float, height: float, ground: Paint | None) -> Self:
        """Start a picture on a ground, or on nothing."""
        size = (round(width * _FACTOR), round(height * _FACTOR))
        image = Image.new("RGBA", size, CLEAR if ground is None else (*ground, 255))
        return cls(width, height, image, ImageDraw.Draw(image))

    def disc(self, center: Point, radius: float, color: Paint) -> None:
        """Fill a circle."""
        self.draw.ellipse(_box(center, radius, radius), fill=color)

    def ellipse(self, center: Point, radii: Point, color: Paint) -> None:
        """Fill an ellipse."""
        self.draw.ellipse(_box(center, *radii), fill=color)

    def ring(self, center: Point, radius: float, width: float, color: Paint) -> None:
        """Draw a circle whose line lies inside `radius`."""
        self.draw.ellipse(_box(center, radius, radius), outline=color, width=round(width * _FACTOR))

    def slice(self, center: Point, radii: Point, degrees: tuple[float, float], color: Paint) -> None:
        """Fill a slice of an ellipse; 0 degrees point right, and they count clockwise."""
        self.draw.pieslice(_box(center, *radii), *degrees, fill=color)

    def arc(self, center: Point, radii: Point, degrees: tuple[float, float], width: float, color: Paint) -> None:
        """Draw part of an ellipse with round ends."""
        self.draw.arc(_box(center, *radii), *degrees, fill=color, width=round(width * _FACTOR))
        for angle in degrees:
            inner = (radii[0] - width / 2, radii[1] - width / 2)
            self.disc(around(center, inner, angle), width / 2, color)

    def block(self, corner: Point, size: Point, color: Paint, radius: float = 0) -> None:
        """Fill a rectangle with corners of a radius."""
        (x, y), (width, height) = corner, size
        box = (x * _FACTOR, y * _FACTOR, (x + width) * _FACTOR - 1, (y + height) * _FACTOR - 1)
        self.draw.rounded_rectangle(box, radius * _FACTOR, fill=color)

    def shape(self, corners: Iterable[Point], color: Paint) -> None:
        """Fill a polygon."""
        self.draw.polygon([(x * _FACTOR, y * _FACTOR) for x, y in corners], fill=color)

    def line(self, points: Iterable[Point], width: float, color: Paint) -> None:
        """Draw a line through points with round ends and joints."""
        places = [(x * _FACTOR, y * _FACTOR) for x, y in points]
        self.draw.line(places, fill=color, width=round(width * _FACTOR), joint="curve")
        for x, y in (places[0], places[-1]):
            self.disc((x / _FACTOR, y / _FACTOR), width / 2, color)

    def word(self, text: str, left: Point, height: float, color: Paint) -> None:
        """Write a word whose middle is at the height of `left`; `height` is that of the line."""
        font = ImageFont.load_default(height * _FACTOR)
        self.draw.text((left[0] * _FACTOR, left[1] * _FACTOR), text, fill=color, font=font, anchor="lm")

    def png(self, colors: int = 128) -> bytes:
        """Give the picture at @3x as PNG; opaque ones with a palette of at most `colors`."""
        small = self.image.reduce(SUPERSAMPLING)
        if small.getchannel("A").getextrema() == (255, 255):
            small = small.convert("RGB").quantize(colors, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        content = BytesIO()
        small.save(content, "PNG", optimize=True)
        return content.getvalue()


_FACTOR: Final = SCALE * SUPERSAMPLING


def around(center: Point, radii: Point, degrees: float) -> Point:
    """Find the point of an ellipse at an angle."""
    turn = math.radians(degrees)
    return center[0] + radii[0] * math.cos(turn), center[1] + radii[1] * math.sin(turn)


def _box(center: Point, radius_x: float, radius_y: float) -> tuple[float, float, float, float]:
    x, y = center
    return (
        (x - radius_x) * _FACTOR,
        (y - radius_y) * _FACTOR,
        (x + radius_x) * _FACTOR,
        (y + radius_y) * _FACTOR,
    )
