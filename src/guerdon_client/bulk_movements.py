"""The call that applies many movements at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from guerdon_client.calls import Answer, Call, new_key, path_of, write_headers
from guerdon_client.exact import write_json
from guerdon_client.model import Receipt
from guerdon_client.passes import PASSES
from guerdon_client.privileges import PRIVILEGES
from guerdon_client.problems import RefusedMovement, read_refused
from guerdon_client.reading import Members, read_object

BULK_MOVEMENTS: Final = "bulk-movements"


@dataclass(frozen=True, slots=True)
class NewMovement:
    """A movement on a privilege whose value is still `old_value` within 0.0001."""

    privilege_id: str
    movement: Decimal | int
    old_value: Decimal | int
    remarks: str | None = None
    movement_id: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedMovement:
    """A durable movement: the version that it made, and the value that it left; `is_replayed`: it was made before."""

    privilege_id: str
    movement_id: str
    version: int
    value: Decimal
    is_replayed: bool


@dataclass(frozen=True, slots=True)
class MovementsApplied:
    """What became of each movement, in the order in which they were given."""

    results: tuple[AppliedMovement | RefusedMovement, ...]
    receipt: Receipt

    @property
    def applied(self) -> tuple[AppliedMovement, ...]:
        """Those that are durable."""
        return tuple(one for one in self.results if isinstance(one, AppliedMovement))

    @property
    def refused(self) -> tuple[RefusedMovement, ...]:
        """Those that were refused, each with its reason."""
        return tuple(one for one in self.results if isinstance(one, RefusedMovement))


def apply_movements(
    movements: Sequence[NewMovement],
    *,
    all_or_nothing: bool = False,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[MovementsApplied]:
    """Apply up to 1000 movements in one transaction, in their order; several may be on one privilege.

    Each stands on its own, and what refuses it is in its result; with `all_or_nothing` one refusal refuses them all.
    Without an `idempotency_key`, movements that have no id get one here, so that the client's own repeats move nothing
    twice. Raises InvalidRequest when any of them is badly formed, and MovementsRefused.
    """
    is_named_here = idempotency_key is None
    body = {
        "movements": [_body(movement, is_named_here=is_named_here) for movement in movements],
        "allOrNothing": all_or_nothing,
    }
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call(
        "POST", path_of(PASSES, PRIVILEGES, BULK_MOVEMENTS), _read_applied, headers=headers, body=write_json(body)
    )


def _body(movement: NewMovement, *, is_named_here: bool) -> Mapping[str, object]:
    movement_id = movement.movement_id or (new_key() if is_named_here else None)
    return {
        "privilegeId": movement.privilege_id,
        "oldValue": movement.old_value,
        "movementValue": movement.movement,
        **({} if movement.remarks is None else {"remarks": movement.remarks}),
        **({} if movement_id is None else {"movementId": movement_id}),
    }


def _read_applied(answer: Answer) -> MovementsApplied:
    results = read_object(answer.body).items("results")
    return MovementsApplied(tuple(_read_result(index, one) for index, one in enumerate(results)), answer.receipt)


def _read_result(index: int, document: object) -> AppliedMovement | RefusedMovement:
    members = Members(document)
    if "problem" in members.all():
        return read_refused(index, members.all())
    return AppliedMovement(
        members.text("privilegeId"),
        members.text("movementId"),
        members.whole("version"),
        members.number("value"),
        members.find_flag("replayed") or False,
    )
