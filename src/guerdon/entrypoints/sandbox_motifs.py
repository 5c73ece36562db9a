"""The motifs of the demo passes: a cup, a museum, a bow, a bicycle, arches."""

import math
from typing import Final

from guerdon.entrypoints.sandbox_canvas import Canvas, Paint, Point, around, mixed

STAMPS_MAX: Final = 10


def cup(canvas: Canvas, center: Point, size: float, color: Paint, ground: Paint) -> None:
    """Draw a cup with its saucer and steam; `size` is the width of the bowl."""
    x, y = center
    canvas.ring((x + 0.5 * size, y - 0.02 * size), 0.24 * size, 0.1 * size, color)
    canvas.block((x - 0.5 * size, y - 0.28 * size), (size, 0.34 * size), color, 0.05 * size)
    canvas.slice((x, y + 0.02 * size), (0.5 * size, 0.46 * size), (0, 180), color)
    canvas.block((x - 0.62 * size, y + 0.58 * size), (1.24 * size, 0.11 * size), color, 0.055 * size)
    canvas.block((x - 0.5 * size, y - 0.2 * size), (0.1 * size, 0.02 * size), ground)
    for offset in (-0.2, 0.08):
        _steam(canvas, (x + offset * size, y - 0.42 * size), size, color)


def _steam(canvas: Canvas, foot: Point, size: float, color: Paint) -> None:
    wave = [
        (foot[0] + 0.06 * size * math.sin(step / 12 * 2 * math.pi), foot[1] - 0.3 * size * step / 12)
        for step in range(13)
    ]
    canvas.line(wave, 0.075 * size, color)


