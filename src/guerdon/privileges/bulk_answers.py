"""What the movements of one request come to, as one answer; or one refusal, where they are wanted all or not at all."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.model import Posted
from guerdon.ledger.posting import Outcome
from guerdon.platform.writes import Answer
from guerdon.privileges.errors import MovementsRefused, PrivilegeNotFound
from guerdon.privileges.movement_reading import BulkWish


class _Applied(Struct, rename="camel", omit_defaults=True):
    privilege_id: str
    movement_id: str
    version: int
    value: msgspec.Raw
    replayed: bool = False


class _Refused(Struct, rename="camel"):
    privilege_id: str
    problem: dict[str, object]


class _Answer(Struct):
    applied: int
    refused: int
    results: list[_Applied | _Refused]


# Exact values in a refusal are numbers, as they are everywhere else.
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def tell_bulk(wish: BulkWish, outcomes: Sequence[Outcome], instance: str) -> Answer:
    """Tell what became of each movement, a refusal as the operation for one movement would have told it.

    `instance` is the id of the request. Raises MovementsRefused.
    """
    told = zip(wish.movements, outcomes, strict=True)
    results = [_result(privilege_id, outcome, instance) for (privilege_id, _), outcome in told]
    refused = [(index, result) for index, result in enumerate(results) if isinstance(result, _Refused)]
    if refused and wish.is_all_or_nothing:
        listed = [{"index": index, "privilegeId": one.privilege_id, "problem": one.problem} for index, one in refused]
        raise MovementsRefused(listed, len(results))
    return Answer(200, _encoder.encode(_Answer(len(results) - len(refused), len(refused), results)))


def _result(privilege_id: str, outcome: Outcome, instance: str) -> _Applied | _Refused:
    if isinstance(outcome, Posted):
        entry = outcome.entry
        value = msgspec.Raw(amount_text(entry.value_after).encode())
        return _Applied(privilege_id, entry.movement_id, entry.seq, value, outcome.is_repeat)
    problem = PrivilegeNotFound(privilege_id) if isinstance(outcome, AccountNotFound) else outcome
    return _Refused(privilege_id, problem.document(instance))
