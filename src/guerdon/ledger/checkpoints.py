"""Signed checkpoints: once a day each tenant's chains are sealed, so that nobody can rewrite them from their start.

A leaf says what one account had come to; a statement says what is under a checkpoint's root and which checkpoint came
before. The statement is what is signed (Ed25519, RFC 8032) with a key derived from the master key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guerdon.ledger import checkpoint_queries
from guerdon.ledger.chain import microseconds, pack_bytes, pack_integers
from guerdon.ledger.merkle import Root
from guerdon.platform.db import Tx
from guerdon.platform.keys import MasterKey

FORMAT = b"guerdon checkpoint 1"
PURPOSE = "checkpoint signing"
NO_PREVIOUS = bytes(32)
ACCOUNTS_PER_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint says: all accounts with entries and all entries so far, and the leaves since the one before."""

    tenant_id: str
    checkpoint_id: int
    taken_at: datetime
    accounts: int
    entries: int
    leaves: int
    root: bytes
    previous: bytes

    def canonical_bytes(self) -> bytes:
        """Give the bytes that are signed."""
        numbers = (self.checkpoint_id, microseconds(self.taken_at), self.accounts, self.entries, self.leaves)
        return FORMAT + pack_bytes(self.tenant_id.encode()) + pack_integers(*numbers) + self.root + self.previous

    def digest(self) -> bytes:
        """Give the name under which the next checkpoint knows this one."""
        return sha256(self.canonical_bytes()).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A statement with its signature and the name of the key that made it."""

    statement: Statement
    key_id: str
    signature: bytes


def signing_key(master_key: MasterKey) -> Ed25519PrivateKey:
    """Derive the installation's key for checkpoints; its public half may be given to anyone."""
    return Ed25519PrivateKey.from_private_bytes(master_key.derive(PURPOSE))


def key_id(public_key: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hex digits of its SHA-256."""
    return sha256(public_key.public_bytes_raw()).hexdigest()[:16]


def leaf_digest(account_id: UUID, kind: str, owner_id: str, seq: int, head: bytes) -> bytes:
    """Hash what one account has come to: whose it is, how many entries it has, and the hash of the last."""
    owner = pack_bytes(kind.encode()) + pack_bytes(owner_id.encode())
    return sha256(b"\x00" + account_id.bytes + pack_integers(seq) + head + owner).digest()


async def take_checkpoint(tx: Tx, master_key: MasterKey, now: datetime) -> Checkpoint:
    """Seal what every account has come to, the accounts that moved since the checkpoint before being its leaves.

    Raises asyncpg.UniqueViolationError when another process takes one at the same time.
    """
    before = await find_latest(tx)
    number = 1 if before is None else before.statement.checkpoint_id + 1
    accounts, entries = (0, 0) if before is None else (before.statement.accounts, before.statement.entries)
    root = Root()
    after: UUID | None = None
    while moved := await checkpoint_queries.list_moved(tx, after, ACCOUNTS_PER_PAGE):
        leaves = [leaf_digest(one.account_id, one.kind, one.owner_id, one.seq, one.head) for one in moved]
        for leaf in leaves:
            root.add(leaf)
        await checkpoint_queries.insert_leaves(tx, number, moved, leaves)
        accounts += sum(one.sealed_seq == 0 for one in moved)
        entries += sum(one.seq - one.sealed_seq for one in moved)
        after = moved[-1].account_id
    previous = NO_PREVIOUS if before is None else before.statement.digest()
    statement = Statement(tx.tenant_id, number, now, accounts, entries, root.leaves, root.digest(), previous)
    checkpoint = sign(statement, signing_key(master_key))
    await checkpoint_queries.insert_checkpoint(tx, checkpoint_queries.CheckpointRow(*_columns(checkpoint)))
    return checkpoint


def sign(statement: Statement, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign a statement."""
    return Checkpoint(statement, key_id(key.public_key()), key.sign(statement.canonical_bytes()))


def is_signed(checkpoint: Checkpoint, public_key: Ed25519PublicKey) -> bool:
    """Tell whether a key signed a checkpoint's statement."""
    try:
        public_key.verify(checkpoint.signature, checkpoint.statement.canonical_bytes())
    except InvalidSignature:
        return False
    return checkpoint.key_id == key_id(public_key)


async def find_latest(tx: Tx) -> Checkpoint | None:
    """Read the newest checkpoint."""
    rows = await checkpoint_queries.list_newest(tx, 1)
    return _checkpoint(tx, rows[0]) if rows else None


async def find_covering(tx: Tx, account_id: UUID, seq: int) -> tuple[Checkpoint, int] | None:
    """Read the first checkpoint that covers an entry, and the number of the account's last entry under it."""
    found = await checkpoint_queries.find_covering(tx, account_id, seq)
    if found is None:
        return None
    sealed_seq, row = found
    return _checkpoint(tx, row), sealed_seq


async def list_checkpoints(tx: Tx, after: int, limit: int) -> Sequence[Checkpoint]:
    """Read checkpoints in their order, `limit` of them after the number `after`."""
    return [_checkpoint(tx, row) for row in await checkpoint_queries.list_after(tx, after, limit)]


def _checkpoint(tx: Tx, row: checkpoint_queries.CheckpointRow) -> Checkpoint:
    statement = Statement(
        tx.tenant_id,
        row.checkpoint_id,
        row.taken_at,
        row.accounts,
        row.entries,
        row.leaves,
        row.root,
        row.previous,
    )
    return Checkpoint(statement, row.key_id, row.signature)


def _columns(checkpoint: Checkpoint) -> tuple[int, datetime, int, int, int, bytes, bytes, str, bytes]:
    said = checkpoint.statement
    return (
        said.checkpoint_id,
        said.taken_at,
        said.accounts,
        said.entries,
        said.leaves,
        said.root,
        said.previous,
        checkpoint.key_id,
        checkpoint.signature,
    )
