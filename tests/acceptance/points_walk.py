"""Crowds of lives that walk at random, many at once in one tenant, whose time passes for all of them together."""

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from tests.acceptance.points_life import STEPS, Life, Place
from tests.prove.rounds import Heartbeat

LIVES = 16
STEPS_OF_A_LIFE = 100
# How many steps each life makes between two passings of time.
STRIDES = (1, 3, 8, 8, 15, 30, 60)
# Batches that differ go on to differ, so that a later look finds them, too.
CLOSE_LOOKS = 1 / 3
WEIGHTS = (0, 1, 1, 2, 4)
TIME_PASSES = next(step for step in STEPS if step.name == Life.let_time_pass.__name__)
OTHERS = [step for step in STEPS if step is not TIME_PASSES]

Taken = tuple[str, dict[str, Any]]


class WentOtherwise(AssertionError):
    """A life in which the product and the page of plain Python differ."""

    def __init__(self, seed: int, steps: Sequence[Taken], alone: Sequence[Taken] | None) -> None:
        """Tell how to have it again, and the fewest steps with which it is so without the others, if it is."""
        said = "so it is only beside others" if alone is None else f"alone, this is enough:\n{_lines(alone)}"
        super().__init__(f"GUERDON_PROVE_SEED={seed} begins with it. It took these steps:\n{_lines(steps)}\n{said}")


@dataclass
class Walker:
    """One life, and whatever decides what it does next. Each has steps that it likes, and some that it never takes."""

    life: Life
    random: Random
    taken: list[Taken] = field(default_factory=list[Taken])

    def __post_init__(self) -> None:
        """Choose what is liked."""
        self._weights = [self.random.choice(WEIGHTS) for _ in OTHERS]

    def walk(self, count: int) -> None:
        """Take so many steps."""
        for _ in range(count):
            step = self.random.choices(OTHERS, self._weights)[0] if any(self._weights) else OTHERS[0]
            if step.needs is not None and not getattr(self.life, step.needs):
                step = OTHERS[0]
            arguments = {name: self.random.choice(choices) for name, choices in step.choices.items()}
            self.taken.append((step.name, arguments))
            getattr(self.life, step.name)(**arguments)

    def see_time_passed(self, hours: int) -> None:
        """Find that time has passed."""
        self.taken.append((TIME_PASSES.name, {"hours": hours}))
        self.life.see_time_passed(self.life.plain.now + timedelta(hours=hours))


class Crowd:
    """Lives of one tenant. They begin together, share its time, and end together."""

    def __init__(self, place: Place, lives: type[Life] = Life) -> None:
        """Connect each life to come."""
        self._place, self._lives = place, lives
        self._lines = [place.line() for _ in range(LIVES)]
        self._pool = ThreadPoolExecutor(LIVES)

    def live(self, seed: int, heartbeat: Heartbeat) -> None:
        """Live one generation. Raises WentOtherwise."""
        random = Random(seed)  # noqa: S311  # that it can be had again is the point
        walkers = self._each(partial(self._begin, seed), range(LIVES), (), seed)
        taken = 0
        while taken < STEPS_OF_A_LIFE:
            stride = min(random.choice(STRIDES), STEPS_OF_A_LIFE - 1 - taken)
            self._each(lambda walker, stride=stride: walker.walk(stride), walkers, walkers, seed)
            hours = random.choice(TIME_PASSES.choices["hours"])
            self._place.advance(self._lines[0], walkers[0].life.plain.now + timedelta(hours=hours))
            self._each(lambda walker, hours=hours: walker.see_time_passed(hours), walkers, walkers, seed)
            taken += stride + 1
            heartbeat.beat(LIVES * (stride + 1))
        self._each(lambda walker: walker.life.end(), walkers, walkers, seed)

    def _begin(self, seed: int, number: int) -> Walker:
        random = Random(f"{seed}/{number}")  # noqa: S311  # as above
        looks = Random(f"{seed}/{number}/looks")  # noqa: S311  # as above
        life = self._lives(self._place, self._lines[number], lambda: looks.random() < CLOSE_LOOKS)
        return Walker(life, random)

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown()
        for line in self._lines:
            line.close()

    def _each(self, act: Callable[[Any], Any], ones: Sequence[Any], walkers: Sequence[Walker], seed: int) -> list[Any]:
        """Have all act at once, and wait for all; the first that went otherwise is looked at when nobody else acts."""
        acts = [self._pool.submit(act, one) for one in ones]
        failures = [(number, failure) for number, one in enumerate(acts) if (failure := one.exception()) is not None]
        for number, failure in failures:
            steps = walkers[number].taken if walkers else []
            raise WentOtherwise(seed, steps, self._alone(steps)) from failure
        return [one.result() for one in acts]

    def _alone(self, steps: Sequence[Taken]) -> Sequence[Taken] | None:
        """Find the fewest of these steps after which a life without others goes otherwise, too."""
        if not self._goes_otherwise(steps):
            return None
        for number in reversed(range(len(steps))):
            fewer = [*steps[:number], *steps[number + 1 :]]
            if self._goes_otherwise(fewer):
                steps = fewer
        return steps

    def _goes_otherwise(self, steps: Sequence[Taken]) -> bool:
        line = self._place.line()
        try:
            life = self._lives(self._place, line)
            for name, arguments in steps:
                needs = next(step.needs for step in STEPS if step.name == name)
                if needs is None or getattr(life, needs):
                    getattr(life, name)(**arguments)
            life.let_time_pass(1)
            life.end()
        except Exception:  # noqa: BLE001  # whatever it is, the product and the page do not agree
            return True
        finally:
            line.close()
        return False


def walk(places: Sequence[Place], steps: int, seed: int, lives: type[Life] = Life) -> None:
    """Have crowds of all places walk at once, until they have taken so many steps together. Raises WentOtherwise."""
    seeds = iter(range(seed, seed + math.ceil(steps / (LIVES * STEPS_OF_A_LIFE))))
    heartbeat, is_over = Heartbeat(f"steps from seed {seed} on", steps), threading.Event()

    def one_after_the_other(place: Place) -> None:
        crowd = Crowd(place, lives)
        try:
            for next_seed in itertools.takewhile(lambda _: not is_over.is_set(), seeds):
                crowd.live(next_seed, heartbeat)
        except WentOtherwise as failure:
            failure.add_note(f"after {heartbeat.done} steps of all lives")
            raise
        finally:
            is_over.set()
            crowd.close()

    with ThreadPoolExecutor(len(places)) as pool:
        for done in [pool.submit(one_after_the_other, place) for place in places]:
            done.result()


def _lines(steps: Sequence[Taken]) -> str:
    return "\n".join(
        f"  {name}({', '.join(f'{argument}={said!r}' for argument, said in arguments.items())})"
        for name, arguments in steps
    )