def stamp_row(canvas: Canvas, stamps: int, full: Paint, empty: Paint, ink: Paint) -> None:
    """Draw ten places for stamps in two rows of five; the tenth is the cup that is free."""
    for index in range(STAMPS_MAX):
        center = (57.5 + 65 * (index % 5), 41.0 + 62 * (index // 5))
        is_gift = index == STAMPS_MAX - 1
        if index < stamps:
            canvas.disc(center, 26, full)
            canvas.ring(center, 23, 0.9, mixed(full, ink, 0.35))
        else:
            canvas.ring(center, 26, 1.4, empty)
        color = ink if index < stamps else empty
        ground = full if index < stamps else ink
        if is_gift:
            star(canvas, center, 14, color)
        else:
            cup(canvas, (center[0] - 1.5, center[1] + 2.5), 20, color, ground)


def star(canvas: Canvas, center: Point, radius: float, color: Paint) -> None:
    """Draw a star of five points, one of them up."""
    radii = (radius, radius * 0.46)
    corners = [around(center, _both(radii[turn % 2]), -90 + 36 * turn) for turn in range(10)]
    canvas.shape(corners, color)
    for corner in corners[::2]:
        canvas.disc(around(center, _both(radius * 0.93), _angle(center, corner)), radius * 0.07, color)


def _both(radius: float) -> Point:
    return radius, radius


def _angle(center: Point, point: Point) -> float:
    return math.degrees(math.atan2(point[1] - center[1], point[0] - center[0]))


def museum(canvas: Canvas, foot: Point, width: float, stone: Paint, shade: Paint) -> None:
    """Draw a temple front with six columns; `foot` is the middle of its lowest step."""
    x, y = foot
    unit = width / 100
    for step in range(3):
        half = (50 - 3.5 * step) * unit
        canvas.block((x - half, y - (step + 1) * 3.4 * unit), (2 * half, 3.4 * unit), mixed(stone, shade, 0.16 * step))
    base = y - 10.2 * unit
    canvas.block((x - 38 * unit, base - 36 * unit), (76 * unit, 36 * unit), shade)
    canvas.block(
        (x - 5.2 * unit, base - 22 * unit), (10.4 * unit, 22 * unit), mixed(shade, (0, 0, 0), 0.45), 5.2 * unit
    )
    canvas.block((x - 5.2 * unit, base - 12 * unit), (10.4 * unit, 12 * unit), mixed(shade, (0, 0, 0), 0.45))
    for column in range(6):
        left = x + (-38 + column * 13.9) * unit
        canvas.block((left - 0.9 * unit, base - 37 * unit), (8.3 * unit, 3 * unit), stone, 0.8 * unit)
        canvas.block((left, base - 36 * unit), (6.5 * unit, 36 * unit), stone)
        canvas.block((left + 4.2 * unit, base - 34 * unit), (1.3 * unit, 31.6 * unit), mixed(stone, shade, 0.4))
        canvas.block((left - 0.9 * unit, base - 2.4 * unit), (8.3 * unit, 2.4 * unit), stone)
    canvas.block((x - 43 * unit, base - 43 * unit), (86 * unit, 6.4 * unit), stone)
    canvas.block((x - 43 * unit, base - 37.6 * unit), (86 * unit, 1 * unit), mixed(stone, shade, 0.5))
    canvas.shape([(x - 45 * unit, base - 43 * unit), (x, base - 65 * unit), (x + 45 * unit, base - 43 * unit)], stone)
    canvas.shape(
        [(x - 32 * unit, base - 45.5 * unit), (x, base - 60.5 * unit), (x + 32 * unit, base - 45.5 * unit)], shade
    )
    canvas.disc((x, base - 50.5 * unit), 3.6 * unit, stone)


def bow(canvas: Canvas, knot: Point, size: float, ribbon: Paint, fold: Paint) -> None:
    """Draw a bow of two loops and two tails around its knot; `size` is half its width."""
    x, y = knot
    for side in (-1, 1):
        tail = [(0, 0), (0.62, 1.02), (0.44, 0.98), (0.34, 1.16), (-0.06, 0.2)]
        canvas.shape([(x + side * a * size, y + b * size) for a, b in tail], mixed(ribbon, fold, 0.45))
        loop = _petal(knot, size, side, 1.0)
        canvas.shape(loop, ribbon)
        canvas.shape(_petal((x + side * 0.14 * size, y - 0.035 * size), size, side, 0.66), fold)
    canvas.block((x - 0.15 * size, y - 0.19 * size), (0.3 * size, 0.38 * size), ribbon, 0.1 * size)
    canvas.block((x - 0.035 * size, y - 0.15 * size), (0.05 * size, 0.3 * size), mixed(ribbon, fold, 0.5), 0.02 * size)


def _petal(knot: Point, size: float, side: int, share: float) -> list[Point]:
    """Trace a loop that leaves the knot, swells outwards and comes back."""
    points: list[Point] = []
    for step in range(61):
        turn = math.pi * step / 60
        reach = math.sin(turn) ** 0.7 * share
        spread = math.cos(turn) * (0.2 + 0.36 * math.sin(turn)) * share
        points.append((knot[0] + side * reach * size, knot[1] - (0.22 * reach + spread * 0.95) * size))
    return points


def bicycle(canvas: Canvas, wheel: Point, size: float, color: Paint, accent: Paint, *, spokes: int = 14) -> None:
    """Draw a bicycle from its rear wheel; `size` is the radius of a wheel. Without spokes its lines are bold."""
    x, y = wheel
    bold = size if spokes else size * 1.7
    front = (x + 2.72 * size, y)
    for hub in (wheel, front):
        for spoke in range(spokes):
            canvas.line([hub, around(hub, _both(size * 0.92), spoke * 360 / spokes)], bold * 0.018, color)
        canvas.ring(hub, size, bold * 0.085, color)
        canvas.disc(hub, bold * 0.09, color)
    crank, seat = (x + 1.12 * size, y + 0.06 * size), (x + 0.8 * size, y - 1.02 * size)
    head = (x + 2.3 * size, y - 1.06 * size)
    for path in ([wheel, crank, head], [wheel, (x + 0.86 * size, y - 0.82 * size), head], [crank, seat]):
        canvas.line(path, bold * 0.1, accent)
    canvas.line([front, (head[0] - 0.06 * size, head[1] - 0.22 * size)], bold * 0.1, accent)
    canvas.line([(seat[0] - 0.24 * size, seat[1]), (seat[0] + 0.26 * size, seat[1])], bold * 0.14, color)
    bar = (head[0] - 0.06 * size, head[1] - 0.22 * size)
    canvas.line([bar, (bar[0] + 0.26 * size, bar[1] - 0.06 * size)], bold * 0.09, color)
    canvas.arc((bar[0] + 0.28 * size, bar[1] + 0.1 * size), _both(0.2 * size), (-90, 80), bold * 0.09, color)
    if spokes:
        canvas.ring(crank, size * 0.24, bold * 0.07, color)
        canvas.line([crank, (crank[0] + 0.2 * size, crank[1] + 0.34 * size)], bold * 0.07, color)


def arches(canvas: Canvas, foot: Point, radius: float, tones: tuple[Paint, ...]) -> None:
    """Draw arches inside one another, standing on `foot`, the widest in the first tone."""
    x, y = foot
    step = radius / (len(tones) + 0.35)
    for index, tone in enumerate(tones):
        reach = radius - index * step
        top = y - 1.55 * radius + index * step
        canvas.slice((x, top + reach), (reach, reach), (180, 360), tone)
        canvas.block((x - reach, top + reach - 0.1), (2 * reach, y - top - reach + 0.1), tone)


def waves(canvas: Canvas, top: float, rows: int, color: Paint, ground: Paint) -> None:
    """Draw broken lines of still water, wider apart the nearer they are."""
    y = top
    for row in range(rows):
        tone = mixed(color, ground, row / (rows + 1))
        shift = (row * 47) % 61
        length = 26 + 9 * row
        for start in range(-1, int(canvas.width // (length * 1.7)) + 2):
            canvas.block((start * length * 1.7 + shift, y), (length, 1.1), tone, 0.55)
        y += 4.4 + 1.1 * row
