"""The pictures of the demo passes, drawn by `python -m guerdon.entrypoints.sandbox_images`."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from guerdon.entrypoints.sandbox_canvas import Canvas, Paint, mixed, paint
from guerdon.entrypoints.sandbox_motifs import STAMPS_MAX, arches, bicycle, bow, cup, museum, stamp_row, waves

FOLDER: Final = Path(__file__).parent / "sandbox_files" / "server" / "images"

ESPRESSO, FOAM, CARAMEL = paint("2f1d15"), paint("fbf1e2"), paint("e9b872")
NIGHT, STONE, AMBER = paint("13273f"), paint("f4e6cf"), paint("f2a541")
FIR, GOLD, LEAF = paint("0f4a3c"), paint("e6c068"), paint("1b6450")
CORAL, CREAM, WINE = paint("d94f30"), paint("fff1e0"), paint("8f2b1c")
PLUM, PEACH, ROSE, SAND = paint("35203b"), paint("f3b48b"), paint("c8566b"), paint("fae3c6")

ICON = 38.0
LOGO = 50.0
STRIP = (375.0, 144.0)
THUMBNAIL = 90.0
POSTER = (345.0, 505.0)
PRIMARY_LOGO = (126.0, 30.0)

Mark = Callable[[Canvas, float, Paint, Paint], None]


def main() -> None:
    """Draw every picture into the sandbox's image folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, canvas in pictures():
        (FOLDER / name).write_bytes(canvas.png())


def pictures() -> Iterator[tuple[str, Canvas]]:
    """Draw the pictures one by one, each with its file name."""
    for name, (mark, ground, ink) in _MARKS.items():
        yield f"{name}-icon.png", _badge(ICON, mark, ground, ink)
        yield f"{name}-logo.png", _badge(LOGO, mark, None, ink)
    # The points card is light and of the same house: the cup in dark, and no icon of its own.
    yield "points-logo.png", _badge(LOGO, _cup_mark, None, ESPRESSO)
    for stamps in range(STAMPS_MAX + 1):
        yield f"loyalty-strip-{stamps}.png", _stamp_strip(stamps)
    yield "ticket-strip.png", _museum_strip()
    yield "giftcard-strip.png", _gift_strip()
    yield "offer-strip.png", _bicycle_strip()
    yield "generic-background.png", _arches_poster()
    yield "generic-thumbnail.png", _arches_thumbnail()
    yield "generic-primary-logo.png", _arches_logo()


def _badge(size: float, mark: Mark, ground: Paint | None, ink: Paint) -> Canvas:
    canvas = Canvas.of(size, size, ground)
    mark(canvas, size, ink, ground or ink)
    return canvas


def _cup_mark(canvas: Canvas, size: float, ink: Paint, ground: Paint) -> None:
    cup(canvas, (size * 0.47, size * 0.55), size * 0.5, ink, ground)


def _museum_mark(canvas: Canvas, size: float, ink: Paint, ground: Paint) -> None:
    museum(canvas, (size / 2, size * 0.82), size * 0.78, ink, mixed(ink, NIGHT if ground == ink else ground, 0.7))


def _bow_mark(canvas: Canvas, size: float, ink: Paint, ground: Paint) -> None:
    bow(canvas, (size / 2, size * 0.46), size * 0.4, ink, mixed(ink, FIR if ground == ink else ground, 0.45))


def _bicycle_mark(canvas: Canvas, size: float, ink: Paint, _ground: Paint) -> None:
    bicycle(canvas, (size * 0.245, size * 0.6), size * 0.19, ink, ink, spokes=0)


def _arches_mark(canvas: Canvas, size: float, ink: Paint, ground: Paint) -> None:
    inner = PLUM if ground == ink else ground
    arches(canvas, (size / 2, size * 0.82), size * 0.37, (ink, inner, ink, inner, ink))


def _stamp_strip(stamps: int) -> Canvas:
    canvas = Canvas.of(*STRIP, mixed(ESPRESSO, CARAMEL, 0.1))
    canvas.disc((330, 190), 150, mixed(ESPRESSO, CARAMEL, 0.135))
    canvas.disc((330, 190), 105, mixed(ESPRESSO, CARAMEL, 0.17))
    stamp_row(canvas, stamps, CARAMEL, mixed(ESPRESSO, FOAM, 0.38), ESPRESSO)
    return canvas


