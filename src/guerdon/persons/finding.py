"""Finding a person: the passes that identifiers match, and the wallets of points that these passes name."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from guerdon.passes.binding import leave_out_shared, list_named_wallets, read_wallet_id
from guerdon.passes.errors import PassNotFound
from guerdon.passes.exporting import list_passes_of
from guerdon.passes.identifiers import Identifiers
from guerdon.passes.pass_type import WALLET_DEFAULT
from guerdon.persons.errors import PersonTooLarge
from guerdon.platform.db import Tx
from guerdon.points.persons import list_wallets_of

PASSES_MAX = 500


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is to us: passes, and wallets that no pass of anybody else names."""

    pass_ids: Sequence[str]
    wallet_ids: Sequence[UUID]


async def find_person(tx: Tx, identifiers: Identifiers) -> Person:
    """Find the passes that all identifiers match, 500 at most, and their wallets.

    A wallet that no pass names is found by `walletId` alone. Raises PassNotFound, PersonTooLarge.
    """
    pass_ids = await list_passes_of(tx, identifiers, PASSES_MAX + 1)
    if len(pass_ids) > PASSES_MAX:
        raise PersonTooLarge(PASSES_MAX)
    named = await list_named_wallets(tx, pass_ids) if pass_ids else _named_alone(identifiers)
    wallet_ids = await leave_out_shared(tx, await list_wallets_of(tx, named), pass_ids)
    if not pass_ids and not wallet_ids:
        raise PassNotFound
    return Person(pass_ids, wallet_ids)


def _named_alone(identifiers: Identifiers) -> Sequence[UUID]:
    if identifiers.pass_ids or len(identifiers.external) != 1:
        return []
    ((name, value),) = identifiers.external
    wallet_id = read_wallet_id(value) if name == WALLET_DEFAULT else None
    return [] if wallet_id is None else [wallet_id]
