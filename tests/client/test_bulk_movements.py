import json
import pickle
from decimal import Decimal
from typing import Any, cast

import pytest

from guerdon_client import (
    AppliedMovement,
    BrokenAnswer,
    MovementsRefused,
    NewMovement,
    NotFound,
    RefusedMovement,
    ValueMismatch,
)
from guerdon_client.bulk_movements import apply_movements
from tests.client.conftest import Speak
from tests.client.stand_in import LOSE, problem, reply, stand_in

MISMATCH = {"status": 409, "code": "value_mismatch", "currentValue": 6, "version": 4, "instance": "request-1"}
MISSING = {"status": 404, "code": "privilege_not_found"}
APPLIED = {
    "applied": 2,
    "refused": 1,
    "results": [
        {"privilegeId": "a", "movementId": "m-1", "version": 7, "value": 4},
        {"privilegeId": "b", "problem": MISMATCH},
        {"privilegeId": "c", "movementId": "m-3", "version": 2, "value": 0.3, "replayed": True},
    ],
}
MOVEMENTS = (NewMovement("a", 1, 3), NewMovement("b", 1, 5), NewMovement("c", Decimal("0.1"), 0, "half", "m-3"))


def test_what_became_of_each_movement_is_read_in_its_order(speak: Speak) -> None:
    with stand_in(reply(APPLIED)) as server:
        told = speak(server.url, apply_movements(MOVEMENTS))

    first, second, third = told.results
    assert first == AppliedMovement("a", "m-1", 7, Decimal(4), is_replayed=False)
    assert third == AppliedMovement("c", "m-3", 2, Decimal("0.3"), is_replayed=True)
    assert isinstance(second, RefusedMovement)
    assert (second.index, second.privilege_id, second.problem.request_id) == (1, "b", "request-1")
    assert isinstance(second.problem, ValueMismatch)
    assert (second.problem.current_value, second.problem.version) == (6, 4)
    assert (told.applied, told.refused) == ((first, third), (second,))


def test_movements_are_sent_as_they_were_given_and_each_has_an_id(speak: Speak) -> None:
    with stand_in(LOSE, reply(APPLIED)) as server:
        speak(server.url, apply_movements(MOVEMENTS, all_or_nothing=True))

    lost, again = server.asked
    assert (again.method, again.target) == ("POST", "/api/demo/passes/privileges/bulk-movements")
    assert lost.body == again.body
    body = cast("dict[str, Any]", again.json())
    ids = [movement.pop("movementId") for movement in body["movements"]]
    assert body == {
        "movements": [
            {"privilegeId": "a", "oldValue": 3, "movementValue": 1},
            {"privilegeId": "b", "oldValue": 5, "movementValue": 1},
            {"privilegeId": "c", "oldValue": 0, "movementValue": 0.1, "remarks": "half"},
        ],
        "allOrNothing": True,
    }
    assert (len(set(ids)), ids[2]) == (3, "m-3")
    assert {len(one) for one in ids[:2]} == {32}


def test_under_a_key_of_its_own_a_request_is_the_same_whenever_it_is_made(speak: Speak) -> None:
    with stand_in(reply(APPLIED)) as server:
        for _ in "ab":
            speak(server.url, apply_movements(MOVEMENTS, idempotency_key="night 4711"))

    first, again = server.asked
    assert first.body == again.body
    assert again.headers["idempotency-key"] == "night 4711"


def test_a_refusal_of_the_whole_names_every_refused_one(speak: Speak) -> None:
    refused = [
        {"index": 4, "privilegeId": "a", "problem": MISSING},
        {"index": 9, "privilegeId": "b", "problem": MISMATCH},
    ]

    with (
        stand_in(problem(409, "movements_refused", refused=refused)) as server,
        pytest.raises(MovementsRefused) as all_,
    ):
        speak(server.url, apply_movements(MOVEMENTS, all_or_nothing=True))

    for told in (all_.value, pickle.loads(pickle.dumps(all_.value))):  # noqa: S301  # our own
        assert [(one.index, one.privilege_id, type(one.problem)) for one in told.refused] == [
            (4, "a", NotFound),
            (9, "b", ValueMismatch),
        ]


@pytest.mark.parametrize(
    "results",
    [
        [7],
        [{"privilegeId": "a"}],
        [{"privilegeId": "a", "movementId": "m", "version": "7", "value": 1}],
        [{"privilegeId": "a", "problem": "no"}],
        [{"problem": MISSING}],
        {"privilegeId": "a"},
    ],
)
def test_an_answer_that_is_not_as_promised_is_said_to_be_broken(speak: Speak, results: object) -> None:
    with stand_in(reply(json.dumps({"results": results}))) as server, pytest.raises(BrokenAnswer):
        speak(server.url, apply_movements(MOVEMENTS))