def _museum_strip() -> Canvas:
    canvas = Canvas.of(*STRIP, mixed(NIGHT, paint("2d5d7c"), 0.35))
    sun = (236.0, 62.0)
    for radius, share in ((94, 0.1), (74, 0.19), (55, 0.3)):
        canvas.disc(sun, radius, mixed(mixed(NIGHT, paint("2d5d7c"), 0.35), AMBER, share))
    canvas.disc(sun, 37, AMBER)
    canvas.block((0, 114), (375, 30), mixed(NIGHT, paint("0a1626"), 0.4))
    waves(canvas, 118, 4, mixed(AMBER, NIGHT, 0.35), mixed(NIGHT, paint("0a1626"), 0.4))
    museum(canvas, (294, 116), 128, STONE, mixed(STONE, NIGHT, 0.62))
    for place in ((36, 22), (98, 40), (150, 18), (188, 52), (352, 20), (60, 62)):
        canvas.disc(place, 0.9, mixed(NIGHT, STONE, 0.75))
    return canvas


def _gift_strip() -> Canvas:
    canvas = Canvas.of(*STRIP, LEAF)
    for column in range(14):
        for row in range(6):
            place = (12 + column * 28 + (row % 2) * 14, 12 + row * 24)
            canvas.disc(place, 2.1, mixed(LEAF, GOLD, 0.2))
    shade = mixed(GOLD, paint("7a5516"), 0.55)
    canvas.block((270, 0), (26, 144), GOLD)
    canvas.block((0, 110), (375, 24), GOLD)
    for edge in (270.0, 292.6):
        canvas.block((edge, 0), (3.4, 144), mixed(GOLD, shade, 0.4))
    for edge in (110.0, 130.6):
        canvas.block((0, edge), (375, 3.4), mixed(GOLD, shade, 0.4))
    bow(canvas, (283, 112), 66, mixed(GOLD, paint("ffffff"), 0.14), shade)
    return canvas


def _bicycle_strip() -> Canvas:
    ground = mixed(CORAL, WINE, 0.18)
    canvas = Canvas.of(*STRIP, ground)
    canvas.disc((318, 30), 88, mixed(ground, paint("f7a34b"), 0.55))
    canvas.disc((318, 30), 60, mixed(ground, paint("f9c46b"), 0.8))
    canvas.shape([(0, 144), (0, 118), (90, 96), (190, 122), (290, 92), (375, 112), (375, 144)], mixed(CORAL, WINE, 0.5))
    canvas.block((0, 128), (375, 16), WINE)
    bicycle(canvas, (216, 98), 31, CREAM, WINE)
    return canvas


def _arches_poster() -> Canvas:
    canvas = Canvas.of(*POSTER, PLUM)
    canvas.disc((246, 112), 58, PEACH)
    tones = (mixed(PLUM, ROSE, 0.45), ROSE, mixed(ROSE, PEACH, 0.55), SAND, mixed(PLUM, ROSE, 0.3))
    arches(canvas, (140, 330), 150, tones)
    arches(canvas, (292, 330), 78, (mixed(ROSE, PEACH, 0.3), mixed(PEACH, SAND, 0.5), ROSE, PLUM))
    canvas.block((0, 325), (345, 180), mixed(PLUM, (0, 0, 0), 0.18))
    for step in range(4):
        canvas.block((0, 325 + step * 5.5), (345, 2.4), mixed(ROSE, PLUM, 0.35 + step * 0.18))
    return canvas


def _arches_thumbnail() -> Canvas:
    canvas = Canvas.of(THUMBNAIL, THUMBNAIL, mixed(PLUM, ROSE, 0.3))
    canvas.disc((66, 24), 14, PEACH)
    arches(canvas, (43, 90), 38, (ROSE, mixed(ROSE, PEACH, 0.55), SAND, mixed(PLUM, ROSE, 0.3)))
    return canvas


def _arches_logo() -> Canvas:
    canvas = Canvas.of(*PRIMARY_LOGO, None)
    arches(canvas, (15, 28), 15, (SAND, PLUM, SAND, PLUM, SAND))
    canvas.word("arcade", (37, 15.5), 22, SAND)
    return canvas


_MARKS: Final[Mapping[str, tuple[Mark, Paint, Paint]]] = {
    "loyalty": (_cup_mark, ESPRESSO, CARAMEL),
    "ticket": (_museum_mark, NIGHT, STONE),
    "giftcard": (_bow_mark, FIR, GOLD),
    "offer": (_bicycle_mark, CORAL, CREAM),
    "generic": (_arches_mark, PLUM, SAND),
}


if __name__ == "__main__":
    main()
