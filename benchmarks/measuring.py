"""Measures: sides that are run in turn, round after round, and bars that their ratios are held against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Window
from benchmarks.machine import wait_until_quiet

Run = Callable[[int], Window]


@dataclass(frozen=True, slots=True)
class Bar:
    """What the ratio of two sides must be: at least, or at most, so much; None: shown only."""

    of: str
    over: str
    least: float | None = None
    most: float | None = None
    is_latency: bool = False

    def wanted(self) -> str:
        """Say it."""
        if self.least is None and self.most is None:
            return "shown only"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"

    def holds(self, ratio: float) -> bool:
        """Tell whether a ratio is good enough."""
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)


@dataclass(frozen=True, slots=True)
class Measure:
    """Things that are compared with each other, in one name."""

    name: str
    sides: Mapping[str, Run]
    bars: Sequence[Bar] = ()
    p99_ms_most: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The windows of one measure, by side."""

    measure: Measure
    windows: Mapping[str, Sequence[Window]]

    def cost_ratios(self, bar: Bar) -> list[float]:
        """Give how much more processor time the other side takes: the ratio on machines that nobody else uses."""
        pairs = zip(self.windows[bar.of], self.windows[bar.over], strict=True)
        return [
            other.cost_us / one.cost_us for one, other in pairs if one.cost_us and other.cost_us and not bar.is_latency
        ]

    def ratios(self, bar: Bar) -> list[float]:
        """Give the ratio of each round."""
        pairs = zip(self.windows[bar.of], self.windows[bar.over], strict=True)
        return [(one.p50_ms / other.p50_ms) if bar.is_latency else one.per_s / other.per_s for one, other in pairs]


def run_rounds(measures: Sequence[Measure], rounds: int, seconds: int, patience_s: float) -> list[Result]:
    """Run every side of every measure once a round, the sides in turning order, so that all meet the same weather."""
    busy: list[float] = []
    windows: dict[tuple[str, str], list[Window]] = {}
    for number in range(rounds):
        for measure in measures:
            names = list(measure.sides)
            turned = names[number % len(names) :] + names[: number % len(names)]
            for name in turned:
                busy.append(wait_until_quiet(patience_s))
                window = measure.sides[name](seconds)
                windows.setdefault((measure.name, name), []).append(window)
                print(
                    f"  {number + 1}: {measure.name}: {name}: {window.per_s:,.0f}/s, others {busy[-1]:.0%}", flush=True
                )
    print(
        f"Just before the windows others used {median(busy):.0%} of the processors (median), {max(busy):.0%} at most."
    )
    return [Result(measure, {name: windows[measure.name, name] for name in measure.sides}) for measure in measures]


def print_results(results: Sequence[Result]) -> None:
    """Print the ratios first, then what they were made from."""
    print(
        "\n| measure | ratio | by rate: median (range) | by processor time | bar | holds |\n|---|---|---|---|---|---|"
    )
    for result in results:
        for line in _ratio_lines(result):
            print(line)
    print("\n| measure | side | per second | refused | p50 ms | p99 ms | µs API | µs PostgreSQL | µs load |")
    print("|---|---|---|---|---|---|---|---|---|")
    for result in results:
        for name, windows in result.windows.items():
            print(_side_line(result.measure.name, name, windows))


def _ratio_lines(result: Result) -> list[str]:
    lines: list[str] = []
    for bar in result.measure.bars:
        ratios = result.ratios(bar)
        middle = median(ratios)
        mark = "-" if bar.least is None and bar.most is None else "yes" if bar.holds(middle) else "NO"
        kind = " (p50)" if bar.is_latency else ""
        spread = f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        costs = result.cost_ratios(bar)
        cost = f"{median(costs):.2f} ({min(costs):.2f} to {max(costs):.2f})" if costs else ""
        name = f"{bar.of} / {bar.over}{kind}"
        lines.append(f"| {result.measure.name} | {name} | {spread} | {cost} | {bar.wanted()} | {mark} |")
    if result.measure.p99_ms_most is not None:
        side = next(iter(result.measure.sides))
        p99s = [window.p99_ms for window in result.windows[side] if window.p99_ms is not None]
        mark = "yes" if median(p99s) <= result.measure.p99_ms_most else "NO"
        spread = f"{median(p99s):.1f} ms ({min(p99s):.1f} to {max(p99s):.1f})"
        wanted = f"<= {result.measure.p99_ms_most:g} ms"
        lines.append(f"| {result.measure.name} | p99 of {side} | {spread} | | {wanted} | {mark} |")
    return lines


def _side_line(measure: str, name: str, windows: Sequence[Window]) -> str:
    p99s = [window.p99_ms for window in windows if window.p99_ms is not None]
    cells = [
        measure,
        name,
        f"{median(window.per_s for window in windows):,.0f}",
        f"{median(window.refused_share for window in windows):.0%}",
        f"{median(window.p50_ms for window in windows):.2f}",
        f"{median(p99s):.2f}" if p99s else "",
        f"{median(window.api_us for window in windows):.0f}",
        f"{median(window.database_us for window in windows):.0f}",
        f"{median(window.load_us for window in windows):.0f}",
    ]
    return f"| {' | '.join(cells)} |"
