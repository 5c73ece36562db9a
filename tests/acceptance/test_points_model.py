"""Wallets, holds, vouchers, coupons, rewards and time, in any order, over HTTP, beside a page of plain Python."""

import json
import os
import re
import secrets
import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.acceptance.houses import operate
from tests.acceptance.points_life import STEPS, Life, Place, Step
from tests.acceptance.points_walk import LIVES, STEPS_OF_A_LIFE, WentOtherwise, walk
from tests.acceptance.running import Running

LIVES_IN_ORDER, STEPS_IN_ORDER = 6, 60
STEPS_PROVEN = int(os.environ.get("GUERDON_PROVE_STEPS", "1000000"))
SEED = int(os.environ.get("GUERDON_PROVE_SEED", "0")) or secrets.randbelow(10**9)


@pytest.fixture
def place(running: Running) -> Place:
    return a_place(running)


def a_place(running: Running) -> Place:
    """A tenant with nothing in it whose clock stands."""
    tenant_id, base = f"m-{uuid.uuid4().hex[:12]}", running.sandbox.base_url
    operate(running, "tenant", "create", tenant_id, "--sandbox")
    operate(running, "tenant", "limit", tenant_id, "--requests-per-minute", 2**31 - 1)
    made = operate(running, "key", "create", "--tenant", tenant_id, "--name", "model", "--scope", "*", "--json")
    place = Place(base, tenant_id, json.loads(made)["token"])
    line = place.line()
    place.freeze(line)
    line.close()
    return place


class Points(RuleBasedStateMachine):
    """One life as Hypothesis drives it; each machine has a place, and the steps as its rules."""

    place: Place
    life: Life | None = None

    @initialize()
    def begin(self) -> None:
        self.line = self.place.line()
        self.life = Life(self.place, self.line)

    def teardown(self) -> None:
        if self.life is not None:
            self.life.let_time_pass(1)
            self.life.end()
            self.line.close()


def machine(place: Place) -> type[Points]:
    return type("PointsOfPlace", (Points,), {"place": place, **{step.name: as_rule(step) for step in STEPS}})


def as_rule(step: Step) -> object:
    def act(self: Points, **arguments: object) -> None:
        getattr(self.life, step.name)(**arguments)

    choices: dict[str, Any] = {name: st.sampled_from(choices) for name, choices in step.choices.items()}
    known = cast("Callable[..., None]", rule(**choices)(act))
    needs = step.needs
    return known if needs is None else precondition(lambda self: bool(getattr(self.life, needs)))(known)


@pytest.mark.timeout(600)
def test_any_life_over_http_agrees_with_the_page_of_plain_python(place: Place) -> None:
    how = settings(
        max_examples=LIVES_IN_ORDER,
        stateful_step_count=STEPS_IN_ORDER,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )

    run_state_machine_as_test(machine(place), settings=how)


def test_lives_beside_each_other_agree_with_it(place: Place) -> None:
    walk([place], LIVES * STEPS_OF_A_LIFE, SEED)


class Forgetful(Life):
    """A page that takes no notice of the first hold."""

    def hold(self, wallet: int, amount: int, ends: int | None) -> None:
        super().hold(wallet, amount, ends)
        if len(self.holds) == 2:
            self.plain.release(self.wallets[0], self.holds[-1])
            self.plain.release(self.wallets[1], self.holds[-1])


def test_a_life_that_goes_otherwise_is_told_with_the_fewest_steps_that_show_it(place: Place) -> None:
    with pytest.raises(WentOtherwise) as told:
        walk([place], 20 * LIVES * STEPS_OF_A_LIFE, 1, Forgetful)

    alone = str(told.value).partition("alone, this is enough:")[2]
    assert re.findall(r"\n  (\w+)", alone).count("hold") == 1


@pytest.mark.prove
@pytest.mark.timeout(0)
def test_a_million_steps_over_http_agree(running: Running) -> None:
    walk([a_place(running) for _ in range(2)], STEPS_PROVEN, SEED)
