"""Merkle trees over digests, in bounded memory: the hash of many things, and the proof that one is among them.

The tree is that of RFC 6962 section 2.1: a node is SHA-256(1 || left || right), the left side as large a power of two
as fits, and a tree of nothing is SHA-256 of nothing. Leaves are hashed by whoever makes them, behind a zero byte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256().digest()


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a leaf to the root: the neighbour, and on which side it stands."""

    digest: bytes
    is_left: bool


class Root:
    """Takes leaves one by one and keeps only as many digests as the tree is high."""

    def __init__(self) -> None:
        self.leaves = 0
        self._complete: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf."""
        self.leaves += 1
        height, digest = 0, leaf
        while self._complete and self._complete[-1][0] == height:
            digest = node(self._complete.pop()[1], digest)
            height += 1
        self._complete.append((height, digest))

    def digest(self) -> bytes:
        """Give the root over all that was taken."""
        if not self._complete:
            return EMPTY_ROOT
        digest = self._complete[-1][1]
        for _, left in reversed(self._complete[:-1]):
            digest = node(left, digest)
        return digest


def node(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into one."""
    return sha256(b"\x01" + left + right).digest()


def path_to(leaves: Sequence[bytes], index: int) -> tuple[Step, ...]:
    """Give the steps from the leaf at `index` to the root."""
    steps: list[Step] = []
    level = list(leaves)
    while len(level) > 1:
        neighbour = index ^ 1
        # The last one of an odd level has no neighbour and rises as it is.
        if neighbour < len(level):
            steps.append(Step(level[neighbour], is_left=neighbour < index))
        level = [node(*level[at : at + 2]) if at + 1 < len(level) else level[at] for at in range(0, len(level), 2)]
        index //= 2
    return tuple(steps)


def climb(leaf: bytes, path: Sequence[Step]) -> bytes:
    """Give the root that a leaf and its steps lead to."""
    digest = leaf
    for step in path:
        digest = node(step.digest, digest) if step.is_left else node(digest, step.digest)
    return digest
