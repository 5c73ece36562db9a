"""Calls on installing several passes and deleting one, and how a link says where somebody came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from guerdon_client.calls import NO_CONTENT, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.errors import BrokenAnswer
from guerdon_client.model import Receipt

PASSES: Final = "passes"
BUNDLE_MEDIA_TYPE: Final = "application/vnd.apple.pkpasses"
PASSES_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Source:
    """How somebody comes to a pass; the server keeps it with the installation that follows. `user_agent` is theirs."""

    tags: Sequence[str] = ()
    medium: str | None = None
    origin: str | None = None
    user_agent: str | None = None

    def query(self) -> list[tuple[str, str]]:
        """Write it as query parameters."""
        said = (
            ("neo.src.tags", ",".join(self.tags)),
            ("neo.src.medium", self.medium),
            ("neo.src.origin", self.origin),
            ("userAgent", self.user_agent),
        )
        return [(name, text) for name, text in said if text]


def install_passes(pass_ids: Sequence[str], source: Source | None = None) -> Call[bytes]:
    """Read two to ten passes as one `.pkpasses` file; whoever knows the ids may.

    Raises NotFound naming every pass that is not there, and ValueError for less than two.
    """
    if len(pass_ids) < PASSES_MIN:
        raise ValueError("Give at least two passes; get_apple_pass reads one.")
    query = [("device", "apple"), *(source or Source()).query()]
    headers = {"accept": f"{BUNDLE_MEDIA_TYPE}, */*"}
    return Call("GET", path_of(PASSES, ",".join(pass_ids)), _read_bundle, query, headers)


def delete_pass(pass_id: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Void a pass on the phones that hold it; it is erased a day later. Raises NotFound."""
    return Call(
        "DELETE",
        path_of(PASSES, pass_id),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
    )


def _read_bundle(answer: Answer) -> bytes:
    media_type = answer.headers.get("content-type", "")
    if not media_type.startswith(BUNDLE_MEDIA_TYPE):
        raise BrokenAnswer(f"The answer is {media_type or 'of no media type'}; a .pkpasses was promised.")
    return answer.body
