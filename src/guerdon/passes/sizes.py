"""How large a pass may be, at its creation and after every change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guerdon.passes.errors import PassTooLarge
from guerdon.passes.identifiers import IDENTIFIERS_MAX
from guerdon.passes.model import Changes, write_json

MEMBERS_MAX: Final = 200  # of metadata, and of additionalData
BYTES_MAX: Final = 1_048_576  # of the three documents together, as the database prints them: numbers with all digits
SMALL_BYTES_MAX: Final = 4_096  # as the wire has them; printed by the database, they are at most 64 times as many
SMALL_MEMBERS_MAX: Final = 100

_MOST: Final[Mapping[str, int]] = {
    "identifiers": 3 * IDENTIFIERS_MAX,  # as many as a creation may give, when none of them is a proof
    "metadata": MEMBERS_MAX,
    "additionalData": MEMBERS_MAX,
}


@dataclass(frozen=True, slots=True)
class Growth:
    """Whether any pass gets something, and whether all get so little that most need no measuring."""

    adds: bool
    is_small: bool


def list_growing(changes: Changes) -> list[str]:
    """Name the documents to which changes add something; what only removes is never refused."""
    documents = {
        "identifiers": changes.identifiers,
        "metadata": changes.metadata,
        "additionalData": changes.additional_data,
    }
    return [name for name, document in documents.items() if any(v is not None for v in (document or {}).values())]


def is_small(changes: Changes) -> bool:
    """Tell whether changes are so small, and of no identifiers, that they make few passes too large."""
    if changes.identifiers:
        return False
    documents = (changes.metadata or {}, changes.additional_data or {})
    members, text = sum(map(len, documents)), write_json(documents)
    return members <= SMALL_MEMBERS_MAX and len(text) <= SMALL_BYTES_MAX


def check_members(changes: Changes, counts: Mapping[str, int]) -> None:
    """Refuse changes after which a pass would have `counts` members by document. Raises PassTooLarge."""
    mistakes = {
        name: [f"There would be {counts[name]} members; at most {_MOST[name]} are possible."]
        for name in list_growing(changes)
        if counts[name] > _MOST[name]
    }
    if mistakes:
        raise PassTooLarge(mistakes)


def check_bytes(changes: Changes, bytes_count: int) -> None:
    """Refuse changes after which the documents of a pass would have so many bytes. Raises PassTooLarge."""
    mistakes = find_excess(changes, bytes_count)
    if mistakes:
        raise PassTooLarge(mistakes)


def find_excess(changes: Changes, bytes_count: int) -> dict[str, list[str]]:
    """Give a mistake for each document that grows when a pass would have so many bytes, which are too many."""
    if bytes_count <= BYTES_MAX:
        return {}
    said = (
        f"The pass would have {bytes_count} bytes of identifiers, metadata and additionalData, numbers written out;"
        f" at most {BYTES_MAX} are possible."
    )
    return {name: [said] for name in list_growing(changes)}
