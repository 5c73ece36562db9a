"""How often a race is run: a few times in every run of the tests, GUERDON_PROVE_ROUNDS times by `make prove`."""

import os

import pytest

FEW = 5
MANY = int(os.environ.get("GUERDON_PROVE_ROUNDS", "100000"))

rounds = pytest.mark.parametrize(
    "count",
    [
        pytest.param(FEW, id="few"),
        pytest.param(MANY, id="many", marks=[pytest.mark.prove, pytest.mark.timeout(0)]),
    ],
)
