"""Receipts: the proof of one movement, which anyone can check alone with the installation's public key.

MovementNotFound  404  no movement of that id for this tenant
NotSealedYet      409  no checkpoint covers the movement yet

A receipt holds the canonical bytes of the movement and of all entries of its account up to the next checkpoint, the
steps from the account's leaf to the checkpoint's root, and the signed checkpoint. It shows nothing of other accounts.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guerdon.ledger import checkpoint_queries, checkpoints, verify_queries
from guerdon.ledger.chain import account_prefix, lot_bytes
from guerdon.ledger.checkpoints import Checkpoint, is_signed, leaf_digest
from guerdon.ledger.merkle import Step, climb, path_to
from guerdon.ledger.queries import find_entries
from guerdon.ledger.verify_queries import Place
from guerdon.platform.db import Tx
from guerdon.platform.problems import Conflict, NotFound

ENTRIES_MAX = 100_000
_read_numbers = struct.Struct(">qqqqq").unpack_from


class MovementNotFound(NotFound):
    """No movement of that id for this tenant."""

    code = "movement_not_found"

    def __init__(self, movement_id: str) -> None:
        super().__init__(f"There is no movement {movement_id!r}.")


class NotSealedYet(Conflict):
    """No checkpoint covers the movement yet."""

    code = "not_sealed_yet"

    def __init__(self, movement_id: str) -> None:
        super().__init__(f"The movement {movement_id!r} is under no checkpoint yet; one is taken every day.")


class ReceiptInvalid(Exception):
    """The receipt does not prove what it says; the message says why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that proves one movement: the first of `entries`, on the account of `owner_id`."""

    kind: str
    owner_id: str
    account_id: UUID
    seq: int
    previous_head: bytes
    entries: tuple[bytes, ...]
    path: tuple[Step, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class ProvenMovement:
    """What a receipt proves. Amounts in millionths; `recorded` in microseconds since 1970."""

    kind: str
    movement_id: str
    seq: int
    amount: int
    value_after: int
    recorded: int


async def make_receipt(tx: Tx, movement_id: str) -> Receipt:
    """Put together the receipt of a movement. Raises MovementNotFound, NotSealedYet."""
    found = (await find_entries(tx, [movement_id])).get(movement_id)
    if found is None:
        raise MovementNotFound(movement_id)
    entry = found.entry
    covering = await checkpoints.find_covering(tx, entry.account_id, entry.seq)
    if covering is None or covering[1] - entry.seq >= ENTRIES_MAX:
        raise NotSealedYet(movement_id)
    checkpoint, sealed_seq = covering
    before, last = (entry.account_id, entry.seq - 1), (entry.account_id, sealed_seq)
    leaves = await checkpoint_queries.list_leaves(tx, checkpoint.statement.checkpoint_id)
    index = next(index for index, (account_id, _) in enumerate(leaves) if account_id == entry.account_id)
    return Receipt(
        found.account.kind,
        found.account.owner_id,
        entry.account_id,
        entry.seq,
        await verify_queries.find_hash(tx, before),
        tuple(await _canonical_entries(tx, before, last)),
        path_to([digest for _, digest in leaves], index),
        checkpoint,
    )


def check_receipt(receipt: Receipt, public_key: Ed25519PublicKey) -> ProvenMovement:
    """Check a receipt with nothing but the public key, and tell what it proves. Raises ReceiptInvalid."""
    statement = receipt.checkpoint.statement
    if not is_signed(receipt.checkpoint, public_key):
        raise ReceiptInvalid("The checkpoint is not signed by this key.")
    if not receipt.entries:
        raise ReceiptInvalid("The receipt holds no entry.")
    prefix = account_prefix(statement.tenant_id, receipt.account_id)
    head = receipt.previous_head
    for seq, said in enumerate(receipt.entries, receipt.seq):
        if not said.startswith(prefix) or _number_of(said, prefix) != seq:
            raise ReceiptInvalid(f"Entry {seq} is not that of this account.")
        head = sha256(head + said).digest()
    last_seq = receipt.seq + len(receipt.entries) - 1
    leaf = leaf_digest(receipt.account_id, receipt.kind, receipt.owner_id, last_seq, head)
    if climb(leaf, receipt.path) != statement.root:
        raise ReceiptInvalid("The entries do not lead to the root of the checkpoint.")
    return _proven(receipt.entries[0], len(prefix))


async def _canonical_entries(tx: Tx, after: Place, until: Place) -> Sequence[bytes]:
    lines = await verify_queries.list_lines(tx, after, until, ENTRIES_MAX)
    allocations = await verify_queries.list_allocations(tx, after, until)
    lots = await verify_queries.list_lots_opened(tx, [(line["account_id"], line["seq"]) for line in lines])
    holds = await verify_queries.list_holds(tx, [line["hold_id"] for line in lines if line["kind"] == "hold"])
    prefix = account_prefix(tx.tenant_id, until[0])
    said: list[bytes] = []
    for line in lines:
        place = (line["account_id"], line["seq"])
        lot = lots.get(place)
        expires_at = holds[line["hold_id"]][1].expires_at if line["kind"] == "hold" else None
        end = lot_bytes(allocations.get(place, ()), () if lot is None else (lot,), expires_at)
        said.append(prefix + line["said"] + end)
    return said


def _number_of(said: bytes, prefix: bytes) -> int | None:
    return _read_numbers(said, len(prefix))[0] if len(said) >= len(prefix) + 40 else None


def _proven(said: bytes, at: int) -> ProvenMovement:
    seq, amount, _, value_after, recorded = _read_numbers(said, at)
    kind, at = _read_text(said, at + 40)
    movement_id, _ = _read_text(said, at)
    return ProvenMovement(kind, movement_id, seq, amount, value_after, recorded)


def _read_text(said: bytes, at: int) -> tuple[str, int]:
    end = at + 4 + int.from_bytes(said[at : at + 4])
    return said[at + 4 : end].decode(), end
